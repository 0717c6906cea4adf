"""What a run leaves behind, read, and the claims that are decided from it."""
