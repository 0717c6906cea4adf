"""The report for people: a code frame per finding, a line per service, a summary.

One layout, a list of styled pieces per line; a terminal gets it in colour
through rich, everything else as plain text without importing rich.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from covlint.chain import Certainty
from covlint.diagnostics import Applicability, Diagnostic, Severity
from covlint.engine import HopState, Service
from covlint.frozen import dataclass
from covlint.report import Finding, Sheet
from covlint.source import SourceFile, Span
from covlint.terminal import visible

#: Lines of one span that a frame shows before it is cut.
_FRAME_LINES = 6
#: Columns of one line that a frame shows: generated files have lines of any length.
_FRAME_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Piece:
    """Text and its style, as rich names it; "" is plain."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTICE: "bold cyan",
}


def render(sheet: Sheet, *, statistics: bool = False) -> str:
    """The report without colour."""
    lines = ("".join(piece.text for piece in line) for line in layout(sheet, statistics=statistics))
    return "".join(line + "\n" for line in lines)


def render_findings(sheet: Sheet) -> str:
    """The findings alone, without services and summary: for the page of a rule."""
    blocks = []
    for finding in sheet.findings:
        lines = _finding(finding, None, fixing=False)
        blocks.append("".join("".join(piece.text for piece in line) + "\n" for line in lines))
    return "\n".join(blocks)


def render_colour(sheet: Sheet, *, statistics: bool = False) -> str:
    """The report with the colours that a terminal understands."""
    from rich.console import Console  # slow to import
    from rich.text import Text

    console = Console(force_terminal=True, soft_wrap=True, highlight=False, emoji=False)
    with console.capture() as capture:
        for line in layout(sheet, statistics=statistics):
            console.print(Text.assemble(*((piece.text, piece.style) for piece in line)))
    return capture.get()


def layout(sheet: Sheet, *, statistics: bool = False) -> Iterator[Line]:
    reasons = {id(diagnostic): reason for diagnostic, reason in sheet.skipped}
    for finding in sheet.open:
        yield from _finding(finding, reasons.get(id(finding.diagnostic)), fixing=sheet.fixing)
        yield ()
    fixed = [finding for finding in sheet.findings if finding.fixed]
    for finding in fixed:
        yield (Piece("fixed ", "green"), *_head(finding))
    if fixed:
        yield ()
    yield from _services(sheet.services)
    for text in sheet.unknown:
        yield (Piece("unknown: ", "dim"), Piece(visible(text)))
    for unread in sheet.unread:
        yield (
            Piece("note: ", "cyan"),
            Piece(f"{visible(unread.path)} was not read: {visible(unread.reason)}"),
        )
    for crash in sheet.crashes:
        where = f" at {visible(crash.path)}" if crash.path else ""
        yield (
            Piece("internal error: ", "bold red"),
            Piece(f"rule {crash.code} failed{where}: {visible(crash.error)}"),
        )
    if statistics:
        yield from _statistics(sheet)
    yield _summary(sheet)


def _finding(finding: Finding, reason: str | None, *, fixing: bool) -> Iterator[Line]:
    diagnostic = finding.diagnostic
    yield _head(finding)
    yield from _frame(
        finding.source_of(diagnostic.span.path), diagnostic.span, _STYLES[diagnostic.severity]
    )
    for related in diagnostic.related:
        start, _ = finding.positions(related.span)
        place = f"{visible(related.span.path)}:{start.line}:{start.column}"
        yield (Piece("  → ", "dim"), Piece(place, "bold"), Piece(f" {visible(related.message)}"))
        yield from _frame(finding.source_of(related.span.path), related.span, "cyan")
    if diagnostic.fix is not None:
        kind, advice = _offer(diagnostic, fixing=fixing)
        yield (
            Piece(f"  {kind}: ", "green"),
            Piece(visible(diagnostic.fix.title)),
            Piece(advice, "dim"),
        )
    if reason is not None:
        yield (Piece("  not fixed: ", "yellow"), Piece(visible(reason)))


def _head(finding: Finding) -> Line:
    diagnostic = finding.diagnostic
    start, _ = finding.positions(diagnostic.span)
    return (
        Piece(f"{visible(diagnostic.span.path)}:{start.line}:{start.column}", "bold"),
        Piece(": "),
        Piece(diagnostic.severity.value, _STYLES[diagnostic.severity]),
        Piece(f" {diagnostic.code} ", "bold"),
        Piece(f"{diagnostic.name}: {visible(diagnostic.message)}"),
    )


def _offer(diagnostic: Diagnostic, *, fixing: bool) -> tuple[str, str]:
    assert diagnostic.fix is not None
    if diagnostic.fix.applicability is Applicability.DISPLAY or not diagnostic.fix.edits:
        return "help", ""
    if diagnostic.fix.applicability is Applicability.UNSAFE:
        return "fix", "  (--fix --unsafe-fixes)"
    return "fix", "" if fixing else "  (--fix)"


def _frame(source: SourceFile, span: Span, style: str) -> Iterator[Line]:
    """The lines of a span with carets below; the margin holds the line numbers."""
    first = source.line_of(span.start)
    last = source.line_of(max(span.start, span.end - 1))
    shown = min(last, first + _FRAME_LINES - 1)
    margin = max(3, len(str(shown)))
    for line in range(first, shown + 1):
        data = source.line_bytes(line)
        offset = source.line_starts[line - 1]
        begin = span.start - offset if line == first else len(data) - len(data.lstrip())
        left = _width(data[: max(0, begin)])
        width = max(1, _width(data[: max(0, span.end - offset)]) - left)
        text = _shown(data)
        start = max(0, left + min(width, 40) - _FRAME_WIDTH) if left > _FRAME_WIDTH else 0
        cut = "…" if start + _FRAME_WIDTH < len(text) else ""
        yield (
            Piece(f"  {line:>{margin}} | ", "dim"),
            Piece(text[start : start + _FRAME_WIDTH] + cut),
        )
        if line == first or data.strip():
            carets = "^" * min(width, _FRAME_WIDTH - (left - start))
            yield (
                Piece(f"  {'':>{margin}} | ", "dim"),
                Piece(" " * (left - start)),
                Piece(carets, style),
            )
    if shown < last:
        yield (Piece(f"  {'':>{margin}} | … {last - shown} more lines", "dim"),)


def _shown(data: bytes) -> str:
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return visible(text.replace("\t", "    "))


def _width(data: bytes) -> int:
    """Terminal columns of the text: wide characters take two, combining ones none."""
    text = _shown(data)
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _services(services: Iterable[Service]) -> Iterator[Line]:
    listed = list(services)
    counts = Counter(service.name for service in listed)
    names = [
        visible(f"{service.name} ({service.path})" if counts[service.name] > 1 else service.name)
        for service in listed
    ]
    margin = max(map(len, names), default=0)
    for service, name in zip(listed, names, strict=True):
        pieces = [Piece(f"{name:<{margin}} ", "bold")]
        for state in service.hops:
            pieces += [Piece(f" {state.hop.value} "), _mark(state)]
        yield tuple(pieces)
    if listed:
        yield ()


def _mark(state: HopState) -> Piece:
    if state.codes:
        return Piece("✗ " + " ".join(state.codes), "bold red")
    if state.certainty is Certainty.UNKNOWN:
        return Piece("?", "dim")
    return Piece("✓", "green")


def _statistics(sheet: Sheet) -> Iterator[Line]:
    counts = Counter(
        (finding.diagnostic.code, finding.diagnostic.name) for finding in sheet.findings
    )
    for (code, name), count in sorted(counts.items()):
        yield (Piece(f"{count:>5}  {code}  {name}"),)
    if counts:
        yield ()


def _summary(sheet: Sheet) -> Line:
    read = f"{_number(sheet.files, 'file')} read"
    tail = f", {sheet.suppressed} suppressed" if sheet.suppressed else ""
    fixed = f", {sheet.fixed} fixed" if sheet.fixed else ""
    if not sheet.open:
        return (
            Piece("No problems left" if sheet.fixed else "No problems found", "bold green"),
            Piece(f" ({read}{tail}{fixed})"),
        )
    parts = [
        _number(sheet.count(severity), severity.value)
        for severity in Severity
        if sheet.count(severity)
    ]
    return (
        Piece("Found " + ", ".join(parts), "bold"),
        Piece(f" ({read}{tail}{fixed})"),
        Piece(_fixable(sheet), "dim"),
    )


def _fixable(sheet: Sheet) -> str:
    fixes = [finding.diagnostic.fix for finding in sheet.open]
    written = [fix for fix in fixes if fix is not None and fix.edits]
    safe = sum(fix.applicability is Applicability.SAFE for fix in written)
    unsafe = sum(fix.applicability is Applicability.UNSAFE for fix in written)
    offers = []
    if safe and not sheet.fixing:
        offers.append(f"{safe} fixable with --fix")
    if unsafe:
        more = "more" if offers else "fixable"
        offers.append(f"{unsafe} {more} with {'' if sheet.fixing else '--fix '}--unsafe-fixes")
    return f"; {', '.join(offers)}" if offers else ""


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
