"""Runs scripts with stand-ins for every tool, which write down how they were called.

PATH holds the stand-ins and a handful of harmless programs, so that a script can reach nothing
else; scripts are generated, and none that was fetched is run.
"""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from covlint.frozen import dataclass
from differential.shell.scripts import ENVIRONMENT, FOLDERS, LIBRARY, TOOLS, Generated

#: The runs of a script: each with another value of the variable that its branches ask for.
RUNS = {"covered": "COVER=true", "plain": "COVER="}
_PROGRAMS = (
    "bash",
    "cat",
    "dash",
    "dirname",
    "env",
    "grep",
    "nice",
    "nohup",
    "sh",
    "timeout",
    "xargs",
)
#: Writes a record to file descriptor 9: the length of argv, argv, folder, environment.
_STAND_IN = """#!/bin/dash
printf '%s\\0' "$#" "{name}" "$@" "$(pwd -P)" {environment} >&9
"""
_SUDO = """#!/bin/dash
while :; do
  case $1 in
    -*) shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One command that ran. ``folder`` counts from the script's; a variable of the
    environment that is not there is None."""

    argv: tuple[str, ...]
    folder: str
    environment: tuple[str | None, ...]

    @property
    def mark(self) -> str:
        return self.argv[1] if len(self.argv) > 1 else ""


def accepted(shell: str, folder: Path, texts: Sequence[str]) -> list[bool]:
    """Which of the scripts ``bash -n`` or ``dash -n`` take."""
    for number, text in enumerate(texts):
        (folder / f"{number}.sh").write_text(text)
    loop = f'for n in $(seq 0 {len(texts) - 1}); do {shell} -n "$n.sh" 2>/dev/null; echo $?; done'
    run = subprocess.run(
        ["bash", "-c", loop], cwd=folder, capture_output=True, text=True, check=True
    )
    return [line == "0" for line in run.stdout.split()]


def traces(folder: Path, scripts: Sequence[Generated]) -> list[dict[str, list[Record]]]:
    """What each script runs, by shell and run ("dash covered")."""
    tools = folder / "bin"
    _stand_ins(tools)
    (folder / "run.sh").symlink_to(tools / "run.sh.stand-in")  # for ``cd ..``
    jobs: list[list[tuple[str, Path, Path]]] = []
    lines = []
    for number, script in enumerate(scripts):
        own: list[tuple[str, Path, Path]] = []
        for shell, run in itertools.product(_shells(script), RUNS):
            place = folder / f"{number}.{shell}.{run}"
            _prepare(place, script.text, tools)
            trace = place.with_suffix(f".{run}.trace")
            own.append((f"{shell} {run}", place, trace))
            environment = f"env -i PATH={shlex.quote(str(tools))} HOME=/nowhere {RUNS[run]}"
            lines.append(
                f"(cd {shlex.quote(str(place))} && exec {environment} {shell} ./script.sh)"
                f" 9>{shlex.quote(str(trace))} >/dev/null 2>{shlex.quote(str(trace))}.err </dev/null"
            )
        jobs.append(own)
    subprocess.run(["bash"], input="\n".join(lines), text=True, check=False, cwd=folder)
    return [{name: list(_records(place, trace)) for name, place, trace in own} for own in jobs]


def _shells(script: Generated) -> tuple[str, ...]:
    return ("bash",) if script.shell == "bash" else ("bash", "dash")


def _stand_ins(tools: Path) -> None:
    tools.mkdir()
    values = " ".join(f'"${{{name}+=}}${{{name}-}}"' for name in ENVIRONMENT)
    for name in TOOLS:
        _executable(tools / name, _STAND_IN.format(name=name, environment=values))
    _executable(tools / "run.sh.stand-in", _STAND_IN.format(name="./run.sh", environment=values))
    _executable(tools / "sudo", _SUDO)
    for name in _PROGRAMS:
        found = shutil.which(name)
        assert found is not None, f"{name} is not on PATH"
        (tools / name).symlink_to(found)


def _executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _prepare(place: Path, text: str, tools: Path) -> None:
    place.mkdir()
    for inner in ("", *FOLDERS):
        (place / inner).mkdir(exist_ok=True, parents=True)
        (place / inner / "run.sh").symlink_to(tools / "run.sh.stand-in")
        (place / inner / "main.go").touch()
        (place / inner / "lib.sh").write_text(LIBRARY)
    (place / "script.sh").write_text(text)


def _records(place: Path, trace: Path) -> list[Record]:
    fields = trace.read_bytes().decode("utf-8", "replace").split("\0")[:-1]
    root = os.path.realpath(place)
    records = []
    at = 0
    while at < len(fields):
        count = int(fields[at]) + 1
        argv = fields[at + 1 : at + 1 + count]
        cwd, *values = fields[at + 1 + count : at + 2 + count + len(ENVIRONMENT)]
        records.append(
            Record(
                tuple(one.replace(root, "ROOT") for one in argv),
                os.path.relpath(cwd, root),
                tuple(one[1:].replace(root, "ROOT") if one else None for one in values),
            )
        )
        at += 2 + count + len(ENVIRONMENT)
    return records
