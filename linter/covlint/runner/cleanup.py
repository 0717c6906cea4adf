"""Removing what a run created, and only that: at its end, or later when it was killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Executor
from covlint.runner.ledger import Created, Ledger, processes_of

#: Seconds for one removal.
_REMOVAL = 120.0
#: Seconds that processes have to end after SIGTERM.
_TERM = 5.0
#: Seconds between two looks where the kernel does not tell of an end.
_LOOK = 0.05
_BUILD_CONTAINER = re.compile(rb"Container ID: ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Removes what a ledger lists with the programs that made it."""

    executor: Executor
    environ: Mapping[str, str]

    def remove(self, ledger: Ledger) -> tuple[str, ...]:
        """Remove everything; what could not be removed is told, one line each."""
        return self._remove(ledger.created())

    def remove_all(self, created: Iterable[Created], run: str) -> tuple[str, ...]:
        """Remove what labels tell of a run that has no folder any more."""
        end_processes(lambda: _workers(run))
        complaints = self._remove(created)
        end_processes(lambda: list(processes_of(run)))
        return complaints

    def _remove(self, listed: Iterable[Created]) -> tuple[str, ...]:
        complaints: list[str] = []
        for created in listed:
            if created.kind == "build":
                self._end_build(created)
                continue
            words = removal(created)
            if words is None:
                continue
            complaint = self._run(words)
            # Another cluster may be on Kind's network by now.
            if complaint is not None and created.kind != "shared network":
                complaints.append(f"{created.kind} {created.name}: {complaint}")
        return tuple(complaints)

    def finish(self, ledger: Ledger) -> tuple[str, ...]:
        """Remove what a run created, and its folder: that stays when something could not be."""
        created = ledger.created()
        complaints = self.remove(ledger)
        if created:
            # What held the containers may need a moment longer than they.
            end_processes(lambda: list(processes_of(ledger.run)))
        if not complaints:
            remove_folder(ledger.folder)
        return complaints

    def abandon(self, ledger: Ledger) -> tuple[str, ...]:
        """Remove what a killed run left: its processes, what it created, and its folder."""
        end_processes(lambda: _workers(ledger.run))
        complaints = self.remove(ledger)
        end_processes(lambda: list(processes_of(ledger.run)))
        if not complaints:
            remove_folder(ledger.folder)
        return complaints

    def _end_build(self, created: Created) -> None:
        """Buildah leaves the containers of an interrupted build, and what runs in them."""
        try:
            log = Path(created.name).read_bytes()
        except OSError:
            return
        found = [match.decode() for match in dict.fromkeys(_BUILD_CONTAINER.findall(log))]
        if not found:
            return
        layers = [layer for name in found if (layer := self._layer(created.by, name)) is not None]
        end_processes(lambda: list(_running_in(layers)))
        self._run((created.by, "rm", "-f", "--ignore", *found))

    def _layer(self, program: str, container: str) -> str | None:
        """The folder name of a container's own layer, which its processes have as root."""
        command = Command((program, "mount", container), Path("/"), self.environ, "clean", 30)
        try:
            done = self.executor.run(command)
        except CannotStart:
            return None
        place = Path(done.stdout.strip())
        return place.parent.name if done.code == 0 and place.name == "merged" else None

    def _run(self, words: tuple[str, ...]) -> str | None:
        try:
            done = self.executor.run(Command(words, Path("/"), self.environ, "clean", _REMOVAL))
        except CannotStart as error:
            return str(error)
        if done.code == 0 or _is_gone(done.output):
            return None
        lines = done.output.strip().splitlines()
        return lines[-1] if lines else f"exit code {done.code}"


def removal(created: Created) -> tuple[str, ...] | None:
    """The command that removes it; None where nothing has to be done."""
    by, name, more = created.by, created.name, created.more
    commands: dict[str, tuple[str, ...]] = {
        "container": (by, "rm", "-f", "-v", name),
        "volume": (by, "volume", "rm", "-f", name),
        "network": (by, "network", "rm", name),
        "shared network": (by, "network", "rm", name),
        "image": (by, "rmi", "-f", "--no-prune", name),
        "cluster": (*by.split(), "delete", "cluster", "--name", name, *more),
        "play": (by, "kube", "down", name),
        "namespace": (by, *more, "delete", "namespace", name, "--wait=false"),
        "objects": (by, *more, "delete", "-f", name, "--ignore-not-found", "--wait=false"),
    }
    return commands.get(created.kind)


def end_processes(find: Callable[[], Iterable[int]]) -> None:
    """SIGTERM, then SIGKILL, to what ``find`` lists, until it lists nothing."""
    for number, seconds in ((signal.SIGTERM, _TERM), (signal.SIGKILL, _TERM)):
        deadline = time.monotonic() + seconds
        asked: set[int] = set()
        while True:
            found = set(find())
            if not found:
                return
            if time.monotonic() > deadline:
                break
            for process in found - asked:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, number)
            asked |= found
            _wait_for(found, deadline)


def remove_folder(folder: Path) -> None:
    """Remove a folder whose inner permissions may forbid it to its owner."""
    if not folder.exists():
        return
    for inner, _, _ in os.walk(folder):
        with suppress(OSError):
            Path(inner).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for(processes: Iterable[int], deadline: float) -> None:
    """Until one of them has ended, or the deadline (monotonic seconds) has come."""
    import select

    handles: list[int] = []
    for process in processes:
        try:
            handles.append(os.pidfd_open(process))
        except (OSError, AttributeError):
            continue
    try:
        left = max(0.0, deadline - time.monotonic())
        if handles:
            select.select(handles, [], [], left)
        else:  # a system without pidfd, or processes that are gone by now
            time.sleep(min(_LOOK, left))
    finally:
        for handle in handles:
            os.close(handle)


def _workers(run: str) -> list[int]:
    """The processes of a run, but for those that hold its containers: their engine ends these.

    A build is none of them: docker ends it when its client goes, and it would make an image yet.
    """
    return [
        process
        for process in processes_of(run)
        if _name(process) not in ("conmon", "docker") or _words(process)[1:2] == [b"build"]
    ]


def _words(process: int) -> list[bytes]:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _running_in(layers: list[str]) -> Iterator[int]:
    """The processes whose root is one of these layers."""
    for entry in os.listdir("/proc") if os.path.isdir("/proc") and layers else ():
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/mountinfo", encoding="utf-8", errors="replace") as file:
                root = next((line for line in file if line.split()[4] == "/"), "")
        except OSError:
            continue
        if any(layer in root for layer in layers):
            yield int(entry)


def _is_gone(output: str) -> bool:
    if re.search(r"(?i)no such|not found|no container|does not exist|unknown", output):
        return True
    # A cluster of this machine that is no more took its objects along.
    return re.search(r"127\.0\.0\.1:\d+: connect: connection refused", output) is not None
