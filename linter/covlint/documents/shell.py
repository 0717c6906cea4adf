"""Shell scripts, as far as coverage needs them: simple commands in order.

tree-sitter-bash gives the structure (it survives errors and keeps byte
offsets); words are decoded here, byte by byte, because a fix has to know which
byte of a quoted ``-ldflags`` value stands for which character of it.

A script may be a slice of another file (a RUN instruction, a Makefile recipe):
``offset`` shifts every span, and the caller masks what is not shell with
spaces of the same length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from covlint.documents.grammars import parser
from covlint.documents.shellcommands import Assignment, Command, Condition, Loop, Script
from covlint.documents.shelltext import SHELLS, ShellText, branches, but, script_argument
from covlint.documents.shellwords import Part, ShellWord
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "SHELLS",
    "Assignment",
    "Command",
    "Condition",
    "Loop",
    "Part",
    "Script",
    "ShellWord",
    "parse_script",
]

#: Scripts nested deeper than this (``sh -c`` in ``sh -c``, or syntax) are cut off.
DEPTH_LIMIT = 150

_SIMPLE = (
    "command",
    "declaration_command",
    "test_command",
    "unset_command",
    "variable_assignment",
    "variable_assignments",
)
_LOOPS = ("for_statement", "c_style_for_statement", "while_statement")
_TEXTS = ("word", "string", "raw_string", "concatenation")
_STATEMENTS = frozenset({"command", "list", "pipeline", "subshell", "redirected_statement"})
_SUBSTITUTED = re.compile(rb"[$<>]\s*\(|`")
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})


class _Place(NamedTuple):
    """Where the walk is: what the commands below depend on."""

    conditions: tuple[Condition, ...] = ()
    function: str | None = None
    piped: bool = False
    background: bool = False
    substituted: bool = False
    subshell: bool = False
    redirected: bool = False
    last: bool = True
    chained: str = ""
    nested: bool = False
    loops: tuple[Loop, ...] = ()
    depth: int = 0


def parse_script(path: str, data: bytes, offset: int = 0) -> Script:
    """Parse ``data``, which starts at byte ``offset`` of the file at ``path``.

    ``sh -c '…'`` is entered when its quoting maps bytes one to one: the
    commands of its script follow it, with their own spans.
    """
    return _Reader(path, data, offset, _Place()).read()


class _Reader:
    def __init__(self, path: str, data: bytes, offset: int, place: _Place) -> None:
        data = data.replace(b"\\\r\n", b" \\\n").replace(b"\r\n", b" \n")
        self.source = ShellText(path, data, offset)
        self.commands: list[Command] = []
        self.place = place
        self.broken = False

    def read(self) -> Script:
        source = self.source
        root = parser("tree_sitter_bash").parse(source.data).root_node
        self.broken = root.has_error
        self.sequence(root.children, self.place)
        span = Span(source.path, source.offset, source.offset + len(source.data))
        return Script(tuple(self.commands), self.broken, span)

    def sequence(self, children: list[Node], place: _Place) -> None:
        """Statements one after the other; only the last is in last position."""
        final = first = None
        for child in children:
            if child.is_named and child.type not in {"comment", "heredoc_body"}:
                first = first or child
                if child.type != "function_definition":
                    final = child
        for index, child in enumerate(children):
            if not child.is_named or child.type in {"comment", "heredoc_body"}:
                continue
            following = children[index + 1].type if index + 1 < len(children) else ""
            self.visit(
                child,
                place._replace(
                    last=place.last and child is final,
                    background=place.background or following == "&",
                    chained=place.chained if child is first else ";",
                    depth=place.depth + 1,
                ),
            )

    def visit(self, node: Node, place: _Place) -> None:
        if place.depth > DEPTH_LIMIT:
            self.broken = True
            return
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            handler(self, node, place)
        elif node.named_children:
            self.sequence(node.children, place)

    def subshell(self, node: Node, place: _Place) -> None:
        self.sequence(node.children, place._replace(subshell=True))

    def loop(self, node: Node, place: _Place) -> None:
        inside = place._replace(last=False, depth=place.depth + 1)
        name = node.child_by_field_name("variable")
        values = node.children_by_field_name("value")
        if node.type == "for_statement" and name is not None and values:
            words = tuple(self.source.word(one.start_byte, one.end_byte) for one in values)
            inside = inside._replace(loops=(*place.loops, Loop(self.source.text(name), words)))
        for child in node.children:
            if child.type == "do_group":
                self.sequence(child.children, inside)
            elif child.is_named:
                self.visit(child, inside)

    def pipeline(self, node: Node, place: _Place) -> None:
        children = node.named_children
        for child in children:
            # the grammar puts `a | b > f` as a whole below the redirect
            redirected = place.redirected and child is children[-1]
            self.visit(
                child, place._replace(piped=True, redirected=redirected, depth=place.depth + 1)
            )

    def redirected(self, node: Node, place: _Place) -> None:
        redirects = [child for child in node.named_children if child.type.endswith("redirect")]
        # `cmd <<EOF && next`: the grammar hangs what follows below the redirect
        following = [
            inner for one in redirects for inner in one.named_children if inner.type in _STATEMENTS
        ]
        depth = place.depth + 1
        for child in node.named_children:
            if child not in redirects:
                last = place.last and not following
                self.visit(child, place._replace(redirected=True, last=last, depth=depth))
                if child.type == "command":
                    self.rejoin(child, redirects)
        for redirect in redirects:
            for inner in redirect.named_children:
                if inner.type not in _STATEMENTS:
                    self.substitutions(inner, place)
        for inner in following:
            self.visit(inner, place._replace(chained="&&", depth=depth))

    def rejoin(self, node: Node, redirects: Sequence[Node]) -> None:
        """Give a command the words behind `> file`, which the grammar takes for file names."""
        strays = [
            word
            for redirect in redirects
            if redirect.type == "file_redirect"
            for word in redirect.children_by_field_name("destination")[1:]
        ]
        if not strays:
            return
        span = self.source.span(node)
        index = next(i for i, c in enumerate(self.commands) if c.span.start == span.start)
        words = (self.source.word(stray.start_byte, stray.end_byte) for stray in strays)
        self.commands[index] = replace(
            self.commands[index],
            words=(*self.commands[index].words, *words),
            span=Span(span.path, span.start, self.source.span(strays[-1]).end),
        )

    def function(self, node: Node, place: _Place) -> None:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if body is not None:
            text = self.source.text(name) if name else ""
            self.visit(body, _Place(function=text, nested=place.nested, depth=place.depth + 1))

    def list(self, node: Node, place: _Place) -> None:
        """``a && b || c``, which the grammar nests to the left."""
        steps: list[tuple[str, Node]] = []
        left = node
        while left.type == "list" and len(left.children) > 2:
            steps.append((left.children[1].type, left.children[-1]))
            left = left.children[0]
        if left.type == "list":
            self.sequence(left.children, place)
            return
        steps.reverse()
        depth = place.depth + 1
        inner = place._replace(last=False, redirected=False, depth=depth)
        self.visit(left, inner)
        first = met = self.source.conditions(left, node)
        for index, (operator, right) in enumerate(steps):
            if operator == "||":
                # `[ a ] && x || y`: y runs when the test fails
                met = tuple(but(one, holds=not one.holds) for one in first)
            here = place if index == len(steps) - 1 else inner
            self.visit(
                right,
                here._replace(conditions=(*place.conditions, *met), chained=operator, depth=depth),
            )
            if operator == "||":
                first = met = ()
            else:
                met = (*met, *self.source.conditions(right, node))

    # -- branches ------------------------------------------------------------

    def if_statement(self, node: Node, place: _Place) -> None:
        failed: tuple[Condition, ...] = ()
        for tests, statements in branches(node):
            own: tuple[Condition, ...] = ()
            outer = (*place.conditions, *failed)
            for test in tests:
                self.visit(
                    test, place._replace(last=False, conditions=outer, depth=place.depth + 1)
                )
            if tests:
                own = self.source.conditions(tests[-1], node) or (
                    Condition(
                        None,
                        "other",
                        None,
                        True,
                        self.source.span(tests[-1]),
                        self.source.span(node),
                    ),
                )
            self.sequence(statements, place._replace(conditions=(*outer, *own), chained=""))
            failed = (*failed, *(but(condition, holds=not condition.holds) for condition in own))

    def case_statement(self, node: Node, place: _Place) -> None:
        source = self.source
        value = node.child_by_field_name("value")
        variable = source.only_variable(value) if value is not None else None
        failed: tuple[Condition, ...] = ()
        for item in node.named_children:
            if item.type != "case_item":
                continue
            children = item.children
            closing = next((i for i, c in enumerate(children) if c.type == ")"), 0)
            patterns = [c for c in children[:closing] if c.type not in {"|", "("}]
            if not patterns:
                continue
            start, end = patterns[0].start_byte, patterns[-1].end_byte
            raw = source.data[start:end].decode("utf-8", "replace")
            pattern = "".join(c for c in raw if c not in "\"'").strip()
            span = Span(source.path, source.offset + start, source.offset + end)
            own: tuple[Condition, ...] = (
                Condition(variable, "matches", pattern, True, span, source.span(node)),
            )
            if pattern == "*":
                own = failed or own
            else:
                failed = (*failed, but(own[0], holds=False))
            statements = [c for c in children[closing + 1 :] if c.type not in {";;", ";&", ";;&"}]
            self.sequence(
                statements, place._replace(conditions=(*place.conditions, *own), chained="")
            )

    # -- commands ------------------------------------------------------------

    def command(self, node: Node, place: _Place) -> None:
        words = self.source.words(node)
        span = self.source.span(node)
        if words and words[-1].span.end > span.end:
            span = Span(span.path, span.start, words[-1].span.end)
        command = Command(
            words=words,
            assignments=tuple(self.source.assignments(node)),
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
            loops=place.loops,
        )
        self.commands.append(command)
        self.substitutions(node, place)
        self.enter(command, place)

    def enter(self, command: Command, place: _Place) -> None:
        """Read the script of ``sh -c '…'``, where its bytes are the script's own."""
        script = script_argument(command)
        inner = self.source.inside_quotes(script) if script is not None else None
        if script is None or inner is None or place.depth > DEPTH_LIMIT:
            return
        place = place._replace(nested=True, chained="", depth=place.depth + 1)
        reader = _Reader(self.source.path, inner, script.span.start + 1, place)
        self.commands.extend(reader.read().commands)

    def substitutions(self, node: Node, place: _Place) -> None:
        """Commands inside ``$(…)`` and backticks run too."""
        if not _SUBSTITUTED.search(self.source.data, node.start_byte, node.end_byte):
            return
        stack = [node]
        while stack:
            child = stack.pop()
            if child.type in _SUBSTITUTIONS:
                self.sequence(
                    child.children,
                    place._replace(substituted=True, last=False, chained="", depth=place.depth + 1),
                )
            elif child.child_count:
                stack.extend(reversed(child.children))


_HANDLERS: dict[str, Callable[[_Reader, Node, _Place], None]] = {
    "list": _Reader.list,
    "pipeline": _Reader.pipeline,
    "redirected_statement": _Reader.redirected,
    "if_statement": _Reader.if_statement,
    "case_statement": _Reader.case_statement,
    "function_definition": _Reader.function,
    "subshell": _Reader.subshell,
    **dict.fromkeys(_SIMPLE, _Reader.command),
    **dict.fromkeys(_LOOPS, _Reader.loop),
    **dict.fromkeys(_TEXTS, _Reader.substitutions),
}
