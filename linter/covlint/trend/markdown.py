"""The trend as Markdown: for the summary of a job, and for a comment on a change.

It begins with a comment that names the series, by which a later run finds its own comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from covlint.covdata.points import told_change
from covlint.terminal import visible
from covlint.trend import chart
from covlint.trend.compare import Row
from covlint.trend.standing import Outcome, Standing
from covlint.trend.wording import Section, cells, changed_files, headline, percent, sections

_MOST = 50  # rows of a table
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@:-])")


def render(standings: Sequence[Standing]) -> str:
    """One document for all series."""
    return "\n".join(line for standing in standings for line in (*_lines(standing), ""))


def _lines(standing: Standing) -> Iterator[str]:
    bad = standing.outcome is Outcome.BROKE or bool(standing.complaints)
    yield f"<!-- covlint trend: {re.sub(r'[^A-Za-z0-9.+_]', '-', standing.series)} -->"
    yield f"### {'❌' if bad else '✅'} {_said(standing.series)}: {headline(standing)}"
    yield ""
    for one in (*standing.faults, *standing.complaints):
        yield f"- {_said(one)}"
    if standing.faults or standing.complaints:
        yield ""
    comparison = standing.comparison
    if comparison is not None and standing.outcome is not Outcome.BROKE:
        yield from _table(standing)
    if comparison is not None and comparison.doubts:
        yield from (f"- {_said(doubt)}" for doubt in comparison.doubts)
        yield ""
    drawn = chart.text(standing.points)
    if len(standing.runs) > 1 and drawn:
        yield from (f"<details><summary>{len(standing.runs)} runs</summary>", "", "```text")
        yield from (*drawn.splitlines(), "```", "", "</details>", "")
    against = f", compared with {_code(standing.base.label)}" if standing.base else ""
    yield f"<sub>{_code(standing.last.label)}{against}</sub>"


def _table(standing: Standing) -> Iterator[str]:
    comparison = standing.comparison
    assert comparison is not None
    before, after = percent(comparison.before.total), percent(comparison.after.total)
    old, new = comparison.before.total, comparison.after.total
    yield "| | before | after | change | statements |"
    yield "|---|--:|--:|--:|---|"
    yield (
        f"| **total** | {before} | {after} | {told_change(comparison.change)} | "
        f"{old.covered}/{old.statements} → {new.covered}/{new.statements} |"
    )
    for flag in comparison.flags:
        yield _row(flag, f"flag {_code(flag.path)}")
    found = list(sections(comparison))
    for section in found:
        if not section.calm:
            yield from _rows(section)
    yield ""
    for section in found:
        if section.calm:
            count = f"{len(section.rows)} package{'' if len(section.rows) == 1 else 's'}"
            yield f"<details><summary>{count} {section.title}</summary>"
            yield from ("", "| | before | after | change | statements |", "|---|--:|--:|--:|---|")
            yield from (*_rows(section), "", "</details>", "")


def _rows(section: Section) -> Iterator[str]:
    for row in section.rows[:_MOST]:
        was = f" (was {_code(row.was)})" if row.was else ""
        title = "" if section.calm or section.title == "fell" else f" — {section.title}"
        yield _row(row, _code(row.path) + was + title)
        for file in changed_files(row)[:_MOST]:
            yield _row(file, "&nbsp;&nbsp;" + _code(file.path.removeprefix(row.path + "/")))
    if len(section.rows) > _MOST:
        yield f"| … and {len(section.rows) - _MOST} more | | | | |"


def _row(row: Row, name: str) -> str:
    return f"| {name} | {' | '.join(cells(row))} |"


def _code(text: str) -> str:
    """A name as code; what would end the code or the cell is written otherwise."""
    return "`" + visible(text).replace("`", "'").replace("|", "¦") + "`"


def _said(text: str) -> str:
    """A sentence that may hold words of other programs: none of them is Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", visible(text)).replace("\\<", "&lt;")
