"""Pods, their volumes and users, Kind clusters and namespaces."""
