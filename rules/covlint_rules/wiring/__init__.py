"""Rules about the wiring hop."""
