"""What documents say about coverage: builds, images, workloads, clusters, shutdown, extraction."""
