"""The chart in a terminal, and as SVG that any page can hold."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from covlint.trend.chart import Point, described, svg, text

NAMESPACE = "{http://www.w3.org/2000/svg}"


def points(*percents: float | None) -> list[Point]:
    return [
        Point(f"run {index}", None if one is None else Fraction(str(one)))
        for index, one in enumerate(percents)
    ]


any_points = st.lists(
    st.builds(
        Point, st.text(st.characters(codec=None), max_size=9), st.none() | st.fractions(0, 100)
    ),
    max_size=40,
)


def test_bars_in_the_order_of_the_runs() -> None:
    assert text(points(60, 62.5, None, 65)).splitlines() == [
        "65.0 │      █",
        "     │      █",
        "     │  ▇   █",
        "     │  █   █",
        "59.0 │▇ █ × █",
    ]


def test_plain_bars_are_ascii() -> None:
    drawn = text(points(60, 62.5, None, 65), plain=True)
    assert drawn.isascii()
    assert drawn.splitlines()[-1] == "59.0 |# # x #"


def test_small_changes_do_not_look_steep() -> None:
    heights = [line.count("#") for line in text(points(80.0, 80.1), plain=True).splitlines()]
    assert set(heights) <= {0, 2}


@given(any_points, st.integers(20, 120), st.booleans())
def test_any_runs_fit_into_the_width(found: list[Point], width: int, plain: bool) -> None:
    for line in text(found, width=width, plain=plain).splitlines():
        assert len(line) <= width


@given(any_points)
def test_any_runs_make_a_picture(found: list[Point]) -> None:
    root = ET.fromstring(svg(found, title="<&\x00\ud800>").encode())
    assert root.tag == NAMESPACE + "svg"
    whole = [point for point in found if point.percent is not None]
    assert len(root.findall(f"{NAMESPACE}circle")) == len(whole)
    assert len(root.findall(f"{NAMESPACE}path")) == len(found) - len(whole)
    for circle in root.findall(f"{NAMESPACE}circle"):
        assert 0 <= float(circle.get("cy", "")) <= 220
        assert 0 <= float(circle.get("cx", "")) <= 720
        assert circle.findtext(f"{NAMESPACE}title")


def test_the_picture_speaks_to_who_does_not_see_it() -> None:
    root = ET.fromstring(svg(points(60, None, 65), title="Coverage of till", ident="till"))
    title, description = root.find(f"{NAMESPACE}title"), root.find(f"{NAMESPACE}desc")
    assert title is not None
    assert description is not None
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Coverage of till"
    assert description.text == described(points(60, None, 65))
    assert description.text == (
        "3 runs, 1 of them broken: 60.0 % at first, 65.0 % at last, between 60.0 % and 65.0 %"
    )


def test_the_picture_needs_nothing_from_outside() -> None:
    drawn = svg(points(60, 65))
    assert re.findall(r"https?://[^\"]+", drawn) == ["http://www.w3.org/2000/svg"]
    assert "currentColor" in drawn
    assert "prefers-color-scheme:dark" in drawn
    for word in ("<script", "@import", "url(", "href"):
        assert word not in drawn


def test_no_line_is_drawn_across_a_run_that_broke() -> None:
    root = ET.fromstring(svg(points(60, 61, None, 65, 66)))
    lines = [line.get("points", "").split() for line in root.findall(f"{NAMESPACE}polyline")]
    assert [len(line) for line in lines] == [2, 2]
