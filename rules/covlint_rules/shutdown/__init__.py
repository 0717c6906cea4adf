"""Rules about the shutdown hop."""
