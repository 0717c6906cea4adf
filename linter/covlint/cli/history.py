"""The chart of earlier runs that a report shows beside its own numbers."""

from __future__ import annotations

from covlint.cli.exits import Failure
from covlint.covdata.summary import Summary
from covlint.trend.chart import Point, svg
from covlint.trend.compare import exact
from covlint.trend.runs import Run, in_series, read_runs, run_of
from covlint.trend.stores import FolderStore, StoreError

_SHOWN = 60  # runs


def drawn(folder: str, summary: Summary) -> str | None:
    """The runs that ``covlint trend add`` has kept in ``folder``, and this one behind them.

    They are those of the same series, or of the only one. None where there is nothing to
    draw a line from. Raises Failure for runs that cannot be read.
    """
    try:
        found = in_series(read_runs(FolderStore(folder).read()))
    except StoreError as error:
        raise Failure(str(error)) from error
    own = run_of(summary)
    former = found.get(own.series, next(iter(found.values())) if len(found) == 1 else [])
    runs = [*(run for run in former if not _same(run, own)), own][-_SHOWN:]
    if len(runs) < 2:
        return None
    points = [Point(run.label, exact(run.summary.total) if run.whole else None) for run in runs]
    dated = [
        Point((run.summary.time or "")[:10], point.percent)
        for run, point in zip(runs, points, strict=True)
    ]
    large = svg(points, width=1180, height=220, ident="trend-large")
    small = svg(dated, width=360, height=180, ident="trend-small")
    return f'<div class="large">{large}</div><div class="small">{small}</div>'


def _same(one: Run, other: Run) -> bool:
    """A run that was kept already is not drawn twice."""
    return one.summary.time == other.summary.time
