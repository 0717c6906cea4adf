"""The diagnostic format of reviewdog, which comments on the lines of a change.

https://github.com/reviewdog/reviewdog/tree/master/proto/rdf: lines and columns are
1-based, columns count bytes of UTF-8, the end is exclusive.
"""

from __future__ import annotations

import json
from typing import Any

from covlint.diagnostics import Diagnostic, Severity
from covlint.report import Finding, Sheet
from covlint.report.places import HOMEPAGE, offer, page_url, plain, said
from covlint.source import SourceFile, Span
from covlint.terminal import visible

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTICE: "INFO"}


def render(sheet: Sheet) -> str:
    """One JSON document of what is left, ended by a newline."""
    document = {
        "source": {"name": "covlint", "url": HOMEPAGE},
        "diagnostics": [_diagnostic(sheet, finding) for finding in sheet.open],
    }
    return json.dumps(document, indent=2) + "\n"


def _diagnostic(sheet: Sheet, finding: Finding) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    advice = offer(diagnostic)
    url = page_url(diagnostic.code)
    return {
        "message": said(diagnostic) + (f"\n{advice}" if advice else ""),
        "location": _location(sheet, finding, diagnostic.span),
        "severity": _SEVERITIES[diagnostic.severity],
        "code": {"value": diagnostic.code, **({"url": url} if url else {})},
        "suggestions": _suggestions(diagnostic, finding),
        "related_locations": [
            {
                "message": visible(related.message),
                "location": _location(sheet, finding, related.span),
            }
            for related in diagnostic.related
        ],
    }


def _suggestions(diagnostic: Diagnostic, finding: Finding) -> list[dict[str, Any]]:
    """The fix as one replacement: the format knows no fix of several parts.

    A fix that spans files, or leaves no text behind that is UTF-8, is left out.
    """
    edits = sorted(diagnostic.fix.edits if diagnostic.fix else (), key=lambda edit: edit.span)
    if not edits or any(edit.span.path != diagnostic.span.path for edit in edits):
        return []
    source = finding.source_of(diagnostic.span.path)
    start, end = edits[0].span.start, edits[-1].span.end
    parts, reached = [], start
    for edit in edits:
        parts += [source.data[reached : edit.span.start], edit.replacement]
        reached = edit.span.end
    try:
        text = b"".join(parts).decode("utf-8")
    except UnicodeDecodeError:
        return []
    return [{"range": _range(source, source.span(start, end)), "text": text}]


def _location(sheet: Sheet, finding: Finding, span: Span) -> dict[str, Any]:
    return {"path": plain(sheet, span.path), "range": _range(finding.source_of(span.path), span)}


def _range(source: SourceFile, span: Span) -> dict[str, Any]:
    return {"start": _position(source, span.start), "end": _position(source, span.end)}


def _position(source: SourceFile, offset: int) -> dict[str, int]:
    line = source.line_of(offset)
    return {"line": line, "column": offset - source.line_starts[line - 1] + 1}
