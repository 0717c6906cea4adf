"""Which side of the conditionals of a Makefile is read (GNU make manual, 7.2).

Only a conditional on a variable that is given from outside is decided; any other may go
either way, since it is there for somebody to choose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from covlint.documents.makefile import Makefile
from covlint.documents.maketext import closing, split_arguments, without_comment

#: Variables with values from outside of the Makefile; None: a value that is not known.
Given = Mapping[str, bytes | None]

_QUOTED = re.compile(rb"""\s*(?:"([^"]*)"|'([^']*)')\s*(?:"([^"]*)"|'([^']*)')\s*\Z""")


class _Side(Enum):
    OPEN = "open"  # it may be read or not
    ON = "on"
    OFF = "off"  # another side may still be read
    DONE = "done"  # a side before it was read


class Branches:
    """The conditionals around a line, as lines are read one after the other."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._sides: list[_Side] = []

    @property
    def open(self) -> bool:
        """Whether the line may be read or not."""
        return _Side.OPEN in self._sides

    @property
    def skipped(self) -> bool:
        """Whether make does not read the line."""
        return _Side.OFF in self._sides or _Side.DONE in self._sides

    def take(self, keyword: bytes, rest: bytes, so_far: Makefile) -> None:
        """Go past ``ifeq``, ``ifneq``, ``ifdef``, ``ifndef``, ``else`` or ``endif``."""
        if keyword.startswith(b"if"):
            self._sides.append(self._side(keyword, rest, so_far))
        elif keyword == b"endif":
            del self._sides[-1:]
        elif self._sides:
            self._sides.append(self._other(self._sides.pop(), rest.strip(), so_far))

    def _other(self, side: _Side, rest: bytes, so_far: Makefile) -> _Side:
        """What comes after ``else``, which a condition may follow."""
        if side is _Side.ON:
            return _Side.DONE
        if side is not _Side.OFF:
            return side
        keyword, _, condition = rest.partition(b" ")
        return self._side(keyword, condition, so_far) if keyword[:2] == b"if" else _Side.ON

    def _side(self, keyword: bytes, rest: bytes, so_far: Makefile) -> _Side:
        text = without_comment(rest).strip()
        if self.skipped or not any(name.encode() in text for name in self._given):
            return _Side.OPEN
        if keyword in (b"ifdef", b"ifndef"):
            value = self._given.get(text.decode("utf-8", "replace"))
            holds = None if value is None else bool(value)
        else:
            holds = _equal(text, so_far)
        if holds is None:
            return _Side.OPEN
        return _Side.ON if holds is (keyword in (b"ifdef", b"ifeq")) else _Side.OFF


def _equal(text: bytes, so_far: Makefile) -> bool | None:
    """Whether the two sides of ``(a,b)`` or ``"a" "b"`` are the same; None when not known."""
    quoted = _QUOTED.match(text)
    if quoted:
        sides = [quoted[1] or quoted[2] or b"", quoted[3] or quoted[4] or b""]
    elif text.startswith(b"("):
        sides = split_arguments(text[1 : closing(text, 0) - 1])
    else:
        return None
    values = [so_far.text(side.strip()).strip() for side in sides]
    if len(values) != 2 or any("\0" in value for value in values):
        return None
    return values[0] == values[1]
