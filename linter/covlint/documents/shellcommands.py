"""The simple commands of a script, and what each of them depends on."""

from __future__ import annotations

from covlint.documents.shellblocks import Block, Condition, Loop, Place
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
class Command:
    """A simple command. ``words`` is empty for a bare assignment.

    ``conditions`` run from the outermost in. ``function`` is the enclosing
    shell function. ``piped``: part of a pipeline of two or more;
    ``background``: ends in ``&``; ``substituted``: inside ``$(…)``; ``last``:
    nothing runs after it in its script; ``chained``: the operator before it
    ("&&", "||", ";" or ""); ``nested``: stands in the script of a ``sh -c``;
    ``blocks``: what it stands in, from the outermost in.
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
    blocks: tuple[Block, ...] = ()

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops over a list around it, from the outermost in."""
        return tuple(one for one in self.blocks if isinstance(one, Loop) and one.words)

    @property
    def name(self) -> str | None:
        """The command's name when it is literal."""
        return self.words[0].literal if self.words else None


def command_at(
    place: Place, words: tuple[ShellWord, ...], assignments: tuple[Assignment, ...], span: Span
) -> Command:
    return Command(
        words=words,
        assignments=assignments,
        span=span,
        conditions=place.conditions,
        function=place.function,
        piped=place.piped,
        background=place.background,
        substituted=place.substituted,
        subshell=place.subshell,
        redirected=place.redirected,
        last=place.last,
        chained=place.chained,
        nested=place.nested,
        blocks=place.blocks,
    )


@dataclass(frozen=True, slots=True)
class Script:
    """Simple commands in the order in which they are written; ``broken`` when
    the text has syntax errors (then some commands may be missing); ``tangled`` when it was given
    up (then all are)."""

    commands: tuple[Command, ...]
    broken: bool
    span: Span
    tangled: bool = False
