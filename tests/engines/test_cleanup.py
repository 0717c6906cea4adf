"""Whatever ends a run, nothing of it is left: by itself, or after `covlint verify --clean`."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from covlint.runner.command import Processes
from covlint.runner.ledger import PREFIX, places, processes_of
from covlint.runner.leftovers import find_leftovers
from engines.project import Layout

#: The random points are the same in every run, so that a failure can be looked into.
RANDOM = random.Random(5)
#: Seconds within which a container run of the small service is over, wherever it is killed.
LONGEST = 8.0
POINTS = [
    (RANDOM.uniform(0.2, LONGEST), number)
    for number in (signal.SIGINT, signal.SIGKILL)
    for _ in range(5)
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


def containers(runtime: str) -> str:
    words = [runtime, "ps", "-a", "--format", "{{.Names}}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def killed(root: Path, engine: str, after: float, number: signal.Signals) -> set[str]:
    """Start a verification, end it after some seconds; its runs."""
    begun = subprocess.Popen(
        [sys.executable, "-m", "covlint", "verify", "--engine", engine],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    seen: set[str] = set()
    deadline = time.monotonic() + after
    while time.monotonic() < deadline and begun.poll() is None:
        seen |= run_of(begun.pid)
        time.sleep(0.05)
    if begun.poll() is None:
        os.kill(begun.pid, number)
    begun.wait(120)
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


@pytest.mark.parametrize(("after", "number"), POINTS, ids=lambda value: str(value)[:8])
def test_nothing_is_left_of_a_container_run_that_is_ended(
    tmp_path: Path,
    runtime: str,
    base_images: Callable[..., None],
    after: float,
    number: signal.Signals,
) -> None:
    layout = Layout("ended", slow="1s")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    own = killed(tmp_path, "container", after, number)
    if number is signal.SIGKILL:
        clean(tmp_path)
    names = containers(runtime)
    for run in own:
        assert run not in names
        assert not any((place / f"{PREFIX}{run}").exists() for place in places())
        assert list(processes_of(run)) == []
    with Processes() as processes:
        assert own.isdisjoint(one.run for one in find_leftovers(processes, os.environ))
