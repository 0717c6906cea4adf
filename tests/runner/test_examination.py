"""doctor on binaries and exit codes: real builds, real ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.diagnosis.examination import look_at, signs_of_exit
from covlint.runner.evidence.folder import read_folder
from runner.conftest import go
from runner.subject import SUBJECT
from runner.test_commands import covlint

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def builds(tmp_path_factory, toolchain) -> Path:
    root = tmp_path_factory.mktemp("examined")
    (root / "go.mod").write_text("module example.com/app\n\ngo 1.22\n")
    (root / "main.go").write_text(SUBJECT)
    go(toolchain, root, "build", "-cover", "-o", "covered", ".")
    go(toolchain, root, "build", "-o", "plain", ".")
    go(toolchain, root, "build", "-coverpkg=strings", "-o", "narrow", ".")
    (root / "main.go").write_text(SUBJECT.replace("\tdir := ", "\n\tdir := "))
    go(toolchain, root, "build", "-cover", "-o", "later", ".")
    (root / "script").write_text("#!/bin/sh\nexec covered\n")
    return root


@pytest.mark.parametrize(
    ("name", "emits", "symptom"),
    [
        ("covered", True, None),
        ("plain", False, Symptom.NOT_INSTRUMENTED),
        ("script", False, Symptom.NOT_INSTRUMENTED),
    ],
)
def test_binaries(builds, name, emits, symptom):
    program = look_at(str(builds / name), None)
    assert program.emits is emits
    assert [sign.symptom for sign in program.signs] == ([symptom] if symptom else [])


def test_a_binary_whose_main_package_is_left_out(builds, toolchain):
    program = look_at(str(builds / "narrow"), None)
    # `-cover` is in the build information since Go 1.23 (facts, part E).
    known = Symptom.MAIN_MISSING if toolchain.version >= (1, 23) else Symptom.NOT_INSTRUMENTED
    assert [sign.symptom for sign in program.signs] == [known]


def end(builds: Path, data: Path, how: str, number: signal.Signals | None) -> int:
    data.mkdir()
    command = [builds / "covered", how]
    env = {"GOCOVERDIR": str(data)}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        if number is not None:
            while "begun" not in running.stderr.readline():
                time.sleep(0.01)
            running.send_signal(number)
        running.stderr.read()
        code = running.wait(20)
    return 128 - code if code < 0 else code


@pytest.mark.parametrize(
    ("how", "number", "code", "symptom"),
    [
        ("handle", signal.SIGTERM, 0, None),
        ("exit", None, 0, None),
        ("deaf", signal.SIGTERM, 143, Symptom.META_ONLY),
        ("deaf", signal.SIGINT, 130, Symptom.META_ONLY),
        ("handle", signal.SIGKILL, 137, Symptom.KILLED),
        ("panic", None, 2, Symptom.META_ONLY),
        ("syscall.Exit", None, 0, Symptom.META_ONLY),
    ],
)
def test_exit_codes(builds, tmp_path, how, number, code, symptom):
    assert end(builds, tmp_path / "data", how, number) == code
    signs = signs_of_exit(code, read_folder(tmp_path / "data"), frozenset())
    assert [sign.symptom for sign in signs] == ([symptom] if symptom else [])
    assert all(f"exit code {code}" in sign.evidence for sign in signs)


@pytest.mark.parametrize(("code", "symptom"), [(126, "never-started"), (139, "crashed"), (3, None)])
def test_exit_codes_alone(tmp_path, code, symptom):
    done = covlint(tmp_path, "doctor", "--exit-code", str(code), "--format", "json")
    told = json.loads(done.stdout)
    assert [sign["symptom"] for sign in told["symptoms"]] == ([symptom] if symptom else [])
    assert told["exit_code"] == code


def test_all_of_it_together(builds, tmp_path):
    end(builds, tmp_path / "data", "exit", None)
    whole = covlint(tmp_path, "doctor", "data", "--binary", str(builds / "covered"))
    assert whole.returncode == 0, whole.stdout
    assert "can write coverage" in whole.stdout
    other = covlint(tmp_path, "doctor", "data", "--binary", str(builds / "later"))
    assert other.returncode == 1
    assert "hash-mismatch: the data is of another build than this binary" in other.stdout
    (tmp_path / "empty").mkdir(mode=0o755)
    plain = covlint(
        tmp_path, "doctor", "empty", "--binary", str(builds / "plain"), "--exit-code", "0"
    )
    assert "not-instrumented: the binary holds no coverage runtime (go1." in plain.stdout
    assert "no-meta" not in plain.stdout  # it is explained
    told = covlint(tmp_path, "doctor", "empty").stdout
    assert f"Only user {(tmp_path / 'empty').stat().st_uid} can write to it." in told


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--binary", "none"), 3, "no such file"),
        (("--binary", "."), 2, "--binary takes a file"),
        (("--exit-code", "much"), 2, "not a valid integer"),
    ],
)
def test_bad_input(tmp_path, arguments, code, message):
    done = covlint(tmp_path, "doctor", *arguments)
    assert (done.returncode, message in done.stderr) == (code, True), done.stderr


def test_a_python_is_no_go_binary():
    program = look_at(sys.executable, None)
    assert "no Go build information" in program.signs[0].evidence
