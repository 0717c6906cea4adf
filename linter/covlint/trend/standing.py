"""How a series of runs stands: its last run, what it is compared with, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from covlint.frozen import dataclass
from covlint.trend.chart import Point
from covlint.trend.compare import Comparison, compare, exact, faults_of
from covlint.trend.judge import Limits, missed, sunk
from covlint.trend.runs import Run
from covlint.trend.sources import Sources


class Outcome(Enum):
    BROKE = "collection broke"
    FELL = "coverage fell"
    ROSE = "coverage rose"
    SAME = "coverage is unchanged"
    FIRST = "nothing to compare with"


@dataclass(frozen=True, slots=True)
class Standing:
    """``complaints`` are what limits say of the last run; empty where its collection broke:
    then its numbers say nothing about the code."""

    series: str
    runs: tuple[Run, ...]
    base: Run | None
    outcome: Outcome
    comparison: Comparison | None = None
    faults: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()

    @property
    def last(self) -> Run:
        return self.runs[-1]

    @property
    def passed_over(self) -> int:
        """Runs between the base and the last that broke; 0 where the base is not the newest."""
        count = 0
        for run in reversed(self.runs[:-1]):
            if run is self.base or run.whole:
                break
            count += 1
        return count if self.base is not None else 0

    @property
    def points(self) -> tuple[Point, ...]:
        """For the chart. The last run may be broken only beside its base."""
        broken = self.outcome is Outcome.BROKE
        return tuple(
            Point(
                run.label,
                exact(run.summary.total)
                if run.whole and not (broken and run is self.last)
                else None,
            )
            for run in self.runs
        )


def stand(
    series: str, runs: Sequence[Run], base: Run | None, limits: Limits, start: str
) -> Standing:
    """Judge the last of ``runs`` by ``base`` and limits; ``start`` lies in the checkout."""
    last = runs[-1].summary
    if base is None:
        faults = faults_of(last)
        complaints = () if faults else missed(last, limits)
        outcome = Outcome.BROKE if faults else Outcome.FIRST
        return Standing(series, tuple(runs), None, outcome, None, faults, complaints)
    sources = Sources(start, base.summary.revision, last.revision)
    comparison = compare(base.summary, last, sources.there, sources.renamed())
    if comparison.faults:
        return Standing(series, tuple(runs), base, Outcome.BROKE, comparison, comparison.faults)
    change = comparison.change
    outcome = Outcome.SAME if not change else Outcome.ROSE if change > 0 else Outcome.FELL
    complaints = (*missed(last, limits), *sunk(comparison, limits))
    return Standing(series, tuple(runs), base, outcome, comparison, (), complaints)
