"""``go`` and ``make`` as Go code runs them: builds with coverage, covdata, calls of make.

The words of the call become a line of shell that is read as a script's; words that stand in
a literal of their own keep their bytes, so that what is in them can be edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import Piece, Text
from covlint.documents.expansion import Expansion
from covlint.documents.gosource import STRINGS, GoSource, Scope, call_arguments
from covlint.documents.gotext import GoPackage
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import parse_script
from covlint.facts.commands.collecting import DataCommand
from covlint.facts.commands.makecalls import MakeCall
from covlint.facts.commands.script_run import ScriptRun
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.flags import Flag
from covlint.facts.golang.call_words import assigned_name
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*")
_ENVIRONMENT = re.compile(rb"\.(Env)\s*=[^=]")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
#: Stands for the project root in a line.
_ROOT_VARIABLE = "PROJECT_ROOT_OF_GO"
#: Where the data of the program goes, not that of the go command itself.
_OF_PROGRAMS = frozenset({"GOCOVERDIR", "PWD"})

Word = tuple["Node", Text | None]


@dataclass(slots=True)
class _Line:
    """The line as it grows, with the place in the file of each of its bytes."""

    text: bytearray
    origins: list[int]
    ends: list[int]

    def stand(self, data: bytes, at: int) -> None:
        self.text += data
        self.origins += range(at, at + len(data))
        self.ends += range(at + 1, at + len(data) + 1)

    def put_in(self, data: bytes, node: Node) -> None:
        self.text += data
        self.origins += [node.start_byte] * len(data)
        self.ends += [node.end_byte] * len(data)

    def word(self, word: Word, is_root: re.Pattern[str], path: str) -> None:
        """One word of the command; None: no word, or several that are not seen."""
        node, text = word
        if text is None:
            self.put_in(b"$VALUES_OF_GO", node)
            return
        whole = "".join("" if one.kind == "hole" else one.text for one in text)
        name = _ASSIGNMENT.match(whole)
        bare = _BARE.fullmatch(whole) and all(one.kind != "hole" for one in text)
        head = name.end() if name is not None else 0
        if bare:
            for piece in text:
                self.piece(piece, piece.text, node, path)
            return
        self.quoted(text, head, node, is_root, path)

    def quoted(
        self, text: Text, head: int, node: Node, is_root: re.Pattern[str], path: str
    ) -> None:
        """A word in quotes, without those before ``head``: ``NAME=`` has to stay an assignment."""
        opened = False
        for whole in text:
            piece = whole
            if not opened and head and piece.kind != "hole":
                first = piece.cut(0, head)
                self.piece(first, first.text, node, path)
                piece, head = piece.cut(head, len(piece.text)), head - len(first.text)
                if head:
                    continue
            if not opened:
                self.put_in(b'"', node)
                opened = True
            if piece.kind == "hole":
                root = is_root.match(piece.text) is not None
                self.put_in(b"${" + _variable(piece.text, root=root) + b"}", node)
                continue
            for part in re.split(r'([\\"$`])', piece.text):
                if part in ("\\", '"', "$", "`") and part:
                    self.put_in(b"\\" + part.encode(), node)
                elif part == piece.text:
                    self.piece(piece, part, node, path)
                else:
                    self.put_in(part.encode(), node)
        self.put_in(b'"' if opened else b'""', node)

    def piece(self, piece: Piece, text: str, node: Node, path: str) -> None:
        inside = node.start_byte <= piece.start and piece.end <= node.end_byte
        if piece.linear and piece.path == path and inside:
            self.stand(text.encode(), piece.start)
        else:
            self.put_in(text.encode(), node)


def _variable(hole: str, *, root: bool) -> bytes:
    if root:
        return _ROOT_VARIABLE.encode()
    match = _NAME.fullmatch(hole.rpartition(".")[2])
    return (match[0] if match and match[0] != _ROOT_VARIABLE else "VALUE_OF_GO").encode()


def read_go_line(
    package: GoPackage,
    words: Sequence[Word],
    call: Node,
    scope: Scope,
    directory: str | None,
    recipe: str | None,
    is_root: re.Pattern[str],
) -> Iterator[GoBuild | DataCommand | MakeCall]:
    """The builds, data commands and calls of make of one command.

    ``directory`` is where it runs (None: not known), ``is_root`` matches expressions that
    give the directory of the repository.
    """
    file = scope.file
    path = file.source.path
    line = _Line(bytearray(), [], [])
    environment = environment_of(package, call, scope)
    for given, text in (*environment.words.values(), *words):
        # a list of another file gives nodes of that file
        own = file.at(given.start_byte, given.end_byte) == given
        node = given if own else call
        if line.text:
            line.put_in(b" ", node)
        line.word((node, text), is_root, path)
    nodes = [node for node, _ in words]
    for fact in _facts(line, scope, directory, recipe):
        if isinstance(fact, GoBuild):
            yield _as_arguments(fact, nodes, call, file)
        elif isinstance(fact, DataCommand):
            yield replace(fact, span=file.span(call), cleared=environment.cleared)
        else:
            yield replace(fact, span=file.span(call))


def read_go_script(
    script: Text,
    call: Node,
    scope: Scope,
    directory: str | None,
    recipe: str | None,
    is_root: re.Pattern[str],
) -> Iterator[GoBuild | DataCommand | MakeCall]:
    """The same of the script that ``sh -c`` runs."""
    line = _Line(bytearray(), [], [])
    for piece in script:
        if piece.kind == "hole":
            root = is_root.match(piece.text) is not None
            line.put_in(b"${" + _variable(piece.text, root=root) + b"}", call)
        else:
            line.piece(piece, piece.text, call, scope.file.source.path)
    yield from _facts(line, scope, directory, recipe)


def _facts(
    line: _Line, scope: Scope, directory: str | None, recipe: str | None
) -> Iterator[GoBuild | DataCommand | MakeCall]:
    source = scope.file.source
    expansion = Expansion(source.path, bytes(line.text), tuple(line.origins), tuple(line.ends))
    values = ScriptValues(
        expansion.text, own=ROOT, directory=directory, variables={_ROOT_VARIABLE: ROOT}
    )
    commands = parse_script(source.path, expansion.text).commands
    for fact in ScriptRun(source, commands, values, recipe, expansion).facts():
        if isinstance(fact, DataCommand):
            if fact.kind in ("covdata", "cover"):
                yield fact
        elif isinstance(fact, (GoBuild, MakeCall)):
            yield fact


@dataclass(slots=True)
class Environment:
    """What is set for a command; ``cleared``: there is nothing else."""

    words: dict[str, Word]
    cleared: bool = False


def environment_of(package: GoPackage, call: Node, scope: Scope) -> Environment:
    """What ``cmd.Env = append(os.Environ(), "NAME=value")`` sets for the command of ``call``."""
    found = Environment({})
    name = assigned_name(call, scope.file)
    if name is None or scope.function is None:
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
        found.cleared = right.named_children[0].type == "composite_literal" or found.cleared
        for item, text in package.items(right.named_children[0], scope):
            whole = "".join("" if one.kind == "hole" else one.text for one in text or ())
            match = _ASSIGNMENT.match(whole)
            if match is None or not text or text[0].kind == "hole":
                # os.Environ() or something else that is not seen; not cmd.Env as it was
                found.cleared = found.cleared and scope.file.text(item) == f"{name}.Env"
            elif match[1] not in _OF_PROGRAMS:
                found.words[match[1]] = (item, text)
    return found


def _as_arguments(build: GoBuild, words: Sequence[Node], call: Node, file: GoSource) -> GoBuild:
    """The build with what a fix takes out or puts in as arguments of the call: a flag in a
    literal of its own goes with its quotes and the comma before it."""

    def removed(flag: Flag) -> Flag:
        first, last = _at(words, flag.span.start), _at(words, flag.span.end)
        place = Span(flag.span.path, flag.span.end, flag.span.end)
        if first is not None and last is not None:
            whole = Span(flag.span.path, first.start_byte + 1, last.end_byte - 1) == flag.span
            place = (_with_comma(first, last, file) if whole else None) or place
        return replace(flag, removal=place)

    second = words[1] if len(words) > 1 else None
    plain = second is not None and second.type in STRINGS and second in call_arguments(call)
    span = file.span(call)
    return replace(
        build,
        span=span,
        command=span,
        text=file.source.slice(span),
        instruction=span,
        base_span=span,
        flags=tuple(removed(flag) for flag in build.flags),
        after_subcommand=second.end_byte if plain and second is not None else span.end,
        further_flag=', "{}"' if plain else None,
    )


def _at(words: Sequence[Node], offset: int) -> Node | None:
    return next((one for one in words if one.start_byte <= offset <= one.end_byte), None)


def _with_comma(first: Node, last: Node, file: GoSource) -> Span | None:
    """Strings that stand alone as arguments or elements, from the comma before them on."""
    start, end = _element(first), _element(last)
    before = start.prev_named_sibling
    if before is None or start.parent is None or start.parent != end.parent:
        return None
    if first.type not in STRINGS or last.type not in STRINGS:
        return None
    if start.parent.type not in ("argument_list", "literal_value"):
        return None
    between = file.data[before.end_byte : first.start_byte]
    if before.type == "comment" or not re.fullmatch(rb"\s*,\s*", between):
        return None
    return file.source.span(before.end_byte, last.end_byte)


def _element(node: Node) -> Node:
    parent = node.parent
    return parent if parent is not None and parent.type == "literal_element" else node
