"""Annotations of GitHub Actions: one workflow command per finding.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from covlint.diagnostics import Severity
from covlint.report import Finding, Sheet
from covlint.report.places import offer, others, plain, said
from covlint.terminal import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "notice"}


def render(sheet: Sheet) -> str:
    """Commands for what is left; of files that were not read and failed rules too."""
    return "".join(line + "\n" for line in _lines(sheet))


def _lines(sheet: Sheet) -> Iterator[str]:
    for finding in sheet.open:
        yield _finding(sheet, finding)
    for unread in sheet.unread:
        place = {"file": visible(plain(sheet, unread.path)), "title": "covlint: not read"}
        yield _command("notice", place, visible(unread.reason))
    for crash in sheet.crashes:
        title = f"covlint: internal error in {crash.code}"
        yield _command("error", {"title": title}, visible(crash.error))


def _finding(sheet: Sheet, finding: Finding) -> str:
    diagnostic = finding.diagnostic
    start, end = finding.positions(diagnostic.span)
    properties = {"file": visible(plain(sheet, diagnostic.span.path)), "line": str(start.line)}
    if start.line == end.line:  # columns are allowed only there; the last one belongs to it
        properties["col"] = str(start.column)
        properties["endColumn"] = str(max(start.column, end.column - 1))
    else:
        properties["endLine"] = str(end.line if end.column > 1 else end.line - 1)
    properties["title"] = f"{diagnostic.code} {diagnostic.name}"
    lines = [said(diagnostic), *others(finding)]
    advice = offer(diagnostic)
    if advice is not None:
        lines.append(advice)
    return _command(_COMMANDS[diagnostic.severity], properties, "\n".join(lines))


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    """As the runner's ``escapeData``: it ends a command at the end of a line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
