"""The projects whose manifests are judged: those that fixes are tried on, and what is right."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from enum import Enum

from breakit.change import Edit, changed, healthy
from breakit.harmless import HARMLESS
from breakit.sabotages import SABOTAGES
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.labs.lab import load_labs
from covlint.registry import Registry
from covlint.rule import Invalid, Rule
from covlint.testing import case_id, cases, unmarked
from fixes.projects import FIXTURES, Project, folder, of_folders, of_labs

Contents = Mapping[str, bytes]
_REGISTRY = Registry.builtin()
_PACK = FIXTURES / "packs" / "team-rules" / "src" / "team_rules" / "private_coverdir.py"


class Stage(Enum):
    BEFORE = "as it is"
    SAFE = "after --fix"
    UNSAFE = "after --fix --unsafe-fixes"


def projects() -> Iterator[Project]:
    """Every project, in a fixed order; a case with the files that its rule's fix has to make of
    it is two."""
    for rule in _REGISTRY.rules():
        yield from _cases("rules", rule)
    yield from of_labs()
    yield from _healthy_labs()
    yield from of_folders()
    yield from _of_a_pack()


def of_breakit() -> Iterator[Project]:
    """The healthy project with changes in its YAML files, one at a time: overlays, above all."""
    for sabotage in SABOTAGES:
        yield from _changed("sabotages", sabotage.name, sabotage.edits)
    for harmless in HARMLESS:
        yield from _changed("harmless", harmless.name, harmless.edits)


def stages(project: Project) -> Iterator[tuple[Stage, Contents]]:
    """What the project's files are before the fixes and after them."""
    files = MemoryFiles(project.files)
    first = inspect(files, _REGISTRY, Options())
    yield Stage.BEFORE, project.files
    for stage, unsafe in ((Stage.SAFE, False), (Stage.UNSAFE, True)):
        outcome = fix(files, _REGISTRY, Options(), unsafe=unsafe, first=first)
        changes = {change.path: change.after for change in outcome.changes}
        yield stage, {**project.files, **changes}


def _cases(group: str, rule: type[Rule[object]]) -> Iterator[Project]:
    for number, case in enumerate(cases(rule)):
        contents, _ = unmarked(case.files)
        name = f"{rule.code} {number} {case_id(case)}"
        yield Project(group, name, contents)
        if isinstance(case, Invalid) and isinstance(case.fixed, Mapping):
            after = {path: text.encode() for path, text in case.fixed.items()}
            yield Project(group, f"{name}, fixed", {**contents, **after})


def _healthy_labs() -> Iterator[Project]:
    """The healthy twins, and the remedies that were written by hand."""
    for lab in load_labs(FIXTURES):
        files: dict[str, bytes] = {}
        for base in lab.bases:
            files |= folder(FIXTURES / base)
        for variant in ("healthy", "fixed"):
            over = folder(lab.folder / variant)
            if over or variant == "healthy":
                yield Project("labs", f"{lab.code} {variant}", {**files, **over})


def _of_a_pack() -> Iterator[Project]:
    spec = importlib.util.spec_from_file_location("team_rules.private_coverdir", _PACK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield from _cases("fixtures", module.PrivateCoverdir)


def _changed(group: str, name: str, edits: tuple[Edit, ...]) -> Iterator[Project]:
    if any(edit.path.endswith(".yaml") for edit in edits):
        texts = changed(healthy(), edits)
        yield Project(group, name, {path: text.encode() for path, text in texts.items()})
