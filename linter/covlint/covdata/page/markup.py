"""Text that others wrote, made safe to stand in the page."""

from __future__ import annotations

import re
from html import escape

#: What HTML may not hold, not even escaped, and what turns the direction of text around, by
#: which source can look other than it is.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)


def safe(text: str) -> str:
    """Escaped for content and for attributes; what cannot be shown is written as its number."""
    return escape(_UNFIT.sub(_numbered, text), quote=True)


def line(text: str) -> str:
    """As :func:`safe`, of a name or a sentence: on one line."""
    return safe(" ".join(text.split()))


def code(source: bytes) -> str:
    """As :func:`safe`, of source text; quotes are left, for there are many."""
    return escape(_UNFIT.sub(_numbered, source.decode("utf-8", "replace")), quote=False)


def number(value: int) -> str:
    """With thin spaces between thousands: no language reads them as anything else."""
    return f"{value:,}".replace(",", "\u202f")


def percentage(value: float) -> str:
    """One digit behind the point; 100.0 and 0.0 only for all and nothing."""
    shown = f"{value:.1f}"
    if shown == "100.0" and value < 100:
        return "99.9"
    return "0.1" if shown == "0.0" and value > 0 else shown


def _numbered(found: re.Match[str]) -> str:
    return f"‹U+{ord(found[0]):04X}›"
