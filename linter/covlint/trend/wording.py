"""A standing in words: what text and Markdown have in common."""

from __future__ import annotations

from collections.abc import Iterator

from covlint.covdata.points import told, told_change
from covlint.covdata.summary import Share
from covlint.frozen import dataclass
from covlint.trend.compare import Comparison, Fate, Row, exact
from covlint.trend.standing import Outcome, Standing

_TITLES = {
    Fate.FELL: "fell",
    Fate.UNBUILT: "vanished from the profile; the source is still there",
    Fate.VANISHED: "vanished from the profile",
    Fate.DELETED: "deleted in the source",
    Fate.ROSE: "rose",
    Fate.NEW: "new",
}


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one fate. ``calm``: they are no reason to look closer."""

    title: str
    rows: tuple[Row, ...]
    calm: bool


def headline(standing: Standing) -> str:
    """What happened, in one line."""
    if standing.outcome is Outcome.BROKE:
        return "collection broke: the numbers of this run say nothing about the code"
    last = exact(standing.last.summary.total)
    comparison = standing.comparison
    if comparison is None:
        return f"{told(last)} %, and no earlier run to compare it with"
    if not comparison.change:
        return f"coverage is unchanged at {told(last)} %"
    before = exact(comparison.before.total)
    verb = "fell" if comparison.change < 0 else "rose"
    return (
        f"coverage {verb} by {told(abs(comparison.change))} points: "
        f"{told(before, apart_from=[last])} % → {told(last, apart_from=[before])} %"
    )


def sections(comparison: Comparison) -> Iterator[Section]:
    """What changed, the worst first; what stayed the same is left out."""
    for fate, title in _TITLES.items():
        rows = comparison.of(fate)
        if rows:
            yield Section(title, rows, fate in (Fate.ROSE, Fate.NEW, Fate.DELETED))


def changed_files(row: Row) -> tuple[Row, ...]:
    """The files of a package that account for its change; none where it came or went whole."""
    if row.before is None or row.after is None:
        return ()
    return tuple(file for file in row.files if file.fate is not Fate.SAME)


def cells(row: Row) -> tuple[str, str, str, str]:
    """Before, after, change in points, and the statements."""
    change = told_change(row.change) if row.before and row.after else ""
    return percent(row.before), percent(row.after), change, statements(row)


def percent(share: Share | None) -> str:
    return "" if share is None else f"{told(exact(share))} %"


def statements(row: Row) -> str:
    """Covered out of all, before and after."""
    shares = [f"{one.covered}/{one.statements}" for one in (row.before, row.after) if one]
    return " → ".join(shares)
