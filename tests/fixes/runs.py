"""Fixes tried on projects in their variants, and what came of it."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from covlint.engine import Options
from covlint.files import MemoryFiles
from covlint.fixer import Change, Outcome
from covlint.patch import unified_diff
from covlint.registry import Registry
from covlint.selection import Selection
from fixes.projects import Project
from fixes.properties import checked, contents_after
from fixes.variants import Variant

REGISTRY = Registry.builtin()


class Mode(Enum):
    """Which fixes are asked for: ALONE are all fixes of the rule whose case it is (``--select``)."""

    UNSAFE = "--fix --unsafe-fixes"
    SAFE = "--fix"
    ALONE = "--select"


@dataclass(frozen=True, slots=True)
class Run:
    """A project in a variant, fixed. ``files`` are as they were before."""

    project: Project
    variant: Variant
    files: dict[str, bytes]
    outcome: Outcome
    problems: tuple[str, ...]

    @property
    def repaired(self) -> Counter[tuple[str, str]]:
        """How many findings of which rule in which file are repaired."""
        start = len(self.variant.folder)
        return Counter(
            (one.diagnostic.code, one.diagnostic.span.path[start:]) for one in self.outcome.applied
        )

    def __str__(self) -> str:
        return f"{self.project.group}: {self.project.name} ({self.variant.name})"


def tried(project: Project, variant: Variant, mode: Mode, *, structure: bool = True) -> Run:
    """Fixes the project in the variant, and looks at all that has to hold of one run."""
    files = variant.of(project.files)
    selected = (project.code,) if mode is Mode.ALONE and project.code else ()
    outcome, problems = checked(
        MemoryFiles(files),
        REGISTRY,
        Options(selection=Selection(select=selected)),
        unsafe=mode is not Mode.SAFE,
        structure=structure,
        mixed=variant.free,
    )
    return Run(project, variant, files, outcome, tuple(problems))


def compared(plain: Run, varied: Run) -> Iterator[str]:
    """What the variant of a project has that the project has not: the same findings are repaired,
    and by the same bytes where the variant is exact."""
    if varied.variant.free:
        return
    missing = plain.repaired - varied.repaired
    more = varied.repaired - plain.repaired
    if (missing or more) and not varied.variant.explains(varied.project.code):
        yield f"repaired: not {dict(missing)}, but {dict(more)}"
        return
    if not varied.variant.exact:
        return
    fixed = contents_after(plain.files, plain.outcome)
    found = contents_after(varied.files, varied.outcome)
    for path, wanted in varied.variant.of(fixed).items():
        before = plain.files[path[len(varied.variant.folder) :]]
        same = varied.files[path] == before
        if not same and found[path] != wanted:
            yield f"{path}: fixed and then written so gives {wanted!r}, the other way {found[path]!r}"


@dataclass(frozen=True, slots=True)
class _Tree:
    folder: str
    changes: tuple[Change, ...]


def refused_by_git(runs: Iterable[Run]) -> Iterator[str]:
    """What ``git apply`` makes of the diffs, where that is not what ``--fix`` writes.

    All runs are put into one folder, and their diffs into one patch: a process for all.
    """
    trees = [_Tree(f"{number}", run.outcome.changes) for number, run in enumerate(runs)]
    trees = [tree for tree in trees if tree.changes]
    if not trees:
        return
    with tempfile.TemporaryDirectory(prefix="covlint-fixes-") as place:
        patch = b""
        for tree in trees:
            for change in tree.changes:
                path = f"{tree.folder}/{change.path}"
                target = Path(place, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(change.before)
                patch += unified_diff(path, change.before, change.after)
        completed = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=place,
            input=patch,
            capture_output=True,
            check=False,
        )
        if completed.returncode != 0:
            yield f"git apply: {completed.stderr.decode('utf-8', 'replace').strip()}"
            return
        for tree in trees:
            for change in tree.changes:
                if Path(place, tree.folder, change.path).read_bytes() != change.after:
                    yield f"{change.path}: git apply gives other bytes than --fix: {change.after!r}"
