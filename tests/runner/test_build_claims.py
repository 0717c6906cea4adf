"""Data held against the binary that was built and the processes that were started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.evidence.binary import NotGo, build_info, can_emit, linked_functions, opened
from covlint.runner.evidence.build_claims import (
    EVERY_PROCESS,
    OF_THE_BUILD,
    WHOLE_MODULE,
    Built,
    build_claims,
    process_claims,
)
from covlint.runner.evidence.folder import CounterFile, Folder, State
from covlint.runner.evidence.profile import read_profile
from covlint.runner.target import Expect, TargetError, parse_target
from covlint.runner.verdict import Outcome
from runner.conftest import MODULE, go
from runner.programs import HTTP, LOCAL, SERVER

MAIN = """package main

import "example.com/app/internal/part"

func main() { println(part.F(3)) }
"""
PART = "package part\n\n//go:noinline\nfunc F(n int) int {\n\tif n > 2 {\n\t\treturn n\n\t}\n\treturn 0\n}\n"


def folder(*processes: int) -> Folder:
    files = tuple(CounterFile(f"covcounters.{n}.{p}", "h", p, 0.0) for n, p in enumerate(processes))
    return Folder(Path("/data"), State.FOLDER, counters=files)


@pytest.mark.parametrize(
    ("files", "processes", "count", "outcome", "evidence"),
    [
        ((1,), (1,), None, Outcome.PASSED, "process 1"),
        ((7, 9), (7, 9), 2, Outcome.PASSED, "process 7, 9"),
        ((7,), (7, 9), None, Outcome.FAILED, "none of process 9; there are files of 7"),
        ((1, 1, 1), (), 3, Outcome.PASSED, "3 started, 3 covcounters files"),
        ((1, 1), (), 3, Outcome.FAILED, "3 started, 2 covcounters files"),
    ],
)
def test_every_process_has_counters(files, processes, count, outcome, evidence):
    (claim,) = process_claims(folder(*files), frozenset(), processes, count)
    assert (claim.claim, claim.outcome, claim.evidence) == (EVERY_PROCESS, outcome, evidence)
    assert claim.symptom is (None if outcome is Outcome.PASSED else Symptom.META_ONLY)


def test_what_was_there_before_does_not_count():
    seen = folder(1, 1)
    earlier = frozenset({seen.counters[0].name})
    (claim,) = process_claims(seen, earlier, (), 2)
    assert claim.evidence == "2 started, 1 covcounters files"
    assert list(process_claims(folder(), frozenset(), (1,), None)) == []  # told otherwise


@pytest.fixture(scope="module")
def built(tmp_path_factory, toolchain):
    """Two builds of a module, one narrowed, and data of the first."""
    root = tmp_path_factory.mktemp("built")
    for name, text in {
        "go.mod": MODULE,
        "cmd/app/main.go": MAIN,
        "internal/part/part.go": PART,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    go(toolchain, root, "build", "-cover", "-ldflags=-s -w", "-o", "first", "./cmd/app")
    go(toolchain, root / "cmd/app", "build", "-coverpkg=./...", "-o", "../../narrow", ".")
    (root / "internal/part/part.go").write_text(PART.replace("\tif", "\n\tif"))
    go(toolchain, root, "build", "-cover", "-o", "second", "./cmd/app")
    go(toolchain, root, "build", "-o", "plain", "./cmd/app")
    for name in ("first", "narrow"):
        (root / f"{name}.data").mkdir()
        env = {"GOCOVERDIR": str(root / f"{name}.data")}
        subprocess.run([root / name], env=env, check=True, capture_output=True)
    return root


@pytest.mark.real
@pytest.mark.parametrize(
    ("data", "program", "claims"),
    [
        ("first", "first", {OF_THE_BUILD: Outcome.PASSED, WHOLE_MODULE: Outcome.PASSED}),
        ("first", "second", {OF_THE_BUILD: Outcome.FAILED, WHOLE_MODULE: Outcome.PASSED}),
        ("narrow", "narrow", {OF_THE_BUILD: Outcome.PASSED, WHOLE_MODULE: Outcome.FAILED}),
    ],
)
def test_data_and_binary(built, data, program, claims):
    profile = read_profile(built / f"{data}.data", built)
    found = list(build_claims(profile, Built(built / program, "example.com/app", built, True)))
    assert {claim.claim: claim.outcome for claim in found} == claims
    for claim in found:
        if claim.claim == WHOLE_MODULE and claim.outcome is Outcome.FAILED:
            assert claim.evidence == "without example.com/app/internal/part"
        if claim.claim == OF_THE_BUILD and claim.outcome is Outcome.FAILED:
            assert claim.symptom is Symptom.HASH_MISMATCH


@pytest.mark.real
def test_build_information_is_what_go_says(built, toolchain):
    for name, emits in (("first", True), ("second", True), ("plain", False)):
        said = subprocess.run(
            [toolchain.go, "version", "-m", built / name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        with opened(built / name) as data:
            info = build_info(data)
            assert can_emit(data) is emits
            functions = linked_functions(data, "example.com/app")
        assert said[0].endswith(f": {info.go}")
        assert (info.path, info.module) == ("example.com/app/cmd/app", "example.com/app")
        told = [line.split("\t")[2] for line in said if line.startswith("\tbuild\t")]
        assert [f"{name}={value}" for name, value in info.settings] == [
            line.replace('"', "") for line in told
        ]
        assert "F" in functions["example.com/app/internal/part"]


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", b"\xff Go buildinf:\x08\x02" + b"\xff" * 90]
)
def test_what_is_no_go_binary(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(NotGo), opened(tmp_path / "file") as data:
        build_info(data)


def test_percentages_of_packages_are_read():
    expect = parse_target("t", {"expect": {"packages": {"./a": 60, "./b": None}}}).expect
    assert expect == Expect(None, ("./a", "./b"), (("./a", 60.0),))
    with pytest.raises(TargetError, match=r"expect\.packages\.\./a: expected a number"):
        parse_target("t", {"expect": {"packages": {"./a": "much"}}})


@pytest.mark.real
def test_a_run_says_all_of_it(project):
    project.write({"go.mod": MODULE, "cmd/app/main.go": SERVER})
    verdict = project.prove(
        main="./cmd/app", env=LOCAL, ready=HTTP, expect={"packages": {"./cmd/app": 99.5}}
    )
    told = {claim.claim: claim.outcome for claim in verdict.validations}
    assert told[EVERY_PROCESS] is Outcome.PASSED
    assert told[OF_THE_BUILD] is Outcome.PASSED
    assert told[WHOLE_MODULE] is Outcome.PASSED
    assert told["example.com/app/cmd/app at least 99.5 %"] is Outcome.FAILED
