"""Manifests and Kind configs of every fixture, judged by the programs that they are for.

``make test`` asks the published schemas of Kubernetes; the engine tests ask a real API server and
kind itself. ``python -m manifests --help`` prints and records the figures.
"""
