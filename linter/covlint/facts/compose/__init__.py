"""Services of compose files."""
