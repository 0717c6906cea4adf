"""Waiting for a file to grow: the kernel's inotify, and a short sleep where there is none."""

from __future__ import annotations

import ctypes
import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# linux/inotify.h
_IN_MODIFY = 0x2
_IN_CREATE = 0x100
_NONBLOCK = os.O_NONBLOCK
_BUFFER = 1 << 16  # bytes: many events at once


class Growth:
    """Tells when something is written in a folder. ``descriptor`` None: it is not known."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def wait(self, seconds: float) -> None:
        """Until something was written since the last call, or the time is over."""
        if self._descriptor is None:
            time.sleep(seconds)
        elif select.select([self._descriptor], [], [], seconds)[0]:
            os.read(self._descriptor, _BUFFER)


@contextmanager
def growth_of(file: Path) -> Iterator[Growth]:
    """Watch the folder of ``file``, which need not be there yet."""
    descriptor = _watch(file.parent)
    try:
        yield Growth(descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _watch(folder: Path) -> int | None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = int(libc.inotify_init1(_NONBLOCK))
    except (OSError, AttributeError):  # another kernel, another C library
        return None
    if descriptor < 0:
        return None
    if libc.inotify_add_watch(descriptor, os.fsencode(folder), _IN_MODIFY | _IN_CREATE) < 0:
        os.close(descriptor)
        return None
    return descriptor
