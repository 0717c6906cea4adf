"""The kind and context engines: the service in a real cluster."""
