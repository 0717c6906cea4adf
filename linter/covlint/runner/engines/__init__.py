"""The engines: each gets a service run in its own way and hands over the same observations."""
