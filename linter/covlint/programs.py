"""Programs of the user's, never those of the project that is being checked."""

from __future__ import annotations

import os


def find_program(name: str, root: str) -> str | None:
    """A program as PATH has it, but never one that the project brings along: entries of PATH
    that are relative mean the folder in which it is to run, and are left out."""
    inside = os.path.realpath(root)
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = os.path.join(folder, name)
        if os.path.isabs(folder) and os.access(found, os.X_OK) and not os.path.isdir(found):
            real = os.path.realpath(found)
            return None if os.path.join(real, "").startswith(os.path.join(inside, "")) else found
    return None
