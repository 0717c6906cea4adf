"""Calls of make: from scripts, CI jobs and Makefiles, with the variables that they pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from covlint.documents.expansion import Placer
from covlint.documents.scriptvalues import ROOT, Argument, ScriptValues, relative_to_root
from covlint.documents.shellwords import ShellWord
from covlint.facts.commands.options import Arguments, take_apart
from covlint.facts.dockerfile.build import GoFlagsSource
from covlint.frozen import dataclass
from covlint.source import Span

_MAKE = re.compile(rb"(?i)\bmake\b")
_SWITCH = re.compile(rb"(?i)cover|goflags")
_NAMES = frozenset({"make", "gmake"})
_VARIABLE = re.compile(r"([A-Za-z_]\w*)(?:\?|:{1,2})?=")
#: Options of make that take a value in the next word.
_VALUED = frozenset(
    {"-C", "--directory", "-f", "--file", "--makefile", "-I", "--include-dir", "-o", "-W",
     "--eval", "--old-file", "--what-if"}
)  # fmt: skip


#: What make and the shell set themselves.
_SET = frozenset({"PWD", "CURDIR"})
_FILE = ("-f", "--file", "--makefile")


def may_call_make(data: bytes) -> bool:
    """Whether a file may call make with a variable that matters here."""
    return _MAKE.search(data) is not None and _SWITCH.search(data) is not None


@dataclass(frozen=True, slots=True)
class MakeCall:
    """One ``make``: ``directory`` and ``file`` are relative to the project root; without
    ``file`` it is the Makefile of the directory. ``given`` are the variables of the command
    line, ``environment`` those that are set around it; None: a value that is not known.
    ``goflags`` is the GOFLAGS among them."""

    directory: str
    file: str | None
    targets: tuple[str, ...]
    given: tuple[tuple[str, str | None], ...]
    environment: tuple[tuple[str, str | None], ...]
    goflags: GoFlagsSource | None
    span: Span
    recipe: str | None = None  # the Makefile target, shell function or CI job it stands in


def read_make_call(
    arguments: Sequence[Argument],
    values: ScriptValues,
    environment: Mapping[str, str | None],
    span: Span,
    placer: Placer | None,
    recipe: str | None,
) -> MakeCall | None:
    """The call that a command is; None where it is none, or where its Makefile is not seen.

    ``arguments`` are its words, without ``sudo`` and the like before them;
    ``environment`` is what it gets as its environment.
    """
    if not is_make(arguments):
        return None
    parsed = take_apart(arguments[1:], lambda name: name in _VALUED)
    targets: list[str] = []
    given: dict[str, str | None] = {}
    goflags: GoFlagsSource | None = None
    for argument in parsed.operands:
        text = argument.text if argument.text is not None else argument.word.prefix
        variable = _VARIABLE.match(text)
        if variable:
            given[variable[1]] = argument.text and argument.text[variable.end() :]
            if variable[1] == "GOFLAGS":
                goflags = _goflags(argument, variable.end(), placer)
        elif argument.text is None and not argument.several:
            return None  # a target that is not seen
        elif argument.text is not None and not text.isdigit():  # the number of -j
            targets.append(text)
    directory = _directory(parsed, values)
    file = f"{directory}/{parsed.text(*_FILE)}" if parsed.has(*_FILE) else None
    inside = relative_to_root(directory)
    path = relative_to_root(file)
    if inside is None or (file is not None and (path is None or parsed.text(*_FILE) is None)):
        return None
    own = {name: value for name, value in environment.items() if name not in {*given, *_SET}}
    return MakeCall(
        inside,
        path,
        tuple(targets),
        _without_root(given),
        _without_root(own),
        goflags,
        span,
        recipe,
    )


def _without_root(variables: Mapping[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    """Paths below the project root have no text that a Makefile could put together."""
    return tuple(
        (name, None if value is not None and ROOT in value else value)
        for name, value in variables.items()
    )


def _directory(parsed: Arguments, values: ScriptValues) -> str | None:
    """Where make runs: each ``-C`` counts from the one before."""
    directory = values.directory
    for option in parsed.options:
        if option.name in ("-C", "--directory"):
            if directory is None or option.text is None:
                return None
            directory = option.text if option.text[:1] == "/" else f"{directory}/{option.text}"
        elif option.name.startswith("-C"):
            return None
    return directory


def is_make(arguments: Sequence[Argument]) -> bool:
    """Whether a command line calls make."""
    if not arguments:
        return False
    program = arguments[0]
    if program.text is not None:
        return program.text.rpartition("/")[2] in _NAMES
    return program.word.variables == ("MAKE",)


def _goflags(argument: Argument, skip: int, placer: Placer | None) -> GoFlagsSource | None:
    """GOFLAGS as recipes have it in their environment, where it is written in one piece."""
    word: ShellWord = argument.word if placer is None else placer.word(argument.word)
    if word.literal != argument.text or not word.stands(0, len(word.shape)):
        return None
    rest = word.after(skip)
    return GoFlagsSource("inline", rest, False, None, word.span)
