"""The page: what it shows, that it is valid HTML, and that hostile text stays text."""

from __future__ import annotations

import html
import re

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covdata import pages
from covdata.pages import SOURCES, A, B, coverage, page
from covlint.covdata.flags import Coverage
from covlint.covdata.layout import Mode
from covlint.covdata.lines import TooManyLines
from covlint.covdata.meta import Unit
from covlint.covdata.page import source
from covlint.covdata.page.markup import percentage
from covlint.covdata.page.treemap import Box, Cell, Group, draw, squarified, step
from covlint.covdata.profile import FunctionName, Profile, make_profile
from covlint.covdata.summary import Share, summary_of
from covlint.covdata.textfmt import parse

EMPTY = Coverage(Profile(None, ()))


def check(text: str) -> None:
    """Raises what a browser would have to repair in silence."""
    html5lib.HTMLParser(strict=True).parse(text)


@pytest.mark.parametrize(
    "text",
    [
        page(),
        page(coverage(flags=False)),
        page(EMPTY, {}),
        page(verification=pages.FAILED, trend_svg='<svg role="img"><title>x</title></svg>'),
        page(sources={}),
    ],
    ids=["flags", "one", "empty", "verified", "no sources"],
)
def test_it_is_valid_and_needs_nothing_from_elsewhere(text: str):
    check(text)
    elements = list(html5lib.parse(text, namespaceHTMLElements=False).iter())
    links = [one.get("href") for one in elements if one.get("href") is not None]
    assert all(link.startswith("#") for link in links)
    assert not any(one.get("src") for one in elements)
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {"#hatch"}
    ids = re.findall(r"\bid=\"?([^\s\">]+)", text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def lines(units: dict[Unit, int], *flags: dict[Unit, int], text: bytes = SOURCES[A]) -> list[str]:
    found = "".join(source.lines(text, units, flags, "ab"[: len(flags)]))
    return [html.unescape(item) for item in found.split("<li\n")[1:]]


def test_lines_of_a_source():
    units = {
        Unit(3, 25, 4, 11, 1): 5,
        Unit(4, 11, 4, 26, 1): 0,
        Unit(5, 2, 5, 12, 1): 1,
        Unit(9, 14, 12, 2, 1): 0,
    }
    found = lines(units)
    assert found[0] == ">package app"
    assert found[2] == "class=y data-c=5>func Sign(n int) string {"
    assert found[3] == 'class=m data-c=5><b class=y>\tif n < 0 </b><b class=n>{ return "<0" }</b>'
    assert found[4] == 'class=y>\treturn "&"'
    assert found[5] == ">}"
    assert [item.split(">")[0] for item in found[8:]] == ["class=n"] * 4
    assert len(found) == SOURCES[A].count(b"\n")


def test_who_executed_a_line():
    first, second = Unit(3, 25, 4, 11, 1), Unit(4, 11, 4, 26, 1)
    third = Unit(5, 2, 5, 12, 1)
    found = lines(
        {first: 3, second: 1, third: 2},
        {first: 2, second: 0, third: 0},
        {first: 1, second: 1, third: 2},
    )
    assert found[2].startswith('class="y a b" data-c=3>')
    assert found[3].startswith('class="y a b" data-c=3><b class="y a b">\tif')  # but in parts
    assert '<b class="y b">{ return' in found[3]
    assert found[4].startswith('class="y b" data-c=2>')


def test_the_numbers_of_the_page():
    text = page()
    assert "<h1>75.0<span" in text
    assert "6 of 8 statements in 3 packages and 3 files" in text
    assert re.search(r"only unit <b>25\.0 %</b>", text)
    assert re.search(r"only e2e <b>37\.5 %</b>", text)
    assert re.search(r"both <b>12\.5 %</b>", text)
    assert re.search(r"none <b>25\.0 %</b>", text)
    assert f'data-n="{A}"' in text


def test_a_verification_is_told_at_the_top():
    text = page(verification=pages.FAILED)
    assert text.index('id="verification"') < text.index('id="map"')
    assert (
        '<li class="broken" title="broken: nothing is mounted at /coverdata (pod.yaml:9)">' in text
    )
    assert "<code>COV302</code> <code>pod.yaml:9</code> nothing is mounted" in text
    assert "the folder &lt;is&gt; empty" in text
    assert "1 of 3 claims hold" in text


def test_a_source_that_is_not_the_one_that_was_measured():
    assert "not the one that was measured" not in page()
    assert "not the one that was measured" in page(sources={**SOURCES, A: b"package app\n"})
    assert page(sources={B: SOURCES[B]}).count("The source was not found.") == 2


def test_a_clash_is_told_in_the_file():
    from covlint.covdata.flags import lay_over

    other = parse(pages.E2E.replace(":9.14,12.2", ":10.14,13.2"))
    text = page(lay_over([("unit", parse(pages.UNIT)), ("e2e", other)]))
    assert text.count("has other blocks in e2e than in unit") == 2  # at the top and at the file


HOSTILE = (
    "</ol></details><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; --s0: url(//x) ",
    "<!--",
    "]]>",
    "\u202etxt.exe",
    "a\x00b\ud800\ufffe\x1b[31m",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_sources_stay_text(name: str):
    profile = make_profile(
        Mode.SET, {name: {FunctionName(f"{name}/a.go", name, False): {Unit(1, 1, 2, 2, 1): 1}}}
    )
    raw = name.encode("utf-8", "surrogatepass")
    text = page(Coverage(profile), {f"{name}/a.go": raw + b"\n\xff" + raw})
    check(text)
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    assert len(tree.findall(".//script")) == 1
    assert not tree.findall(".//img")
    assert "\u202e" not in text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.binary(max_size=80))
def test_any_name_and_any_source(name: str, text: bytes):
    file = f"{name}/a.go"
    profile = make_profile(
        Mode.SET, {name: {FunctionName(file, "F", False): {Unit(1, 3, 2, 2, 1): 1}}}
    )
    check(page(Coverage(profile), {file: text}))


def test_a_profile_that_would_fill_the_disk():
    text = "mode: set\n" + "".join(f"p/{n}.go:1.1,16000000.1 1 1\n" for n in range(2))
    with pytest.raises(TooManyLines):
        page(Coverage(parse(text)))


def test_two_thousand_files_are_no_larger_than_their_sources_need():
    body = SOURCES[A] * 5
    names = [f"example.com/big/p{n // 40}/f{n}.go" for n in range(2000)]
    text = "mode: set\n" + "".join(
        f"{name}:{3 + 12 * k}.25,{5 + 12 * k}.12 4 {(n + k) % 3 % 2}\n"
        for n, name in enumerate(names)
        for k in range(5)
    )
    of = Coverage(parse(text))
    made = page(of, dict.fromkeys(names, body))
    assert made.count('<details class="f"') == 2000
    sources = 2000 * len(body)
    assert len(made.encode()) < 3 * sources
    assert made.count("<rect") < 9000  # the map draws each file at most twice, in two arrangements


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.0"), (0.01, "0.1"), (99.99, "99.9"), (100, "100.0"), (85.714, "85.7")],
)
def test_nothing_and_everything_are_exact(value: float, shown: str):
    assert percentage(value) == shown


@pytest.mark.parametrize(
    ("covered", "of", "expected"),
    [(0, 9, 0), (1, 9000, 1), (1, 4, 1), (1, 2, 2), (8999, 9000, 5), (9, 9, 6)],
)
def test_the_steps_of_the_scale(covered: int, of: int, expected: int):
    assert step(Share(covered, of)) == expected


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=60))
def test_the_map_is_filled_and_true_to_size(sizes: list[int]):
    areas = sorted(map(float, sizes), reverse=True)
    box = Box(0, 0, 1180, 440)
    boxes = squarified(areas, box)
    scale = box.width * box.height / sum(areas)
    for area, one in zip(areas, boxes, strict=True):
        assert one.width * one.height == pytest.approx(area * scale, rel=1e-6)
        assert one.x + one.width <= box.width + 0.01
        assert one.y + one.height <= box.height + 0.01
        assert min(one.x, one.y) >= -0.01


def test_small_files_are_drawn_as_one():
    cells = tuple(Cell(f"{n}.go", Share(1, 1), {}, f"f{n}") for n in range(3000))
    drawn = draw(
        [Group("p", "p0", (*cells, Cell("big.go", Share(9, 90_000), {}, "fx")))],
        [],
        (1180, 440),
        "wide",
    )
    assert "3000 small files" in drawn
    assert drawn.count("<rect") == 2


def test_summary_of_the_flags():
    assert summary_of(coverage()).total == Share(6, 8)
