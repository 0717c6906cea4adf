"""Why goals are missed: for the page, by pattern of the figure's key."""

from __future__ import annotations

from fnmatch import fnmatchcase

REASONS: dict[str, str] = {}


def reason(key: str) -> str:
    """Empty when none is known."""
    return next((text for pattern, text in REASONS.items() if fnmatchcase(key, pattern)), "")
