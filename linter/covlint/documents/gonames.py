"""The names of a Go package: functions, constants, struct literals, local values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from covlint.documents.gosource import FUNCTIONS, GoSource, Scope, enclosing, holds
from covlint.frozen import dataclass
from covlint.source import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node


#: What follows a name that is declared or given a value: "=", ":=", "+=", further names, a type
#: or a comment.
_GIVEN = re.compile(
    rb"[ \t]*(?:,|:?=(?!=)|[-+*/%&|^<>]{1,2}=|/[*/]|\[)|[ \t]+(?:[^\W\d]|[*(<\x80-\xff])"
)
#: What follows a type of which a value is written, or that is the key of a map of such.
_MADE = re.compile(rb"[ \t]*[{\]]")
#: A name that is given a value more often than this is not followed: each use of it asks for all.
_MOST_BOUND = 500


class GoNames:
    """The files of one package; names are looked up in all of them."""

    def __init__(self, sources: Iterable[SourceFile]) -> None:
        self.files = tuple(GoSource(source) for source in sources)
        self.sources = {one.source.path: one.source for one in self.files}
        self._constants: dict[str, tuple[GoSource, Node] | None] = {}
        self._functions: dict[str, tuple[GoSource, Node] | None] = {}
        self._literals: dict[str, list[tuple[Scope, Node]]] = {}
        self._bounds: dict[tuple[str, int, str], list[Bound]] = {}

    # -- names ----------------------------------------------------------------

    def function(self, name: str) -> tuple[GoSource, Node] | None:
        """The function of that name, if there is exactly one."""
        if name not in self._functions:
            found = [(f, f.functions[name]) for f in self.files if name in f.functions]
            self._functions[name] = None
            if len(found) == 1:
                file, offset = found[0]
                node = file.at(offset, offset + 4)
                while node is not None and node.type not in FUNCTIONS:
                    node = node.parent
                if node is not None:
                    self._functions[name] = (file, node)
        return self._functions[name]

    def constant(self, name: str) -> tuple[GoSource, Node] | None:
        """The value of a package-level constant or variable."""
        if name not in self._constants:
            found = []
            for file in self.files:
                for node in file.named(name, then=_GIVEN):
                    spec = node.parent
                    if spec is None or spec.type not in ("const_spec", "var_spec"):
                        continue
                    if enclosing(spec, FUNCTIONS) is not None:
                        continue
                    names = spec.children_by_field_name("name")
                    value = spec.child_by_field_name("value")
                    if (
                        value is not None
                        and node in names
                        and names.index(node) < len(value.named_children)
                    ):
                        found.append((file, value.named_children[names.index(node)]))
            self._constants[name] = found[0] if len(found) == 1 else None
        return self._constants[name]

    def literals_of(self, type_name: str) -> list[tuple[Scope, Node]]:
        """The bodies of composite literals of a struct type, those in slices included."""
        if type_name not in self._literals:
            found: list[tuple[Scope, Node]] = []
            for file in self.files:
                for node in file.named(type_name, then=_MADE):
                    bodies = _literal_bodies(node)
                    found.extend((self.scope_at(file, body), body) for body in bodies)
            self._literals[type_name] = found
        return self._literals[type_name]

    def scope_at(self, file: GoSource, node: Node) -> Scope:
        """The scope of the outermost function around a node (closures see its names)."""
        # From the top, since to ask a node for its parent is to walk there from the top.
        current: Node | None = file.root
        while current is not None and current != node:
            if current.type in FUNCTIONS:
                return Scope(file, current)
            current = current.child_with_descendant(node)
        return Scope(file, None)

    def bindings_of(self, name: str, use: Node, scope: Scope) -> Iterator[Bound]:
        function = scope.function
        if function is None:
            return
        key = (scope.file.source.path, function.start_byte, name)
        if key not in self._bounds:
            body = function.child_by_field_name("body")
            nodes = scope.file.named(name, body, _GIVEN)
            found = (_bound(node) for node in nodes if node.type == "identifier")
            bounds = [bound for bound in found if bound is not None]
            self._bounds[key] = bounds if len(bounds) <= _MOST_BOUND else []
        for bound in self._bounds[key]:
            if bound.start < use.start_byte and not holds(bound.statement, use):
                yield bound


@dataclass(frozen=True, slots=True)
class Bound:
    """``name = value``; ``index``: the place of the name when one call gives several."""

    statement: Node
    value: Node | None
    index: int | None = None
    appends: bool = False
    unknown: bool = False

    @property
    def start(self) -> int:
        return self.statement.start_byte


def _literal_bodies(type_name: Node) -> Iterator[Node]:
    """The struct bodies of the composite literal whose type names ``type_name``."""
    literal, sliced = type_name.parent, False
    while literal is not None and literal.type in _TYPES:
        sliced = sliced or literal.type != "pointer_type"
        literal = literal.parent
    if literal is None or literal.type != "composite_literal":
        return
    body = literal.child_by_field_name("body")
    if body is None or holds(body, type_name):
        return
    if not sliced:
        yield body
        return
    for element in body.named_children:
        inner = element.named_children[-1] if element.named_children else element
        while inner.type == "literal_element" and inner.named_children:
            inner = inner.named_children[0]
        if inner.type == "literal_value":
            yield inner


_TYPES = frozenset(
    {"slice_type", "array_type", "map_type", "pointer_type", "implicit_length_array_type"}
)


def _bound(name: Node) -> Bound | None:
    parent = name.parent
    if parent is None:
        return None
    if parent.type in ("var_spec", "const_spec"):
        names = parent.children_by_field_name("name")
        values = parent.child_by_field_name("value")
        if name not in names:
            return None
        if values is None:
            return Bound(parent, None)
        index = names.index(name)
        listed = values.named_children
        return Bound(parent, listed[index]) if len(listed) == len(names) else None
    statement = parent.parent
    if parent.type != "expression_list" or statement is None:
        return None
    if statement.type == "range_clause" and statement.child_by_field_name("left") == parent:
        return Bound(statement, None, unknown=True)
    if statement.type not in ("short_var_declaration", "assignment_statement"):
        return None
    if statement.child_by_field_name("left") != parent:
        return None
    right = statement.child_by_field_name("right")
    if right is None:
        return None
    operator = statement.child_by_field_name("operator")
    appends = operator is not None and operator.type == "+="
    if operator is not None and operator.type not in ("=", "+="):
        return Bound(statement, None, unknown=True)
    names, listed = parent.named_children, right.named_children
    index = names.index(name)
    if len(names) == len(listed):
        return Bound(statement, listed[index], appends=appends)
    if len(listed) == 1 and listed[0].type == "call_expression":
        return Bound(statement, listed[0], index)
    return Bound(statement, None, unknown=True)
