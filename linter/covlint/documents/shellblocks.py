"""What commands of a script stand in: loops, shells of their own and branches.

The commands of a block follow one another, so that a reader can go through a script as a shell
does, with nothing but their list.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from covlint.documents.shellwords import ShellWord
from covlint.frozen import dataclass
from covlint.source import Span

#: How the text of ``sh -c`` reaches the new shell: variables in single quotes are its own, those
#: in double quotes get their values before it starts.
QUOTED, EXPANDED = "quoted", "expanded"


@dataclass(frozen=True, slots=True)
class Loop:
    """``for name in words``; a command in it runs once for each. Without words nobody sees how
    often it runs (``while``, ``for name do``). ``start`` is the byte at which it stands."""

    name: str
    words: tuple[ShellWord, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Subshell:
    """What changes nothing for the commands behind it: ``( … )``, ``$(…)``, a part of a
    pipeline, what ends in ``&``; with ``script`` (QUOTED, EXPANDED) that of a ``sh -c``."""

    start: int
    script: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch ``index`` of the if, case or list at byte ``statement``. ``every``: one of the
    branches is taken in any case."""

    statement: int
    index: int
    every: bool


Block: TypeAlias = "Loop | Subshell | Branch"


@dataclass(frozen=True, slots=True)
class Condition:
    """A test that a command depends on.

    ``operator`` is "=", "!=", "-n", "-z", "matches" (case, a pattern in [[ ]],
    or grep on a variable) or "other"; ``holds`` is False on the else side.
    ``statement`` is the whole if, case or && list.
    """

    variable: str | None
    operator: str
    value: str | None
    holds: bool
    span: Span
    statement: Span


class Place(NamedTuple):
    """Where a walk through a script is: what the commands below depend on."""

    conditions: tuple[Condition, ...] = ()
    function: str | None = None
    piped: bool = False
    background: bool = False
    substituted: bool = False
    subshell: bool = False
    redirected: bool = False
    last: bool = True
    chained: str = ""
    nested: bool = False
    blocks: tuple[Block, ...] = ()
    depth: int = 0

    def inside(self, block: Block) -> Place:
        return self._replace(blocks=(*self.blocks, block), depth=self.depth + 1)
