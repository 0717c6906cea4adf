"""A GOCOVERDIR as it lies on disk, read without the Go tools.

The tools stop at the first bad file and call an empty folder a success (facts,
part D). Both ends of each file are looked at; ``profile`` reads all of it.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from covlint.covdata.counters import read_hash
from covlint.covdata.layout import (
    COUNTER_FOOTER,
    COUNTER_HEADER,
    COUNTER_NAME,
    META_HEADER,
    META_NAME,
    BadFile,
)
from covlint.covdata.meta import read_header
from covlint.frozen import dataclass

_MISNAMED = "belongs to another build than its name says"
_NESTED_DEPTH = 4


class State(Enum):
    """What is at the path that was given."""

    FOLDER = "folder"
    MISSING = "missing"
    NOT_A_FOLDER = "not a folder"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class MetaFile:
    name: str
    hash: str
    mode: str | None  # "set", "count", "atomic"; None when the header cannot be read
    modified: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class CounterFile:
    """``process`` is the pid that wrote it; ``modified`` in seconds since the epoch."""

    name: str
    hash: str
    process: int
    modified: float


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that makes the whole folder unreadable for ``covdata``, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path
    state: State
    meta: tuple[MetaFile, ...] = ()
    counters: tuple[CounterFile, ...] = ()
    damaged: tuple[Damage, ...] = ()
    temporary: tuple[str, ...] = ()  # tmp.cov* left by a write that did not finish
    nested: tuple[str, ...] = ()  # sub-folders, relative, that hold coverage files
    others: int = 0
    writable_by: str = ""  # owner and mode, for people: "0:0 0755"

    @property
    def for_owner_only(self) -> bool:
        """No other user, root apart, can create files in it."""
        return bool(self.writable_by) and all(
            int(digit, 8) & 0o3 != 0o3 for digit in self.writable_by[-2:]
        )

    @property
    def modes(self) -> tuple[str, ...]:
        return tuple(sorted({file.mode for file in self.meta if file.mode}))

    @property
    def hashes_without_counters(self) -> tuple[str, ...]:
        counted = {file.hash for file in self.counters}
        return tuple(sorted({file.hash for file in self.meta} - counted))

    @property
    def hashes_without_meta(self) -> tuple[str, ...]:
        known = {file.hash for file in self.meta}
        return tuple(sorted({file.hash for file in self.counters} - known))

    @property
    def paired(self) -> bool:
        """Some counters belong to a meta-data file."""
        return bool({file.hash for file in self.meta} & {file.hash for file in self.counters})


def read_folder(path: Path) -> Folder:
    """Look at a data folder; whatever is wrong with it is part of the answer."""
    try:
        if not path.exists():
            return Folder(path, State.MISSING)
        if not path.is_dir():
            return Folder(path, State.NOT_A_FOLDER)
        status = path.stat()
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError:
        return Folder(path, State.UNREADABLE)
    meta: list[MetaFile] = []
    counters: list[CounterFile] = []
    damaged: list[Damage] = []
    temporary: list[str] = []
    others = 0
    for entry in entries:
        if entry.name.startswith("tmp.cov"):
            temporary.append(entry.name)
        elif match := META_NAME.fullmatch(entry.name):
            mode, reason = _meta_state(entry.path, match[1])
            meta.append(MetaFile(entry.name, match[1], mode, _modified(entry)))
            damaged += [Damage(entry.name, reason)] if reason else []
        elif match := COUNTER_NAME.fullmatch(entry.name):
            reason = _counter_damage(entry.path, match[1])
            file = CounterFile(entry.name, match[1], int(match[2]), _modified(entry))
            counters.append(file)
            damaged += [Damage(entry.name, reason)] if reason else []
        else:
            others += 1
    return Folder(
        path,
        State.FOLDER,
        tuple(meta),
        tuple(counters),
        tuple(damaged),
        tuple(temporary),
        _nested(path),
        others,
        f"{status.st_uid}:{status.st_gid} {status.st_mode & 0o7777:04o}",
    )


def _meta_state(path: str, expected: str) -> tuple[str | None, str | None]:
    """The counter mode, and what is wrong with the file."""
    try:
        size, head, _ = _ends(path, META_HEADER.size)
        header = read_header(head, size)
    except BadFile as error:
        return None, str(error)
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    return str(header.mode), None if header.hash == expected else _MISNAMED


def _counter_damage(path: str, expected: str) -> str | None:
    try:
        size, head, tail = _ends(path, COUNTER_HEADER.size)
        return None if read_hash(head, size, tail) == expected else _MISNAMED
    except BadFile as error:
        return str(error)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _ends(path: str, length: int) -> tuple[int, bytes, bytes]:
    """The size of a file in bytes, its first ``length`` ones, and those of a footer."""
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(length)
        file.seek(max(0, size - COUNTER_FOOTER.size))
        return size, head, file.read(COUNTER_FOOTER.size)


def _without_waiting(path: str, flags: int) -> int:
    """A pipe in the folder has no end to wait for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _modified(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


def _nested(path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for folder, folders, files in os.walk(path):
        relative = os.path.relpath(folder, path)
        if relative.count(os.sep) >= _NESTED_DEPTH:
            folders.clear()
        if relative != "." and any(
            META_NAME.fullmatch(name) or COUNTER_NAME.fullmatch(name) for name in files
        ):
            found.append(Path(relative).as_posix())
    return tuple(sorted(found))
