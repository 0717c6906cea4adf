"""Shell scripts, as far as coverage needs them: simple commands in order.

tree-sitter-bash gives the structure (it survives errors and keeps byte
offsets); words are decoded here, byte by byte, because a fix has to know which
byte of a quoted ``-ldflags`` value stands for which character of it.

A script may be a slice of another file (a RUN instruction, a Makefile recipe):
``offset`` shifts every span, and the caller masks what is not shell with
spaces of the same length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from covlint.documents.shellwords import Part, ShellWord, decode_word, split_words
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = [
    "Assignment",
    "Command",
    "Condition",
    "Part",
    "Script",
    "ShellWord",
    "parse_script",
]

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})

#: Scripts nested deeper than this (``sh -c`` in ``sh -c``, or syntax) are cut off.
DEPTH_LIMIT = 150


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
class Condition:
    """A test that a command depends on.

    ``operator`` is "=", "!=", "-n", "-z", "matches" (case, a pattern in [[ ]],
    or grep on a variable) or "other"; ``holds`` is False on the else side.
    ``statement`` is the whole if, case or && list.
    """

    variable: str | None
    operator: str
    value: str | None
    holds: bool
    span: Span
    statement: Span


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command. ``words`` is empty for a bare assignment.

    ``conditions`` run from the outermost in. ``function`` is the enclosing
    shell function. ``piped``: part of a pipeline of two or more;
    ``background``: ends in ``&``; ``substituted``: inside ``$(…)``; ``last``:
    nothing runs after it in its script; ``chained``: the operator before it
    ("&&", "||", ";" or ""); ``nested``: stands in the script of a ``sh -c``.
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

    @property
    def name(self) -> str | None:
        """The command's name when it is literal."""
        return self.words[0].literal if self.words else None


@dataclass(frozen=True, slots=True)
class Script:
    """Simple commands in the order in which they are written; ``broken`` when
    the text has syntax errors (then some commands may be missing)."""

    commands: tuple[Command, ...]
    broken: bool
    span: Span


@dataclass(frozen=True, slots=True)
class _Place:
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
    depth: int = 0

    def but(self, **changes: object) -> _Place:
        return replace(self, depth=self.depth + 1, **changes)  # type: ignore[arg-type]


@cache
def _parser() -> Parser:
    # Imported here: a run without any shell text must not pay for the grammar.
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def parse_script(path: str, data: bytes, offset: int = 0) -> Script:
    """Parse ``data``, which starts at byte ``offset`` of the file at ``path``.

    ``sh -c '…'`` is entered when its quoting maps bytes one to one: the
    commands of its script follow it, with their own spans.
    """
    return _Reader(path, data, offset).read()


class _Reader:
    def __init__(self, path: str, data: bytes, offset: int, place: _Place | None = None) -> None:
        self.path = path
        self.data = data.replace(b"\\\r\n", b" \\\n").replace(b"\r\n", b" \n")
        self.offset = offset
        self.commands: list[Command] = []
        self.place = place or _Place()
        self.broken = False

    def read(self) -> Script:
        root = _parser().parse(self.data).root_node
        self.broken = root.has_error
        self.sequence(root.children, self.place)
        span = Span(self.path, self.offset, self.offset + len(self.data))
        return Script(tuple(self.commands), self.broken, span)

    # -- structure ---------------------------------------------------------

    def sequence(self, children: list[Node], place: _Place) -> None:
        """Statements one after the other; only the last is in last position."""
        statements = [
            (index, child)
            for index, child in enumerate(children)
            if child.is_named and child.type not in {"comment", "heredoc_body"}
        ]
        running = [pair for pair in statements if pair[1].type != "function_definition"]
        final = running[-1][1].id if running else None
        for index, child in statements:
            following = children[index + 1].type if index + 1 < len(children) else ""
            self.visit(
                child,
                place.but(
                    last=place.last and child.id == final,
                    background=place.background or following == "&",
                    chained=place.chained if index == 0 else ";",
                ),
            )

    def visit(self, node: Node, place: _Place) -> None:
        if place.depth > DEPTH_LIMIT:
            self.broken = True
            return
        kind = node.type
        if kind in {"command", "declaration_command", "test_command", "unset_command"} or kind in {"variable_assignment", "variable_assignments"}:
            self.command(node, place)
        elif kind == "list":
            self.list(node, place)
        elif kind == "pipeline":
            for child in node.named_children:
                # the grammar puts `a | b > f` as a whole below the redirect
                redirected = place.redirected and child.id == node.named_children[-1].id
                self.visit(child, place.but(piped=True, redirected=redirected))
        elif kind == "redirected_statement":
            for child in node.named_children:
                if not child.type.endswith("redirect"):
                    self.visit(child, place.but(redirected=True))
                else:
                    self.substitutions(child, place)
                    # `cmd <<EOF && next`: the grammar hangs what follows below the redirect
                    for inner in child.named_children:
                        if inner.type in {"command", "list", "pipeline", "subshell"}:
                            self.visit(inner, place.but(chained="&&"))
        elif kind == "if_statement":
            self.if_statement(node, place)
        elif kind == "case_statement":
            self.case_statement(node, place)
        elif kind == "function_definition":
            name = node.child_by_field_name("name")
            body = node.child_by_field_name("body")
            if body is not None:
                self.visit(body, _Place(function=self.text(name) if name else "", depth=place.depth + 1))
        elif kind == "subshell":
            self.sequence(node.children, place.but(subshell=True))
        elif kind in {"for_statement", "c_style_for_statement", "while_statement"}:
            for child in node.children:
                if child.type == "do_group":
                    self.sequence(child.children, place.but(last=False))
                elif child.is_named:
                    self.visit(child, place.but(last=False))
        elif kind in {"word", "string", "raw_string", "concatenation", "comment", "variable_name"}:
            self.substitutions(node, place)
        elif node.named_children:
            self.sequence(node.children, place)

    def list(self, node: Node, place: _Place) -> None:
        left, right = node.children[0], node.children[-1]
        operator = node.children[1].type if len(node.children) > 2 else "&&"
        self.visit(left, place.but(last=False, redirected=False))
        conditions = place.conditions
        # `[ a ] && x || y`: y runs when the test fails
        first = left
        while operator == "||" and first.type == "list" and first.children:
            first = first.children[0]
        condition = self.condition(first, node)
        if condition is not None:
            conditions = (*conditions, _with(condition, holds=operator == "&&"))
        self.visit(right, place.but(conditions=conditions, chained=operator))

    def if_statement(self, node: Node, place: _Place) -> None:
        failed: tuple[Condition, ...] = ()
        head: list[Node] = []
        body: list[Node] = []
        in_body = False
        branches: list[tuple[list[Node], list[Node]]] = []
        for child in node.children:
            if child.type == "if":
                continue
            if child.type == "then":
                in_body = True
            elif child.type == "elif_clause":
                inner_head: list[Node] = []
                inner_body: list[Node] = []
                seen = False
                for grandchild in child.children:
                    if grandchild.type == "then":
                        seen = True
                    elif grandchild.type != "elif":
                        (inner_body if seen else inner_head).append(grandchild)
                branches.append((inner_head, inner_body))
            elif child.type == "else_clause":
                branches.append(([], [c for c in child.children if c.type != "else"]))
            elif child.type != "fi":
                (body if in_body else head).append(child)
        for heads, statements in [(head, body), *branches]:
            tests = [child for child in heads if child.is_named]
            own: tuple[Condition, ...] = ()
            for test in tests:
                self.visit(test, place.but(last=False, conditions=(*place.conditions, *failed)))
                condition = self.condition(test, node)
                if condition is None and test is tests[-1]:
                    condition = Condition(None, "other", None, True, self.span(test), self.span(node))
                if condition is not None:
                    own = (*own, condition)
            self.sequence(
                statements, place.but(conditions=(*place.conditions, *failed, *own), chained="")
            )
            failed = (*failed, *(_with(condition, holds=False) for condition in own))

    def case_statement(self, node: Node, place: _Place) -> None:
        value = node.child_by_field_name("value")
        variable = self.only_variable(value) if value is not None else None
        failed: tuple[Condition, ...] = ()
        for item in node.named_children:
            if item.type != "case_item":
                continue
            closing = next((i for i, c in enumerate(item.children) if c.type == ")"), 0)
            patterns = [c for c in item.children[:closing] if c.type != "|"]
            if patterns:
                start, end = patterns[0].start_byte, patterns[-1].end_byte
                raw = self.data[start:end].decode("utf-8", "replace")
                pattern = "".join(c for c in raw if c not in "\"'").strip()
                span = Span(self.path, self.offset + start, self.offset + end)
                own: tuple[Condition, ...] = (
                    Condition(variable, "matches", pattern, True, span, self.span(node)),
                )
                if pattern == "*":
                    own = failed or own
                else:
                    failed = (*failed, _with(own[0], holds=False))
                statements = [c for c in item.children[closing + 1 :] if c.type not in {";;", ";&", ";;&"}]
                self.sequence(statements, place.but(conditions=(*place.conditions, *own), chained=""))

    # -- conditions --------------------------------------------------------

    def condition(self, node: Node, statement: Node) -> Condition | None:
        """The test that ``node`` makes, when it is one that can be told."""
        where = (self.span(node), self.span(statement))
        if node.type == "negated_command":
            inner = self.condition(node.named_children[0], statement) if node.named_children else None
            return _with(inner, holds=not inner.holds) if inner else None
        if node.type == "redirected_statement" and node.named_children:
            return self.condition(node.named_children[0], statement)
        if node.type == "pipeline":
            text = self.text(node)
            if "grep" in text and node.named_children:
                variable = self.only_variable(node.named_children[0])
                words = [w.literal for w in self.words(node.named_children[-1])]
                needles = [w for w in words[1:] if w and not _is_grep_option(w)]
                if variable is not None:
                    return Condition(variable, "matches", needles[0] if needles else None, True, *where)
            return None
        if node.type == "test_command":
            words = self.test_words(node)
        elif node.type == "command":
            words = self.words(node)
            if not words or words[0].literal != "test":
                return None
            words = words[1:]
        else:
            return None
        return _read_test(words, where)

    def test_words(self, node: Node) -> tuple[ShellWord, ...]:
        """The words between ``[`` and ``]``, taken from the bytes: the grammar
        splits them into expressions, which a test command does not have."""
        start, end = node.children[0].end_byte, node.children[-1].start_byte
        return tuple(self.split(start, end))

    def split(self, start: int, end: int) -> Iterator[ShellWord]:
        for first, last in split_words(self.data, start, end):
            yield self.word(first, last)

    def only_variable(self, node: Node) -> str | None:
        """The one variable that the node's text names, if there is just one."""
        names = {
            part.text for word in self.split(node.start_byte, node.end_byte) for part in word.parts
            if part.kind == "variable"
        }
        return names.pop() if len(names) == 1 else None

    # -- commands ----------------------------------------------------------

    def command(self, node: Node, place: _Place) -> None:
        assignments: list[Assignment] = []
        exported = False
        if node.type == "variable_assignment":
            assignments.append(self.assignment(node, exported=False))
        elif node.type == "declaration_command":
            keyword = self.text(node.children[0]) if node.children else ""
            exported = keyword == "export" or " -x" in self.text(node)
            assignments.extend(
                self.assignment(child, exported=exported)
                for child in node.named_children
                if child.type == "variable_assignment"
            )
        else:
            assignments.extend(
                self.assignment(child, exported=False)
                for child in node.named_children
                if child.type == "variable_assignment"
            )
        words = self.words(node)
        span = self.span(node)
        command = Command(
            words=words,
            assignments=tuple(assignments),
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
        )
        self.commands.append(command)
        self.substitutions(node, place)
        self.enter(command, place)

    def enter(self, command: Command, place: _Place) -> None:
        """Read the script of ``sh -c '…'``, where its bytes are the script's own."""
        words = command.words
        if words and command.name in {"exec", "sudo", "env", "time", "nohup"}:
            words = words[1:]
        if len(words) < 3 or place.depth > DEPTH_LIMIT:
            return
        name = words[0].literal
        if name is None or name.rsplit("/", 1)[-1] not in SHELLS:
            return
        for option, script in zip(words[1:], words[2:], strict=False):
            literal = option.literal
            if literal is None or not literal.startswith("-"):
                return
            if literal.startswith("--") or not literal.endswith("c"):
                continue
            raw = self.data[script.span.start - self.offset : script.span.end - self.offset]
            if len(raw) >= 2 and raw[:1] == raw[-1:] and raw[:1] in (b"'", b'"'):
                inner = raw[1:-1]
                if raw[:1] == b'"' and b"\\" in inner.replace(b"\\\n", b""):
                    return
                if raw[:1] not in inner:
                    reader = _Reader(
                        self.path, inner, script.span.start + 1, place.but(nested=True, chained="")
                    )
                    self.commands.extend(reader.read().commands)
            return

    def assignment(self, node: Node, *, exported: bool) -> Assignment:
        value = node.child_by_field_name("value")
        name = node.child_by_field_name("name")
        operator = node.children[1] if len(node.children) > 1 else node.children[0]
        items: tuple[ShellWord, ...] | None = None
        if value is not None and value.type == "array":
            items = tuple(self.word(child.start_byte, child.end_byte) for child in value.named_children)
        start = value.start_byte if value is not None else operator.end_byte
        end = self.extend(value.end_byte, node.parent) if value is not None else start
        return Assignment(
            name=self.text(name) if name is not None else "",
            value=self.word(start, end),
            span=Span(self.path, self.offset + node.start_byte, self.offset + max(node.end_byte, end)),
            appends=operator.type == "+=",
            exported=exported,
            items=items,
        )

    def extend(self, end: int, parent: Node | None) -> int:
        """The end of the word that starts before ``end``: the grammar stops at escapes."""
        limit = parent.end_byte if parent is not None else end
        while end < limit and self.data[end : end + 1] not in (b" ", b"\t", b"\n", b";", b"&", b"|", b")"):
            if self.data[end : end + 2] == b"\\\n":
                break
            end += 2 if self.data[end : end + 1] == b"\\" else 1
        return end

    def words(self, node: Node) -> tuple[ShellWord, ...]:
        """Command name and arguments, leading assignments and redirects left out."""
        if node.type in {"variable_assignment", "variable_assignments"}:
            return ()
        ranges: list[list[int]] = []
        for child in node.children:
            if child.type in {"variable_assignment", "herestring_redirect"}:
                if node.type == "declaration_command":
                    ranges.append([child.start_byte, child.end_byte])
                continue
            if child.type.endswith("redirect"):
                continue
            if node.type == "test_command" or child.is_named or child.type in {"[", "export", "declare"}:
                pass
            elif child.type not in {"local", "readonly", "typeset", "unset", "$", "==", "=~", "=", "("}:
                continue
            if ranges and self.joined(ranges[-1][1], child.start_byte):
                ranges[-1][1] = child.end_byte
            else:
                ranges.append([child.start_byte, child.end_byte])
        return tuple(self.word(start, end) for start, end in ranges if end > start)

    def joined(self, end: int, start: int) -> bool:
        """Whether nothing but escapes stands between two pieces of one word."""
        gap = self.data[end:start]
        return gap == b"" or (
            gap.startswith(b"\\") and not gap.startswith(b"\\\n") and len(gap) % 2 == 0
            and all(gap[i : i + 1] == b"\\" for i in range(0, len(gap), 2))
        )

    def word(self, start: int, end: int) -> ShellWord:
        parts = decode_word(self.data[start:end], self.offset + start)
        return ShellWord(parts, Span(self.path, self.offset + start, self.offset + end))

    def substitutions(self, node: Node, place: _Place) -> None:
        """Commands inside ``$(…)`` and backticks run too."""
        stack = list(node.children)
        while stack:
            child = stack.pop()
            if child.type in {"command_substitution", "process_substitution"}:
                self.sequence(
                    child.children,
                    place.but(substituted=True, last=False, chained=""),
                )
            else:
                stack.extend(child.children)

    def span(self, node: Node) -> Span:
        return Span(self.path, self.offset + node.start_byte, self.offset + node.end_byte)

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _with(condition: Condition, *, holds: bool) -> Condition:
    return Condition(
        condition.variable, condition.operator, condition.value, holds, condition.span, condition.statement
    )


def _is_grep_option(word: str) -> bool:
    """``-q`` and friends, but not the needle in ``grep -q -- -cover``."""
    return word == "--" or (word.startswith("-") and len(word) <= 3) or word == "grep"


def _read_test(words: tuple[ShellWord, ...], where: tuple[Span, Span]) -> Condition | None:
    def variable(word: ShellWord) -> str | None:
        names = [part for part in word.parts if part.kind == "variable"]
        texts = "".join(part.text for part in word.parts if part.kind == "text")
        # `"x$COVER" = "xtrue"` is an old idiom: the prefix is cut off both sides
        return names[0].text if len(names) == 1 and texts in {"", "x", "X", "_", " ", "  "} else None

    if len(words) == 1 and variable(words[0]):
        return Condition(variable(words[0]), "-n", None, True, *where)
    if len(words) == 2 and words[0].literal in {"-n", "-z"} and variable(words[1]):
        return Condition(variable(words[1]), words[0].literal or "", None, True, *where)
    if len(words) == 3 and words[1].literal in {"=", "==", "!=", "=~", "-eq"}:
        operator = words[1].literal or ""
        left, right = words[0], words[2]
        if variable(left) is None:
            left, right = right, left
        name, value = variable(left), right.literal
        if name is None:
            return Condition(None, "other", None, True, *where)
        prefix = "".join(part.text for part in left.parts if part.kind == "text").strip()
        if prefix and value is not None and value.startswith(prefix):
            value = value[len(prefix) :]
        if operator == "=~" or (value is not None and "*" in value):
            return Condition(name, "matches", value, operator != "!=", *where)
        return Condition(name, "!=" if operator == "!=" else "=", value, True, *where)
    return Condition(None, "other", None, True, *where)
