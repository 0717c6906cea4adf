"""Percentages are added up here, not taken from a tool's word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.runner.textprofile import BadProfile, read_profile

PROFILE = """mode: set
example.com/a/x.go:1.1,2.2 3 1
example.com/a/x.go:3.1,4.2 1 0
example.com/a/b/y.go:1.1,2.2 2 0
"""


def test_packages_and_total():
    profile = read_profile(PROFILE)
    assert profile.mode == "set"
    assert [(p.path, p.covered, p.statements) for p in profile.packages] == [
        ("example.com/a", 3, 4),
        ("example.com/a/b", 0, 2),
    ]
    assert profile.total == pytest.approx(50.0)


def test_a_block_that_is_listed_twice_counts_once():
    twice = PROFILE + "example.com/a/x.go:3.1,4.2 1 7\n"
    assert read_profile(twice).packages[0].covered == 4
    assert read_profile(twice).packages[0].statements == 4


def test_a_build_of_files_has_no_import_path():
    profile = read_profile("mode: set\n/src/cmd/app/main.go:1.1,2.2 1 1\n")
    assert [package.path for package in profile.packages] == ["command-line-arguments"]


@pytest.mark.parametrize("text", ["", "mode: set\n"])
def test_nothing(text):
    profile = read_profile(text)
    assert profile.packages == ()
    assert profile.total == 0.0


@pytest.mark.parametrize("line", ["gibberish", "x.go:1.1,2.2 3", "x.go:1.1,2.2 a 1", "a b c d"])
def test_what_is_no_profile(line):
    with pytest.raises(BadProfile, match="line 2"):
        read_profile(f"mode: set\n{line}\n")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p/a.go", "p/b.go", "q/r/c.go"]),
            st.integers(1, 50),
            st.integers(1, 9),
            st.integers(0, 3),
        )
    )
)
def test_totals_agree_with_the_blocks(blocks):
    unique = {(file, line): (statements, count) for file, line, statements, count in blocks}
    text = "mode: count\n" + "".join(
        f"{file}:{line}.1,{line}.9 {statements} {count}\n"
        for (file, line), (statements, count) in unique.items()
    )
    profile = read_profile(text)
    assert sum(p.statements for p in profile.packages) == sum(s for s, _ in unique.values())
    assert sum(p.covered for p in profile.packages) == sum(s for s, c in unique.values() if c)
