"""The report as JSON; the schema is ``schema.json`` beside this module.

Within a version of the format, fields are only ever added.
"""

from __future__ import annotations

import json
from typing import Any

from covlint import __version__
from covlint.diagnostics import Severity
from covlint.report import Finding, Sheet
from covlint.source import Position, Span

VERSION = 1


def render(sheet: Sheet) -> str:
    """One JSON document, ended by a newline."""
    return json.dumps(document(sheet), indent=2) + "\n"


def document(sheet: Sheet) -> dict[str, Any]:
    return {
        "version": VERSION,
        "tool": {"name": "covlint", "version": __version__},
        "diagnostics": [_diagnostic(finding) for finding in sheet.findings],
        "suppressed": sheet.suppressed,
        "unread": [{"path": unread.path, "reason": unread.reason} for unread in sheet.unread],
        "crashes": [
            {"code": crash.code, "path": crash.path, "error": crash.error}
            for crash in sheet.crashes
        ],
        "services": [
            {
                "name": service.name,
                "path": service.path,
                "hops": [
                    {
                        "hop": state.hop.value,
                        "certainty": state.certainty.value,
                        "codes": list(state.codes),
                    }
                    for state in service.hops
                ],
            }
            for service in sheet.services
        ],
        "summary": {
            "files": sheet.files,
            "errors": sheet.count(Severity.ERROR),
            "warnings": sheet.count(Severity.WARNING),
            "notices": sheet.count(Severity.NOTICE),
            "fixed": sheet.fixed,
        },
    }


def _diagnostic(finding: Finding) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "evidence": diagnostic.evidence.value,
        "message": diagnostic.message,
        **_place(finding, diagnostic.span),
        "related": [
            {**_place(finding, related.span), "message": related.message}
            for related in diagnostic.related
        ],
        "symptom": diagnostic.symptom.value if diagnostic.symptom else None,
        "fixed": finding.fixed,
        "fix": None
        if fix is None
        else {
            "title": fix.title,
            "applicability": fix.applicability.value,
            "edits": [
                {
                    "path": edit.span.path,
                    "start_byte": edit.span.start,
                    "end_byte": edit.span.end,
                    "replacement": edit.replacement.decode("utf-8", "replace"),
                }
                for edit in fix.edits
            ],
        },
    }


def _place(finding: Finding, span: Span) -> dict[str, Any]:
    start, end = finding.positions(span)
    return {"path": span.path, "start": _position(start), "end": _position(end)}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column, "byte": position.byte}
