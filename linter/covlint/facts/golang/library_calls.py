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

#: Begins with a fixed text, which is searched for at thirty times the speed of ``\b``.
_CALLS = re.compile(
    rb"\.(Chmod|RemoveAll|MkdirAll|Mkdir|Rename|CopyFS|Get|Post|PostForm|NewRequest"
    rb"|NewRequestWithContext)\("
)
#: What the call is one of, by the name before its dot.
_OWNERS = (
    (re.compile(rb"os"), frozenset({b"Chmod", b"RemoveAll", b"MkdirAll", b"Mkdir", b"Rename",
                                    b"CopyFS"})),
    (re.compile(rb"http|\w*[cC]lient"), frozenset({b"Get", b"Post", b"PostForm"})),
    (re.compile(rb"http"), frozenset({b"NewRequest", b"NewRequestWithContext"})),
)  # fmt: skip
_NAME_BEFORE = re.compile(rb"\w*\Z")
_LONGEST_NAME = 200
_PULLING = frozenset({b"Get", b"Post", b"PostForm", b"NewRequest", b"NewRequestWithContext"})
#: A path that may be that of coverage, as it begins or after a slash (in small letters).
_COVERAGE = re.compile(rb"cov(?<!discov)(?<!recov)")
_PATH_BEFORE = re.compile(rb"(?:/[^\s\"`?.]*|[\"`])\Z")
#: The service's own path, whatever is asked for it.
_OWN_COVERAGE = re.compile(rb"\(\"/[\w/-]*cov[\w/-]*\"\)")
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


def may_pull(data: bytes) -> bool:
    """Whether a file may hold a part of a URL of coverage. Suites ask their service for
    hundreds of other ones: where no file of a package has this, none needs a parse for it."""
    small = data.lower()
    for match in _COVERAGE.finditer(small):
        line = max(small.rfind(b"\n", 0, match.start()) + 1, match.start() - _LONGEST_NAME)
        before = small[line : match.start()]
        if _PATH_BEFORE.search(before) and not before.lstrip().startswith(b"//"):
            return True
    return False


def read_library_calls(package: GoPackage, file: GoSource, *, pulls: bool) -> Iterator[Step]:
    """The steps that the calls of a file are; ``pulls``: some file of the package may pull."""
    for match in _CALLS.finditer(file.data):
        if not _is_known(file.data, match) or (match[1] in _PULLING and not pulls):
            continue
        name = match[1]
        call = call_of(file.at(match.start(1), match.end(1)))
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


def _is_known(data: bytes, match: re.Match[bytes]) -> bool:
    owner = _NAME_BEFORE.search(data[max(0, match.start() - _LONGEST_NAME) : match.start()])
    if owner is not None and any(
        match[1] in names and known.fullmatch(owner[0]) for known, names in _OWNERS
    ):
        return True
    return match[1] in (b"Get", b"Post") and _OWN_COVERAGE.match(data, match.end(1)) is not None


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
    if not step.operands:
        return step
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
