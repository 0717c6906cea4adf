"""Readers: one per language, each fact of the text with its exact bytes."""
