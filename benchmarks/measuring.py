"""What one run of a program takes: CPU time, wall time, peak memory.

Figures are compared by CPU time, user and system, and the least of several runs counts: what else
runs on the machine shows in wall time and in means. Programs that are compared run in turns.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen

ROOT = Path(__file__).resolve().parents[1]

#: Seconds of wall time after which a program is not run once more.
ENOUGH = 5.0


class Failed(Exception):
    """A program ended with an exit code that means that it did not do its work."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of CPU and wall time; bytes that the largest of its processes had at once."""

    cpu: float
    wall: float
    peak: int

    def least(self, other: Usage) -> Usage:
        return Usage(
            min(self.cpu, other.cpu), min(self.wall, other.wall), max(self.peak, other.peak)
        )


@dataclass(frozen=True, slots=True)
class Program:
    """A command in a folder. ``fine``: exit codes of a run that did its work."""

    words: Sequence[str]
    folder: Path
    fine: tuple[int, ...] = (0,)
    environment: Mapping[str, str] = field(default_factory=dict)


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


def covlint(folder: Path, *words: str) -> Program:
    """This checkout's covlint; findings are no failure."""
    return Program(python("-m", "covlint", *words), folder, (0, 1))


def environment() -> dict[str, str]:
    """That of an installed covlint, whatever the folder that it runs in is called or holds."""
    found = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}",
        "PYTHONSAFEPATH": "1",  # a script has no import path into the folder; -m has (3.11)
        "LC_ALL": "C.UTF-8",
    }
    found.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    return found


def measure(program: Program) -> Usage:
    """One run, to the end of the processes that it waits for. Raises Failed, and OSError when the
    program cannot be started."""
    given = {**environment(), **program.environment}
    begin = time.perf_counter()
    process = Popen(
        list(program.words),
        cwd=program.folder,
        env=given,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in program.fine:
        raise Failed(f"{Path(program.words[0]).name}: exit code {process.returncode}")
    # Kilobytes, except on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * unit)


def in_turns(programs: Mapping[str, Program], runs: int) -> dict[str, Usage | str]:
    """The least of what each took in up to ``runs`` runs; why there is no figure, instead, for one
    that failed or is not there. What takes long runs less often."""
    found: dict[str, Usage | str] = {}
    spent = dict.fromkeys(programs, 0.0)
    for _ in range(runs):
        for name, program in programs.items():
            before = found.get(name)
            if isinstance(before, str) or spent[name] > ENOUGH:
                continue
            try:
                usage = measure(program)
            except FileNotFoundError:
                found[name] = "not available"
                continue
            except (Failed, OSError) as error:
                found[name] = str(error)
                continue
            spent[name] += usage.wall
            found[name] = usage.least(before) if before else usage
    return found
