"""A run as one JSON document: totals, flags, packages, files and functions.

Its schema is ``coverage.schema.json`` beside this file. Within a version fields are only added.
"""

from __future__ import annotations

import json
from typing import Any

from covlint.covdata import summary as summaries
from covlint.covdata.func import rows
from covlint.covdata.profile import Profile, percent
from covlint.covdata.summary import Summary


def render(profile: Profile, summary: Summary) -> str:
    """The document, ended by a newline. ``summary`` is that of ``profile``."""
    return json.dumps(document(profile, summary), indent=2) + "\n"


def document(profile: Profile, summary: Summary) -> dict[str, Any]:
    """Percentages are rounded to a tenth; the counts beside them are exact."""
    functions: dict[str, list[dict[str, Any]]] = {}
    for row in rows(profile):
        share = round(percent(row.covered, row.statements), 1)
        functions.setdefault(row.file, []).append(
            {
                "name": row.name,
                "line": row.line,
                "covered": row.covered,
                "statements": row.statements,
                "percent": share,
            }
        )
    whole = summaries.document(summary)
    for package in whole["packages"]:
        for file in package["files"]:
            file["functions"] = functions.get(file["path"], [])
    return whole
