"""The limits that a run on one input must keep, and the inputs kept for not having kept them."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from fuzz.seeds import FIXTURES

FOUND = FIXTURES / "fuzz"
#: Bytes of an input for which the limits hold.
SIZE = 64 << 10
SECONDS = 1.0  # of this process, whatever else the machine does
MEMORY = 200  # MiB that one input may add to the peak
#: Bytes to a unit of ru_maxrss: kibibytes, but on macOS.
_UNIT = 1 if sys.platform == "darwin" else 1024


class TooSlow(Exception):
    pass


class TooLarge(Exception):
    pass


def within_limits(run: Callable[[bytes], None], data: bytes, allowed: float = SECONDS) -> None:
    """Raises what ``run`` raises, TooSlow or TooLarge; ``allowed``: seconds of CPU time."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    run(data)
    seconds = time.process_time() - started
    if seconds > allowed:
        raise TooSlow(f"{seconds:.1f} s for {len(data)} bytes")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * _UNIT >> 20
    if grown > MEMORY:
        raise TooLarge(f"{grown} MiB for {len(data)} bytes")


def larger(data: bytes, head: int, nested: bool) -> bytes:
    """The input again and again, up to the size of the limits: what is quadratic shows.

    ``nested``: the first half of it again and again, then the second.
    """
    front, rest = data[:head], data[head:]
    times = max((SIZE - head) // max(len(rest), 1), 1)
    middle = len(rest) // 2
    return front + (rest[:middle] * times + rest[middle:] * times if nested else rest * times)


def keep(folder: Path, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def found(reader: str) -> list[Path]:
    """The inputs that once broke a reader."""
    folder = FOUND / reader
    return sorted(folder.iterdir()) if folder.is_dir() else []
