"""Coverage by function, as ``go tool covdata func`` writes it: no sources are needed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from covlint.covdata.profile import PackageCoverage, Profile, percent

_TAB = 8


class Row(NamedTuple):
    """``line`` is that of the function's first block, which up to Go 1.26 begins at
    the brace and from Go 1.27 on at the first statement."""

    file: str
    line: int
    name: str
    covered: int
    statements: int


def rows(profile: Profile) -> Iterator[Row]:
    """The named functions by package, file and line.

    Function literals outside of functions are no rows; a text profile names no
    functions and has no rows. Several ``init`` of one file have one name: they are
    told apart by another function between them, else they are one row.
    """
    for package in profile.packages:
        yield from _rows(package)


def render(profile: Profile) -> str:
    """The table with aligned columns, closed by ``total:``, which scripts look for in the
    output of ``go tool cover -func``; covdata leaves the colon off."""
    table = [
        (f"{row.file}:{row.line}:", row.name, f"{percent(row.covered, row.statements):.1f}%")
        for row in rows(profile)
    ]
    if profile.mode is not None:
        table.append(("total:", "(statements)", f"{profile.percent:.1f}%"))
    widths = [max((len(row[column]) // _TAB + 1 for row in table), default=0) for column in (0, 1)]
    return "".join(
        f"{_padded(place, widths[0])}{_padded(name, widths[1])}{share}\n"
        for place, name, share in table
    )


def _padded(cell: str, width: int) -> str:
    """Padded with tabs to ``width`` tab stops."""
    return cell + "\t" * (width - len(cell) // _TAB)


def _rows(package: PackageCoverage) -> Iterator[Row]:
    blocks = [
        (function.id.file, unit[0], unit[2], unit[1], unit[3], unit[4], count, function.id)
        for function in package.functions
        if function.id.name
        for unit, count in function.counts.items()
    ]
    blocks.sort()
    for function, group in groupby(blocks, key=lambda block: block[7]):
        own = list(group)
        if function.literal:
            continue
        covered = sum(block[5] for block in own if block[6])
        yield Row(function.file, own[0][1], function.name, covered, sum(b[5] for b in own))
