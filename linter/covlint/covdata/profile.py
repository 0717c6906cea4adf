"""A coverage profile: which blocks were executed how often, by package and function.

It comes from data folders, from the text that ``go test -coverprofile`` writes,
or from several of them laid over one another.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from covlint.covdata.dataset import Build, Dataset
from covlint.covdata.layout import MAX_COUNT, Mode
from covlint.covdata.meta import Unit
from covlint.frozen import dataclass

#: The package that Go makes of a build of files (facts, part B2).
FILE_PACKAGE = "command-line-arguments"


class FunctionName(NamedTuple):
    """``name`` is "" where the source of the data names no functions, as text profiles."""

    file: str
    name: str
    literal: bool


@dataclass(frozen=True, slots=True)
class FunctionCoverage:
    """``counts``: how often each block was executed; in mode ``set`` 0 or 1."""

    id: FunctionName
    counts: Mapping[Unit, int]

    @property
    def statements(self) -> int:
        return sum(unit.statements for unit in self.counts)

    @property
    def covered(self) -> int:
        return sum(unit.statements for unit, count in self.counts.items() if count)


@dataclass(frozen=True, slots=True)
class PackageCoverage:
    """``covered`` and ``statements`` are numbers of statements; ``percent`` is 0 to 100."""

    path: str
    functions: tuple[FunctionCoverage, ...]
    covered: int
    statements: int

    @property
    def percent(self) -> float:
        return percent(self.covered, self.statements)


@dataclass(frozen=True, slots=True)
class Profile:
    """``packages`` in the order of their paths, their functions in that of files and names;
    ``mode`` is None when there is nothing at all."""

    mode: Mode | None
    packages: tuple[PackageCoverage, ...]

    @property
    def covered(self) -> int:
        return sum(package.covered for package in self.packages)

    @property
    def statements(self) -> int:
        return sum(package.statements for package in self.packages)

    @property
    def percent(self) -> float:
        return percent(self.covered, self.statements)

    def files(self) -> dict[str, list[FunctionCoverage]]:
        """The functions by file, in the order of the files' names."""
        found: dict[str, list[FunctionCoverage]] = {}
        for package in self.packages:
            for function in package.functions:
                found.setdefault(function.id.file, []).append(function)
        return dict(sorted(found.items()))


def percent(covered: int, statements: int) -> float:
    return 100.0 * covered / statements if statements else 0.0


def profile_of(dataset: Dataset) -> Profile:
    """Add up all builds of a dataset.

    Builds of one mode give the numbers of ``go tool covdata``. Where modes are
    mixed the profile has the greatest of set < count < atomic, as with ``covdata
    merge -pcombine``; a build in mode set then counts 1 for each block that any of
    its processes executed.
    """
    return merged([_of_build(build) for build in dataset.builds])


def merged(profiles: Sequence[Profile]) -> Profile:
    """Lay profiles over one another: counts of the same block are added, in mode set joined."""
    full = [profile for profile in profiles if profile.mode is not None]
    if len(full) <= 1:
        return full[0] if full else Profile(None, ())
    mode = max(profile.mode for profile in full if profile.mode is not None)
    packages: dict[str, dict[FunctionName, dict[Unit, int]]] = {}
    # Those that name functions go first: a block of a text profile finds its function.
    for profile in sorted(full, key=_nameless):
        for package in profile.packages:
            _lay_over(packages.setdefault(package.path, {}), package.functions, most(mode))
    return make_profile(mode, packages)


def make_profile(
    mode: Mode, packages: Mapping[str, Mapping[FunctionName, Mapping[Unit, int]]]
) -> Profile:
    return Profile(mode, tuple(_package(*item) for item in sorted(packages.items())))


def package_of(file: str) -> str:
    """The import path of a file in a profile. A build of files leaves the absolute
    path of the build, also with -trimpath (facts, part B2)."""
    if file.startswith("/") or file[1:3] in (":/", ":\\"):
        return FILE_PACKAGE
    return posixpath.dirname(file)


def _of_build(build: Build) -> Profile:
    packages: dict[str, dict[FunctionName, dict[Unit, int]]] = {}
    limit = most(build.meta.mode)
    for package_index, package in enumerate(build.meta.packages):
        functions = packages.setdefault(package.path, {})
        for index, function in enumerate(package.functions):
            sums = build.totals.get((package_index, index))
            if sums is None:
                counts = dict.fromkeys(function.units, 0)
            else:
                counts = _counted(function.units, sums, limit)
            name = FunctionName(function.file, function.name, function.literal)
            if name in functions:  # several init functions of one file, for one
                _add(functions[name], counts, limit)
            else:
                functions[name] = counts
    return make_profile(build.meta.mode, packages)


def _counted(units: Iterable[Unit], sums: Iterable[int], most: int) -> dict[Unit, int]:
    counts: dict[Unit, int] = {}
    for unit, count in zip(units, sums, strict=True):
        counts[unit] = min(counts.get(unit, 0) + count, most)
    return counts


def _add(counts: dict[Unit, int], more: Mapping[Unit, int], most: int) -> None:
    for unit, count in more.items():
        counts[unit] = min(counts.get(unit, 0) + count, most)


def _lay_over(
    functions: dict[FunctionName, dict[Unit, int]], more: Iterable[FunctionCoverage], most: int
) -> None:
    owners: dict[tuple[str, Unit], dict[Unit, int]] | None = None
    for function in more:
        if function.id.name:
            known = functions.get(function.id)
            if known is None:
                functions[function.id] = dict(function.counts)
            else:
                _add(known, function.counts, most)
            continue
        if owners is None:
            owners = {
                (name.file, unit): counts for name, counts in functions.items() for unit in counts
            }
        own = functions.setdefault(function.id, {})
        for unit, count in function.counts.items():
            counts = owners.get((function.id.file, unit), own)
            counts[unit] = min(counts.get(unit, 0) + count, most)
        if not own:
            del functions[function.id]


def most(mode: Mode) -> int:
    """The greatest count of a block."""
    return 1 if mode is Mode.SET else MAX_COUNT


def _nameless(profile: Profile) -> bool:
    return any(not f.id.name for package in profile.packages for f in package.functions)


def _package(path: str, functions: Mapping[FunctionName, Mapping[Unit, int]]) -> PackageCoverage:
    found = tuple(FunctionCoverage(*item) for item in sorted(functions.items(), key=itemgetter(0)))
    covered = statements = 0
    for function in found:
        for unit, count in function.counts.items():
            statements += unit.statements
            if count:
                covered += unit.statements
    return PackageCoverage(path, found, covered, statements)
