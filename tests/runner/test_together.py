"""Several targets in one call: side by side, told apart, and ended together."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.conftest import wait_until_gone
from runner.programs import SERVER, STUBBORN
from runner.test_commands import covlint, descendants, environment, write

pytestmark = pytest.mark.real

TARGET = """  {name}:
    main: ./cmd/{main}
    env: {{ADDR: "127.0.0.1:${{PORT}}"}}
    ready: {{tcp: "127.0.0.1:${{PORT}}"}}
    exercise: {exercise}
"""
#: Each waits, for half a minute at most, until the other is at work too.
MEET = "touch $PWD/{0}; for i in $(seq 600); do [ -e {1} ] && exit 0; sleep 0.05; done; exit 1"


def config(*targets: tuple[str, str, str]) -> str:
    return "targets:\n" + "".join(
        TARGET.format(name=name, main=main, exercise=json.dumps(exercise))
        for name, main, exercise in targets
    )


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path, {"cmd/app/main.go": SERVER, "cmd/deaf/main.go": STUBBORN})


def test_two_run_at_once_and_are_told_in_order(app):
    one = ("one", "app", MEET.format("one", "two"))
    two = ("two", "app", MEET.format("two", "one"))
    (app / ".covlint.yaml").write_text(config(one, two, ("three", "app", "exit 1")))
    done = covlint(app, "verify", "--format", "json")
    verdicts = json.loads(done.stdout)
    assert [(verdict["target"], verdict["verdict"]) for verdict in verdicts] == [
        ("one", "passed"),
        ("two", "passed"),
        ("three", "failed"),
    ], done.stdout
    assert done.returncode == 1
    whose = [line.split()[1] for line in done.stderr.splitlines()]
    # three commands that are announced, six steps
    assert sorted(whose) == ["one"] * 9 + ["three"] * 9 + ["two"] * 9
    for name in ("one", "two", "three"):
        assert (app / ".covlint" / name / "result.json").is_file()


def test_ctrl_c_ends_all_of_them(app, scratch):
    waiting = "touch {}; sleep 77"
    (app / ".covlint.yaml").write_text(
        config(("one", "deaf", waiting.format("one")), ("two", "deaf", waiting.format("two")))
    )
    verifying = subprocess.Popen(
        [sys.executable, "-m", "covlint", "verify"],
        cwd=app,
        env=environment(TMPDIR=str(scratch)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not ((app / "one").exists() and (app / "two").exists()):
        assert time.monotonic() < deadline
        assert verifying.poll() is None
        time.sleep(0.05)
    mine = descendants(verifying.pid)
    assert sum("sleep" in command for command in mine.values()) >= 2
    verifying.send_signal(signal.SIGINT)
    _, errors = verifying.communicate(timeout=30)
    assert verifying.returncode == 130, errors
    assert "Traceback" not in errors
    for process in mine:
        wait_until_gone(process)
    assert list(scratch.iterdir()) == []


def test_a_target_that_cannot_be_planned_ends_the_call(app):
    (app / ".covlint.yaml").write_text(config(("one", "app", "sleep 77"), ("two", "none", "true")))
    done = covlint(app, "verify")
    assert done.returncode == 2
    assert "./cmd/none is not a folder" in done.stderr
