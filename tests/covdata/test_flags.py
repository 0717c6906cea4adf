"""Profiles of several origins over one another: by position, or said to be of other sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covdata.conftest import Go, execute
from covlint.covdata.dataset import read_dataset
from covlint.covdata.fit import fits
from covlint.covdata.flags import aligned, lay_over
from covlint.covdata.layout import Mode
from covlint.covdata.meta import Unit
from covlint.covdata.profile import Profile, profile_of
from covlint.covdata.summary import Share, summary_of
from covlint.covdata.textfmt import parse

BLOCKS = "mode: {}\np/a.go:3.13,5.2 2 {}\np/a.go:7.13,9.2 1 {}\n"


def text(*counts: int, mode: str = "count") -> Profile:
    return parse(BLOCKS.format(mode, *counts))


def test_flags_are_added_and_still_told_apart():
    found = lay_over([("unit", text(1, 0)), ("e2e", text(3, 2))])
    assert (found.total.covered, found.total.statements) == (3, 3)
    assert [sorted(flag.blocks["p/a.go"].values()) for flag in found.flags] == [[0, 1], [2, 3]]
    (function,) = found.total.packages[0].functions
    assert list(function.counts.values()) == [4, 2]
    summary = summary_of(found)
    assert summary.flags == {"unit": Share(2, 3), "e2e": Share(3, 3)}
    assert summary.files[0].flags == summary.packages[0].flags == summary.flags


def test_a_flag_is_silent_about_what_its_data_does_not_know():
    other = parse("mode: set\np/q/b.go:1.1,2.2 4 1\n")
    summary = summary_of(lay_over([("unit", text(1, 1)), ("e2e", other)]))
    assert {part.path: list(part.flags) for part in summary.packages} == {
        "p": ["unit"],
        "p/q": ["e2e"],
    }
    assert summary.total == Share(7, 7)
    assert summary.mode == "count"


def test_modes_are_joined():
    found = lay_over([("unit", text(1, 0, mode="set")), ("e2e", text(1, 0, mode="set"))])
    assert found.total.mode is Mode.SET
    (function,) = found.total.packages[0].functions
    assert list(function.counts.values()) == [1, 0]


def test_other_blocks_are_of_another_source():
    """Nothing is counted twice, and nothing is guessed."""
    edited = parse("mode: set\np/a.go:3.13,6.2 2 1\np/a.go:8.13,10.2 1 1\np/b.go:1.1,2.2 1 1\n")
    found = lay_over([("unit", text(1, 0)), ("e2e", edited)])
    assert found.total.statements == 4
    assert [(c.file, c.kept, c.left_out) for c in found.clashes] == [("p/a.go", "unit", "e2e")]
    assert "p/a.go" not in found.flags[1].blocks
    assert summary_of(found).flags["e2e"] == Share(4, 4)
    assert "p/a.go has other blocks in e2e than in unit" in summary_of(found).remarks[0]


def test_of_blocks_that_clash_those_of_the_source_at_hand_are_kept():
    edited = parse("mode: set\np/a.go:3.13,6.2 2 1\np/a.go:8.13,10.2 1 1\n")
    ours = {Unit(8, 13, 10, 2, 1)}
    found = lay_over(
        [("unit", text(1, 0)), ("e2e", edited)], lambda _, units: not ours.isdisjoint(units)
    )
    assert found.clashes[0].kept == "e2e"


@pytest.mark.real
def test_unit_tests_and_an_instrumented_program(here: Go, tmp_path: Path):
    """`go test -coverprofile` and GOCOVERDIR of the same sources have the same blocks."""
    test = here.module / "internal/shapes/shapes_test.go"
    profile = tmp_path / "cover.out"
    try:
        test.write_text(
            'package shapes\n\nimport "testing"\n\nfunc TestArea(*testing.T) { Area(&Circle{2}) }\n'
        )
        here.run("test", "-coverpkg=./...", f"-coverprofile={profile}", "./internal/shapes")
    finally:
        test.unlink(missing_ok=True)
    execute(here.build("./cmd/app", "atomic"), tmp_path / "data")
    e2e = profile_of(read_dataset([str(tmp_path / "data")]))
    found = lay_over([("unit", parse(profile.read_text())), ("e2e", e2e)])
    assert not found.clashes
    assert found.total.statements >= e2e.statements
    assert found.total.covered > e2e.covered
    names = {f.id.name for package in found.total.packages for f in package.functions}
    assert "*Circle.area" in names  # the blocks of the text found their functions


@pytest.mark.real
def test_blocks_of_two_versions_of_go_meet(go: Go, here: Go, tmp_path: Path):
    """Go 1.27 cuts blocks at comments and empty lines, and leaves a label at the end off."""
    for one, data in ((go, "one"), (here, "two")):
        source = one.module / "cut" / "main.go"
        source.parent.mkdir(exist_ok=True)
        source.write_text(CUT)
        try:
            execute(one.build("./cut", "set"), tmp_path / data)
        finally:
            source.unlink()
            source.parent.rmdir()
    one, two = (profile_of(read_dataset([str(tmp_path / data)])) for data in ("one", "two"))
    found = lay_over([("one", one), ("two", two)])
    assert not found.clashes
    assert found.total.statements in (one.statements, two.statements)
    assert found.total.percent == pytest.approx(two.percent, abs=6)


CUT = """package main

func main() {
	// first
	n := 1

	// second
	n++

loop:
	for n < 9 {

		n++
		if n == 5 {
			// only a comment
		}
		if n > 7 {
			break loop

		}
	}
	println(n)
}

func never() {
	println(1)

	println(2)
}
"""

UNITS = st.lists(st.integers(1, 4), min_size=1, max_size=12).map(
    lambda heights: [
        Unit(sum(heights[:index]) * 2 + 1, 2, sum(heights[: index + 1]) * 2, 5, height)
        for index, height in enumerate(heights)
    ]
)


@given(UNITS, st.data())
def test_any_finer_cut_is_found_again(units: list[Unit], data: st.DataObject):
    counts = {unit: data.draw(st.integers(0, 3)) for unit in units}
    fine: dict[Unit, int] = {}
    for unit, count in counts.items():
        if unit.statements > 1 and data.draw(st.booleans()):
            middle = unit.start_line + 1
            fine[Unit(unit.start_line, 3, middle, 1, 1)] = count
            fine[Unit(middle, 2, unit.end_line, 4, unit.statements - 1)] = count
        else:
            fine[unit] = count
    assert aligned(counts, fine) == counts
    assert aligned(fine, counts) == fine


@given(UNITS, st.data())
def test_a_line_more_or_less_before_a_block_is_noticed(units: list[Unit], data: st.DataObject):
    at = data.draw(st.integers(0, len(units) - 1))
    moved = [
        unit
        if index < at
        else unit._replace(start_line=unit.start_line + 1, end_line=unit.end_line + 1)
        for index, unit in enumerate(units)
    ]
    assert aligned(units, dict.fromkeys(moved, 0)) is None


SOURCE = b"package p\n\nfunc F() {\n\tprintln()\n}\n"


@pytest.mark.parametrize(
    ("unit", "fit"),
    [
        (Unit(3, 10, 5, 2, 1), True),
        (Unit(4, 2, 5, 1, 1), True),  # as Go 1.27 has it
        (Unit(3, 10, 6, 1, 1), True),
        (Unit(3, 10, 8, 2, 1), False),  # behind the end
        (Unit(3, 99, 5, 2, 1), False),
        (Unit(4, 5, 5, 2, 1), False),  # inside of println
    ],
)
def test_whether_blocks_fit_a_source(unit: Unit, fit: bool):
    assert fits(SOURCE, [unit]) is fit
