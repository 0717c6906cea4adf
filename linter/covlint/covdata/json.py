"""A profile as one JSON document: totals, packages, files and functions.

Within a version fields are only added.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from covlint.covdata.func import rows
from covlint.covdata.profile import FunctionCoverage, PackageCoverage, Profile, percent

VERSION = 1


def render(profile: Profile) -> str:
    """The document, ended by a newline."""
    return json.dumps(document(profile), indent=2) + "\n"


def document(profile: Profile) -> dict[str, Any]:
    """Percentages are rounded to a tenth; the counts beside them are exact."""
    functions: dict[str, list[dict[str, Any]]] = {}
    for row in rows(profile):
        functions.setdefault(row.file, []).append(
            {"name": row.name, "line": row.line, **_numbers(row.covered, row.statements)}
        )
    return {
        "version": VERSION,
        "mode": None if profile.mode is None else str(profile.mode),
        **_numbers(profile.covered, profile.statements),
        "packages": [_package(package, functions) for package in profile.packages],
    }


def _package(package: PackageCoverage, functions: dict[str, list[dict[str, Any]]]) -> Any:
    files: dict[str, list[FunctionCoverage]] = {}
    for function in package.functions:
        files.setdefault(function.id.file, []).append(function)
    return {
        "path": package.path,
        **_numbers(package.covered, package.statements),
        "files": [
            {"path": file, **_sums(files[file]), "functions": functions.get(file, [])}
            for file in sorted(files)
        ],
    }


def _sums(functions: Sequence[FunctionCoverage]) -> dict[str, Any]:
    return _numbers(
        sum(function.covered for function in functions),
        sum(function.statements for function in functions),
    )


def _numbers(covered: int, statements: int) -> dict[str, Any]:
    return {
        "covered": covered,
        "statements": statements,
        "percent": round(percent(covered, statements), 1),
    }
