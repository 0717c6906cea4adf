"""Rules about the cluster hop."""
