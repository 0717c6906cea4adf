"""``python -m hostile``: what commands take, run, open and print in the hostile repository."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.reliability import Cell, record

from hostile.repository import arm_git, build
from hostile.test_hostile import (
    MEMORY,
    RAW,
    SECONDS,
    SECRET,
    limited,
    nothing_ran,
    outside,
    peak,
    programs,
    traced,
)

COMMANDS = ("check", "check --since HEAD", "graph", "init", "check --fix --unsafe-fixes")
COLUMNS = [
    "command",
    "seconds of CPU time",
    "memory, MiB",
    "exit code",
    "programs",
    "files opened outside",
    "lines of the secret outside, raw control characters, tracebacks",
]


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m hostile", description=__doc__)
    arguments.add_argument("--record", action="store_true", help="into fixtures/reliability")
    asked = arguments.parse_args()
    rows = []
    for command in COMMANDS:
        row, well = _row(command)
        print(*(f"{cell}; " for cell in row), "" if well else "WRONG", flush=True)
        rows.append((row, well))
    if asked.record:
        git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
        record(
            "hostile",
            COLUMNS,
            [row for row, _ in rows],
            f"Python {platform.python_version()}, {git.stdout.strip()}; limits: "
            f"{SECONDS} seconds of CPU time, {MEMORY >> 20} MiB",
        )
    return 0 if all(well for _, well in rows) else 1


def _row(command: str) -> tuple[list[Cell], bool]:
    """The figures of one command, in repositories of its own: one to measure, one to trace."""
    with tempfile.TemporaryDirectory() as folder:
        measured, seen = Path(folder, "measured", "repository"), Path(folder, "seen", "repository")
        for root in (measured, seen):
            root.mkdir(parents=True)
            build(root, SECRET)
            arm_git(root, root.parent / "ran")
        temporary = Path(folder, "temporary")
        temporary.mkdir()
        before = _seconds()
        done = limited(measured, temporary)(*command.split())
        seconds, memory = _seconds() - before, peak(temporary)
        traced_run = limited(seen, temporary)(*command.split(), wrapped=traced(temporary))
        trace = (temporary / "trace").read_text()
        ran = {os.path.basename(one) for one in programs(trace)}
        out = outside(trace, seen, temporary)
        said = [one.decode() for run in (done, traced_run) for one in (run.stdout, run.stderr)]
        bad = sum((SECRET in one) + bool(RAW.search(one)) + ("Traceback" in one) for one in said)
        well = ran <= {"git"} and not out and not bad and memory < MEMORY
        well = well and done.returncode in (0, 1, 2) and "AF_INET" not in trace
        well = well and nothing_ran(measured) and nothing_ran(seen)
    row: list[Cell] = [f"`covlint {command}`", round(seconds, 1), memory >> 20, done.returncode]
    return [*row, ", ".join(sorted(ran)) or "none", len(out), bad], well


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
