"""The container and play engines: the service in docker or podman."""
