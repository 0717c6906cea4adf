"""Where two versions of a file differ, in bytes: from edits, or from their lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from covlint.diagnostics import Edit

_ENDS = (b"\n", b"\r", b"")


@dataclass(frozen=True, slots=True)
class Hunk:
    """The bytes ``[start, end)`` of the old file became ``[new_start, new_end)`` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Step:
    """One file before and after a change, and where it was changed: in order, not overlapping."""

    path: str
    before: bytes
    after: bytes
    hunks: tuple[Hunk, ...]

    def touched(self, start: int, end: int, *, new: bool = False) -> bool:
        """Whether a change reaches into the bytes ``[start, end)``, or continues them.

        What is inserted as lines of its own continues no part above or below it. The answer
        is the same for a part of the old file and for its place in the new one.
        """
        for hunk in self.hunks:
            first = hunk.new_start if new else hunk.start
            last = hunk.new_end if new else hunk.end
            if end < first or start > last:
                continue
            if end == first and self._parted_above(hunk):
                continue
            if start == last and self._parted_below(hunk):
                continue
            return True
        return False

    def _parted_above(self, hunk: Hunk) -> bool:
        """Whether what ends where the hunk begins ends there in both files."""
        old, new = hunk.start, hunk.new_start
        return self.before[max(old - 1, 0) : old] in (b"\n", b"") or (
            self.before[old : old + 1] in _ENDS and self.after[new : new + 1] in _ENDS
        )

    def _parted_below(self, hunk: Hunk) -> bool:
        old, new = hunk.end, hunk.new_end
        return self.before[max(old - 1, 0) : old] in (b"\n", b"") and self.after[
            max(new - 1, 0) : new
        ] in (b"\n", b"")


def edited(path: str, before: bytes, edits: Iterable[Edit]) -> Step:
    """The file with the edits in it, put in from the last to the first.

    The fixer does it from the first to the last: two ways to one result.
    """
    wanted = sorted(set(edits), key=lambda edit: (edit.span.start, edit.span.end))
    after = before
    for edit in reversed(wanted):
        after = after[: edit.span.start] + edit.replacement + after[edit.span.end :]
    hunks = []
    shift = 0
    for edit in wanted:
        start, end, size = edit.span.start, edit.span.end, len(edit.replacement)
        hunks.append(Hunk(start, end, start + shift, start + shift + size))
        shift += size - (end - start)
    return Step(path, before, after, tuple(hunks))


def compared(path: str, before: bytes, after: bytes) -> Step:
    """The same for two files of which only the lines tell what was edited."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    places, new_places = _offsets(old), _offsets(new)
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    hunks = [
        Hunk(places[i], places[j], new_places[k], new_places[m])
        for tag, i, j, k, m in codes
        if tag != "equal"
    ]
    return Step(path, before, after, tuple(hunks))


def _offsets(lines: list[bytes]) -> list[int]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets
