"""Blocks spread over lines, for the report formats that know nothing smaller.

A line counts as often as the block on it that was executed most. A line that
only an opened block ends on, such as ``}``, belongs to that block; a line on
which no block lies (declarations, comments between functions) is not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from covlint.covdata.meta import Unit
from covlint.covdata.profile import FunctionCoverage, Profile
from covlint.frozen import dataclass

#: More than any program has; a profile that claims more would fill the disk.
MAX_LINES = 30_000_000


class TooManyLines(Exception):
    """The blocks of a profile span more lines than a program can have."""


@dataclass(frozen=True, slots=True)
class FileLines:
    """``hits``: 1-based line → how often it was executed, in the order of the lines."""

    file: str
    hits: Mapping[int, int]
    functions: tuple[FunctionCoverage, ...]

    @property
    def covered(self) -> int:
        return sum(1 for count in self.hits.values() if count)


def files_of(profile: Profile) -> list[FileLines]:
    """The lines of every file, by file name. Raises TooManyLines."""
    check_lines(profile)
    found: list[FileLines] = []
    for file, functions in profile.files().items():
        counts = [item for function in functions for item in function.counts.items()]
        found.append(FileLines(file, line_hits(counts), tuple(functions)))
    return found


def check_lines(profile: Profile) -> None:
    """Raises TooManyLines for a profile that would take minutes and gigabytes to write."""
    lines = sum(
        unit.end_line - unit.start_line + 1
        for package in profile.packages
        for function in package.functions
        for unit in function.counts
    )
    if lines > MAX_LINES:
        raise TooManyLines(f"the blocks of the profile span {lines} lines")


def line_hits(counts: Iterable[tuple[Unit, int]]) -> dict[int, int]:
    """Line → the greatest count of the blocks on it. A block that ends before the first
    character of a line is not on that line; one without statements is on none."""
    hits: dict[int, int] = {}
    for unit, count in counts:
        if not unit.statements:
            continue
        end = unit.end_line if unit.end_column > 1 else unit.end_line - 1
        for line in range(unit.start_line, max(end, unit.start_line) + 1):
            if count > hits.get(line, -1):
                hits[line] = count
    return dict(sorted(hits.items()))
