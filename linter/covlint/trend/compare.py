"""Two runs held against each other: what fell, what rose, what vanished, and whether the
numbers of the later one can be believed at all.

*Collection broke* is said only where the data shows it: a claim of the verification failed,
nothing was executed, a program left no counters. All else that sinks is *coverage fell*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from fractions import Fraction

from covlint.covdata.points import points
from covlint.covdata.profile import package_of
from covlint.covdata.summary import Part, Share, Summary
from covlint.frozen import dataclass

#: Claims about how much is covered (``expect:``); all others are about how it was collected.
_OF_COVERAGE = re.compile(r" at least [\d.e+-]+ %$| has counters$")

#: Remarks on data that all counts, whatever else is to be said of it.
_OF_WHOLE_DATA = re.compile(
    r"is another build of|counts in mode|has other blocks in|^and \d+ more$"
)
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+")

#: Whether the source has a file or package of a profile; None: it is no part of the checkout.
There = Callable[[str], "bool | None"]


class Fate(Enum):
    """What became of a package or file. ``UNBUILT``: its source is still there, and the
    profile does not speak of it any more."""

    FELL = "fell"
    UNBUILT = "vanished"
    VANISHED = "vanished, source unknown"
    DELETED = "deleted"
    ROSE = "rose"
    NEW = "new"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Row:
    """A package or a file in both runs; ``before`` or ``after`` is None where it is not in it.

    ``was`` is its former name. ``files`` are those that a package has or had.
    """

    path: str
    before: Share | None
    after: Share | None
    fate: Fate
    was: str | None = None
    files: tuple[Row, ...] = ()

    @property
    def change(self) -> Fraction:
        """In points; what is new or gone counts from or to 0."""
        return exact(self.after) - exact(self.before)

    @property
    def to_zero(self) -> bool:
        """It was covered, it is in the profile, and nothing of it is covered now."""
        fell = self.fate is Fate.FELL and self.after is not None
        return fell and self.after is not None and not self.after.covered


@dataclass(frozen=True, slots=True)
class Comparison:
    """``faults`` say how the collection broke; ``doubts`` what else may have moved the numbers."""

    before: Summary
    after: Summary
    packages: tuple[Row, ...]
    flags: tuple[Row, ...] = ()
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def change(self) -> Fraction:
        """Of the total, in points."""
        return exact(self.after.total) - exact(self.before.total)

    def of(self, *fates: Fate) -> tuple[Row, ...]:
        return tuple(row for row in self.packages if row.fate in fates)


def _unknown(_: str) -> bool | None:
    return None


def exact(share: Share | None) -> Fraction:
    """The percentage, exactly; 0 of nothing."""
    return Fraction() if share is None else points(share.covered, share.statements)


def compare(
    before: Summary,
    after: Summary,
    there: There = _unknown,
    renamed: Mapping[str, str] | None = None,
) -> Comparison:
    """``renamed`` has the names of today for files of ``before`` that were called otherwise."""
    renamed = renamed or {}
    former = {now: then for then, now in renamed.items()}
    old_files = {renamed.get(part.path, part.path): part.share for part in before.files}
    new_files = {part.path: part.share for part in after.files}
    old_packages, moved = _moved_packages(before, renamed)
    rows = _rows(old_packages, _shares(after.packages), there, moved)
    losses, remarks = _remarks(before, after)
    files: dict[str, list[Row]] = {}
    for row in _rows(old_files, new_files, there, former):
        files.setdefault(package_of(row.path), []).append(row)
    packages = tuple(
        Row(row.path, row.before, row.after, row.fate, row.was, tuple(files.get(row.path, ())))
        for row in rows
    )
    return Comparison(
        before,
        after,
        packages,
        tuple(_rows(before.flags, after.flags, there, {})),
        (*faults_of(after), *_faults_between(before, after, there), *losses),
        (*remarks, *_doubts(before, after)),
    )


def faults_of(run: Summary) -> tuple[str, ...]:
    """How the collection of a run broke, as far as the run itself shows it."""
    return tuple(_faults_of(run))


def _faults_of(run: Summary) -> Iterator[str]:
    if run.verified is not None:
        at = f" (broken at {run.verified.broken})" if run.verified.broken else ""
        codes = f" [{', '.join(run.verified.codes)}]" if run.verified.codes else ""
        for failed in run.verified.failed:
            if failed.symptom is not None or not _OF_COVERAGE.search(failed.claim):
                yield f"not true: {failed.claim}: {failed.evidence}{at}{codes}"
    if not run.packages:
        yield "there is no coverage data"
    elif not run.total.covered:
        yield f"nothing was executed: {_count(len(run.packages), 'package')} at 0 %"


def _faults_between(before: Summary, after: Summary, there: There) -> Iterator[str]:
    """Programs that wrote counters before, and did not this time."""
    if not after.total.covered or after.processes is None:
        return  # said already, or text only, which names no programs
    was, now = _shares(before.packages), _shares(after.packages)
    added = set(after.programs) - set(before.programs)
    for program in before.programs:
        if program not in after.programs:
            known = there(program)
            if known or (known is None and not added):
                yield f"no data of {program}, of which there was some before"
        elif (
            (share := was.get(program)) is not None
            and share.covered
            and (left := now.get(program)) is not None
            and left.statements
            and not left.covered
        ):
            # A program that runs executes its func main: it left no counters.
            yield f"{program} left no counters: not even its func main has one"


def _remarks(before: Summary, after: Summary) -> tuple[list[str], list[str]]:
    """Remarks that say that data was lost, and the others. What the earlier run lost as well
    (a helper that is always killed) moves nothing; its name varies by hashes and process ids."""
    usual = {_VARYING.sub("#", remark) for remark in before.remarks}
    losses: list[str] = []
    others: list[str] = []
    for remark in after.remarks:
        if _VARYING.sub("#", remark) not in usual:
            (others if _OF_WHOLE_DATA.search(remark) else losses).append(remark)
    return losses, others


def _doubts(before: Summary, after: Summary) -> Iterator[str]:
    if before.mode and after.mode and before.mode != after.mode:
        yield f"counter mode {after.mode}, before {before.mode}"
    if before.processes and after.processes and after.processes < before.processes:
        left = _count(after.processes, "process", "processes")
        yield f"{left} left counters, {before.processes} before"
    if before.verified and after.verified and before.verified.engine != after.verified.engine:
        yield f"{after.verified.engine} engine, before {before.verified.engine}"


def _moved_packages(
    before: Summary, renamed: Mapping[str, str]
) -> tuple[dict[str, Share], dict[str, str]]:
    """The former packages by the names of today, and what those were called then.

    A package has moved with all of its files; one that only gave some of them away stays.
    """
    files: dict[str, set[str]] = {}
    for part in before.files:
        home = package_of(renamed.get(part.path, part.path))
        files.setdefault(package_of(part.path), set()).add(home)
    shares: dict[str, Share] = {}
    moved: dict[str, str] = {}
    for path, share in _shares(before.packages).items():
        homes = files.get(path, {path})
        name = next(iter(homes)) if len(homes) == 1 else path
        if name != path:
            moved[name] = path
        old = shares.get(name)
        shares[name] = share if old is None else _sum((old, share))
    return shares, moved


def _rows(
    before: Mapping[str, Share], after: Mapping[str, Share], there: There, former: Mapping[str, str]
) -> list[Row]:
    """What fell the most first, by the statements that were lost; then the others by name."""
    rows = [
        Row(path, old, new, _fate(path, old, new, there), former.get(path))
        for path in sorted({*before, *after})
        for old, new in [(before.get(path), after.get(path))]
    ]
    return sorted(rows, key=_lost)


def _fate(path: str, old: Share | None, new: Share | None, there: There) -> Fate:
    if new is None:
        known = there(path)
        return Fate.VANISHED if known is None else Fate.UNBUILT if known else Fate.DELETED
    if old is None:
        return Fate.NEW
    change = exact(new) - exact(old)
    return Fate.SAME if not change else Fate.ROSE if change > 0 else Fate.FELL


def _lost(row: Row) -> tuple[int, Fraction]:
    order = list(Fate).index(row.fate)
    weight = (row.before or row.after or Share(0, 0)).statements
    return order, -abs(row.change) * weight


def _shares(parts: Iterable[Part]) -> dict[str, Share]:
    return {part.path: part.share for part in parts}


def _sum(shares: Iterable[Share]) -> Share:
    found = list(shares)
    return Share(sum(one.covered for one in found), sum(one.statements for one in found))


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
