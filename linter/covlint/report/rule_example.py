"""What a rule's cases show, found by running it on them: nothing in a page is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from covlint.diagnostics import Applicability, Fix
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.frozen import dataclass
from covlint.patch import unified_diff
from covlint.report import Finding, Sheet
from covlint.report.text import render_findings
from covlint.rule import Invalid, Rule, Valid
from covlint.selection import Selection
from covlint.testing import alone, unmarked

#: How the comment of a suppression starts, by what a path ends with.
_LANGUAGES = (
    ("Dockerfile", "ockerfile", "#"),
    ("YAML", ".yaml", "#"),
    ("YAML", ".yml", "#"),
    ("Makefile", "akefile", "#"),
    ("shell", ".sh", "#"),
    ("Go", ".go", "//"),
    ("Python", ".py", "#"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One case: its files, what covlint prints about them and, where a fix is written,
    the change. ``patch`` is empty where there is none."""

    files: Mapping[str, str]
    said: str
    patch: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of fix and the titles that it has in the cases, each once."""

    applicability: Applicability
    titles: tuple[str, ...]


def invalid_example(rule: type[Rule[Any]]) -> Example | None:
    """The case that is marked as the example, else the first."""
    case = next((case for case in rule.INVALID if case.example), next(iter(rule.INVALID), None))
    if case is None:
        return None
    contents, _ = unmarked(case.files)
    files = MemoryFiles(contents)
    found = inspect(files, alone(rule), _options(rule))
    findings = tuple(Finding(item, found.project.source) for item in found.report.diagnostics)
    outcome = fix(files, alone(rule), _options(rule), unsafe=True, first=found)
    patch = b"".join(
        unified_diff(change.path, change.before, change.after) for change in outcome.changes
    )
    return Example(_texts(contents), render_findings(Sheet(findings)), patch.decode())


def valid_example(rule: type[Rule[Any]]) -> tuple[Valid, Mapping[str, str]] | None:
    """The case that is marked as the example, else the first that says why, else the first."""
    ranked = sorted(rule.VALID, key=lambda case: (not case.example, not case.why))
    if not ranked:
        return None
    return ranked[0], _texts(unmarked(ranked[0].files)[0])


def offers_of(rule: type[Rule[Any]]) -> tuple[Offer, ...]:
    """The fixes that the rule offers in its cases, safe ones first."""
    titles: dict[Applicability, dict[str, None]] = {kind: {} for kind in Applicability}
    for case in rule.INVALID:
        for offered in _fixes(rule, case):
            kind = offered.applicability if offered.edits else Applicability.DISPLAY
            titles[kind].setdefault(offered.title)
    return tuple(Offer(kind, tuple(found)) for kind, found in titles.items() if found)


def languages_of(rule: type[Rule[Any]]) -> tuple[tuple[str, str], ...]:
    """The languages that the rule's findings stand in, with what starts a comment there."""
    found: dict[tuple[str, str], None] = {}
    for case in rule.INVALID:
        for span in unmarked(case.files)[1]:
            for name, ending, comment in _LANGUAGES:
                if span.path.endswith(ending):
                    found.setdefault((name, comment))
    return tuple(found)


def _fixes(rule: type[Rule[Any]], case: Invalid) -> Iterator[Fix]:
    files = MemoryFiles(unmarked(case.files)[0])
    report = inspect(files, alone(rule), _options(rule)).report
    return (found.fix for found in report.diagnostics if found.fix is not None)


def _options(rule: type[Rule[Any]]) -> Options:
    return Options(selection=Selection(select=(rule.code,)))


def _texts(contents: Mapping[str, bytes]) -> Mapping[str, str]:
    return {path: data.decode() for path, data in contents.items()}
