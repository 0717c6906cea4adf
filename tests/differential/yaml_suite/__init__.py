"""covlint's YAML reader beside the events that the YAML test suite expects."""
