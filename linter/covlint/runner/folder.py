"""A GOCOVERDIR as it lies on disk, read without the Go tools.

The tools stop at the first bad file and call an empty folder a success (facts,
part D), so the headers are read here. The layout is that of Go's own
``internal/coverage/defs.go``, the same from Go 1.21 to 1.27.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_META_NAME = re.compile(r"^covmeta\.([0-9a-f]{32})$")
_COUNTER_NAME = re.compile(r"^covcounters\.([0-9a-f]{32})\.(\d+)\.(\d+)$")
_META_MAGIC = b"\x00\x63\x76\x6d"
_COUNTER_MAGIC = b"\x00\x63\x77\x6d"
_META_HEADER = struct.Struct("<4sIQQ16sIIBB6x")
_COUNTER_HEADER = struct.Struct("<4sI16sBB6x")
_COUNTER_FOOTER = 16  # bytes: magic, padding, number of segments, padding
_MODES = {1: "set", 2: "count", 3: "atomic"}
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
        elif match := _META_NAME.match(entry.name):
            mode, reason = _meta_state(Path(entry.path), match[1])
            meta.append(MetaFile(entry.name, match[1], mode, _modified(entry)))
            damaged += [Damage(entry.name, reason)] if reason else []
        elif match := _COUNTER_NAME.match(entry.name):
            reason = _counter_damage(Path(entry.path), match[1])
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


def _meta_state(path: Path, expected: str) -> tuple[str | None, str | None]:
    """The counter mode, and what is wrong with the file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_META_HEADER.size)
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    if size == 0:
        return None, "is empty (0 bytes)"
    if not head.startswith(_META_MAGIC):
        return None, "is not a meta-data file"
    if len(head) < _META_HEADER.size:
        return None, f"is cut off after {size} bytes"
    _, _, total, _, digest, _, _, mode, _ = _META_HEADER.unpack(head)
    if size < total:
        return _MODES.get(mode), f"is cut off: {size} of {total} bytes"
    if digest.hex() != expected:
        return _MODES.get(mode), "belongs to another build than its name says"
    return _MODES.get(mode), None


def _counter_damage(path: Path, expected: str) -> str | None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_COUNTER_HEADER.size)
            file.seek(max(0, size - _COUNTER_FOOTER))
            tail = file.read(_COUNTER_FOOTER)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if size == 0:
        return "is empty (0 bytes)"
    if not head.startswith(_COUNTER_MAGIC):
        return "is not a counter data file"
    if size < _COUNTER_HEADER.size + _COUNTER_FOOTER or not tail.startswith(_COUNTER_MAGIC):
        return f"is cut off after {size} bytes"
    if _COUNTER_HEADER.unpack(head)[2].hex() != expected:
        return "belongs to another build than its name says"
    return None


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
            _META_NAME.match(name) or _COUNTER_NAME.match(name) for name in files
        ):
            found.append(Path(relative).as_posix())
    return tuple(sorted(found))
