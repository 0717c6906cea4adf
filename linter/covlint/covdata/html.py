"""A profile as one web page that needs nothing else: totals, packages, files, source text.

The source is marked by block, so a line that was executed in part shows both colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from covlint.covdata.lines import check_lines
from covlint.covdata.meta import Unit
from covlint.covdata.profile import FunctionCoverage, Profile, percent

_NOTHING: Mapping[str, bytes] = {}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { padding: .15rem .6rem; text-align: left }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } tr.zero { color: #b00020 }
tr:nth-child(even) { background: #80808014 } summary { cursor: pointer; padding: .2rem 0 }
pre { font: 13px/1.45 ui-monospace, monospace; tab-size: 4; overflow-x: auto; margin: .3rem 0 1rem }
.y { background: #2da44e33 } .n0 { background: #cf222e33 } i { color: #888; font-style: normal;
user-select: none; display: inline-block; min-width: 3.5em; text-align: right; padding-right: 1em }
@media (prefers-color-scheme: dark) {
body { background: #16181d; color: #d8dbe2 } a { color: #8ab4f8 }
tr.zero { color: #ff7b72 } }
"""


def render(
    profile: Profile, sources: Mapping[str, bytes] = _NOTHING, *, title: str = "Coverage"
) -> str:
    """``sources``: file as the profile names it → its bytes; a file without them is listed only.

    Raises TooManyLines.
    """
    check_lines(profile)
    return "\n".join(_page(profile, sources, title)) + "\n"


def _page(profile: Profile, sources: Mapping[str, bytes], title: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    mode = f", mode {profile.mode}" if profile.mode is not None else ""
    yield f"<h1>{escape(title)}</h1>"
    yield (
        f"<p><strong>{profile.percent:.1f} %</strong> of {profile.statements} statements"
        f" in {len(profile.packages)} packages{mode}</p>"
    )
    yield '<table><tr><th>package<th class="n">covered<th class="n">statements<th class="n">%'
    for package in profile.packages:
        yield _row(package.path, package.covered, package.statements)
    yield "</table><h2>Files</h2>"
    for file, functions in profile.files().items():
        yield from _file(file, functions, sources.get(file))
    yield "</body></html>"


def _row(name: str, covered: int, statements: int) -> str:
    zero = "" if covered else ' class="zero"'
    return (
        f'<tr{zero}><td>{escape(name)}<td class="n">{covered}<td class="n">{statements}'
        f'<td class="n">{percent(covered, statements):.1f}'
    )


def _file(file: str, functions: list[FunctionCoverage], source: bytes | None) -> Iterator[str]:
    covered = sum(function.covered for function in functions)
    statements = sum(function.statements for function in functions)
    label = f"{escape(file)} — {percent(covered, statements):.1f} %"
    if source is None:
        yield f"<p>{label} (source not found)</p>"
        return
    counts: dict[Unit, int] = {}
    for function in functions:
        for unit, count in function.counts.items():
            counts[unit] = max(count, counts.get(unit, 0))
    yield f"<details><summary>{label}</summary><pre>"
    yield "\n".join(_marked(source, counts))
    yield "</pre></details>"


def _marked(source: bytes, counts: Mapping[Unit, int]) -> Iterator[str]:
    """The lines as HTML. An inner block is drawn over the one around it."""
    lines = source.split(b"\n")
    drawn = _by_line(len(lines), counts)
    for number, (line, marks) in enumerate(zip(lines, drawn, strict=True), 1):
        text = line.rstrip(b"\r")
        cells: list[int | None] = [None] * len(text)
        for start, stop, count in marks:
            end = len(text) if stop is None else min(stop, len(text))
            cells[start:end] = [count] * max(0, end - start)
        yield f"<i>{number}</i>" + "".join(_spans(text, cells))


def _by_line(length: int, counts: Mapping[Unit, int]) -> list[list[tuple[int, int | None, int]]]:
    """Per line: first column (0-based, in bytes), end or None for the line's end, count."""
    found: list[list[tuple[int, int | None, int]]] = [[] for _ in range(length)]
    for unit, count in sorted(counts.items()):
        for line in range(max(unit.start_line, 1), min(unit.end_line, length) + 1):
            start = unit.start_column - 1 if line == unit.start_line else 0
            end = unit.end_column - 1 if line == unit.end_line else None
            found[line - 1].append((max(start, 0), end, count))
    return found


def _spans(text: bytes, cells: Iterable[int | None]) -> Iterator[str]:
    begin = 0
    marks = list(cells)
    for index in range(1, len(text) + 1):
        if index < len(text) and marks[index] == marks[begin]:
            continue
        part = escape(text[begin:index].decode("utf-8", "replace"), quote=False)
        count = marks[begin]
        if count is None:
            yield part
        else:
            style = "y" if count else "n0"
            yield f'<span class="{style}" title="{count}">{part}</span>'
        begin = index
