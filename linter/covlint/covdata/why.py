"""Why a package is at 0 %: not built in, not reached, or lost on the way.

The three look alike in a report. The data tells them apart: meta-data names every
instrumented package, executed or not; counters show that a process ended well.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from enum import Enum

from covlint.covdata.dataset import Build, Dataset, Trouble
from covlint.covdata.profile import FILE_PACKAGE, percent
from covlint.frozen import dataclass

_SHOWN = 6  # roots of a scope
_STANDARD = "the standard library"


class Fate(Enum):
    """What became of a package, from good to unknown."""

    COVERED = "covered"
    NOT_REACHED = "not reached"
    LOST = "lost on the way"
    NOT_BUILT_IN = "not built in"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InBuild:
    """One build that the package is part of. ``runs`` counts processes that wrote counters,
    ``lost`` counter files that could not be used; numbers of statements."""

    program: str
    meta: str  # the path of the meta-data file
    fate: Fate
    runs: int
    lost: int
    covered: int
    statements: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What the meta-data of one build instruments: so many ``packages``, all of them
    at or below one of ``roots``."""

    program: str
    packages: int
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """``reasons`` are sentences; ``scopes`` are given where the package is not built in."""

    package: str
    fate: Fate
    builds: tuple[InBuild, ...]
    scopes: tuple[Scope, ...]
    reasons: tuple[str, ...]


def why(package: str, dataset: Dataset) -> Answer:
    """What became of ``package`` (an import path).

    Covered in one build is covered. Else a build whose counters are missing may have
    executed it: lost. Only where every process that contains it wrote its counters
    is it known to be not reached. It is not built in only if all meta-data is at hand.
    """
    builds = tuple(
        found for build in dataset.builds if (found := _in_build(package, build)) is not None
    )
    unseen = _unseen(dataset)
    if builds:
        fates = {build.fate for build in builds}
        fate = next(f for f in (Fate.COVERED, Fate.LOST, Fate.NOT_REACHED) if f in fates)
        return Answer(package, fate, builds, (), tuple(_of_builds(fate, builds, unseen)))
    if not dataset.builds:
        reasons = ("there is no meta-data that can be read", *unseen)
        return Answer(package, Fate.UNKNOWN, (), (), reasons)
    scopes = tuple(scope_of(build) for build in dataset.builds)
    if unseen:
        return Answer(package, Fate.UNKNOWN, (), scopes, ("no meta-data names it", *unseen))
    return Answer(package, Fate.NOT_BUILT_IN, (), scopes, tuple(_of_scopes(package, scopes)))


def scope_of(build: Build) -> Scope:
    """What a build instruments, summed up as the topmost paths of its packages."""
    standard = [p.path for p in build.meta.packages if not p.module and _is_standard(p.path)]
    others = {p.path for p in build.meta.packages}.difference(standard)
    roots = _topmost(others, {package.module for package in build.meta.packages})
    if standard:
        roots.append(_STANDARD if len(standard) > 1 else standard[0])
    return Scope(build.program, len(build.meta.packages), tuple(roots))


def _in_build(package: str, build: Build) -> InBuild | None:
    covered = statements = 0
    found = False
    for package_index, member in enumerate(build.meta.packages):
        if member.path != package:
            continue
        found = True
        for index, function in enumerate(member.functions):
            counts = build.totals.get((package_index, index))
            statements += sum(unit.statements for unit in function.units)
            if counts is not None:
                units = zip(function.units, counts, strict=True)
                covered += sum(unit.statements for unit, count in units if count)
    if not found:
        return None
    fate = Fate.NOT_REACHED
    if covered:
        fate = Fate.COVERED
    elif not build.runs or build.lost:
        fate = Fate.LOST
    return InBuild(
        build.program, build.path, fate, len(build.runs), build.lost, covered, statements
    )


def _of_builds(fate: Fate, builds: tuple[InBuild, ...], unseen: Iterable[str]) -> Iterator[str]:
    for build in builds:
        share = f"{build.covered} of {_count(build.statements, 'statement')}"
        processes = _count(build.runs, "process", "processes")
        bad = f"{_count(build.lost, 'counter file')} of it cannot be used"
        if build.fate is Fate.COVERED:
            rate = percent(build.covered, build.statements)
            yield f"{build.program}: {processes} executed {share} ({rate:.1f} %)"
        elif build.fate is Fate.NOT_REACHED:
            statements = _count(build.statements, "statement")
            yield f"{build.program}: {processes} wrote counters, and none executed its {statements}"
        elif not build.runs and not build.lost:
            yield (
                f"{build.program}: has meta-data and no counters: it started, and did not end "
                "in a way that writes them"
            )
        elif not build.runs:
            yield f"{build.program}: {bad}, and there is no other"
        else:
            yield f"{build.program}: {bad}; {processes} that wrote good ones did not execute it"
    if fate is not Fate.COVERED:
        yield from unseen


def _of_scopes(package: str, scopes: tuple[Scope, ...]) -> Iterator[str]:
    for scope in scopes:
        more = len(scope.roots) - _SHOWN
        roots = ", ".join(scope.roots[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        instrumented = _count(scope.packages, "package")
        yield f"{scope.program}: {instrumented} instrumented, at or below {roots}"
    if any(_at_or_below(package, root) for scope in scopes for root in scope.roots):
        yield (
            "its neighbours are built in: the program does not import it, it has no statements, "
            "or a -coverpkg pattern leaves it out"
        )
    else:
        yield "nothing near it is built in: it is not in the scope of -coverpkg, or not imported"


def _unseen(dataset: Dataset) -> list[str]:
    """Meta-data that is known to be missing or bad: a package may be named there."""
    found: list[str] = []
    orphans = [p for p in dataset.problems if p.trouble is Trouble.WITHOUT_META]
    if orphans:
        found.append(
            f"the meta-data of {_count(len(orphans), 'counter file')} is missing: what was "
            "executed there cannot be told"
        )
    return [
        *found,
        *(
            f"{problem.path} {problem.reason}"
            for problem in dataset.problems
            if problem.trouble in {Trouble.DAMAGED, Trouble.UNREADABLE}
            and posixpath.basename(problem.path).startswith("covmeta.")
        ),
        *(
            f"{problem.path} {problem.reason}"
            for problem in dataset.problems
            if problem.trouble is Trouble.NO_FOLDER
        ),
    ]


def _topmost(paths: Iterable[str], modules: Iterable[str]) -> list[str]:
    """The paths that no other one is above; several of one module become what they share."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not any(_at_or_below(path, root) for root in kept):
            kept.append(path)
    for module in sorted(filter(None, modules)):
        members = [path for path in kept if _at_or_below(path, module)]
        if len(members) > 1:
            shared = posixpath.commonpath(members)
            kept = sorted([*(path for path in kept if path not in members), shared])
    return kept


def _is_standard(path: str) -> bool:
    """Go keeps paths without a dot in their first element for itself."""
    return "." not in path.partition("/")[0] and path != FILE_PACKAGE


def _at_or_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
