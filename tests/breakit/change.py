"""A small change of the healthy project, as data: what is replaced by what, in which file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from covlint.diagnostics import Symptom

HEALTHY = Path(__file__).parents[2] / "fixtures" / "projects" / "parcels"


class Engine(Enum):
    """Where the loss shows itself, for the one who wants to see it."""

    PROCESS = "process"  # covlint verify: the program as a child, folders for its mounts
    SMOKE = "smoke"  # scripts/smoke.sh as it is written
    IMAGE = "image"  # scripts/smoke-image.sh as it is written, with podman
    KIND = "kind"  # make e2e collect, in a cluster
    NONE = "none"  # nothing here can show it: see `lost`


@dataclass(frozen=True, slots=True)
class Edit:
    """``old`` stands in the file exactly once; an empty ``old`` makes a new file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Harmless:
    """A change that loses nothing: covlint has to stay silent."""

    name: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A change after which coverage is lost, wrong or against a standard.

    ``path`` is the file in which covlint has to report ``code``. ``symptom`` is what a real
    run shows, None where nothing is lost (the refuted patterns, and risks that are none in a
    single run); ``target`` is the service whose data it is. ``repaired`` is False where
    covlint writes no fix: a person has to choose. ``also`` are codes that are rightly reported
    besides, ``left`` those that rightly stay after the repair, ``hides`` those, by code or
    by a file that they change, that nothing shows any more once this has happened. ``note`` says why there is no
    run, or when it shows something else.
    """

    name: str
    code: str
    path: str
    edits: tuple[Edit, ...]
    engine: Engine
    symptom: Symptom | None
    target: str = "tracker"
    repaired: bool = True
    note: str = ""
    also: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()


class MisplacedEdit(Exception):
    """The text that an edit replaces is not in its file exactly once."""


@cache
def healthy() -> Mapping[str, str]:
    """The files of the healthy project, by their paths."""
    return {
        path.relative_to(HEALTHY).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(HEALTHY.rglob("*"))
        if path.is_file() and not _made_by_a_run(path.relative_to(HEALTHY))
    }


def _made_by_a_run(path: Path) -> bool:
    return path.parts[0] in {"bin", "coverdata", ".covlint"} or path.suffix in {".tar", ".txt"}


def changed(files: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """The files after the edits, in order. Raises MisplacedEdit."""
    result = dict(files)
    for edit in edits:
        if not edit.old:
            if edit.path in result:
                raise MisplacedEdit(f"{edit.path} is there already")
            result[edit.path] = edit.new
            continue
        count = result.get(edit.path, "").count(edit.old)
        if count != 1:
            raise MisplacedEdit(f"{edit.path} holds {edit.old!r} {count} times")
        result[edit.path] = result[edit.path].replace(edit.old, edit.new)
    return result
