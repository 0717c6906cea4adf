"""A verdict as JUnit's XML, accepted by Jenkins' schema."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import validators
from covlint.cli.main import run
from covlint.diagnostics import Symptom
from covlint.report import junit, verify_junit
from covlint.runner.verdict import Cause, Outcome, Unproven, Validation, Verdict, decide
from covlint.terminal import visible
from covlint.wiring import Hop
from report.sheets import hostile, real

texts = st.text(st.characters(codec=None), max_size=30)


def verdict(*claims: Validation, causes: tuple[Cause, ...] = (), target: str = "till") -> Verdict:
    unproven = (Unproven(Hop.IMAGE, "no Dockerfile"),)
    return Verdict(
        target, "process", decide(claims), (), None, claims, unproven, causes, (), "go1.22"
    )


def cases(document: str) -> dict[str, str]:
    """What each claim came to."""
    return {
        case.get("name", ""): next(
            (child.tag for child in case if child.tag != "system-out"), "passed"
        )
        for case in validators.junit(document).iter("testcase")
    }


def test_a_case_for_each_claim() -> None:
    found = verdict(
        Validation("one", Outcome.PASSED, "yes"),
        Validation("two", Outcome.FAILED, "no", Symptom.KILLED),
        Validation("three", Outcome.UNKNOWN, "?"),
        Validation("four", Outcome.FAILED, "no", required=False),
        Validation("five", Outcome.UNKNOWN, "?", required=False),
    )
    document = verify_junit.render([found])
    assert cases(document) == {
        "one": "passed",
        "two": "failure",
        "three": "error",
        "four": "skipped",
        "five": "skipped",
    }
    (suite,) = validators.junit(document)
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}


def test_a_failure_names_its_cause_and_place() -> None:
    claim = Validation("counters", Outcome.FAILED, "none", Symptom.META_ONLY)
    cause = Cause("COV601", "cmd/till/main.go", 19, "SIGTERM is not handled", Symptom.META_ONLY)
    root = validators.junit(verify_junit.render([verdict(claim, causes=(cause,))]))
    case = next(root.iter("testcase"))
    assert (case.get("file"), case.get("line")) == ("cmd/till/main.go", "19")
    failure = next(root.iter("failure"))
    assert failure.get("type") == "meta-only"
    assert failure.text == "none\nCOV601 cmd/till/main.go:19: SIGTERM is not handled"


def test_a_verdict_without_claims_is_no_green_suite() -> None:
    found = verdict(Validation("aside", Outcome.PASSED, "yes", required=False))
    assert found.outcome is not Outcome.PASSED
    assert cases(verify_junit.render([found])) == {
        "aside": "passed",
        "the target is verified": "error",
    }


@settings(max_examples=50)
@given(texts, st.sampled_from(list(Outcome)), st.booleans())
def test_any_words_are_accepted(words: str, outcome: Outcome, required: bool) -> None:
    claim = Validation(words, outcome, words, None, required)
    cause = Cause(None, words or None, 1, words)
    document = verify_junit.render([verdict(claim, causes=(cause,), target=words)] * 2)
    root = validators.junit(document)
    assert [suite.get("name") for suite in root] == [visible(words)] * 2


def test_findings_are_accepted_as_well() -> None:
    for sheet in (real(), hostile()):
        validators.junit(junit.render(sheet))
    with pytest.raises(etree.DocumentInvalid):
        validators.junit(junit.render(real()).replace("<testcase ", "<testcase colour='red' "))


def test_the_command_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".covlint.yaml").write_text(
        "targets: {e2e: {engine: suite, run: 'mkdir -p data', data: data}}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert run(["verify", "--format", "junit", "--output-format", "text=verdict.txt"]) == 1
    assert cases(capsys.readouterr().out)["meta-data files exist"] == "failure"
    assert "e2e: failed" in (tmp_path / "verdict.txt").read_text()
    assert os.listdir(tmp_path / ".covlint") == ["e2e"]
