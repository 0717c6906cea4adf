"""The trend for a terminal: a chart, the verdict, and what moved."""

from __future__ import annotations

from collections.abc import Iterator

from covlint.covdata.points import told, told_change
from covlint.terminal import visible
from covlint.trend import chart
from covlint.trend.compare import Row, exact
from covlint.trend.standing import Outcome, Standing
from covlint.trend.wording import Section, cells, changed_files, headline, sections

#: A line, and the colour that it is told in ("" for none).
Line = tuple[str, str]
_MOST = 12  # packages of a section
_MOST_FILES = 4  # of a package
_COLOURS = {Outcome.BROKE: "red", Outcome.FELL: "yellow", Outcome.ROSE: "green"}


def lines(standing: Standing, *, width: int = 80, plain: bool = False) -> Iterator[Line]:
    """The report, line by line. ``width`` is in columns; ``plain`` keeps the chart to ASCII."""
    name = visible(standing.series)
    yield f"{name}: {headline(standing)}", "red" if standing.complaints else _colour(standing)
    yield f"  run   {visible(standing.last.label)}", ""
    if standing.base is not None:
        over = standing.passed_over
        aside = f"  ({over} broken run{'' if over == 1 else 's'} passed over)" if over else ""
        yield f"  base  {visible(standing.base.label)}{aside}", ""
    drawn = chart.text(standing.points, width=width - 2, plain=plain)
    if len(standing.runs) > 1 and drawn:
        yield "", ""
        yield from ((f"  {line}", "") for line in drawn.splitlines())
    yield from _body(standing)


def _body(standing: Standing) -> Iterator[Line]:
    if standing.faults:
        yield "", ""
        yield from ((f"  ✗ {visible(fault)}", "red") for fault in standing.faults)
    comparison = standing.comparison
    if comparison is not None and standing.outcome is not Outcome.BROKE:
        found = list(sections(comparison))
        widths = _widths(found)
        for section in found:
            yield "", ""
            yield f"{section.title}", ""
            yield from _rows(section, widths)
        moved = [flag for flag in comparison.flags if flag.change]
        if moved:
            yield "", ""
            for flag in moved:
                after = told(exact(flag.after))
                yield f"flag {visible(flag.path)}: {after} % ({told_change(flag.change)})", ""
    if comparison is not None and comparison.doubts:
        yield "", ""
        yield from ((f"  ? {visible(doubt)}", "yellow") for doubt in comparison.doubts)
    if standing.complaints:
        yield "", ""
        yield from ((f"  ✗ {visible(one)}", "red") for one in standing.complaints)


def _rows(section: Section, widths: list[int]) -> Iterator[Line]:
    for row in section.rows[:_MOST]:
        yield _row(row, _name(row), widths), ""
        files = changed_files(row)
        for file in files[:_MOST_FILES]:
            yield _row(file, "  " + file.path.removeprefix(row.path + "/"), widths), "dim"
        if len(files) > _MOST_FILES:
            more = len(files) - _MOST_FILES
            yield f"    and {more} more file{'' if more == 1 else 's'}", "dim"
    if len(section.rows) > _MOST:
        yield f"  and {len(section.rows) - _MOST} more", ""


def _row(row: Row, name: str, widths: list[int]) -> str:
    before, after, change, statements = cells(row)
    note = (
        "  ← nothing of it is covered any more" if row.to_zero and not name.startswith(" ") else ""
    )
    columns = [visible(name).ljust(widths[0]), before.rjust(widths[1]), after.rjust(widths[2])]
    columns += [change.rjust(widths[3]), statements]
    return ("  " + "  ".join(columns)).rstrip() + note


def _name(row: Row) -> str:
    return row.path if row.was is None else f"{row.path} (was {row.was})"


def _widths(found: list[Section]) -> list[int]:
    rows = [row for section in found for row in section.rows[:_MOST]]
    files = [(row, file) for row in rows for file in changed_files(row)[:_MOST_FILES]]
    names = [visible(_name(row)) for row in rows]
    names += ["  " + visible(file.path.removeprefix(row.path + "/")) for row, file in files]
    table = [cells(row) for row in [*rows, *(file for _, file in files)]]
    return [
        max(map(len, names), default=0),
        *(max((len(row[column]) for row in table), default=0) for column in range(3)),
    ]


def _colour(standing: Standing) -> str:
    return _COLOURS.get(standing.outcome, "")
