"""``python -m faults``: every fault, and how each run left the files."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.reliability import Cell, record

from faults import disks, runs
from faults.project import Project
from faults.runs import Tally

COLUMNS = [
    "what happens to `covlint --fix`",
    "runs",
    "all files old",
    "all new",
    "some of each",
    "temporary files left for the next run",
    "a file torn, lost or of another mode or owner, a wrong report",
]


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    arguments.add_argument("--moments", type=int, default=200, help="runs that are killed")
    arguments.add_argument("--pairs", type=int, default=100, help="pairs of runs at once")
    arguments.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2)))
    arguments.add_argument("--record", action="store_true", help="into fixtures/reliability")
    asked = arguments.parse_args()
    tallies = []
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.install()
        print(f"seed {asked.seed}")
        for tally in _all(project, asked.moments, asked.pairs, asked.seed):
            print(*(f"{cell}; " for cell in row(tally)), flush=True)
            for wrong in tally.wrong:
                print("  wrong:", wrong, flush=True)
            tallies.append(tally)
    if asked.record:
        record("faults", COLUMNS, [row(tally) for tally in tallies], _when())
    return 1 if any(tally.wrong for tally in tallies) else 0


def _all(project: Project, moments: int, pairs: int, seed: int) -> Iterator[Tally]:
    yield from runs.killed(project, moments, seed)
    yield disks.full(project, step=2)
    for after in (False, True):
        yield runs.injected(project, lambda _: True, after=after)
    yield runs.at_once(project, pairs)


def row(tally: Tally) -> list[Cell]:
    counts = (tally.runs, tally.old, tally.new, tally.mixed, tally.leftovers, len(tally.wrong))
    return [tally.about, *counts]


def _when() -> str:
    strace = subprocess.run(["strace", "--version"], capture_output=True, text=True, check=True)
    version = strace.stdout.splitlines()[0].split()[-1]
    return (
        f"Python {platform.python_version()}, Linux {platform.release().split('-')[0]}, "
        f"strace {version}; as {'root' if os.geteuid() == 0 else 'a user'}"
    )


if __name__ == "__main__":
    sys.exit(main())
