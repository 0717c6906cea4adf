"""The runs of a store: which belong together, in what order, and which one is the base."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from covlint.covdata.summary import BadSummary, Summary, parse, render
from covlint.frozen import dataclass
from covlint.trend.compare import faults_of
from covlint.trend.stores import SUFFIX, StoreError

#: Of runs that no target names.
DEFAULT_SERIES = "coverage"
#: Series, time and the beginning of the content's hash.
_NAME = re.compile(r"(?P<series>.+)\.(?P<time>\d{8}T\d{6}Z)\.[0-9a-f]{8}\.json")
_UNFIT = re.compile(r"[^\w.+-]+")
_MAX_SERIES = 80  # characters


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is kept. ``series``: only runs of the same one are compared; ``file`` is
    its name in the store; ``whole``: nothing in it says that its collection broke."""

    file: str
    series: str
    summary: Summary

    @property
    def whole(self) -> bool:
        return not faults_of(self.summary)

    @property
    def label(self) -> str:
        """For people: when, and of which revision."""
        when = (self.summary.time or "")[:16].replace("T", " ")
        revision = (self.summary.revision or "")[:10]
        return " ".join(word for word in (when, revision) if word) or self.file


def run_of(summary: Summary, series: str | None = None) -> Run:
    """A run to be kept; its series is that of the verified target where none is given."""
    name = series or (summary.verified.target if summary.verified else "") or DEFAULT_SERIES
    name = _UNFIT.sub("-", name)[:_MAX_SERIES].strip(".-") or DEFAULT_SERIES
    stamp = re.sub(r"[-:]|\.\d+", "", (summary.time or "")[:19]) + "Z"
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        stamp = "00000000T000000Z"
    digest = hashlib.sha256(render(summary).encode()).hexdigest()[:8]
    return Run(f"{name}.{stamp}.{digest}{SUFFIX}", name, summary)


def read_runs(files: Mapping[str, bytes]) -> list[Run]:
    """Every run, the oldest first. Raises StoreError for a file that is none."""
    runs: list[Run] = []
    for name, data in files.items():
        try:
            summary = parse(data.decode("utf-8", "replace"))
        except BadSummary as error:
            raise StoreError(f"{name}: {error}") from error
        match = _NAME.fullmatch(name)
        runs.append(Run(name, match["series"], summary) if match else _foreign(name, summary))
    return sorted(runs, key=_age)


def in_series(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs by series, each in the order given."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.series, []).append(run)
    return found


def outdated(runs: Sequence[Run], keep: int) -> list[str]:
    """The files of all but the newest ``keep`` runs of each series."""
    return [run.file for series in in_series(runs).values() for run in series[:-keep]]


def base_of(runs: Sequence[Run]) -> Run | None:
    """What the last run is compared with: the newest earlier one whose collection was whole."""
    return next((run for run in reversed(runs[:-1]) if run.whole), None)


def newest_of(runs: Sequence[Run], revisions: Collection[str]) -> Run | None:
    """The whole run of the first of ``revisions`` that has one, the last run aside."""
    by_revision: dict[str, Run] = {}
    for run in runs[:-1]:
        if run.summary.revision and run.whole:
            by_revision[run.summary.revision] = run
    return next((by_revision[one] for one in revisions if one in by_revision), None)


def _foreign(name: str, summary: Summary) -> Run:
    """A report that somebody else put there, under a name of theirs."""
    target = summary.verified.target if summary.verified else ""
    return Run(name, target or DEFAULT_SERIES, summary)


def _age(run: Run) -> tuple[str, str]:
    match = _NAME.fullmatch(run.file)
    return (run.summary.time or "", match["time"] if match else run.file)
