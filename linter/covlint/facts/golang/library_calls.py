"""What Go code does by its libraries instead of a command: ``os.RemoveAll``, ``http.Get``.

Each call is read as the command that does the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.documents.gosource import GoSource, Scope, call_arguments
from covlint.documents.gotext import GoPackage
from covlint.documents.scriptvalues import ROOT, Argument, ScriptValues
from covlint.documents.shell import Part, ShellWord
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.commands.toolcalls import ToolCalls
from covlint.facts.golang.call_words import argument_of, call_of, directory_of, function_name
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_CALLS = re.compile(
    rb"\bos\.(Chmod|RemoveAll|MkdirAll|Mkdir|Rename|CopyFS)\("
    rb"|\b(?:http|\w*[cC]lient)\.(Get|Post|PostForm)\("
    rb"|\bhttp\.(NewRequest|NewRequestWithContext)\("
    rb"|\.(Get|Post)(?=\(\"/[\w/-]*cov[\w/-]*\"\))"
)
#: What is no step without the paths; that something is wiped counts in any case.
_NAMED = frozenset({StepKind.PERMISSION, StepKind.CREATE, StepKind.EDIT})
#: The command, and which arguments of the call are its operands, in its order.
_COMMANDS: dict[bytes, tuple[tuple[str, ...], tuple[int, ...]]] = {
    b"Chmod": (("chmod",), (1, 0)),
    b"RemoveAll": (("rm", "-rf"), (0,)),
    b"MkdirAll": (("mkdir", "-p"), (0,)),
    b"Mkdir": (("mkdir",), (0,)),
    b"Rename": (("mv",), (0, 1)),
    b"CopyFS": (("cp", "-r"), (1, 0)),
    b"Get": (("curl",), (0,)),
    b"Post": (("curl",), (0,)),
    b"PostForm": (("curl",), (0,)),
    b"NewRequest": (("curl",), (1,)),
    b"NewRequestWithContext": (("curl",), (2,)),
}


def read_library_calls(package: GoPackage, file: GoSource) -> Iterator[Step]:
    """The steps that the calls of a file are."""
    for match in _CALLS.finditer(file.data):
        name = next(one for one in match.groups() if one is not None)
        group = match.lastindex or 0
        call = call_of(file.at(match.start(group), match.end(group)))
        words, positions = _COMMANDS[name]
        arguments = call_arguments(call) if call is not None else []
        if call is None or len(arguments) <= max(positions):
            continue
        scope = package.scope_at(file, call)
        line = [_word(word, file.span(call)) for word in words]
        for position in positions:
            node = arguments[position]
            word = argument_of(node, package.text(node, scope), file.source.path)
            line.append(_at_host(word) if words == ("curl",) else word)
        for step in _steps(package, file, call, scope, line):
            pulled = step.kind is StepKind.FETCH
            named = ("http." + name.decode(), *step.words[1:])
            yield replace(step, words=named) if pulled else step


def _steps(
    package: GoPackage, file: GoSource, call: Node, scope: Scope, line: list[Argument]
) -> Iterator[Step]:
    values = ScriptValues(b"", own=ROOT, directory=directory_of(package, file, scope))
    recipe = function_name(file, scope)
    calls = ToolCalls(values, lambda span: span, file.span(call), recipe)
    for fact in calls.facts(line, None):
        if not isinstance(fact, Step):
            continue
        if fact.kind in _NAMED and None in fact.operands:
            continue
        step = _with_octal(fact) if fact.kind is StepKind.PERMISSION else fact
        yield replace(step, recipe=None) if _runs_later(call) else step


def _with_octal(step: Step) -> Step:
    """``0o777`` as chmod has it."""
    mode, *paths = step.operands
    mode = (mode or "").replace("0o", "0")
    return replace(step, operands=(mode, *paths), words=("chmod", mode, *paths))


def _runs_later(call: Node) -> bool:
    """Whether the call is not run where it stands: ``defer``, ``t.Cleanup(func() {…})``."""
    node: Node | None = call
    while node is not None and node.type not in ("function_declaration", "method_declaration"):
        if node.type in ("defer_statement", "func_literal"):
            return True
        node = node.parent
    return False


def _at_host(argument: Argument) -> Argument:
    """A path whose host the client knows."""
    if argument.text is None or not argument.text.startswith("/"):
        return argument
    word = argument.word
    host = Part("variable", "host", True)
    return Argument(None, ShellWord((host, *word.parts), word.span))


def _word(text: str, span: Span) -> Argument:
    return Argument(text, ShellWord((Part("text", text, True),), Span(span.path, 0, 0)))
