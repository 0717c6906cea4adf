"""The Go program of an image, copied out of a container of it to be looked at."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.evidence.binary import NotGo, build_info, is_packed, opened
from covlint.runner.evidence.build_claims import instrumented_claim
from covlint.runner.steps import Ran
from covlint.runner.verdict import Outcome

#: How many paths are tried: each is a call of the container runtime.
_TRIES = 8
_NAME = re.compile(r"[\w.+-]+")
_SEARCHED = ("/usr/local/bin", "/usr/bin", "/bin", "/")
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "env", "exec", "tini", "dumb-init", "timeout"})


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What PID 1 is started as, and where names are looked for."""

    words: tuple[str, ...]
    path: tuple[str, ...] = _SEARCHED
    directory: str = "/"


@dataclass(frozen=True, slots=True)
class ImageProgram:
    """``file`` is a copy of what lies at ``path`` of the image. ``certain``: a build of the chain
    makes a binary of that name; else it may be what starts the service."""

    path: str
    file: Path
    certain: bool


def command_line(inspected: str) -> CommandLine | None:
    """From the answer of docker or podman to ``container inspect``; None when it is none."""
    try:
        answer = json.loads(inspected)[0]
        words = (str(answer.get("Path") or ""), *map(str, answer.get("Args") or ()))
        config = answer.get("Config") or {}
        env = dict(one.partition("=")[::2] for one in config.get("Env") or ())
        folders = tuple(one for one in env.get("PATH", "").split(":") if one)
        return CommandLine(words, folders or _SEARCHED, str(config.get("WorkingDir") or "/"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def paths_of(line: CommandLine, outputs: Sequence[str] = ()) -> tuple[str, ...]:
    """Where the program may lie, the likeliest first. ``outputs`` are the names of the binaries
    that the image's builds make: a script may start them."""
    return tuple(dict.fromkeys(_paths(line, outputs)))[:_TRIES]


def _paths(line: CommandLine, outputs: Sequence[str]) -> Iterator[str]:
    words = [word for text in line.words for word in _split(text)]
    named = [word for word in words if posixpath.basename(word) not in _SHELLS]
    # the output of a build first: a script has its words in front of it
    for word in sorted(named, key=lambda word: posixpath.basename(word) not in outputs):
        if "/" in word:
            yield posixpath.normpath(posixpath.join(line.directory, word))
    for name in (*outputs, *(word for word in named if _NAME.fullmatch(word))):
        if name in outputs or name == named[0]:
            yield from (posixpath.join(folder, name) for folder in (line.directory, *line.path))


def _split(text: str) -> list[str]:
    """The words of a shell's ``-c``; an argument without blanks is one by itself."""
    try:
        words = shlex.split(text.replace(";", " ; ")) if " " in text else [text]
    except ValueError:
        words = text.split()
    return [word for word in words if word and not word.startswith("-") and "=" not in word]


def take_program(
    line: CommandLine, outputs: Sequence[str], folder: Path, copy: Callable[[str, Path], bool]
) -> ImageProgram | None:
    """None when no Go program is found. ``outputs`` are the binaries that the builds make.

    ``copy`` brings one path of a container here, and tells whether it was there.
    """
    taken = folder / "program"
    for path in paths_of(line, outputs):
        if copy(path, taken) and _is_go(taken):
            return ImageProgram(path, taken, posixpath.basename(path) in outputs)
        taken.unlink(missing_ok=True)
    return None


def hold_against(ran: Ran, program: ImageProgram | None, *, arrived: bool) -> bool | None:
    """Claim what the program shows, and keep it for the data to be held against; whether it can
    write counters, None when that is not known or when data has arrived.

    A program that only starts the service may well not be instrumented.
    """
    if program is None:
        return None
    claim = instrumented_claim(program.file, program.path)
    passed = claim.outcome is Outcome.PASSED
    if passed or program.certain:
        ran.program = program.file
    if passed or program.certain or not arrived:
        ran.claims.append(claim)
    if arrived or claim.outcome is Outcome.UNKNOWN:
        return None
    return False if claim.symptom is Symptom.NOT_INSTRUMENTED else passed or None


def _is_go(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with opened(file) as data:
            if is_packed(data):
                return True
            build_info(data)
    except NotGo:
        return False
    return True
