"""What the commands of a RUN set for the build that follows them in the same shell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from covlint.documents.shell import Command
from covlint.source import Span

#: Commands that only set variables, and those that only ask or say something.
_SETS = frozenset({None, "export", "declare", "readonly", "unset", "local"})
_ASKS = frozenset({"[", "[[", "test", "echo", ":", "true", "false", "case"})


def settings_before(
    commands: Sequence[Command], build: Span, skipped: frozenset[str]
) -> Iterator[Span]:
    """The assignments, exports and conditionals made of these before ``build``, in order.

    What sets one of ``skipped`` is left out, and what a function or a subshell sets.
    """
    done = build.start
    for command in commands:
        if command.span.start >= build.start or command.substituted:
            continue
        if command.conditions:
            whole = _statement(command)
            if whole.start == done or whole.end > build.start:
                continue
            inside = [one for one in commands if whole.covers(one.span) and not one.substituted]
            if all(_is_setting(one, skipped) or one.name in _ASKS for one in inside):
                done = whole.start
                yield whole
        elif _is_setting(command, skipped):
            yield command.span


def _is_setting(command: Command, skipped: frozenset[str]) -> bool:
    if (command.words and command.name not in _SETS) or not (command.words or command.assignments):
        return False
    if command.function is not None or command.subshell or command.piped or command.loops:
        return False
    return all(assignment.name not in skipped for assignment in command.assignments)


def _statement(command: Command) -> Span:
    spans = [condition.statement for condition in command.conditions]
    return Span(spans[0].path, min(s.start for s in spans), max(s.end for s in spans))
