"""What a Go binary says of itself, read without running it and without Go.

The build information is the record that ``go version -m`` prints (Go 1.18 and later), the
names of functions are those of the table behind stack traces, which ``-s -w`` leaves in.
The meta-data of an instrumented package stands in the read-only data, byte for byte as the
program will write it (seen with Go 1.21 to 1.27).
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from covlint.frozen import dataclass

#: In every binary that can emit counters, also when stripped (facts, part E; Go 1.21 to 1.27).
RUNTIME_MARK = b"GOCOVERDIR not set"
#: The header of packed binaries (upx), of which nothing can be read.
_PACKED = b"UPX!"
#: What is wrong with a test binary as a service, and what to do.
TEST_BINARY = (
    "the binary is a test binary (go test -c): it heeds -test.gocoverdir=DIR, not GOCOVERDIR",
    "build the service with `go build -cover`, or start it with -test.gocoverdir",
)
_MAGIC = b"\xff Go buildinf:"
_HEADER = 32  # bytes: magic, pointer size, flags, padding
_INLINE = 2  # the flag of Go 1.18 and later: the strings follow the header
_SENTINEL = 16  # bytes before and after the module information
_LONGEST = 1 << 20
#: How far from one package's meta-data the next is looked for first, in bytes.
_NEAR = 4 << 20


class NotGo(Exception):
    """The file is no Go binary that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """``settings`` are the lines that begin with ``build``, such as ``-cover`` and ``GOARCH``."""

    go: str  # "go1.26.8"
    path: str | None  # the import path of the main package
    module: str | None
    settings: tuple[tuple[str, str], ...]

    def setting(self, name: str) -> str | None:
        return dict(self.settings).get(name)


@contextmanager
def opened(program: Path) -> Iterator[mmap.mmap]:
    """The bytes of a binary, mapped. Raises OSError and NotGo (an empty file)."""
    with program.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise NotGo("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def build_info(data: mmap.mmap) -> BuildInfo:
    """The build information. Raises NotGo."""
    place = data.find(_MAGIC)
    if place < 0:
        packed = data.find(_PACKED) >= 0
        raise NotGo("it is packed (upx)" if packed else "it holds no Go build information")
    if not data[place + len(_MAGIC) + 1] & _INLINE:
        raise NotGo("it was built by a Go before 1.18")
    version, after = _string(data, place + _HEADER)
    text, _ = _string(data, after)
    lines = text[_SENTINEL:-_SENTINEL].decode("utf-8", "replace").splitlines()
    words = [line.split("\t") for line in lines]
    first = {parts[0]: parts[1] for parts in reversed(words) if len(parts) > 1}
    settings = (p[1].partition("=") for p in words if p[0] == "build" and len(p) > 1)
    return BuildInfo(
        version.decode("utf-8", "replace"),
        first.get("path"),
        first.get("mod"),
        tuple((name, value.strip('"')) for name, _, value in settings),
    )


def _string(data: mmap.mmap, place: int) -> tuple[bytes, int]:
    """A string behind its length, and what comes after it."""
    length = shift = 0
    while True:
        if place >= len(data) or shift > 28:
            raise NotGo("its build information is damaged")
        byte = data[place]
        place += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if length > _LONGEST or place + length > len(data):
        raise NotGo("its build information is damaged")
    return data[place : place + length], place + length


def can_emit(data: mmap.mmap) -> bool | None:
    """Whether the binary can write counters; None when it is packed."""
    if data.find(RUNTIME_MARK) >= 0:
        return True
    return None if data.find(_PACKED) >= 0 else False


def is_test(data: mmap.mmap) -> bool:
    """It was made by ``go test -c``: only such a program has these functions."""
    return data.find(b"testing/internal/testdeps.") >= 0


def is_packed(data: mmap.mmap) -> bool:
    return data.find(_PACKED) >= 0


def holds(data: mmap.mmap, blobs: Iterable[bytes]) -> bool:
    """Whether every one of ``blobs`` is in the binary; they lie near each other."""
    near = 0
    for blob in blobs:
        found = data.find(blob, max(0, near - _NEAR), near + _NEAR) if near else -1
        if found < 0:
            found = data.find(blob)
        if found < 0:
            return False
        near = found
    return True


def linked_functions(data: mmap.mmap, module: str) -> dict[str, set[str]]:
    """Import path → names of the plain functions that are linked in, of one module's packages.

    The main package is not among them: it is called ``main`` there.
    """
    pattern = rb"\0" + re.escape(module).encode() + rb"((?:/[^\0./]+)*(?:/[^\0/]+?)?)\.(\w+)(?=\0)"
    found: dict[str, set[str]] = {}
    for match in re.finditer(pattern, data):
        below = match[1].decode("utf-8", "replace").replace("%2e", ".")
        found.setdefault(module + below, set()).add(match[2].decode("utf-8", "replace"))
    return found
