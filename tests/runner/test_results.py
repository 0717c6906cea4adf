"""Test results in the dialects of pytest, Ginkgo, gotestsum and ``go test -json``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.runner.evidence.results import (
    BadResults,
    Results,
    TestOutcome,
    go_events,
    junit_cases,
    read_results,
    results_in_output,
)
from covlint.runner.evidence.validate import results_claims
from covlint.runner.verdict import Outcome

GINKGO = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="6" disabled="1" errors="1" failures="1" time="0.002">
<testsuite name="Till Suite" package="/src" tests="6" disabled="1" skipped="1" errors="1" failures="1">
<properties><property name="SuiteSucceeded" value="false"></property></properties>
<testcase name="[BeforeSuite]" classname="Till Suite" status="passed" time="0.1"></testcase>
<testcase name="[It] till adds" classname="Till Suite" status="passed" time="0.1"></testcase>
<testcase name="[It] till fails" classname="Till Suite" status="failed" time="0.1">
<failure message="Expected 1 to equal 2" type="failed">...</failure><system-err>log</system-err></testcase>
<testcase name="[It] till panics" classname="Till Suite" status="panicked" time="0.1">
<error message="Test Panicked" type="panicked">...</error></testcase>
<testcase name="[It] till waits" classname="Till Suite" status="pending" time="0">
<skipped message="pending"></skipped></testcase>
<testcase name="[It] till skips" classname="Till Suite" status="skipped" time="0">
<skipped message="skipped - not now"></skipped></testcase>
<testcase name="[AfterSuite]" classname="Till Suite" status="passed" time="0.1"></testcase>
</testsuite></testsuites>"""

GOTESTSUM = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="2" errors="0" time="0.3">
\t<testsuite tests="5" failures="2" time="0.002" name="example.com/app/plain" timestamp="x">
\t\t<properties><property name="go.version" value="go1.26"></property></properties>
\t\t<testcase classname="example.com/app/plain" name="TestA/two" time="0.0">
\t\t\t<failure message="Failed" type="">=== RUN TestA/two&#xA;no</failure></testcase>
\t\t<testcase classname="example.com/app/plain" name="TestA" time="0.0">
\t\t\t<failure message="Failed" type="">--- FAIL: TestA</failure></testcase>
\t\t<testcase classname="example.com/app/plain" name="TestB" time="0.0">
\t\t\t<skipped message="later"></skipped></testcase>
\t\t<testcase classname="example.com/app/plain" name="TestC" time="0.0"></testcase>
\t</testsuite>
\t<testsuite tests="0" failures="0" time="0.0" name="example.com/app/empty"></testsuite>
</testsuites>"""

EVENTS = """{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN TestA\\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
not an event
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":0.1}
{"Action":"fail","Package":"q","Elapsed":0}
"""


def counted(results: Results) -> dict[str, tuple[str, ...]]:
    return {outcome.value: results.names(outcome) for outcome in TestOutcome}


def test_ginkgo():
    results = Results(junit_cases(GINKGO), "x")
    assert counted(results) == {
        "passed": ("Till Suite: [It] till adds",),
        "failed": ("Till Suite: [It] till fails", "Till Suite: [It] till panics"),
        "skipped": ("Till Suite: [It] till waits", "Till Suite: [It] till skips"),
    }
    assert results.ran == 3


def test_only_the_setup_of_ginkgo_is_no_test():
    lines = GINKGO.splitlines()
    kept = b"\n".join(lines[:5] + lines[-2:])
    results = Results(junit_cases(kept), "junit.xml")
    assert [case.setup for case in results.cases] == [True, True]
    (claim,) = results_claims(results, exercised=True, required=True)
    assert (claim.claim, claim.outcome, claim.required) == ("tests ran", Outcome.FAILED, True)


def test_gotestsum():
    names = counted(Results(junit_cases(GOTESTSUM), "x"))
    assert names["failed"] == ("example.com/app/plain: TestA/two", "example.com/app/plain: TestA")
    assert names["skipped"] == ("example.com/app/plain: TestB",)
    assert names["passed"] == ("example.com/app/plain: TestC",)


def test_pytest_itself(tmp_path):
    (tmp_path / "test_x.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n"
        "@pytest.mark.skip\ndef test_c(): pass\n"
        "@pytest.fixture\ndef bad(): raise ValueError\ndef test_d(bad): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=j.xml"]
    begun = time.time()
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert counted(read_results("j.xml", tmp_path, begun)) == {
        "passed": ("test_x: test_a",),
        "failed": ("test_x: test_b", "test_x: test_d"),
        "skipped": ("test_x: test_c",),
    }


def test_events_of_go():
    cases = tuple(go_events(EVENTS.splitlines()))
    assert [(case.name, case.outcome.value) for case in cases] == [
        ("p: TestA", "passed"),
        ("p: TestB", "skipped"),
        ("p: TestC", "failed"),
        ("q", "failed"),
    ]


@pytest.mark.real
def test_go_itself(tmp_path, toolchain):
    (tmp_path / "go.mod").write_text("module example.com/x\n\ngo 1.21\n")
    (tmp_path / "x_test.go").write_text(
        'package x\n\nimport "testing"\n\nfunc TestA(t *testing.T) {}\n'
        'func TestB(t *testing.T) { t.Run("one", func(t *testing.T) { t.Fatal("no") }) }\n'
        'func TestC(t *testing.T) { t.Skip("later") }\n'
    )

    def go(*words: str) -> str:
        command = [str(toolchain.go), "test", *words, "./..."]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        ).stdout

    found = results_in_output("building\n" + go("-json"))
    assert found is not None
    assert counted(found) == {
        "passed": ("example.com/x: TestA",),
        "failed": ("example.com/x: TestB/one", "example.com/x: TestB"),
        "skipped": ("example.com/x: TestC",),
    }
    nothing = results_in_output(go("-run", "Nothing"))
    assert nothing is not None
    assert nothing.ran == 0
    assert "[no tests to run]" in (nothing.complaint or "")
    assert results_in_output(go("-run", "TestA")) is None


def test_a_test_that_passes_when_repeated_has_passed_where_the_run_did():
    twice = GOTESTSUM.replace(
        b'name="TestC" time="0.0">', b'name="TestA" time="0.0"/><testcase name="TestC">'
    ).replace(b"TestA/two", b"TestA")
    results = Results(junit_cases(twice), "x")
    told = results_claims(results, exercised=True, required=True)
    assert [claim.claim for claim in told] == ["tests ran"]
    told = results_claims(results, exercised=False, required=True)
    assert [claim.claim for claim in told] == ["tests ran", "every test passed"]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>
<testsuites><testcase name="&b;"/></testsuites>"""
FILE = b"""<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&f;"/>
</testsuite>"""


@pytest.mark.parametrize("data", [BOMB, FILE, b"<html/>", b"<testsuite>", b"<a>\xff</a>", b""])
def test_hostile_and_broken_files(data):
    with pytest.raises(BadResults):
        junit_cases(data)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes(data):
    for whole in (data, b"<testsuite>" + data + b"</testsuite>"):
        try:
            junit_cases(whole)
        except BadResults:
            continue


@given(st.text(max_size=200))
def test_any_lines(text):
    assert list(go_events(['{"Action":' + text, text])) is not None


def test_results_of_another_day_are_none(tmp_path):
    (tmp_path / "junit.xml").write_bytes(GINKGO)
    begun = time.time()
    os.utime(tmp_path / "junit.xml", (begun - 60, begun - 60))
    (old,) = results_claims(read_results("*.xml", tmp_path, begun), exercised=True, required=True)
    (none,) = results_claims(read_results("no/*.xml", tmp_path, 0), exercised=True, required=True)
    assert (old.outcome, old.evidence) == (Outcome.FAILED, "*.xml: from before the run")
    assert (none.outcome, none.evidence) == (Outcome.FAILED, "no/*.xml: no such file")


def test_a_folder_of_reports(tmp_path: Path):
    (tmp_path / "reports" / "one").mkdir(parents=True)
    (tmp_path / "reports" / "one" / "a.xml").write_bytes(GINKGO)
    (tmp_path / "reports" / "b.xml").write_bytes(GOTESTSUM)
    found = read_results("reports", tmp_path, 0)
    assert (found.source, found.ran) == ("2 files", 6)
    (tmp_path / "reports" / "c.xml").write_bytes(b"<html/>")
    assert "c.xml: <html> is no JUnit report" in (
        read_results("reports", tmp_path, 0).complaint or ""
    )
