"""A lab: the files of a small project, broken as its rule says, and how it is run.

    fixtures/labs/COV101/
      lab.yaml     what it shows, on which base, by which engine, for which Go versions
      broken/      what differs from the base: this is what is run first
      fixed/       a remedy by hand, for rules that write no fix; without it the twin is the remedy
      healthy/     what the healthy twin has besides the base; mostly nothing

The project is the base with one of these laid over it. Bases are folders of
``fixtures`` that several labs share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass

_CODE = re.compile(r"^COV\d{3}$")
_SCRIPT = ("run", "data", "report", "prepare", "cleanup")
_RANGE = re.compile(r"^(>=|<=|<|>)?\s*(\d+)\.(\d+)$")


class LabError(Exception):
    """A lab that cannot be used; the message names the file and what is wrong."""


class LabEngine(Enum):
    """Where a lab runs, from the plainest to the most real."""

    PROCESS = "process"  # `covlint verify` with the engine of its target (process or suite)
    SANDBOX = "sandbox"  # PID 1 of user, PID and mount namespaces of its own
    CONTAINER = "container"  # its script builds and runs images by docker (or podman)
    KIND = "kind"  # its script makes a Kind cluster


_PROGRAMS = {
    LabEngine.SANDBOX: ("unshare",),
    LabEngine.CONTAINER: ("docker", "make"),
    LabEngine.KIND: ("docker", "kind", "kubectl", "make"),
}


@dataclass(frozen=True, slots=True)
class GoRange:
    """Bounds on the Go version: ``>=1.25``, or several, separated by commas."""

    text: str

    def holds(self, version: tuple[int, int]) -> bool:
        return all(_within(bound.strip(), version) for bound in self.text.split(","))


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the project: its command line, the folders in which it leaves the data,
    and the text profile that it makes of them, if any. ``prepare`` is what was there before
    it (an older image), ``cleanup`` removes what it leaves running, whatever happened."""

    run: str
    data: tuple[str, ...]
    report: str | None = None
    prepare: str | None = None
    cleanup: str | None = None


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab. ``symptom`` None: the one of its rule. ``go`` are the versions that it is
    for: it is not run on others. ``slow`` says that one version is enough in continuous
    integration, ``harmless`` that the pattern is shown to lose nothing (a refuted rule)."""

    code: str
    folder: Path
    shows: str
    bases: tuple[str, ...]
    engine: LabEngine = LabEngine.PROCESS
    script: Script | None = None  # instead of a verify target
    symptom: Symptom | None = None
    go: GoRange | None = None
    builders: tuple[tuple[str, str], ...] = ()  # target → Go version of its broken FROM line
    slow: bool = False
    harmless: bool = False
    needs: tuple[str, ...] = ()  # programs, and "root"

    @property
    def programs(self) -> tuple[str, ...]:
        """What has to be on PATH; ``root`` stands for the user."""
        return (*self.needs, *_PROGRAMS.get(self.engine, ()))

    @property
    def heavy(self) -> bool:
        """It needs an engine, and is run only when it is asked for."""
        return self.engine in (LabEngine.CONTAINER, LabEngine.KIND)

    def is_for(self, version: tuple[int, int]) -> bool:
        return self.go is None or self.go.holds(version)

    @property
    def by_hand(self) -> Path | None:
        """The overlay of a remedy that no fix writes; None when there is none."""
        fixed = self.folder / "fixed"
        return fixed if fixed.is_dir() else None


def load_labs(fixtures: Path) -> tuple[Lab, ...]:
    """Every lab below ``fixtures``, sorted by code. Raises LabError."""
    found = sorted((fixtures / "labs").glob("COV*/lab.yaml"))
    return tuple(read_lab(file.parent, fixtures) for file in found)


def read_lab(folder: Path, fixtures: Path) -> Lab:
    """The lab in ``folder``. Raises LabError."""
    file = folder / "lab.yaml"
    if not _CODE.match(folder.name):
        raise LabError(f"{folder}: a lab's folder is named after its rule")
    # Slow to import, and a lab is read only when labs are asked for.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise LabError(f"{file}: {error}") from error
    if not isinstance(content, Mapping):
        raise LabError(f"{file}: expected a mapping")
    known = {field.name for field in fields(Lab)} - {"code", "folder", "bases"} | {"base"}
    unknown = sorted(set(content) - known)
    if unknown:
        raise LabError(f"{file}: unknown key `{unknown[0]}` (known: {', '.join(sorted(known))})")
    return _lab(folder, file, content, fixtures)


def _lab(folder: Path, file: Path, content: Mapping[str, object], fixtures: Path) -> Lab:
    bases = _texts(content.get("base"))
    for base in bases:
        if not (fixtures / base).is_dir():
            raise LabError(f"{file}: there is no base {base}")
    shows = content.get("shows")
    if not isinstance(shows, str) or not shows.strip():
        raise LabError(f"{file}: `shows` says in one sentence what the lab shows")
    try:
        engine = LabEngine(content.get("engine", "process"))
        symptom = Symptom(content["symptom"]) if content.get("symptom") else None
    except ValueError as error:
        raise LabError(f"{file}: {error}") from error
    bounds = content.get("go")
    if bounds is not None and not all(_RANGE.match(b.strip()) for b in str(bounds).split(",")):
        raise LabError(f"{file}: go: {bounds!r} is no range such as '>=1.25'")
    builders = content.get("builders") or {}
    if not isinstance(builders, Mapping):
        raise LabError(f"{file}: builders: expected targets and Go versions")
    return Lab(
        code=folder.name,
        folder=folder,
        shows=" ".join(shows.split()),
        bases=bases,
        engine=engine,
        script=_script(content.get("script"), file),
        symptom=symptom,
        go=GoRange(str(bounds)) if bounds is not None else None,
        builders=tuple((str(target), str(number)) for target, number in builders.items()),
        slow=bool(content.get("slow", False)),
        harmless=bool(content.get("harmless", False)),
        needs=_texts(content.get("needs")),
    )


def _script(value: object, file: Path) -> Script | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not {"run", "data"} <= set(value) <= {*_SCRIPT}:
        raise LabError(f"{file}: script: expected `run`, `data` and perhaps {_SCRIPT[2:]}")
    rest = {key: str(value[key]) for key in _SCRIPT[2:] if value.get(key)}
    return Script(str(value["run"]), _texts(value["data"]), **rest)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


def _within(bound: str, version: tuple[int, int]) -> bool:
    match = _RANGE.match(bound)
    assert match is not None, bound
    limit = (int(match[2]), int(match[3]))
    return {
        ">=": version >= limit,
        "<=": version <= limit,
        "<": version < limit,
        ">": version > limit,
        None: version == limit,
    }[match[1]]
