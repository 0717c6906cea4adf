"""Labs: small projects that show, on a real toolchain, what a rule claims."""
