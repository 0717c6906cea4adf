"""Kustomizations: what a base becomes under its overlays and patches."""
