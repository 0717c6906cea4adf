"""Break, look, repair, look again: what covlint makes of each change of the healthy project."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from breakit.change import Harmless, MisplacedEdit, Sabotage, changed, healthy
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import Outcome, fix
from covlint.precedence import SILENCES
from covlint.registry import Registry

Found = tuple[str, str]  # code and path
REGISTRY = Registry.builtin()


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one sabotage. ``found`` is all that covlint said of it, ``left`` what it
    says after ``--fix --unsafe-fixes``, ``files`` the project as it was before and after."""

    sabotage: Sabotage
    found: frozenset[Found]
    left: frozenset[Found]
    broken: Mapping[str, str]
    repaired: Mapping[str, str]

    @property
    def detected(self) -> bool:
        return (self.sabotage.code, self.sabotage.path) in self.found

    @property
    def unexpected(self) -> frozenset[Found]:
        """What covlint says besides, and nobody has broken."""
        expected = {self.sabotage.code, *self.sabotage.also}
        return frozenset(one for one in self.found if one[0] not in expected)

    @property
    def restored(self) -> bool:
        """Something was written, and nothing is left that the sabotage does not allow for."""
        return self.broken != self.repaired and all(
            code in self.sabotage.left for code, _ in self.left
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sabotages at once.

    ``silent`` are those of them that covlint does not report, each with why: "precedence" by
    the table, "hidden" as the other one says of itself, "revealed" when the other one's fix
    brings it to light, "missed" otherwise.
    """

    sabotages: tuple[Sabotage, Sabotage]
    silent: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return " + ".join(f"{one.code} {one.name}" for one in self.sabotages)


def said(files: Mapping[str, str]) -> frozenset[Found]:
    """What covlint reports of a project. Raises AssertionError when a rule fails."""
    report = inspect(MemoryFiles(files), REGISTRY, Options()).report
    assert not report.crashes, report.crashes
    return _found(report.diagnostics)


def repaired(files: Mapping[str, str]) -> Outcome:
    """The outcome of ``--fix --unsafe-fixes``. Raises AssertionError when it never ends."""
    outcome = fix(MemoryFiles(files), REGISTRY, Options(), unsafe=True)
    assert outcome.converged, "the fixes do not converge"
    return outcome


def try_sabotage(sabotage: Sabotage) -> Trial:
    """Raises MisplacedEdit when the sabotage does not fit the healthy project any more."""
    files = changed(healthy(), sabotage.edits)
    outcome = repaired(files)
    after = {**files, **{one.path: one.after.decode() for one in outcome.changes}}
    left = _found(outcome.inspection.report.diagnostics)
    return Trial(sabotage, said(files), left, files, after)


def false_alarms(change: Harmless) -> frozenset[Found]:
    return said(changed(healthy(), change.edits))


def pairs(sabotages: Sequence[Sabotage], count: int, seed: int) -> Iterator[Pair]:
    """``count`` pairs of sabotages of different rules that fit into one project."""
    chance = random.Random(seed)
    taken: set[frozenset[str]] = set()
    while len(taken) < count:
        one, other = chance.sample(sabotages, 2)
        names = frozenset((one.name, other.name))
        if one.code == other.code or names in taken:
            continue
        try:
            files = changed(changed(healthy(), one.edits), other.edits)
        except MisplacedEdit:
            continue
        taken.add(names)
        yield Pair((one, other), tuple(_silent(files, one, other)))


def _silent(files: Mapping[str, str], *both: Sabotage) -> Iterator[tuple[str, str]]:
    found = said(files)
    missing = [one for one in both if (one.code, one.path) not in found]
    if not missing:
        return
    codes = {code for code, _ in found}
    outcome = repaired(files)
    later = _found(one.diagnostic for one in outcome.applied)
    later |= _found(outcome.inspection.report.diagnostics)
    for one in missing:
        reason = "missed"
        if any(one.code in SILENCES.get(code, ()) for code in codes):
            reason = "precedence"
        elif any(_hides(other, one) for other in both):
            reason = "hidden"
        elif (one.code, one.path) in later:
            reason = "revealed"
        yield one.name, reason


def _hides(sabotage: Sabotage, other: Sabotage) -> bool:
    return not {other.code, *(edit.path for edit in other.edits)}.isdisjoint(sabotage.hides)


def _found(diagnostics: object) -> frozenset[Found]:
    return frozenset((one.code, one.span.path) for one in diagnostics)  # type: ignore[attr-defined]
