"""What was measured beside what, its goal, and how it compares with the last time.

A figure is a ratio of two measurements of one run, which can be compared between machines and
years; seconds cannot. Goals are those of the project, not of this code: a goal that is missed
stays missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: A ratio that is worse than the last one by more than this is a regression. CPU times of the
#: same program differ by up to a fifth between runs on a machine that is shared.
MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of ``table``: what covlint took, what the other took, as a reader is told, and a ratio.

    The ratio is what covlint takes beside the other (2: twice as much), or, when ``faster``, how
    much faster it is. It is None when the other could not be run, and ``theirs`` says why.
    ``limit`` is the goal: the most that the ratio may be, or, when ``faster``, the least.
    ``budget``: there is no other, but a time that is allowed; such ratios differ too much between
    runs to be compared with the last one.
    """

    table: str
    name: str
    ours: str
    theirs: str
    ratio: float | None
    limit: float | None = None
    faster: bool = False
    budget: bool = False

    @property
    def key(self) -> str:
        return f"{self.table}: {self.name}"

    @property
    def goal(self) -> str:
        if self.limit is None:
            return ""
        if not self.faster:
            return f"at most {self.limit:g} x"
        return "at least as fast" if self.limit == 1 else f"at least {self.limit:g} x faster"

    @property
    def met(self) -> bool | None:
        """None without a goal or without a ratio."""
        if self.limit is None or self.ratio is None:
            return None
        return self.ratio >= self.limit if self.faster else self.ratio <= self.limit

    @property
    def times(self) -> str:
        if self.ratio is None:
            return ""
        return f"{self.ratio:g} x faster" if self.faster else f"{self.ratio:g} x"


def beside(
    table: str,
    name: str,
    ours: float,
    theirs: float | str,
    *,
    at_most: float | None = None,
    faster: float | None = None,
) -> Figure:
    """A figure of two times in seconds, and its goal; ``theirs`` may be the reason why there is
    no time."""
    limit, way = (at_most, False) if faster is None else (faster, True)
    if isinstance(theirs, str):
        return Figure(table, name, seconds(ours), theirs, None, limit, way)
    ratio = theirs / ours if way else ours / theirs
    return Figure(table, name, seconds(ours), seconds(theirs), rounded(ratio), limit, way)


def rounded(ratio: float) -> float:
    """Two decimals, one from 10 on: more say nothing."""
    return round(ratio, 2 if ratio < 10 else 1)


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def ratios(figures: Iterable[Figure]) -> dict[str, float]:
    """What the history keeps."""
    return {one.key: one.ratio for one in figures if one.ratio is not None and not one.budget}


def last_ratios(history: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The latest of each figure, oldest entry first: not every run has all of them."""
    known: dict[str, float] = {}
    for entry in history:
        known.update(entry["ratios"])
    return known


def worse(figure: Figure, before: float | None) -> bool:
    """Whether the figure is worse than it was, by more than the margin."""
    if figure.ratio is None or figure.budget or not before:
        return False
    change = before / figure.ratio if figure.faster else figure.ratio / before
    return change > 1 + MARGIN


def line(figure: Figure, before: float | None) -> str:
    """One figure, for the terminal."""
    head = f"  {figure.name:<46} {figure.ours:>8}  {figure.theirs:>8}"
    if figure.ratio is None:
        return head
    was = "" if before is None else f", was {before:g} x"
    goal = f" ({figure.goal}: {'met' if figure.met else 'MISSED'})" if figure.goal else ""
    return f"{head}  {figure.times}{was}{goal}{'  WORSE' if worse(figure, before) else ''}"


def markdown(figures: Iterable[Figure], heads: tuple[str, str, str]) -> str:
    """A table for the page. ``heads``: of what is measured, of covlint's figure, of the other's."""
    lines = [_cells(*heads, "ratio", "goal", ""), _cells(*["---"] * 6)]
    for one in figures:
        verdict = {True: "met", False: "**missed**", None: ""}[one.met]
        lines.append(_cells(one.name, one.ours, one.theirs, one.times, one.goal, verdict))
    return "\n".join(lines) + "\n"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
