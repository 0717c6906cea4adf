"""Programs that a script runs by itself in the background, and the signals that end them.

``GOCOVERDIR=data ./till &``, ``pid=$!``, ``kill "$pid"``: a process is known by the
variable that holds its id.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from covlint.documents.scriptvalues import ScriptValues, plain
from covlint.documents.shell import Command
from covlint.documents.shellwords import ShellWord
from covlint.facts.commands.steps import Step, StepKind
from covlint.source import Span

#: What the steps of this module go through.
PROCESS = "process"
#: A process that is not told by a variable: ``%1``, ``$(jobs -p)``.
ANY = "?"
_SIGNAL = re.compile(r"(?:SIG)?([A-Z]+[0-9]*|[0-9]+)")
_FATAL = frozenset({"KILL", "9"})
_ENDING = frozenset({"TERM", "15", "INT", "2", "HUP", "1", "QUIT", "3"})
_LAST = re.compile(rb"[\"']?\$(?:!|\{!\})[\"']?")


def read_program_step(
    command: Command,
    following: Sequence[Command],
    values: ScriptValues,
    span: Span,
    recipe: str | None,
) -> Step | None:
    """The start of a program with a GOCOVERDIR of its own, or a signal to a process."""
    if command.substituted or command.subshell or not command.words:
        return None
    if command.name == "kill":
        return _signal(command, span, recipe)
    given = [one for one in command.assignments if one.name == "GOCOVERDIR" and not one.exported]
    if not given or not command.background or command.piped or command.loops:
        return None
    program = values.resolve(command.words[0])
    data = values.computed(given[-1].value)
    if program is None or data is None:
        return None
    names = {f"${name}" for one in following[:1] for name in _identifiers(one, values)}
    operands = (posixpath.basename(program), "$!", *sorted(names))
    return _step(StepKind.START, command, operands, plain(data), span, recipe)


def _signal(command: Command, span: Span, recipe: str | None) -> Step | None:
    """``kill``, ``kill -9``, ``kill -s INT``; a look (-0, -l) and signals that end nothing
    are no step. What only a branch does may be the last resort after others."""
    words = list(command.words[1:])
    signal = "TERM"
    while words and (text := words[0].prefix).startswith("-"):
        words.pop(0)
        name = text.lstrip("-").upper()
        if text in ("-s", "-n", "--signal") and words:
            name = words.pop(0).prefix.upper()
        elif text == "--":
            break
        match = _SIGNAL.fullmatch(name)
        signal = match[1] if match is not None else ANY
    kind = StepKind.KILL if signal in _FATAL and not command.conditions else StepKind.STOP
    if signal not in _FATAL | _ENDING:
        return None
    return _step(kind, command, tuple(map(_process, words)), None, span, recipe)


def _process(word: ShellWord) -> str:
    alone = len(word.parts) == 1 and word.parts[0].kind == "variable"
    return f"${word.parts[0].text}" if alone else ANY


def _identifiers(command: Command, values: ScriptValues) -> list[str]:
    """The variables that ``name=$!`` sets."""
    if command.words:
        return []
    found = []
    for one in command.assignments:
        start, end = (at - values.offset for at in (one.value.span.start, one.value.span.end))
        if _LAST.fullmatch(values.data[start:end]):
            found.append(one.name)
    return found


def _step(
    kind: StepKind,
    command: Command,
    operands: tuple[str, ...],
    source: str | None,
    span: Span,
    recipe: str | None,
) -> Step:
    words = tuple(word.literal for word in command.words)
    return Step(kind, words, operands, source, None, PROCESS, (), span, recipe)
