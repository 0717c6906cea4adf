"""Coverage over time: runs that are kept, compared with one another, and drawn."""
