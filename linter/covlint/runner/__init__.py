"""Proves a chain by walking it: build, run, exercise, stop, collect, validate."""
