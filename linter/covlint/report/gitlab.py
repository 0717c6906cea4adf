"""The code quality report of GitLab, which a merge request shows beside the lines.

https://docs.gitlab.com/ci/testing/code_quality/
"""

from __future__ import annotations

import json
from typing import Any

from covlint.baseline import identities
from covlint.diagnostics import Severity
from covlint.report import Finding, Sheet
from covlint.report.places import offer, plain, said

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTICE: "info"}


def render(sheet: Sheet) -> str:
    """One JSON list of what is left, ended by a newline."""
    found = identities((item.diagnostic, item.source_of) for item in sheet.open)
    issues = [_issue(sheet, one, name) for one, name in zip(sheet.open, found, strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(sheet: Sheet, finding: Finding, identity: str) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    start, end = finding.positions(diagnostic.span)
    advice = offer(diagnostic)
    return {
        "type": "issue",
        "check_name": diagnostic.code,
        "description": said(diagnostic) + (f" ({advice})" if advice else ""),
        "categories": ["Bug Risk"],
        "severity": _SEVERITIES[diagnostic.severity],
        "fingerprint": identity,
        "location": {
            "path": plain(sheet, diagnostic.span.path),
            "lines": {"begin": start.line, "end": end.line},
        },
    }
