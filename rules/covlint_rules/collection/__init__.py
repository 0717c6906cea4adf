"""Rules on how the data is collected and reported."""
