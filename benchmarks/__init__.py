"""How fast covlint is, beside other programs on the same machine: `make bench`."""
