"""The simple commands of a script, and what each of them depends on."""

from __future__ import annotations

from covlint.documents.shellwords import ShellWord
from covlint.frozen import dataclass
from covlint.source import Span


@dataclass(frozen=True, slots=True)
class Assignment:
    """``NAME=value``; the value has an empty span after the "=" when there is none."""

    name: str
    value: ShellWord
    span: Span
    appends: bool = False  # NAME+=value
    exported: bool = False
    items: tuple[ShellWord, ...] | None = None  # NAME=(a b c)


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


@dataclass(frozen=True, slots=True)
class Loop:
    """``for name in words``; a command in it runs once for each."""

    name: str
    words: tuple[ShellWord, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command. ``words`` is empty for a bare assignment.

    ``conditions`` run from the outermost in. ``function`` is the enclosing
    shell function. ``piped``: part of a pipeline of two or more;
    ``background``: ends in ``&``; ``substituted``: inside ``$(…)``; ``last``:
    nothing runs after it in its script; ``chained``: the operator before it
    ("&&", "||", ";" or ""); ``nested``: stands in the script of a ``sh -c``.
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
    nested: bool = False
    loops: tuple[Loop, ...] = ()  # those with a list, from the outermost in

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
