"""Profiles of several origins laid over one another and still told apart: ``unit``, ``e2e``, …

A flag is a name for some of the data. Flags of the same sources meet block by block, by
position. Go 1.27 cuts blocks at comments and empty lines where older ones do not (facts,
part B2): blocks that lie in one another, with as many statements, are of the same source,
too. Where that fails the sources differ, and nothing is guessed: the total then sees the
file as one flag does, and the other's data of it is left out and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from covlint.covdata.layout import Mode
from covlint.covdata.meta import Unit
from covlint.covdata.profile import FunctionCoverage, FunctionName, Profile, make_profile, most
from covlint.frozen import dataclass

Counts = Mapping[Unit, int]
#: Whether blocks can be those of the source at hand; None when it is not at hand.
Fits = Callable[[str, Iterable[Unit]], "bool | None"]
_NONE = 0


@dataclass(frozen=True, slots=True)
class Clash:
    """``file`` as ``left_out`` saw it cannot be laid over what ``kept`` saw."""

    file: str
    kept: str
    left_out: str

    def __str__(self) -> str:
        return (
            f"{self.file} has other blocks in {self.left_out} than in {self.kept}: its source, "
            f"or the Go that built it, was another one; the total takes {self.kept} for it"
        )


@dataclass(frozen=True, slots=True)
class Flag:
    """``profile`` is the flag's own; ``blocks`` are its counts in the blocks of the total,
    by file, without files that clash."""

    name: str
    profile: Profile
    blocks: Mapping[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What all flags cover together, and each of them."""

    total: Profile
    flags: tuple[Flag, ...] = ()
    clashes: tuple[Clash, ...] = ()


def lay_over(profiles: Sequence[tuple[str, Profile]], fits: Fits = lambda *_: None) -> Coverage:
    """Lay named profiles over one another. Counts of a block are added, in mode set joined.

    Of blocks that clash those that fit the source at hand are kept, else those that know
    their functions, else the first.
    """
    full = [(name, profile) for name, profile in profiles if profile.mode is not None]
    modes = [profile.mode for _, profile in full if profile.mode is not None]
    if not modes:
        flags = tuple(Flag(name, profile) for name, profile in profiles)
        return Coverage(Profile(None, ()), flags)
    views: dict[str, list[tuple[str, list[FunctionCoverage]]]] = {}
    for name, profile in full:
        for file, functions in profile.files().items():
            views.setdefault(file, []).append((name, functions))
    total = _Total(max(modes))
    clashes: list[Clash] = []
    for file, seen in sorted(views.items()):
        clashes += total.add(file, _by_authority(file, seen, fits))
    packages: dict[str, dict[FunctionName, dict[Unit, int]]] = {}
    for _, profile in full:
        for package in profile.packages:
            known = packages.setdefault(package.path, {})
            for function in package.functions:
                if function.id in total.functions:
                    known[function.id] = total.functions[function.id]
    return Coverage(
        make_profile(total.mode, packages),
        tuple(Flag(name, profile, total.blocks.get(name, {})) for name, profile in profiles),
        tuple(clashes),
    )


def aligned(reference: Iterable[Unit], other: Counts) -> dict[Unit, int] | None:
    """The counts of ``other`` in the blocks of ``reference``; None when they are of two sources.

    A block of one may be several of the other that lie in it and have all its statements:
    they were executed as often as it was.
    """
    if other.keys() == set(reference):
        return dict(other)
    # Blocks without statements count for nothing, and their bounds follow no rule.
    wanted = sorted(unit for unit in reference if unit.statements)
    given = sorted(unit for unit in other if unit.statements)
    counts: dict[Unit, int] = {}
    left = right = 0
    while left < len(wanted) and right < len(given):
        one, two = wanted[left], given[right]
        if _within(two, one):
            end = _parts(one, given, right)
            counts[one] = max((other[unit] for unit in given[right:end]), default=0)
            left, right = left + 1, end
        elif _within(one, two):
            end = _parts(two, wanted, left)
            counts |= dict.fromkeys(wanted[left:end], other[two])
            left, right = end, right + 1
        else:
            return None
        if end == _NONE:
            return None
    return counts if left == len(wanted) and right == len(given) else None


def _parts(whole: Unit, units: Sequence[Unit], begin: int) -> int:
    """The index behind the units from ``begin`` on that make up ``whole``; 0 if they do not.

    Go 1.27 leaves off a label that ends a block; older ones count it as a statement.
    """
    statements, end = 0, begin
    while end < len(units) and statements < whole.statements and _within(units[end], whole):
        statements += units[end].statements
        end += 1
    missing = whole.statements - statements
    if end > begin and missing == 1 and units[end - 1].end_line < whole.end_line:
        return end
    return end if missing == 0 else _NONE


def _within(inner: Unit, outer: Unit) -> bool:
    return outer[:2] <= inner[:2] and inner[2:4] <= outer[2:4]


@dataclass(slots=True)
class _Total:
    mode: Mode
    functions: dict[FunctionName, dict[Unit, int]] = field(default_factory=dict)
    blocks: dict[str, dict[str, Counts]] = field(default_factory=dict)

    def add(self, file: str, seen: Sequence[tuple[str, list[FunctionCoverage]]]) -> Iterable[Clash]:
        """Lay the views of one file over one another; the first one says what its blocks are."""
        chief, own = seen[0]
        if len(seen) == 1:
            self.functions |= {function.id: dict(function.counts) for function in own}
            self.blocks.setdefault(chief, {})[file] = _counts(own)
            return
        limit = most(self.mode)
        owners: dict[Unit, dict[Unit, int]] = {}
        for function in own:
            counts = self.functions.setdefault(function.id, {})
            for unit in function.counts:
                if unit not in owners:
                    counts[unit] = 0
                    owners[unit] = counts
        for name, functions in seen:
            matched = aligned(owners, _counts(functions))
            if matched is None:
                yield Clash(file, chief, name)
                continue
            self.blocks.setdefault(name, {})[file] = matched
            for unit, count in matched.items():
                owners[unit][unit] = min(owners[unit][unit] + count, limit)


def _counts(functions: Iterable[FunctionCoverage]) -> dict[Unit, int]:
    counts: dict[Unit, int] = {}
    for function in functions:
        for unit, count in function.counts.items():
            counts[unit] = counts.get(unit, 0) + count
    return counts


def _by_authority(
    file: str, seen: list[tuple[str, list[FunctionCoverage]]], fits: Fits
) -> list[tuple[str, list[FunctionCoverage]]]:
    if len(seen) == 1:
        return seen
    known = [set(_counts(functions)) for _, functions in seen]
    agreed = all(units == known[0] for units in known)

    def rank(index: int) -> tuple[bool, bool]:
        unfit = not agreed and fits(file, known[index]) is False
        return unfit, not any(function.id.name for function in seen[index][1])

    return [seen[index] for index in sorted(range(len(seen)), key=rank)]
