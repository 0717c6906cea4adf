"""Which TCP port a process listens on, read from /proc (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

_LISTEN = "0A"  # tcp_states.h


def listening_port(process: int) -> int | None:
    """The lowest port on which the process accepts connections; None when there is
    none, or when it cannot be seen (another user's process, another system)."""
    sockets = _sockets(process)
    if not sockets:
        return None
    ports: list[int] = []
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if len(words) > 9 and words[3] == _LISTEN and words[9] in sockets:
                ports.append(int(words[1].rpartition(":")[2], 16))
    return min(ports, default=None)


def _sockets(process: int) -> set[str]:
    """The inodes of the sockets that the process has open."""
    folder = f"/proc/{process}/fd"
    found: set[str] = set()
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        try:
            place = os.readlink(f"{folder}/{name}")
        except OSError:
            continue
        if place.startswith("socket:["):
            found.add(place[8:-1])
    return found
