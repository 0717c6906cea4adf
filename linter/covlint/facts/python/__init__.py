"""What Python test code and Tiltfiles say: manifests, commands, image builds."""
