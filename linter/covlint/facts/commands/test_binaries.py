"""Test binaries outside Dockerfiles: ``go test -c -cover``, and programs run with GOCOVERDIR.

A test binary writes its counters to ``-test.gocoverdir`` and ignores GOCOVERDIR (facts, part A).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile

from covlint.documents.assembled import Text
from covlint.documents.scriptvalues import Argument, ScriptValues, relative_to_root
from covlint.documents.shell import Command
from covlint.documents.shellwords import ShellWord
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.dockerfile.build import COVER_FLAGS
from covlint.facts.dockerfile.build_reading import is_go, without_wrappers
from covlint.facts.dockerfile.test_binaries import read_test_arguments
from covlint.source import Span

_COMPILED = re.compile(rb"[\s\"'`]-c[\s\"'`]")


def may_make_test_binary(data: bytes) -> bool:
    """Whether a file may hold a ``go test -c``; elsewhere no run of a program is a fact."""
    return b"test" in data and b"cover" in data and _COMPILED.search(data) is not None


def read_test_build(
    command: Command,
    values: ScriptValues,
    inserted: Mapping[str, str],
    span: Span,
    recipe: str | None,
) -> Step | None:
    """``go test -c -cover``: the name of its binary, and the folder of the package."""
    words = without_wrappers(command.words)
    if len(words) < 3 or not is_go(words[0]) or words[1].literal != "test":
        return None
    fixed = {**values.variables, **inserted}
    arguments = read_test_arguments(words, fixed, values.data)
    flags = {flag.name: flag for flag in arguments.flags}
    covered = any(name in flags and flags[name].enabled for name in COVER_FLAGS)
    if "c" not in flags or not covered or arguments.unseen or len(arguments.packages) > 1:
        return None
    package = arguments.packages[0].resolve(fixed) if arguments.packages else "."
    folder = _folder(package, values)
    output = flags.get("o")
    if output is not None:
        name = _file_name(output.word, fixed)
    else:
        name = f"{posixpath.basename(folder)}.test" if folder not in (None, ".") else None
    if folder is None or not name:
        return None
    shown = tuple(word.literal for word in command.words)
    return Step(StepKind.TEST_BUILD, shown, (name,), None, folder, None, (), span, recipe)


def _folder(package: str | None, values: ScriptValues) -> str | None:
    if package is None or "..." in package or "@" in package or values.directory is None:
        return None
    plain = package == "." or package.startswith(("./", "../", "/"))
    joined = posixpath.join(values.directory, package)
    return relative_to_root(posixpath.normpath(joined)) if plain else None


def _file_name(word: ShellWord, fixed: Mapping[str, str]) -> str | None:
    """The last part of the path that ``-o`` names; the folders before it need not be seen."""
    known = word.resolve(fixed)
    if known is not None:
        return posixpath.basename(known.rpartition("=")[2])
    end = _end(word)
    return posixpath.basename(end) if "/" in end else None


def _end(word: ShellWord) -> str:
    """What is seen of the word behind its last variable."""
    last = takewhile(lambda part: part.kind == "text", reversed(word.parts))
    return "".join(part.text for part in reversed(list(last)))


def read_run(
    command: Command, arguments: Sequence[Argument], exported: bool, span: Span, recipe: str | None
) -> Step | None:
    """A program that runs with a GOCOVERDIR of its own or of its script."""
    given = [one for one in command.assignments if one.name == "GOCOVERDIR" and not one.exported]
    if not arguments or not (given or exported):
        return None
    first = arguments[0]
    program = first.text or _end(first.word)
    texts = [None if one.several else one.text for one in arguments[1:]]
    return run_of(program, texts, span, recipe)


def end_of(text: Text) -> str:
    """What is seen of a text of program code behind its last expression."""
    last = takewhile(lambda piece: piece.kind != "hole", reversed(text))
    return "".join(piece.text for piece in reversed(list(last)))


def run_of(
    program: str, arguments: Sequence[str | None], span: Span, recipe: str | None
) -> Step | None:
    """The run of a program by its path; None where it goes by no path, as commands do."""
    if "/" not in program:
        return None
    name = posixpath.basename(program)
    return Step(StepKind.TEST_RUN, (name, *arguments), (name,), None, None, None, (), span, recipe)
