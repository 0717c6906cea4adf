"""Rules about the workload hop."""
