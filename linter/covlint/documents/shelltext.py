"""Nodes of a shell syntax tree as words, assignments and tests, with exact bytes.

The grammar of tree-sitter-bash tells where a command starts and ends; where a
word does is read from the bytes, since the grammar cuts words at escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from covlint.documents.shellblocks import Condition
from covlint.documents.shellcommands import Assignment, Command
from covlint.documents.shelltests import but, read_test
from covlint.documents.shellwords import ShellWord, decode_word, split_words
from covlint.frozen import dataclass
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
#: Commands that run the command that follows them.
_PREFIXES = frozenset({"exec", "sudo", "env", "time", "nohup"})
#: Unnamed nodes that are words of a command.
_WORD_TOKENS = frozenset(
    {"[", "export", "declare", "local", "readonly", "typeset", "unset", "$", "==", "=~", "=", "("}
)
_WORD_ENDS = b" \t\n;&|)"
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True)
class ShellText:
    """The bytes of a script, which start at byte ``offset`` of the file at ``path``."""

    path: str
    data: bytes
    offset: int

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        return Span(self.path, self.offset + node.start_byte, self.offset + node.end_byte)

    def word(self, start: int, end: int) -> ShellWord:
        parts = decode_word(self.data[start:end], self.offset + start)
        return ShellWord(parts, Span(self.path, self.offset + start, self.offset + end))

    def split(self, start: int, end: int) -> Iterator[ShellWord]:
        for first, last in split_words(self.data, start, end):
            yield self.word(first, last)

    def only_variable(self, node: Node) -> str | None:
        """The one variable that the node's text names, if there is just one."""
        names = {
            part.text
            for word in self.split(node.start_byte, node.end_byte)
            for part in word.parts
            if part.kind == "variable"
        }
        return names.pop() if len(names) == 1 else None

    def inside_quotes(self, word: ShellWord) -> bytes | None:
        """The bytes between the quotes of a word, when what they say is what they are."""
        raw = self.data[word.span.start - self.offset : word.span.end - self.offset]
        quote, inner = raw[:1], raw[1:-1]
        if len(raw) < 2 or quote != raw[-1:] or quote not in (b"'", b'"') or quote in inner:
            return None
        if quote == b'"' and b"\\" in inner.replace(b"\\\n", b""):
            return None
        return inner

    # -- words ---------------------------------------------------------------

    def words(self, node: Node) -> tuple[ShellWord, ...]:
        """Command name and arguments, leading assignments and redirects left out."""
        if node.type in {"variable_assignment", "variable_assignments"}:
            return ()
        if node.type == "test_command":
            return tuple(self.split(node.start_byte, node.end_byte))
        ranges: list[list[int]] = []
        assigned = 0  # the end of an assignment, which the grammar cuts at escapes
        for child in node.children:
            kind = child.type
            if kind == "variable_assignment" and node.type != "declaration_command":
                assigned = self._extend(child.end_byte, node.end_byte)
                continue
            if child.start_byte < assigned:
                continue
            if kind.endswith("redirect") or not (child.is_named or kind in _WORD_TOKENS):
                continue
            end = self._past_escapes(child.end_byte)
            if ranges and self._joined(ranges[-1][1], child.start_byte):
                ranges[-1][1] = max(ranges[-1][1], end)
            else:
                ranges.append([child.start_byte, end])
        return tuple(self.word(start, end) for start, end in ranges if end > start)

    def _past_escapes(self, end: int) -> int:
        """The end of the escapes at ``end``: the grammar leaves out those that end a word."""
        if self.data[end : end + 1] != b"\\":
            return min(end, len(self.data))
        position = end
        while self.data.startswith(b"\\", position):
            position += 2
            if self.data[position - 1 : position] != b"\n":
                end = position
        return min(end, len(self.data))

    def _joined(self, end: int, start: int) -> bool:
        """Whether nothing but escapes and continuations stands between two pieces of one word."""
        while end < start and self.data[end] == 0x5C:
            end += 2
        return end >= start

    def assignments(self, node: Node) -> Iterator[Assignment]:
        """The assignments that a command, a declaration or an assignment node makes."""
        if node.type == "variable_assignment":
            yield self._assignment(node, node.end_byte, exported=False)
            return
        exported = False
        if node.type == "declaration_command" and node.children:
            exported = self.text(node.children[0]) == "export" or " -x" in self.text(node)
        for child in node.named_children:
            if child.type == "variable_assignment":
                yield self._assignment(child, node.end_byte, exported=exported)

    def _assignment(self, node: Node, limit: int, *, exported: bool) -> Assignment:
        value = node.child_by_field_name("value")
        name = node.child_by_field_name("name")
        operator = node.children[1] if len(node.children) > 1 else node.children[0]
        items: tuple[ShellWord, ...] | None = None
        if value is not None and value.type == "array":
            items = tuple(
                self.word(child.start_byte, child.end_byte) for child in value.named_children
            )
        start = end = operator.end_byte
        if value is not None:
            start, end = value.start_byte, self._extend(value.end_byte, limit)
        return Assignment(
            name=self.text(name) if name is not None else "",
            value=self.word(start, end),
            span=Span(
                self.path, self.offset + node.start_byte, self.offset + max(node.end_byte, end)
            ),
            appends=operator.type == "+=",
            exported=exported,
            items=items,
        )

    def _extend(self, end: int, limit: int) -> int:
        """The end of the word that starts before ``end``: the grammar stops at escapes."""
        while end < limit and self.data[end] not in _WORD_ENDS:
            if self.data.startswith(b"\\\n", end):
                break
            end += 2 if self.data[end] == 0x5C else 1
        return min(end, limit)

    # -- tests ---------------------------------------------------------------

    def conditions(self, node: Node, statement: Node) -> tuple[Condition, ...]:
        """The tests that hold when ``node`` succeeds, when they can be told.

        Those of ``a && b`` are given one by one; to say that all of them fail on
        the other side is not exact, but what is decided by it (which side is meant
        for coverage) does not change.
        """
        chain: list[Node] = []
        while node.type == "list" and len(node.children) > 2 and node.children[1].type == "&&":
            chain.append(node.children[-1])
            node = node.children[0]
        found = [self._condition(one, statement) for one in [node, *reversed(chain)]]
        return tuple(condition for condition in found if condition is not None)

    def tested(self, test: Node, statement: Node) -> tuple[Condition, ...]:
        """The tests that hold when ``test`` succeeds; one of which nothing is known, if need be."""
        where = (self.span(test), self.span(statement))
        return self.conditions(test, statement) or (Condition(None, "other", None, True, *where),)

    def case_item(self, item: Node) -> tuple[str, Span, list[Node]] | None:
        """The pattern of a branch of a case, where it stands, and the statements."""
        children = item.children
        closing = next((i for i, c in enumerate(children) if c.type == ")"), 0)
        patterns = [c for c in children[:closing] if c.type not in {"|", "("}]
        if not patterns:
            return None
        start, end = patterns[0].start_byte, patterns[-1].end_byte
        raw = self.data[start:end].decode("utf-8", "replace")
        pattern = "".join(c for c in raw if c not in "\"'").strip()
        statements = [c for c in children[closing + 1 :] if c.type not in {";;", ";&", ";;&"}]
        return pattern, Span(self.path, self.offset + start, self.offset + end), statements

    def _condition(self, node: Node, statement: Node) -> Condition | None:
        holds = True
        where = (self.span(node), self.span(statement))
        while node.type in {"negated_command", "redirected_statement"} and node.named_children:
            holds = holds != (node.type == "negated_command")
            node = node.named_children[0]
        if node.type == "pipeline":
            condition = self._grep(node, where)
        elif node.type == "test_command":
            condition = read_test(self.words(node)[1:-1], where)
        elif node.type == "command":
            words = self.words(node)
            if not words or words[0].literal != "test":
                return None
            condition = read_test(words[1:], where)
        else:
            return None
        return condition if holds or condition is None else but(condition, holds=False)

    def _grep(self, node: Node, where: tuple[Span, Span]) -> Condition | None:
        """``echo "$X" | grep -q needle``."""
        children = node.named_children
        words = self.words(children[-1]) if children else ()
        if not words or words[0].literal not in {"grep", "egrep", "fgrep"}:
            return None
        variable = self.only_variable(children[0])
        if variable is None:
            return None
        literals = [word.literal for word in words[1:]]
        needles = [text for text in literals if text and not _is_grep_option(text)]
        return Condition(variable, "matches", needles[0] if needles else None, True, *where)


def script_argument(command: Command) -> ShellWord | None:
    """The script of ``sh -c script``."""
    words = command.words
    if words and command.name in _PREFIXES:
        words = words[1:]
        while words and (words[0].prefix.startswith("-") or _ASSIGNS.match(words[0].prefix)):
            words = words[1:]
    name = words[0].literal if words else None
    if name is None or name.rsplit("/", 1)[-1] not in SHELLS:
        return None
    for option, following in pairwise(words[1:]):
        literal = option.literal
        if literal is None or not literal.startswith("-"):
            return None
        if literal.endswith("c") and not literal.startswith("--"):
            return following
    return None


def steps_of(node: Node) -> tuple[Node, list[tuple[str, Node]]]:
    """The first command of ``a && b || c``, and what follows it with its operator."""
    steps: list[tuple[str, Node]] = []
    while node.type == "list" and len(node.children) > 2:
        steps.append((node.children[1].type, node.children[-1]))
        node = node.children[0]
    steps.reverse()
    return node, steps


def branches(node: Node) -> list[tuple[list[Node], list[Node]]]:
    """The tests and the statements of each branch of an if; no tests for the else."""
    branches: list[tuple[list[Node], list[Node]]] = [([], [])]
    in_body = False
    for child in node.children:
        if child.type == "then":
            in_body = True
        elif child.type in {"elif_clause", "else_clause"}:
            tests: list[Node] = []
            statements: list[Node] = []
            seen = child.type == "else_clause"
            for grandchild in child.children:
                if grandchild.type == "then":
                    seen = True
                elif grandchild.type not in {"elif", "else"}:
                    (statements if seen else tests).append(grandchild)
            branches.append(([test for test in tests if test.is_named], statements))
        elif in_body and child.type != "fi":
            branches[0][1].append(child)
        elif child.is_named:
            branches[0][0].append(child)
    return branches


def _is_grep_option(word: str) -> bool:
    """``-q`` and friends, but not the needle in ``grep -q -- -cover``."""
    return word == "--" or (word.startswith("-") and len(word) <= 3)
