"""Out of a folder that others write to as well: the data of this run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from covlint.covdata.layout import BadFile
from covlint.covdata.meta import package_parts
from covlint.runner.evidence.binary import NotGo, holds, opened
from covlint.runner.evidence.folder import read_folder

#: The API server tells whole seconds.
_SECOND = 1.0


def written_at(counters: str) -> float | None:
    """When a covcounters file was written, by its name: seconds since the epoch."""
    nanoseconds = counters.rpartition(".")[2]
    return int(nanoseconds) / 1e9 if nanoseconds.isdigit() else None


def keep_own(folder: Path, since: float | None, program: Path | None, *, alone: bool) -> int:
    """Remove copies of other data from ``folder``, and tell how many files that were.

    Counters from before ``since`` (seconds since the epoch, by the clock of the nodes; None: the
    service never ran) are of earlier runs. Unless this run is ``alone`` in the cluster, counters
    of other programs than ``program`` are of other targets. Meta-data is kept where its counters
    are, where it is new, and where it is the program's: Go writes it only once.
    """
    found = read_folder(folder)
    mine = {meta.hash for meta in found.meta if _belongs(folder / meta.name, program)}
    new = [
        file
        for file in found.counters
        if since is not None
        and (written_at(file.name) or since) >= since
        and (alone or program is None or file.hash in mine)
    ]
    kept = {file.name for file in new}
    hashes = {file.hash for file in new} | mine
    for meta in found.meta:
        fresh = since is not None and meta.modified >= since - _SECOND
        if meta.hash in hashes or (fresh and (alone or program is None)):
            kept.add(meta.name)
    names = [file.name for file in found.meta] + [file.name for file in found.counters]
    others = [name for name in names if name not in kept]
    for name in others:
        with suppress(OSError):
            (folder / name).unlink()
    return len(others)


def _belongs(meta: Path, program: Path | None) -> bool:
    """The meta-data of each package stands in the binary as it is written."""
    if program is None:
        return False
    try:
        with opened(program) as data:
            return holds(data, package_parts(meta.read_bytes()))
    except (OSError, NotGo, BadFile):
        return False
