"""What Go code says: the service's own shutdown, and manifests and commands of Go test code."""
