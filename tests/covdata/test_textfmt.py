"""Text profiles: read, written, merged; percentages are added up here, not taken on trust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.covdata.layout import MAX_COUNT, Mode
from covlint.covdata.profile import merged
from covlint.covdata.textfmt import BadProfile, parse, render

PROFILE = """mode: set
example.com/a/b/y.go:1.1,2.2 2 0
example.com/a/x.go:1.1,2.2 3 1
example.com/a/x.go:3.1,4.2 1 0
"""


def sums(text: str) -> list[tuple[str, int, int]]:
    return [(p.path, p.covered, p.statements) for p in parse(text).packages]


def test_packages_and_total():
    profile = parse(PROFILE)
    assert profile.mode is Mode.SET
    assert sums(PROFILE) == [("example.com/a", 3, 4), ("example.com/a/b", 0, 2)]
    assert profile.percent == pytest.approx(50.0)


def test_it_is_written_in_the_order_of_packages_and_positions():
    assert render(parse(PROFILE)).splitlines() == [
        "mode: set",
        "example.com/a/x.go:1.1,2.2 3 1",
        "example.com/a/x.go:3.1,4.2 1 0",
        "example.com/a/b/y.go:1.1,2.2 2 0",
    ]


def test_a_block_that_is_listed_twice_counts_once():
    assert sums(PROFILE + "example.com/a/x.go:3.1,4.2 1 7\n")[0] == ("example.com/a", 4, 4)


def test_a_build_of_files_has_no_import_path():
    profile = parse("mode: set\n/src/cmd/app/main.go:1.1,2.2 1 1\n")
    assert [package.path for package in profile.packages] == ["command-line-arguments"]


@pytest.mark.parametrize("text", ["", "mode: set\n", "\n"])
def test_nothing(text: str):
    profile = parse(text)
    assert profile.packages == ()
    assert profile.percent == 0.0
    assert render(profile) == text.strip("\n") + ("\n" if text.strip() else "")


@pytest.mark.parametrize(
    "line",
    [
        "gibberish",
        "x.go:1.1,2.2 3",
        "x.go:1.1,2.2 a 1",
        "a b c d",
        "x.go:1.1,2.2 1 -1",
        "x.go:1.1,2.2 1 ١",
        "x.go:1.1,999999999.2 1 1",
        "mode: sometimes",
        ":1.1,2.2 1 1",
    ],
)
def test_what_is_no_profile(line: str):
    with pytest.raises(BadProfile, match="line 2"):
        parse(f"mode: set\n{line}\n")


def test_blocks_before_the_mode():
    with pytest.raises(BadProfile, match="line 1 comes before"):
        parse("x.go:1.1,2.2 1 1\n")


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    for whole in (text, f"mode: set\n{text}"):
        try:
            profile = parse(whole)
        except BadProfile:
            continue
        assert parse(render(profile)) == profile


BLOCKS = st.dictionaries(
    st.tuples(st.sampled_from(["p/a.go", "p/b.go", "q/r/c.go"]), st.integers(1, 50)),
    st.tuples(st.integers(1, 9), st.integers(0, MAX_COUNT)),
)


def text_of(blocks: dict[tuple[str, int], tuple[int, int]], mode: str) -> str:
    return f"mode: {mode}\n" + "".join(
        f"{file}:{line}.1,{line}.{9 + statements} {statements} {count}\n"
        for (file, line), (statements, count) in blocks.items()
    )


@given(BLOCKS)
def test_totals_agree_with_the_blocks(blocks):
    profile = parse(text_of(blocks, "count"))
    assert profile.statements == sum(statements for statements, _ in blocks.values())
    assert profile.covered == sum(statements for statements, count in blocks.values() if count)
    assert parse(render(profile)) == profile


@given(BLOCKS, BLOCKS, BLOCKS, st.sampled_from(["set", "count"]))
def test_the_order_of_merging_does_not_matter(a, b, c, mode: str):
    one, two, three = (parse(text_of(blocks, mode)) for blocks in (a, b, c))
    whole = render(merged([one, two, three]))
    assert render(merged([three, merged([two, one])])) == whole
    assert render(parse(render(one) + render(two) + render(three))) == whole


def test_counts_stop_at_the_greatest_number():
    profile = parse(f"mode: count\np/a.go:1.1,2.2 1 {MAX_COUNT}\np/a.go:1.1,2.2 1 5\n")
    assert render(merged([profile, profile])) == f"mode: count\np/a.go:1.1,2.2 1 {MAX_COUNT}\n"


def test_the_greatest_mode_holds_the_others():
    one, two = parse("mode: set\np/a.go:1.1,2.2 1 1\n"), parse("mode: atomic\np/a.go:1.1,2.2 1 6\n")
    assert render(merged([one, two])) == "mode: atomic\np/a.go:1.1,2.2 1 7\n"
