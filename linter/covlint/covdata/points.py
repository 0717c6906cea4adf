"""Percentages as exact numbers, told so that rounding hides nothing.

99.96 % is not told as ``100.0``, and 79.96 % that misses 80 % not as ``80.0``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

_MOST_DIGITS = 6
#: What a percentage that is neither must not look like.
_ENDS = (Fraction(), Fraction(100))


def points(covered: int, statements: int) -> Fraction:
    """0 to 100, exactly; 0 where there are no statements, as Go has it."""
    return Fraction(100 * covered, statements) if statements else Fraction()


def exactly(written: float) -> Fraction:
    """A percentage as somebody wrote it: 0.1 is a tenth, not the float next to it."""
    return Fraction(str(written))


def told(value: Fraction, *, apart_from: Iterable[Fraction] = ()) -> str:
    """A percentage to a tenth; to more digits where it would look like 0, 100 or one of
    ``apart_from``, and is another."""
    others = [other for other in (*_ENDS, *apart_from) if other != value]
    digits = 1
    while digits < _MOST_DIGITS and any(
        _rounded(value, digits) == _rounded(other, digits) for other in others
    ):
        digits += 1
    return _rounded(value, digits)


def told_change(change: Fraction) -> str:
    """Points up or down, with a sign; ``0.0`` only where nothing has changed."""
    sign = "" if not change else "+" if change > 0 else "-"
    return sign + told(abs(change))


def _rounded(value: Fraction, digits: int) -> str:
    """Half to even, as ``%.1f`` of an exact number."""
    whole, rest = divmod(round(value * 10**digits), 10**digits)
    return f"{whole}.{rest:0{digits}}"
