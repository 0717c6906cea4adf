"""The console blocks of README and docs: what they type, what they show, and whether it comes true.

A page types its commands in the order in which it is read, in one folder: a copy of the bundled
project that ``<!-- project: NAME -->`` names (or of several, one over the other: ``A+B``), made anew at
each such comment. ``⋮`` alone on a line
stands for any number of lines, also for none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECTS = ROOT / "fixtures" / "projects"
ANY = "⋮"
_BLOCK = re.compile(
    r"^<!-- project: (?P<project>\S+) -->$|^```console\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
#: What differs from run to run, and from machine to machine.
_CHANGING = (
    (re.compile(r"\d+\.\d+ s\b"), "N s"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"covlint-[0-9a-f]{8}"), "covlint-RUN"),
    (re.compile(r"go1\.\d+(?:\.\d+)? from [^)]*\)"), "goVERSION from PATH)"),
    (re.compile(r"owner and mode \d+:\d+"), "owner and mode N:N"),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """One command with what the page shows below it; nothing shown means that any output will do."""

    page: str
    line: int
    project: str | None
    copy: int  # of the project, from 1
    command: str
    shown: tuple[str, ...]

    @property
    def plain(self) -> str:
        """Without the comment that explains it."""
        return re.sub(r"\s+# .*$", "", self.command)


def typed(page: Path) -> Iterator[Typed]:
    """Every command of the page, in order."""
    text = page.read_text(encoding="utf-8")
    project: str | None = None
    copy = 0
    for match in _BLOCK.finditer(text):
        if match["project"] is not None:
            project, copy = match["project"], copy + 1
            continue
        line = text.count("\n", 0, match.start("text")) + 1
        for part in re.split(r"^(?=\$ )", match["text"], flags=re.MULTILINE):
            if part.startswith("$ "):
                command, *shown = part[2:].rstrip("\n").split("\n")
                while command.endswith("\\") and shown:
                    command = f"{command[:-1]}{shown.pop(0)}"
                name = str(page.relative_to(ROOT))
                yield Typed(name, line, project, copy, command, tuple(shown))
            line += part.count("\n")


class Desk:
    """Folders to type in, with ``covlint`` on PATH as it is installed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = place / "nowhere"
        self.folder.mkdir()
        self.copy = 0
        programs = place / "bin"
        programs.mkdir()
        program = programs / "covlint"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m covlint "$@"\n')
        program.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("linter", "rules")),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }

    def type(self, one: Typed) -> subprocess.CompletedProcess[str]:
        """Run the command where the page has it run; both outputs in one, as in a terminal."""
        if one.project is not None and one.copy != self.copy:
            self.copy = one.copy
            names = one.project.split("+")
            self.folder = self.place / f"copy-{one.copy}" / names[0]
            left_by_runs = shutil.ignore_patterns(".covlint", "coverdata", "bin")
            for name in names:
                shutil.copytree(
                    PROJECTS / name, self.folder, ignore=left_by_runs, dirs_exist_ok=True
                )
            subprocess.run(["git", "init", "-q"], cwd=self.folder, check=True)
        return subprocess.run(
            ["bash", "-c", one.command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def comes_true(shown: Sequence[str], printed: str) -> bool:
    """Line by line, but for what changes from run to run."""
    return _match([_steady(line) for line in shown], [_steady(line) for line in _lines(printed)])


def _match(shown: Sequence[str], printed: Sequence[str]) -> bool:
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == ANY else re.escape(line) + r"\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def _lines(printed: str) -> list[str]:
    return printed.rstrip("\n").split("\n")


def _steady(line: str) -> str:
    for pattern, name in _CHANGING:
        line = pattern.sub(name, line)
    return line.rstrip()
