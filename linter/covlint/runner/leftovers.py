"""What killed runs left behind, found by their folders and by the labels of what they created."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.cleanup import Cleaner
from covlint.runner.command import CannotStart, Command, Executor
from covlint.runner.container.runtime import RUNTIMES
from covlint.runner.ledger import (
    LABEL,
    OWNER,
    Created,
    Ledger,
    abandoned,
    born,
    places,
    processes_of,
)

#: Seconds for a runtime to list what it has.
_LIST = 30.0
#: What is labelled, with the command that lists it.
_LISTED = (
    ("container", ("ps", "-a")),
    ("volume", ("volume", "ls")),
    ("network", ("network", "ls")),
)


@dataclass(frozen=True, slots=True)
class Leftover:
    """One killed run. ``folder`` None: only labels tell of it."""

    run: str
    created: tuple[Created, ...]
    processes: tuple[int, ...]
    folder: Path | None

    def lines(self) -> Iterator[str]:
        """What it left, for people."""
        for process in self.processes:
            yield f"process {process}"
        for created in self.created:
            if created.kind not in ("build", "image", "shared network"):
                yield f"{created.kind} {created.name}"
        if self.folder is not None:
            yield f"folder {self.folder}"


def kept_notes(ledger: Ledger) -> tuple[str, ...]:
    """What a run leaves that was asked to, and how to look at it."""
    notes = [f"kept: {ledger.folder}"]
    for created in ledger.created():
        if created.kind == "container":
            notes.append(f"kept: {created.by} logs {created.name}; {created.by} inspect …")
        elif created.kind == "cluster":
            notes.append(f"kept: kubectl {' '.join(created.more)} get pods -A")
        elif created.kind == "namespace":
            notes.append(f"kept: {created.by} {' '.join(created.more)} -n {created.name} get all")
    return (*notes, "`covlint verify --clean` removes what is kept")


def find_leftovers(executor: Executor, environ: Mapping[str, str]) -> tuple[Leftover, ...]:
    """Every run whose covlint has ended without cleaning up."""
    found: dict[str, Leftover] = {}
    for ledger in abandoned(places()):
        running = tuple(processes_of(ledger.run))
        found[ledger.run] = Leftover(ledger.run, ledger.created(), running, ledger.folder)
    for run, created in _labelled(executor, environ):
        if run not in found:
            found[run] = Leftover(run, (), tuple(processes_of(run)), None)
        known = found[run]
        if all((one.kind, one.name) != (created.kind, created.name) for one in known.created):
            found[run] = Leftover(run, (*known.created, created), known.processes, known.folder)
    return tuple(found.values())


def remove_leftover(
    leftover: Leftover, executor: Executor, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Remove what a killed run left; what could not be removed is told, one line each."""
    cleaner = Cleaner(executor, environ)
    if leftover.folder is not None:
        # A label may tell of what was never written down.
        ledger = Ledger(leftover.run, leftover.folder)
        noted = {(one.kind, one.name) for one in ledger.created()}
        for created in leftover.created:
            if (created.kind, created.name) not in noted:
                ledger.note(created.kind, created.name, created.by, *created.more)
        return cleaner.abandon(ledger)
    return cleaner.remove_all(leftover.created, leftover.run)


def _labelled(executor: Executor, environ: Mapping[str, str]) -> Iterator[tuple[str, Created]]:
    programs = dict.fromkeys(
        program for name in RUNTIMES if (program := shutil.which(name)) is not None
    )
    for program in programs:
        for kind, words in _LISTED:
            # docker before 23 takes `json` for a template of its own
            command = (program, *words, "--filter", f"label={LABEL}", "--format", "{{json .}}")
            for entry in _answers(executor, environ, command):
                labels = _labels(entry)
                run, owner = labels.get(LABEL), labels.get(OWNER)
                if run is None or owner is None or _alive(owner):
                    continue
                name = _name(entry)
                if name is not None:
                    yield run, Created(kind, name, program)


def _answers(
    executor: Executor, environ: Mapping[str, str], words: tuple[str, ...]
) -> list[dict[str, object]]:
    """podman answers with one list, docker with a line for each."""
    try:
        done = executor.run(Command(words, Path("/"), environ, "leftovers", _LIST))
    except CannotStart:
        return []
    if done.code != 0 or not done.stdout.strip():
        return []
    try:
        answer = json.loads(done.stdout)
        return answer if isinstance(answer, list) else [answer]
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    except ValueError:
        return []


def _labels(entry: Mapping[str, object]) -> dict[str, str]:
    found = entry.get("Labels") or entry.get("labels") or {}
    if isinstance(found, str):  # docker: a=b,c=d
        pairs = (pair.partition("=") for pair in found.split(","))
        return {key: value for key, _, value in pairs}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _name(entry: Mapping[str, object]) -> str | None:
    for key in ("Names", "Name", "name"):
        value = entry.get(key)
        if isinstance(value, list) and value:
            return str(value[0])
        if isinstance(value, str) and value:
            return value
    return None


def _alive(owner: str) -> bool:
    """``owner`` is the pid of a covlint and when it was born."""
    process, _, birth = owner.partition("-")
    return process.isdigit() and born(int(process)) == birth
