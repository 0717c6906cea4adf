"""What a file is taken apart into, to compare what it says before and after a change."""

from __future__ import annotations

#: The first byte of a part and the one after its last, and what it says.
Part = tuple[int, int, object]


class Unreadable(Exception):
    """The file cannot be taken apart; the message says why."""
