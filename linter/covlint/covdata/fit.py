"""Whether the blocks of a file can be those of a source text: its version may be another one.

Data names no revision and no hash of a source. But a block begins at a brace, a colon or a
word and ends behind one, so that most edits leave some block beside the text.
"""

from __future__ import annotations

from collections.abc import Iterable

from covlint.covdata.meta import Unit

_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def fits(source: bytes, units: Iterable[Unit]) -> bool:
    """False when a block lies outside of the lines of ``source``, or begins or ends in a word."""
    lines = source.split(b"\n")
    return all(
        _cuts(lines, unit.start_line, unit.start_column)
        and _cuts(lines, unit.end_line, unit.end_column)
        for unit in units
    )


def _cuts(lines: list[bytes], line: int, column: int) -> bool:
    """Whether the place is in the text and between two words. Line and column are 1-based."""
    if line == len(lines) + 1 and column == 1:
        return True  # Go 1.27 ends a block at the beginning of the next line
    if not (1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1):
        return False
    text, at = lines[line - 1], column - 1
    return at in (0, len(text)) or not (text[at - 1] in _WORD and text[at] in _WORD)
