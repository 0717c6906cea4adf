"""Whatever ends a run, nothing of it is left: by itself, or after `covlint verify --clean`."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from covlint.runner.command import Processes
from covlint.runner.ledger import PREFIX, places, processes_of
from covlint.runner.leftovers import find_leftovers
from engines.project import Layout
from runner.programs import SERVER

#: Seconds for a verification to clean up behind itself.
PATIENCE = 120.0
#: Steps that a run tells of: build, start, ready, exercise, stop, report.
STEPS = 6


@dataclass(frozen=True)
class Point:
    """When a run is ended: so many seconds after so many of its steps."""

    steps: int
    seconds: float
    signal: signal.Signals

    def __str__(self) -> str:
        return f"{self.signal.name}-{self.steps}-{self.seconds:.2f}"


def points(number: int, steps: int, longest: float) -> list[Point]:
    """Half of them by SIGKILL, half by Ctrl-C; the same each time, to be repeated."""
    chance = random.Random(number)
    kinds = (signal.SIGKILL, signal.SIGINT)
    return [
        Point(chance.randrange(steps), chance.uniform(0, longest), kinds[count % 2])
        for count in range(number)
    ]


def run_of(process: int) -> set[str]:
    """The run that a covlint has at work now; other runs may go on beside it."""
    found: set[str] = set()
    for place in places():
        for file in place.glob(f"{PREFIX}*/owner.json"):
            try:
                worker = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if worker["pid"] == process:
                found.add(worker["run"])
    return found


def ended(root: Path, engine: str, point: Point, *words: str) -> set[str]:
    """Start a verification and end it at a point; its runs."""
    begun = subprocess.Popen(
        [sys.executable, "-m", "covlint", "verify", "--engine", engine, *words],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert begun.stderr is not None
    seen: set[str] = set()
    told = b""
    deadline: float | None = None
    while begun.poll() is None:
        seen |= run_of(begun.pid)
        if deadline is None and told.count(b"\n") >= point.steps:
            deadline = time.monotonic() + point.seconds
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(begun.pid, point.signal)
            break
        if select.select([begun.stderr], [], [], 0.02)[0]:
            told += os.read(begun.stderr.fileno(), 1 << 16)
    if point.signal is signal.SIGINT:
        begun.communicate(timeout=PATIENCE)
    else:
        begun.wait(PATIENCE)
        begun.stderr.close()
    return seen | run_of(begun.pid)


def clean(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "covlint", "verify", "--clean"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def nothing_is_left(runtime: str, own: set[str]) -> None:
    listed = ""
    for words in (["ps", "-a"], ["network", "ls"], ["volume", "ls"], ["pod", "ps"]):
        asked = subprocess.run([runtime, *words], capture_output=True, text=True, check=False)
        listed += asked.stdout
    for run in own:
        assert run not in listed
        assert not any((place / f"{PREFIX}{run}").exists() for place in places())
        assert list(processes_of(run)) == []
    with Processes() as processes:
        assert own.isdisjoint(one.run for one in find_leftovers(processes, os.environ))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, toolchain: object) -> Path:
    root = tmp_path_factory.mktemp("program")
    address = "127.0.0.1:${PORT}"
    target = {
        "engine": "process",
        "main": "./cmd/app",
        "env": {"ADDR": address, "SLOW": "200ms"},
        "ready": {"tcp": address},
        "exercise": "sleep 0.2",
    }
    files = {
        "go.mod": "module example.com/app\n\ngo 1.21\n",
        "cmd/app/main.go": SERVER,
        ".covlint.yaml": json.dumps({"targets": {"app": target}}),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    root.chmod(0o755)
    return root


@pytest.mark.parametrize("point", points(50, STEPS, 0.3), ids=str)
def test_nothing_is_left_of_a_process(program: Path, runtime: str, point: Point) -> None:
    own = ended(program, "process", point)
    if point.signal is signal.SIGKILL:
        clean(program)
    nothing_is_left(runtime, own)


@pytest.mark.parametrize("point", points(10, STEPS, 1.0), ids=str)
def test_nothing_is_left_of_a_container(
    tmp_path: Path, runtime: str, base_images: Callable[..., None], point: Point
) -> None:
    layout = Layout("ended", slow="1s", user=str(1000 + point.steps))
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    # A program that was not built before: the build is a step in which a run can be ended.
    (tmp_path / "cmd/app/stamp.go").write_text(f"package main\n\nvar _ = `{point}`\n")
    own = ended(tmp_path, "container", point)
    if point.signal is signal.SIGKILL:
        clean(tmp_path)
    nothing_is_left(runtime, own)
    listed = subprocess.run(
        [runtime, "ps", "-a", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    assert not any(run in listed.stdout for run in own)


@pytest.mark.parametrize("point", points(5, 5, 8.0), ids=str)
def test_nothing_is_left_of_a_cluster(
    tmp_path: Path, kind: str, runtime: str, base_images: Callable[..., None], point: Point
) -> None:
    layout = Layout("ended")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    own = ended(tmp_path, "kind", point)
    if point.signal is signal.SIGKILL:
        clean(tmp_path)
    nothing_is_left(runtime, own)
