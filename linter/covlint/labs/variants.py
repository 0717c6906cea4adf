"""The three projects of a lab: broken, repaired, and its healthy twin."""

from __future__ import annotations

import re
import shutil
from enum import Enum
from pathlib import Path

from covlint.config import load_config
from covlint.diagnostics import Diagnostic, Severity
from covlint.engine import Inspection, Options, inspect
from covlint.files import DiskFiles
from covlint.fixer import fix
from covlint.frozen import dataclass
from covlint.labs.lab import Lab
from covlint.registry import Registry
from covlint.writer import write_changes

_BASE = re.compile(r"^FROM (\S+:\S+)", re.MULTILINE)
_GO = re.compile(r"(?<=^FROM golang:)[0-9.]+", re.MULTILINE)


class Variant(Enum):
    BEFORE = "before"  # as it is
    AFTER = "after"  # after `covlint --fix`, or the remedy by hand
    HEALTHY = "healthy"


class Remedy(Enum):
    """How the broken project was repaired."""

    FIX = "--fix"
    UNSAFE = "--fix --unsafe-fixes"
    HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A project on disk and what inspection says about it. ``severity`` is that of
    the lab's own rule, None where it is silent."""

    variant: Variant
    root: Path
    inspection: Inspection
    found: tuple[str, ...]  # the codes, sorted, notices left out
    severity: Severity | None
    remedy: Remedy | None = None


def prepare(lab: Lab, variant: Variant, fixtures: Path, root: Path, go: str) -> Prepared:
    """Lay the project out in ``root``, which must not exist yet. The images of a lab that
    makes any are built with Go ``go``, whatever its files name."""
    root.mkdir(parents=True)
    for base in lab.bases:
        _lay(fixtures / base, root)
    twin = variant is Variant.HEALTHY
    _lay(lab.folder / ("healthy" if twin else "broken"), root)
    if lab.heavy:
        _build_with(go, root)
    remedy = _repair(lab, root, fixtures, go) if variant is Variant.AFTER else None
    return _inspected(lab, variant, root, remedy)


def bases_of(lab: Lab, fixtures: Path, go: str) -> set[str]:
    """The images of a registry that the Dockerfiles of a lab build on, for one Go version."""
    folders = [*(fixtures / base for base in lab.bases), lab.folder]
    texts = (file.read_text(encoding="utf-8") for at in folders for file in at.rglob("*Dockerfile"))
    return {name for text in texts for name in _BASE.findall(_GO.sub(go, text))}


def _build_with(go: str, root: Path) -> None:
    for file in root.glob("*Dockerfile"):
        file.write_text(_GO.sub(go, file.read_text(encoding="utf-8")), encoding="utf-8")


def _repair(lab: Lab, root: Path, fixtures: Path, go: str) -> Remedy:
    """Repair the project in place: by safe fixes where they reach, else by unsafe
    ones, else by hand."""
    if lab.by_hand is None:
        for remedy in (Remedy.FIX, Remedy.UNSAFE):
            files, registry, options = _surroundings(root)
            outcome = fix(files, registry, options, unsafe=remedy is Remedy.UNSAFE)
            if not _of(lab, outcome.inspection) and outcome.changes:
                write_changes(str(root), outcome.changes)
                return remedy
        shutil.rmtree(root)
        root.mkdir()
        for base in lab.bases:
            _lay(fixtures / base, root)
        _lay(lab.folder / "healthy", root)
    else:
        _lay(lab.by_hand, root)
    if lab.heavy:
        _build_with(go, root)
    return Remedy.HAND


def _inspected(lab: Lab, variant: Variant, root: Path, remedy: Remedy | None) -> Prepared:
    inspection = inspect(*_surroundings(root))
    assert not inspection.report.crashes, inspection.report.crashes
    loud = {d.code for d in inspection.report.diagnostics if d.severity is not Severity.NOTICE}
    own = _of(lab, inspection)
    severity = max((d.severity for d in own), key=lambda s: s.rank, default=None)
    return Prepared(variant, root, inspection, tuple(sorted(loud)), severity, remedy)


def _of(lab: Lab, inspection: Inspection) -> list[Diagnostic]:
    return [found for found in inspection.report.diagnostics if found.code == lab.code]


def _surroundings(root: Path) -> tuple[DiskFiles, Registry, Options]:
    config = load_config(str(root))
    files = DiskFiles(str(root), exclude=config.exclude, size_limit=config.max_file_size)
    options = Options(
        settings=config.settings, targets=config.target_dockerfiles, render=config.render
    )
    return files, Registry.builtin(), options


def _lay(overlay: Path, root: Path) -> None:
    if overlay.is_dir():
        shutil.copytree(
            overlay,
            root,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__", ".covlint"),
        )
