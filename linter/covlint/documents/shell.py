"""Shell scripts, as far as coverage needs them: simple commands in order.

Parsed by tree-sitter-bash, which gives exact byte ranges and survives errors.
A script may be a slice of another file (a RUN instruction, a Makefile recipe):
``offset`` shifts every span, and the caller masks what is not shell with
spaces of the same length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from covlint.source import Span


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word.

    kind "text": literal ``text``. kind "variable": ``$NAME`` or ``${NAME…}``
    with ``text`` = NAME, ``operator`` one of "", ":-", "-", ":+", "+" and its
    ``operand``. kind "opaque": something only a run can tell, such as ``$(…)``.
    """

    kind: str
    text: str
    quoted: bool
    operator: str = ""
    operand: str | None = None


@dataclass(frozen=True, slots=True)
class ShellWord:
    parts: tuple[Part, ...]
    span: Span

    @property
    def literal(self) -> str | None:
        """The word when it has no variable in it, quotes resolved."""
        ...

    def resolve(self, variables: Mapping[str, str]) -> str | None:
        """The word with ``variables`` put in; None when one of them is not known.

        Field splitting is not done here; see :meth:`fields`.
        """
        ...

    def fields(self, variables: Mapping[str, str]) -> tuple[str, ...] | None:
        """The arguments that the word becomes: unquoted variables are split at white space."""
        ...


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    value: ShellWord  # an empty span after the "=" when there is no value
    span: Span
    appends: bool = False  # NAME+=value
    exported: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A test that a command depends on.

    ``operator`` is "=", "!=", "-n", "-z", "matches" (case, [[ =~ ]], or grep on a
    variable) or "other"; ``holds`` is False on the else side. ``statement`` is
    the whole if, case or && list.
    """

    variable: str | None
    operator: str
    value: str | None
    holds: bool
    span: Span
    statement: Span


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command. ``words`` is empty for a bare assignment.

    ``conditions`` run from the outermost in. ``function`` is the enclosing shell
    function. ``piped``: part of a pipeline of two or more; ``background``: ends
    in ``&``; ``substituted``: inside ``$(…)``; ``last``: the last command that
    the script runs; ``chained``: the operator before it ("&&", "||", ";" or "").
    """

    words: tuple[ShellWord, ...]
    assignments: tuple[Assignment, ...]
    span: Span
    conditions: tuple[Condition, ...]
    function: str | None
    piped: bool
    background: bool
    substituted: bool
    subshell: bool
    redirected: bool
    last: bool
    chained: str

    @property
    def name(self) -> str | None:
        """The command's name when it is literal."""
        return self.words[0].literal if self.words else None


@dataclass(frozen=True, slots=True)
class Script:
    """Simple commands in the order in which they are written; ``broken`` when
    the text has syntax errors (then some commands may be missing)."""

    commands: tuple[Command, ...]
    broken: bool
    span: Span


def parse_script(path: str, data: bytes, offset: int = 0) -> Script:
    """Parse ``data``, which starts at byte ``offset`` of the file at ``path``.

    ``sh -c '…'`` is entered: the commands of its script follow with their own
    spans when the quoting lets bytes be mapped one to one.
    """
    raise NotImplementedError
