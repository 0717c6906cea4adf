"""Blocks that no single build makes beside each other: they lie over one another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from covlint.covdata.meta import Unit
from covlint.covdata.profile import Profile


class Overlap(NamedTuple):
    """Two blocks of one file that share source text, and are counted both."""

    file: str
    first: Unit
    second: Unit

    def __str__(self) -> str:
        first, second = (
            f"{unit.start_line}.{unit.start_column},{unit.end_line}.{unit.end_column}"
            for unit in (self.first, self.second)
        )
        return f"{self.file} has the blocks {first} and {second}"


def overlaps(profile: Profile) -> Iterator[Overlap]:
    """The first overlap of each file.

    A build of Go ends a block where the next one begins. Builds of two versions of a source
    lie over one another, and so do those of Go 1.27 and an older Go of the same source
    (facts, part B2): statements are then counted twice, in every package that both have.
    """
    for file, functions in profile.files().items():
        units = sorted({unit for function in functions for unit in function.counts})
        for first, second in pairwise(units):
            if (second.start_line, second.start_column) < (first.end_line, first.end_column):
                yield Overlap(file, first, second)
                break
