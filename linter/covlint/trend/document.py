"""The trend as JSON; see ``schema.json`` beside it. Within a version fields are only added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from covlint.covdata.summary import Share
from covlint.trend.compare import Comparison, Row
from covlint.trend.runs import Run
from covlint.trend.standing import Standing

VERSION = 1


def render(standings: Sequence[Standing]) -> str:
    """The document, ended by a newline."""
    return json.dumps(document(standings), indent=2) + "\n"


def document(standings: Sequence[Standing]) -> dict[str, Any]:
    """``change`` is in points; the counts are exact."""
    return {"version": VERSION, "series": [_standing(one) for one in standings]}


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.series,
        "outcome": standing.outcome.name.lower(),
        "faults": list(standing.faults),
        "complaints": list(standing.complaints),
        "last": _run(standing.last),
        "base": None if standing.base is None else _run(standing.base),
        **_compared(standing.comparison),
        "history": [_run(run) for run in standing.runs],
    }


def _compared(comparison: Comparison | None) -> dict[str, Any]:
    if comparison is None:
        return {"change": None, "doubts": [], "flags": [], "packages": []}
    return {
        "change": float(comparison.change),
        "doubts": list(comparison.doubts),
        "flags": [_row(row) for row in comparison.flags],
        "packages": [
            {**_row(row), "files": [_row(file) for file in row.files]}
            for row in comparison.packages
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "path": row.path,
        "was": row.was,
        "fate": row.fate.name.lower(),
        "before": _share(row.before),
        "after": _share(row.after),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "file": run.file,
        "time": run.summary.time,
        "revision": run.summary.revision,
        "whole": run.whole,
        **_numbers(run.summary.total),
    }


def _share(share: Share | None) -> dict[str, int] | None:
    return None if share is None else _numbers(share)


def _numbers(share: Share) -> dict[str, int]:
    return {"covered": share.covered, "statements": share.statements}
