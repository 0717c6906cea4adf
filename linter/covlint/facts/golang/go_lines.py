"""``go`` and ``make`` as Go code runs them: builds with coverage, covdata, calls of make.

The words of the call become a line of shell that is read as a script's; words that stand in
a literal of their own keep their bytes, so that what is in them can be edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import Text
from covlint.documents.gosource import STRINGS, GoSource, Scope
from covlint.documents.gotext import GoPackage
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import parse_script
from covlint.facts.commands.collecting import DataCommand
from covlint.facts.commands.makecalls import MakeCall
from covlint.facts.commands.script_run import ScriptRun
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.commands.word_lines import (
    OF_PROGRAMS,
    ROOT_VARIABLE,
    LineWord,
    WordLine,
    as_arguments,
)
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.golang.call_words import assigned_name
from covlint.facts.golang.process_environment import process_environment

if TYPE_CHECKING:
    from tree_sitter import Node

_ENVIRONMENT = re.compile(rb"\.(Env)\s*=[^=]")
_TESTS = frozenset({StepKind.TEST_BUILD, StepKind.TEST_RUN})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
#: What a Go string, of either kind, cannot hold as it is.
_FORBIDDEN = '"\\`\n'

Word = tuple["Node", Text | None]


def read_go_line(
    package: GoPackage,
    words: Sequence[Word],
    call: Node,
    scope: Scope,
    directory: str | None,
    recipe: str | None,
    is_root: re.Pattern[str],
) -> Iterator[GoBuild | DataCommand | MakeCall | Step]:
    """The builds, data commands and calls of make of one command.

    ``directory`` is where it runs (None: not known), ``is_root`` matches expressions that
    give the directory of the repository.
    """
    file = scope.file
    environment = environment_of(package, call, scope)
    around = [_line_word(one, call, file) for one in environment.words.values()]
    listed = [_line_word(one, call, file) for one in words]
    line = WordLine(file.source, is_root)
    line.words((*around, *listed))
    span = file.span(call)
    for fact in _facts(line, scope, directory, recipe):
        if isinstance(fact, GoBuild):
            yield as_arguments(fact, around, listed, span, file.source, _FORBIDDEN)
        elif isinstance(fact, DataCommand):
            yield replace(fact, span=span, cleared=environment.cleared)
        else:
            yield replace(fact, span=span)


def read_go_script(
    script: Text,
    call: Node,
    scope: Scope,
    directory: str | None,
    recipe: str | None,
    is_root: re.Pattern[str],
) -> Iterator[GoBuild | DataCommand | MakeCall | Step]:
    """The same of the script that ``sh -c`` runs."""
    line = WordLine(scope.file.source, is_root)
    line.script(script, call.start_byte, call.end_byte)
    for fact in _facts(line, scope, directory, recipe):
        yield replace(fact, forbidden=_FORBIDDEN) if isinstance(fact, GoBuild) else fact


def _line_word(word: Word, call: Node, file: GoSource) -> LineWord:
    node, text = word
    if file.at(node.start_byte, node.end_byte) != node:
        # a list of another file gives nodes of that file
        return LineWord(text, call.start_byte, call.end_byte)
    element = _element(node)
    before = element.prev_named_sibling
    if text and text[0].kind == "made" and text[0].start == text[0].end:  # os.Setenv
        literal = node.type in STRINGS
        return LineWord(text, node.start_byte, node.end_byte, literal=literal, named=True)
    listed = element.parent is not None and element.parent.type in _LISTS
    alone = listed and before is not None and before.type != "comment"
    return LineWord(
        text,
        node.start_byte,
        node.end_byte,
        literal=node.type in STRINGS,
        before=before.end_byte if alone and before is not None else None,
    )


_LISTS = frozenset({"argument_list", "literal_value"})


def _element(node: Node) -> Node:
    parent = node.parent
    return parent if parent is not None and parent.type == "literal_element" else node


def _facts(
    line: WordLine, scope: Scope, directory: str | None, recipe: str | None
) -> Iterator[GoBuild | DataCommand | MakeCall | Step]:
    source = scope.file.source
    expansion = line.expansion
    values = ScriptValues(
        expansion.text, own=ROOT, directory=directory, variables={ROOT_VARIABLE: ROOT}
    )
    commands = parse_script(source.path, expansion.text).commands
    for fact in ScriptRun(source, commands, values, recipe, expansion).facts():
        if isinstance(fact, DataCommand):
            if fact.kind in ("covdata", "cover"):
                yield fact
        elif isinstance(fact, (GoBuild, MakeCall)) or (
            isinstance(fact, Step) and fact.kind in _TESTS
        ):
            yield fact


@dataclass(slots=True)
class Environment:
    """What is set for a command; ``cleared``: there is nothing else."""

    words: dict[str, Word]
    cleared: bool = False


def environment_of(
    package: GoPackage, call: Node, scope: Scope, *, programs: bool = False
) -> Environment:
    """What ``cmd.Env = append(os.Environ(), "NAME=value")`` sets for the command of ``call``,
    else ``os.Setenv``; with ``programs`` also what is of use to programs alone, of the first."""
    found = Environment({})
    name = assigned_name(call, scope.file)
    own = False
    if scope.function is None:
        return found
    for node in scope.file.found(_ENVIRONMENT, scope.function):
        statement: Node | None = node
        while statement is not None and statement.type != "assignment_statement":
            statement = statement.parent
        left = statement.child_by_field_name("left") if statement is not None else None
        right = statement.child_by_field_name("right") if statement is not None else None
        if left is None or right is None or statement is None or len(right.named_children) != 1:
            continue
        if scope.file.text(left) != f"{name}.Env" or statement.start_byte < call.start_byte:
            continue
        if package.taken(statement, scope.function, scope) is False:
            continue
        own = True
        found.cleared = right.named_children[0].type == "composite_literal" or found.cleared
        for item, text in package.items(right.named_children[0], scope):
            whole = "".join("" if one.kind == "hole" else one.text for one in text or ())
            match = _ASSIGNMENT.match(whole)
            if match is None or not text or text[0].kind == "hole":
                # os.Environ() or something else that is not seen; not cmd.Env as it was
                found.cleared = found.cleared and scope.file.text(item) == f"{name}.Env"
            elif programs or match[1] not in OF_PROGRAMS:
                found.words[match[1]] = (item, text)
    if not own and not programs:
        inherited = process_environment(package, call, scope)
        found.words.update((k, v) for k, v in inherited.items() if k not in OF_PROGRAMS)
    return found
