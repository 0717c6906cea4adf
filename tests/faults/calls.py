"""The system calls of a run from the moment on when it begins to write: strace."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faults.project import Project

STRACE = ("strace", "-qq", "-o")
_LINE = re.compile(r"^(?P<name>\w+)\((?P<words>.*)\)\s+= (?P<result>-?\w+)")
#: Where the writing begins: the look for leftovers is before it, and cannot harm.
_BEGIN = "LOCK_SH"

_FULL = ("ENOSPC", "EDQUOT", "EIO")
#: The errors that a call can give, as far as they differ for its caller.
ERRORS = {
    "openat": ("ENOSPC", "EMFILE", "EACCES", "EROFS"),
    "write": (*_FULL, "EINTR"),
    "fsync": _FULL,
    "close": _FULL,
    "renameat2": (*_FULL, "EINVAL", "EPERM"),
    "rename": _FULL,
    "unlink": ("EIO", "EACCES"),
    "fchmod": ("EPERM", "EIO"),
    "fchown": ("EIO",),  # EPERM: a user who may not give files away; they become his
    "flock": ("ENOLCK", "EAGAIN"),
    "read": ("EIO",),
    "fstat": ("EIO",),
    "newfstatat": ("EIO", "EACCES"),
    "lseek": ("EIO",),
    "listxattr": ("EOPNOTSUPP", "EIO"),
    "getdents64": ("EIO",),
}


@dataclass(frozen=True, slots=True)
class Call:
    """The ``ordinal``-th call of this name in the process, from 1."""

    name: str
    ordinal: int
    words: str


def writing(project: Project) -> list[Call]:
    """Every call of a whole run from the beginning of its writing on."""
    project.make()
    project.run(wrapped=(*STRACE, str(project.trace)))
    counts: Counter[str] = Counter()
    calls = []
    begun = False
    for line in project.trace.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        counts[match["name"]] += 1
        begun = begun or _BEGIN in match["words"]
        if begun:
            calls.append(Call(match["name"], counts[match["name"]], match["words"]))
    return calls


def faults(calls: list[Call]) -> Iterator[tuple[Call, str]]:
    """Each call with each of its errors."""
    for call in calls:
        for error in ERRORS.get(call.name, ()):
            yield call, error


def injecting(call: Call, what: str, trace: Path, *, after: bool = False) -> tuple[str, ...]:
    """The command that runs another one and has this call fail (``error=…``) or kill the
    process (``signal=KILL``); ``after``: those of its kind after it as well."""
    when = f"{call.ordinal}{'+' if after else ''}"
    rule = f"inject={call.name}:{what}:when={when}"
    return (*STRACE, str(trace), "-e", f"trace={call.name}", "-e", rule)
