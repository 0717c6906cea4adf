"""Whether a run may pass: thresholds, and the ratchet that keeps coverage from sinking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction

from covlint.covdata.points import told
from covlint.covdata.summary import Summary
from covlint.frozen import dataclass
from covlint.trend.compare import Comparison, Fate, Row, exact


@dataclass(frozen=True, slots=True)
class Limits:
    """All in points. ``no_decrease``: how far the total may fall; then nothing that was covered
    may vanish while its source is there, either. ``by_package`` is the same for each package.
    ``least``: what packages must have (by import path; None: more than 0)."""

    no_decrease: Fraction | None = None
    by_package: Fraction | None = None
    total: Fraction | None = None
    least: Mapping[str, Fraction | None] = field(default_factory=dict)


def missed(run: Summary, limits: Limits) -> tuple[str, ...]:
    """The thresholds that a run does not reach."""
    return tuple(_missed(run, limits))


def sunk(comparison: Comparison, limits: Limits) -> tuple[str, ...]:
    """Where the ratchet holds: falls beyond what is allowed."""
    return tuple(_sunk(comparison, limits))


def _missed(run: Summary, limits: Limits) -> Iterator[str]:
    if limits.total is not None and exact(run.total) < limits.total:
        yield f"the total is {_less(exact(run.total), limits.total)}"
    packages = {part.path: part.share for part in run.packages}
    for path, least in limits.least.items():
        share = packages.get(path)
        if share is None:
            yield f"{path} is not in the profile"
        elif least is None and not share.covered:
            yield f"{path} is at 0.0 %"
        elif least is not None and exact(share) < least:
            yield f"{path} is {_less(exact(share), least)}"


def _sunk(comparison: Comparison, limits: Limits) -> Iterator[str]:
    if limits.no_decrease is not None and -comparison.change > limits.no_decrease:
        yield f"the total fell by {_more(-comparison.change, limits.no_decrease)}"
    if limits.by_package is not None:
        for row in comparison.of(Fate.FELL):
            if -row.change > limits.by_package:
                yield f"{row.path} fell by {_more(-row.change, limits.by_package)}"
    if limits.no_decrease is not None or limits.by_package is not None:
        for row in comparison.of(Fate.UNBUILT):
            if _was_covered(row):
                yield f"{row.path} vanished from the profile, and its source is still there"


def _was_covered(row: Row) -> bool:
    return row.before is not None and row.before.covered > 0


def _less(value: Fraction, least: Fraction) -> str:
    return f"{told(value, apart_from=[least])} %, below {_plain(least)} %"


def _more(fall: Fraction, allowed: Fraction) -> str:
    return f"{told(fall, apart_from=[allowed])} points; {_plain(allowed)} are allowed"


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"
