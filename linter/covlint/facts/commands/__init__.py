"""Command lines of scripts and Makefiles: builds, copies, loads, deletions, in order."""
