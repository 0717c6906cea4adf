"""Percentages are told so that nothing is rounded to what it is not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.covdata.points import exactly, points, told, told_change

shares = st.integers(0, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("covered", "statements", "text"),
    [
        (0, 0, "0.0"),
        (0, 7, "0.0"),
        (7, 7, "100.0"),
        (1, 2, "50.0"),
        (9999, 10000, "99.99"),
        (1, 10000, "0.01"),
        (55, 76, "72.4"),
    ],
)
def test_a_percentage(covered: int, statements: int, text: str) -> None:
    assert told(points(covered, statements)) == text


def test_what_misses_a_threshold_does_not_look_like_it() -> None:
    percent = points(7996, 10000)
    assert told(percent) == "80.0"
    assert told(percent, apart_from=[exactly(80)]) == "79.96"
    assert told(percent, apart_from=[percent]) == "80.0"


@given(shares)
def test_only_all_is_a_hundred_and_only_nothing_is_zero(share: tuple[int, int]) -> None:
    covered, statements = share
    text = told(points(covered, statements))
    assert (text == "100.0") == (covered == statements > 0)
    assert (text == "0.0") == (covered == 0)


@given(shares, shares)
def test_a_change_has_the_sign_of_the_change(one: tuple[int, int], two: tuple[int, int]) -> None:
    change = points(*two) - points(*one)
    text = told_change(change)
    assert (text == "0.0") == (change == 0)
    assert abs(Fraction(text) - change) <= Fraction(1, 20)
    assert text.startswith("+") == (change > 0)


def test_a_tenth_is_a_tenth() -> None:
    assert exactly(0.1) == Fraction(1, 10)
