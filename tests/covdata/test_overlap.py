"""Blocks of two builds that lie over one another."""

from __future__ import annotations

from covlint.covdata.layout import Mode
from covlint.covdata.meta import Unit
from covlint.covdata.overlap import overlaps
from covlint.covdata.profile import FunctionName, Profile, make_profile


def profile(file: str, *units: Unit) -> Profile:
    name = FunctionName(file, "main", False)
    return make_profile(Mode.SET, {"example.com/x": {name: dict.fromkeys(units, 1)}})


def test_a_block_may_begin_where_another_ends() -> None:
    assert not list(overlaps(profile("a.go", Unit(13, 13, 14, 2, 1), Unit(14, 2, 15, 22, 1))))


def test_go_1_27_beside_an_older_go() -> None:
    (found,) = overlaps(profile("a.go", Unit(13, 13, 15, 22, 2), Unit(14, 2, 15, 22, 2)))
    assert str(found) == "a.go has the blocks 13.13,15.22 and 14.2,15.22"


def test_a_file_is_named_once() -> None:
    units = [Unit(line, 1, line + 2, 1, 1) for line in range(1, 9)]
    assert len(list(overlaps(profile("a.go", *units)))) == 1
