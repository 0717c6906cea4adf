"""The process engine: the service on this host, in namespaces that play its container."""
