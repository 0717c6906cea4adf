"""Rules about the build hop."""
