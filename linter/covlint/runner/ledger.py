"""What a run creates outside of itself, written down before it is created.

A run that is killed leaves its folder behind, and in it the list of what to
remove. Containers, volumes and networks carry the run's name as a label too,
processes have it in their environment.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from covlint.frozen import dataclass

#: On everything that a container runtime or a cluster keeps for covlint; its value is the run.
LABEL = "dev.covlint.run"
#: Beside it: the covlint at work, so that a run that goes on is told from one that was killed.
OWNER = "dev.covlint.owner"
#: In the environment of everything that covlint starts.
MARK = "COVLINT_RUN"
#: How the folder of a run is called, below a temporary directory.
PREFIX = "covlint-"
_FILE = "created.jsonl"
_PUBLIC = ("/tmp", "/var/tmp")  # noqa: S108 - a folder of one's own is made in it


@dataclass(frozen=True, slots=True)
class Created:
    """``kind`` is container, volume, network, image, cluster, objects or namespace; ``by`` the
    program that removes it, ``more`` what that needs to know (a kubeconfig, a context)."""

    kind: str
    name: str
    by: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """The list of one run. ``run`` is its name, ``folder`` what is thrown away at its end."""

    run: str
    folder: Path

    def note(self, kind: str, name: str, by: str, *more: str) -> Created:
        """Write down what is about to be created."""
        created = Created(kind, name, by, more)
        line = json.dumps([kind, name, by, *more]) + "\n"
        with (self.folder / _FILE).open("a", encoding="utf-8") as file:
            file.write(line)
        return created

    def done(self, created: Created) -> None:
        """It has come to its own end: there is nothing to remove any more."""
        self.note("done", created.name, created.kind)

    def created(self) -> tuple[Created, ...]:
        """What was written down, the last first: that is the order of removal."""
        entries = tuple(_entries(self.folder / _FILE))
        ended = {(entry.by, entry.name) for entry in entries if entry.kind == "done"}
        return tuple(
            entry
            for entry in reversed(entries)
            if entry.kind != "done" and (entry.kind, entry.name) not in ended
        )


def open_ledger(run: str) -> Ledger:
    """Make the folder of a run, and begin its list with who is at work there."""
    folder = Path(scratch() or tempfile.gettempdir()) / f"{PREFIX}{run}"
    folder.mkdir(mode=0o755)  # the service may run as another user
    folder.chmod(0o755)
    worker = {"run": run, "pid": os.getpid(), "born": born(os.getpid())}
    (folder / "owner.json").write_text(json.dumps(worker), encoding="utf-8")
    return Ledger(run, folder)


def scratch() -> str | None:
    """Where the folder of a run goes; None for the usual place.

    Root may start the service as another user, who must be able to get there.
    """
    usual = tempfile.gettempdir()
    if os.getuid() != 0 or _open_to_all(Path(usual)):
        return None
    return next((place for place in _PUBLIC if _open_to_all(Path(place))), None)


def places() -> list[Path]:
    """Where folders of runs may lie."""
    return [Path(place) for place in dict.fromkeys((tempfile.gettempdir(), *_PUBLIC))]


def owner() -> str:
    """This covlint: its pid, and when it was born."""
    return f"{os.getpid()}-{born(os.getpid())}"


def new_run() -> str:
    """A name that no other run has; it can be part of a container's and a cluster's name."""
    return secrets.token_hex(4)


def abandoned(where: list[Path]) -> Iterator[Ledger]:
    """The runs whose folders lie in ``where`` and whose covlint is no more."""
    for place in where:
        for file in sorted(place.glob(f"{PREFIX}*/owner.json")):
            try:
                worker = json.loads(file.read_text(encoding="utf-8"))
                run, pid, birth = str(worker["run"]), int(worker["pid"]), worker["born"]
                mine = file.stat().st_uid == os.getuid()
            except (OSError, ValueError, LookupError, TypeError):
                continue
            if mine and born(pid) != birth:
                yield Ledger(run, file.parent)


def born(process: int) -> str | None:
    """When a process started, in the kernel's ticks since boot; None when there is none.

    A pid alone may belong to another process by now.
    """
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields[19]


def processes_of(run: str) -> Iterator[int]:
    """The processes that carry the run's mark, as far as /proc shows them."""
    mark = f"{MARK}={run}".encode()
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    yield int(entry)
        except OSError:
            continue


def _open_to_all(folder: Path) -> bool:
    try:
        return all(up.stat().st_mode & 0o001 for up in (folder, *folder.resolve().parents))
    except OSError:
        return False


def _entries(file: Path) -> Iterator[Created]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            kind, name, by, *more = json.loads(line)
        except ValueError:  # cut off while it was written: its creation had not begun
            continue
        yield Created(kind, name, by, tuple(more))
