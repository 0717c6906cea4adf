"""Rules about the image hop."""
