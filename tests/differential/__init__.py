"""Readers beside the programs whose files they read.

``make differential`` (``python -m differential`` with ``tests`` on the path) prints the figures.
"""
