"""The committed evidence is whole: every rule has runs or says why not, and the page shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covlint.diagnostics import Evidence, Severity
from covlint.labs.evidence import Evidence as Runs
from covlint.labs.evidence import Row, Seen, read_evidence, write_evidence
from covlint.labs.lab import load_labs
from covlint.labs.page import render
from covlint.registry import Registry
from covlint.rule import Rule

ROOT = Path(__file__).parents[2]
LABS = {lab.code: lab for lab in load_labs(ROOT / "fixtures")}
RUNS = read_evidence(ROOT / "fixtures" / "labs" / "evidence.json")
RULES = list(Registry.builtin().rules())
#: What no machine that tests this can show (docs/decisions/0012-what-an-error-is.md).
EXEMPT = {"COV310": "PodSecurity admission", "COV405": "SELinux"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_lab_that_ran_and_agrees(rule: type[Rule[Any]]) -> None:
    rows = RUNS.of(rule.code)
    if rule.code in EXEMPT:
        assert not rows
        assert rule.evidence is Evidence.REPORTED
        assert rule.severity is not Severity.ERROR
        return
    assert rule.code in LABS
    assert rows
    assert rule.evidence is not Evidence.REPORTED
    assert not [row for row in rows if row.disagreements]


@pytest.mark.parametrize("code", sorted(LABS))
def test_a_lab_ran_on_four_versions(code: str) -> None:
    lab = LABS[code]
    versions = {row.go for row in RUNS.of(code)}
    if not lab.slow and lab.go is None:
        assert {"1.21.13", "1.24.11", "1.27.3"} < versions


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.severity is Severity.ERROR], ids=lambda rule: rule.code
)
def test_an_error_is_lost_or_short_in_every_run(rule: type[Rule[Any]]) -> None:
    assert {row.before.state for row in RUNS.of(rule.code)} <= {"lost", "degraded"}


def test_the_page_is_rendered_from_the_runs() -> None:
    """`make docs` writes it."""
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    assert page == render(RUNS, LABS.values(), RULES)


def test_the_page_shows_a_disagreement() -> None:
    row = _row("COV101", "1.21.13", "complete")
    page = render(Runs("2026-01-01", {}, (row,)), LABS.values(), RULES)
    assert "| 1.21.13 | complete | complete | --fix |" in page
    assert "**Disagreement:** the broken project's data is complete." in page


def test_versions_that_show_the_same_share_a_row() -> None:
    rows = (_row("COV101", "1.21.13", "lost"), _row("COV101", "1.27.3", "lost"))
    page = render(Runs("2026-01-01", {}, rows), LABS.values(), RULES)
    assert "| 1.21.13, 1.27.3 | lost | complete | --fix |" in page


def test_newer_rows_take_the_place_of_older_ones(tmp_path: Path) -> None:
    old = Runs("2026-01-01", {"sh": "dash"}, (_row("COV101", "1.21.13", "lost"),))
    new = _row("COV101", "1.21.13", "degraded"), _row("COV101", "1.9.1", "lost")
    merged = old.with_rows(new, "2026-02-01", {"unshare": "2.38.1"})
    assert [(row.go, row.before.state) for row in merged.rows] == [
        ("1.9.1", "lost"),
        ("1.21.13", "degraded"),
    ]
    assert merged.machine == {"sh": "dash", "unshare": "2.38.1"}
    file = tmp_path / "evidence.json"
    write_evidence(merged, file)
    assert read_evidence(file) == merged


def _row(code: str, go: str, state: str) -> Row:
    told = ("the broken project's data is complete",) if state == "complete" else ()
    return Row(code, go, Seen(state), Seen("complete"), Seen("complete"), "--fix", told)
