"""What a comparison of two readers comes to, as it is printed and recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Cell = str | int


@dataclass(slots=True)
class Outcome:
    """``same`` inputs are read alike; each reason of ``explained`` says why others are not, and
    how many (for scripts: how many of their commands)."""

    what: str
    beside: str
    unit: str
    inputs: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    same: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)
    #: Of what is compared: how much there is of it, and how much covlint does not claim to know.
    unknown: dict[str, tuple[int, int]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        yield from self.different[:20]
        counted = ", ".join(f"{count:,} {name}" for name, count in self.compared.items())
        yield f"{self.what} beside {self.beside}: {self.inputs:,} {self.unit}, {counted}"
        yield f"  {self.same:6,} the same"
        for reason, count in self.explained.most_common():
            yield f"  {count:6,} {reason}"
        yield f"  {len(self.different):6,} DIFFERENT"
        for name, (all_of_it, left) in self.unknown.items():
            yield f"  {left:,} of {all_of_it:,} {name} are left unknown ({_share(left, all_of_it)})"


COLUMNS = ["read", "beside", "inputs", "compared in them", "the same", "explained", "different"]
REASONS = ["read", "why it is not the same, or not compared", "how often"]
UNKNOWN = ["in generated scripts", "compared", "left unknown", "share"]


def rows(outcomes: Iterable[Outcome]) -> list[list[Cell]]:
    return [
        [
            one.what,
            one.beside,
            f"{one.inputs:,} {one.unit}",
            ", ".join(f"{count:,} {name}" for name, count in one.compared.items()),
            one.same,
            sum(one.explained.values()),
            len(one.different),
        ]
        for one in outcomes
    ]


def reasons(outcomes: Iterable[Outcome]) -> list[list[Cell]]:
    return [
        [one.what, reason, count]
        for one in outcomes
        for reason, count in one.explained.most_common()
    ]


def unknown(outcomes: Iterable[Outcome]) -> list[list[Cell]]:
    return [
        [name, all_of_it, left, _share(left, all_of_it)]
        for one in outcomes
        for name, (all_of_it, left) in one.unknown.items()
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.0%}"
