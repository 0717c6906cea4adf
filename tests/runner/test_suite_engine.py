"""The user's suite owns the run; covlint judges what it leaves."""

from __future__ import annotations

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.verdict import Outcome
from runner.programs import PANICKING

pytestmark = pytest.mark.real

#: A suite as it is in a Makefile: it builds, runs, collects, and reports on its tests.
SUITE = "mkdir -p cov && go build -cover -o b ./cmd/batch && GOCOVERDIR=cov ./b some words"


def claims(verdict, outcome):
    return {claim.claim for claim in verdict.validations if claim.outcome is outcome}


def test_a_suite_that_passes(service):
    verdict = service("batch").prove(run=SUITE, data="cov")
    assert verdict.engine == "suite"
    assert verdict.outcome is Outcome.PASSED, claims(verdict, Outcome.FAILED)
    assert {kind for kind, _ in verdict.artifacts} >= {"profile", "func", "suite log"}


def test_failing_tests_are_judged_all_the_same(service):
    batch = service("batch")
    failing = f"{SUITE}; echo 82 of 84 passed; exit 1"
    verdict = batch.prove(run=failing, data="cov")
    assert verdict.outcome is Outcome.FAILED
    assert claims(verdict, Outcome.FAILED) == {"the exercise passed"}
    assert verdict.profile is not None
    assert verdict.profile.total_percent > 50
    assert "82 of 84 passed" in verdict.validations[0].evidence
    (batch.root / "cov").rename(batch.root / "former")
    assert batch.prove(run=failing, data="cov", require_exercise=False).outcome is Outcome.PASSED


def test_data_from_an_earlier_run_is_not_taken_for_new(service):
    import os

    batch = service("batch")
    assert batch.prove(run=SUITE, data="cov").outcome is Outcome.PASSED
    for file in (batch.root / "cov").iterdir():
        os.utime(file, (1_700_000_000, 1_700_000_000))
    verdict = batch.prove(run="true", data="cov")
    assert verdict.outcome is Outcome.FAILED
    assert Symptom.STALE in [cause.symptom for cause in verdict.causes]


def test_data_of_a_moment_ago_is_not_taken_for_new(service):
    batch = service("batch")
    assert batch.prove(run=SUITE, data="cov").outcome is Outcome.PASSED
    verdict = batch.prove(run=SUITE, data="cov")  # within the coarseness of time stamps
    assert claims(verdict, Outcome.FAILED) == {"the data is of this run"}
    assert [cause.symptom for cause in verdict.causes] == [Symptom.STALE]


def test_a_suite_that_fails_before_there_is_data_is_the_cause(service):
    verdict = service("batch").prove(run="echo no cluster; exit 3", data="cov")
    assert "the exercise itself failed: exit code 3: no cluster" in verdict.causes[0].message
    assert "require_exercise" in verdict.causes[0].message


def test_a_suite_that_leaves_no_folder(service):
    verdict = service("batch").prove(run="true", data="cov")
    assert [cause.symptom for cause in verdict.causes] == [Symptom.MISSING_DIRECTORY]


def test_the_log_of_the_suite_explains(program):
    app = program(PANICKING)
    verdict = app.prove(
        run="mkdir cov; go build -cover -o b ./cmd/app; GOCOVERDIR=cov ./b", data="cov"
    )
    assert [cause.symptom for cause in verdict.causes] == [Symptom.CRASHED, Symptom.META_ONLY]


def test_env_reaches_the_suite(service):
    batch = service("batch")
    batch.prove(run='echo "$E2E_COVERAGE" > said', data="cov", env={"E2E_COVERAGE": True})
    assert (batch.root / "said").read_text() == "true\n"


def test_a_suite_that_takes_too_long(service):
    verdict = service("batch").prove(run="sleep 60", data="cov", timeout=0.3)
    assert verdict.validations[0].evidence == "not done after 0.3 seconds"


REPORT = """printf '<testsuite><testcase name="adds">%s</testcase></testsuite>' > junit.xml"""


def test_the_tests_that_ran_are_told(service):
    batch = service("batch")
    entries = {"data": "cov", "results": "*.xml"}
    verdict = batch.prove(run=f"{SUITE} && {REPORT}", **entries)
    assert verdict.outcome is Outcome.PASSED, claims(verdict, Outcome.FAILED)
    told = {claim.claim: claim.evidence for claim in verdict.validations}
    assert told["tests ran"] == "1 passed, 0 failed, 0 skipped (junit.xml)"
    skipped = REPORT.replace("> junit", "'<skipped/>' > junit")
    verdict = batch.prove(run=f"rm -r cov; {SUITE} && {skipped}", **entries)
    assert claims(verdict, Outcome.FAILED) == {"tests ran"}
    assert verdict.causes[0].message.startswith("no test ran: 0 passed, 0 failed, 1 skipped")
    failed = REPORT.replace("> junit", "'<failure/>' > junit")
    verdict = batch.prove(run=f"rm -r cov; {SUITE} && {failed}", **entries)
    assert claims(verdict, Outcome.FAILED) == {"every test passed"}
    verdict = batch.prove(run=f"rm -r cov; rm *.xml; {SUITE}", **entries)
    assert claims(verdict, Outcome.FAILED) == {"tests ran"}


def test_events_on_the_output_of_the_suite_are_read(service):
    tests = 'package main\n\nimport "testing"\n\nfunc TestNothing(t *testing.T) {}\n'
    batch = service("batch")
    batch.write({"cmd/batch/more_test.go": tests})
    verdict = batch.prove(run=f"{SUITE} && go test -json ./cmd/batch", data="cov")
    assert verdict.outcome is Outcome.PASSED, claims(verdict, Outcome.FAILED)
    assert verdict.tests is not None
    assert verdict.tests.ran == 1
