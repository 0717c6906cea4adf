"""Go files as trees, and what is asked of their nodes.

A file is parsed when something first asks for a node of it; names are found in
the bytes, and looked up in the tree only where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from covlint.documents.assembled import Piece, Text
from covlint.documents.grammars import TangledSyntax, parser
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

FUNCTIONS = frozenset({"function_declaration", "method_declaration", "func_literal"})
STRINGS = frozenset({"raw_string_literal", "interpreted_string_literal"})
_FUNCTION = re.compile(rb"^func (?:\([^)\n]*\) )?(\w+)[(\[]", re.MULTILINE)
_WORD = frozenset(bytes([c]) for c in range(128) if chr(c).isalnum() or chr(c) == "_")
_WORD_BEFORE = _WORD | {b"."}


@dataclass(frozen=True)
class GoSource:
    """A file with its tree, parsed when first asked for."""

    source: SourceFile

    @cached_property
    def _tree(self) -> Tree | None:
        try:
            return parser("tree_sitter_go").parse(self.source.data)
        except TangledSyntax:
            return None

    @property
    def tangled(self) -> bool:
        """Whether parsing it was tried, and given up."""
        return "_tree" in self.__dict__ and self._tree is None

    @cached_property
    def root(self) -> Node:
        """That of an empty file, where parsing was given up."""
        return (self._tree or parser("tree_sitter_go").parse(b"")).root_node

    @property
    def data(self) -> bytes:
        return self.source.data

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        return self.source.span(node.start_byte, node.end_byte)

    def at(self, offset: int, end: int | None = None) -> Node | None:
        return self.root.named_descendant_for_byte_range(offset, end if end is not None else offset)

    def found(self, pattern: re.Pattern[bytes], within: Node | None = None) -> Iterator[Node]:
        """The nodes at the first group of each match."""
        start, end = (within.start_byte, within.end_byte) if within else (0, len(self.data))
        for match in pattern.finditer(self.data, start, end):
            group = 1 if pattern.groups else 0
            node = self.at(match.start(group), match.end(group))
            if node is not None:
                yield node

    def named(
        self, name: str, within: Node | None = None, then: re.Pattern[bytes] | None = None
    ) -> Iterator[Node]:
        """The nodes at each place where ``name`` stands as a word, not behind a dot.

        ``then`` has to match what follows: most files use a name and do not set it, and
        need no parse to tell so.
        """
        data, wanted = self.data, name.encode()
        start, end = (within.start_byte, within.end_byte) if within else (0, len(data))
        offset = data.find(wanted, start, end) if wanted else -1
        while offset != -1:
            after = offset + len(wanted)
            if (
                data[offset - 1 : offset] not in _WORD_BEFORE
                and data[after : after + 1] not in _WORD
                and (then is None or then.match(data, after))
            ):
                node = self.at(offset, after)
                if node is not None:
                    yield node
            offset = data.find(wanted, after, end)

    @cached_property
    def functions(self) -> dict[str, int]:
        return {m[1].decode(): m.start() for m in _FUNCTION.finditer(self.data)}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands, and what is known of the parameters there."""

    file: GoSource
    function: Node | None = None
    bindings: Mapping[str, Text] = field(default_factory=dict)
    depth: int = 0
    shared: bool = False  # the text serves others as well

    def deeper(self) -> Scope:
        """The scope of an expression inside the one asked about."""
        return Scope(self.file, self.function, self.bindings, self.depth + 1, self.shared)


def enclosing(node: Node, kinds: frozenset[str]) -> Node | None:
    current = node.parent
    while current is not None and current.type not in kinds:
        current = current.parent
    return current


def holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def string_pieces(node: Node, scope: Scope) -> Iterator[Piece]:
    path, data = scope.file.source.path, scope.file.data
    if node.type == "raw_string_literal":
        text = data[node.start_byte + 1 : node.end_byte - 1].decode("utf-8", "replace")
        kind = "raw" if "\r" not in text else "made"
        yield Piece(
            text.replace("\r", ""), path, node.start_byte + 1, node.end_byte - 1, kind,
            scope.shared, node.start_byte,
        )  # fmt: skip
        return
    for child in node.named_children:
        text = scope.file.text(child)
        kind = "quoted"
        if child.type == "escape_sequence":
            text, kind = _unescaped(text), "made"
        yield Piece(
            text, path, child.start_byte, child.end_byte, kind, scope.shared, node.start_byte
        )


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}


def _unescaped(text: str) -> str:
    if text[1:2] in _ESCAPES:
        return _ESCAPES[text[1]]
    digits = re.fullmatch(r"\\[xuU]([0-9a-fA-F]+)", text)
    code = int(digits[1], 16) if digits else 0x20
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def made_piece(text: str, node: Node, scope: Scope) -> Piece:
    path = scope.file.source.path
    return Piece(text, path, node.start_byte, node.end_byte, "made", scope.shared)


def parameters(file: GoSource, function: Node) -> list[str]:
    """The names of a function's parameters, in order."""
    listed = function.child_by_field_name("parameters")
    found: list[str] = []
    for declaration in listed.named_children if listed is not None else ():
        names = declaration.children_by_field_name("name")
        found += [file.text(name) for name in names] or ["_"]
    return found


def parameter_types(file: GoSource, function: Node) -> dict[str, str]:
    """The type of each parameter as written, without ``*``."""
    listed = function.child_by_field_name("parameters")
    found: dict[str, str] = {}
    for declaration in listed.named_children if listed is not None else ():
        kind = declaration.child_by_field_name("type")
        for name in declaration.children_by_field_name("name"):
            found[file.text(name)] = file.text(kind).lstrip("*") if kind is not None else ""
    return found


def call_arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [node for node in arguments.named_children if node.type != "comment"]


def elements_of(body: Node) -> list[Node]:
    """The elements of a slice literal."""
    return [
        element.named_children[0]
        for element in body.named_children
        if element.type == "literal_element" and element.named_children
    ]


def field_of(file: GoSource, body: Node, name: str) -> Node | None:
    """The value of ``name: value`` in a struct literal."""
    for element in body.named_children:
        if element.type != "keyed_element" or len(element.named_children) != 2:
            continue
        key, value = element.named_children
        if file.text(key) == name:
            return value.named_children[0] if value.type == "literal_element" else value
    return None


def literal_piece(node: Node, scope: Scope) -> Piece:
    """A literal as it is written, quotes included."""
    path = scope.file.source.path
    return Piece(
        scope.file.text(node), path, node.start_byte, node.end_byte, "literal",
        scope.shared, node.start_byte,
    )  # fmt: skip
