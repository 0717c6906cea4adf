"""Text that anybody may have written, made fit for a terminal."""

from __future__ import annotations


def visible(text: str) -> str:
    """The text with control and invisible characters written out, for a terminal's sake."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode()
        for char in text
    )
