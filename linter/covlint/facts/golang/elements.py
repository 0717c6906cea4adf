"""What expressions of Go code that builds objects stand for, with coverage switched on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from covlint.documents.assembled import Text
from covlint.documents.gosource import FUNCTIONS, Scope, call_arguments, enclosing, parameters
from covlint.documents.gotext import GoPackage

if TYPE_CHECKING:
    from tree_sitter import Node

_POINTER = re.compile(r"(?i)ptr|pointer|^(?:to|ref|addr)\w*$")
_DEPTH = 40
Value = tuple["Node", Scope]


@dataclass(slots=True)
class Listed:
    """The elements of a slice; None: some that are not seen. ``homes`` are the literals and
    calls of ``append`` that they are written in, in the order in which they run."""

    members: list[Value | None] = field(default_factory=list)
    homes: list[Value] = field(default_factory=list)

    def add(self, other: Listed) -> None:
        self.members += other.members
        self.homes += other.homes


def list_of(
    package: GoPackage, node: Node, scope: Scope, own: str | None = None, depth: int = 0
) -> Listed:
    """The elements of a slice. ``own``: the path of the list that an ``append`` extends."""
    found = Listed()
    if depth > _DEPTH:
        found.members.append(None)
    elif node.type in ("composite_literal", "literal_value"):
        found = _list_of_literal(node, scope)
    elif node.type == "call_expression" and _appends(node, scope):
        found = _list_of_append(package, node, scope, own, depth)
    elif node.type == "identifier" and is_list(package, node, scope):
        found.add(_list_of_name(package, node, scope, depth))
    else:
        given = returned(package, node, scope)
        if given is None:
            found.members.append(None)
        elif not is_nil(*given):
            found.add(list_of(package, *given, None, depth + 1))
    return found


def _list_of_literal(node: Node, scope: Scope) -> Listed:
    found = Listed()
    body = body_of(node)
    for element in body.named_children if body is not None else ():
        inner = element
        while inner.type == "literal_element" and inner.named_children:
            inner = inner.named_children[0]
        if inner.type != "comment":
            found.members.append((inner, scope))
    if body is not None:
        found.homes.append((body, scope))
    return found


def _list_of_append(
    package: GoPackage, call: Node, scope: Scope, own: str | None, depth: int
) -> Listed:
    found = Listed()
    arguments = call_arguments(call)
    if own is None or not scope.file.text(arguments[0]).endswith(own):
        found.add(list_of(package, arguments[0], scope, own, depth + 1))
    spread = False
    for argument in arguments[1:]:
        if argument.type == "variadic_argument":
            spread = True
            inner = argument.named_children[0]
            found.add(list_of(package, inner, scope, None, depth + 1))
        else:
            found.members.append((argument, scope))
    listed = call.child_by_field_name("arguments")
    if listed is not None and not spread:
        found.homes.append((listed, scope))
    return found


def _list_of_name(package: GoPackage, node: Node, scope: Scope, depth: int) -> Listed:
    """The slice that a local name holds where it is used."""
    current = Listed()
    for bound in package.bindings_of(scope.file.text(node), node, scope):
        taken = package.taken(bound.statement, node, scope)
        if taken is None or bound.unknown:
            current.members.append(None)
        elif taken and bound.value is not None:
            current = list_of(package, bound.value, scope, None, depth + 1)
    return current


def is_list(package: GoPackage, node: Node, scope: Scope, depth: int = 0) -> bool:
    """Whether an expression is plainly a slice."""
    if depth > _DEPTH or is_slice(node):
        return depth <= _DEPTH
    if node.type == "call_expression":
        if _appends(node, scope):
            return True
        given = returned(package, node, scope)
        return given is not None and is_list(package, *given, depth + 1)
    if node.type != "identifier" or scope.function is None:
        return False
    bound = list(package.bindings_of(scope.file.text(node), node, scope))
    return any(
        is_slice(one.statement)
        or (one.value is not None and is_list(package, one.value, scope, depth + 1))
        for one in bound
    )


def _appends(call: Node, scope: Scope) -> bool:
    target = call.child_by_field_name("function")
    return target is not None and scope.file.text(target) == "append"


def returned(package: GoPackage, call: Node, scope: Scope) -> Value | None:
    """The one expression that a call gives, of a function literal or of one of the package."""
    target = call.child_by_field_name("function") if call.type == "call_expression" else None
    while target is not None and target.type == "parenthesized_expression":
        target = target.named_children[0]
    if target is None or package.exhausted(scope):
        return None
    inside = scope
    if target.type == "func_literal" and not call_arguments(call):
        function = target
    elif target.type == "identifier":
        found = package.function(scope.file.text(target))
        if found is None:
            return None
        file, function = found
        bindings = _bindings(package, call, scope, parameters(file, function))
        inside = Scope(file, function, bindings, scope.depth + 1, shared=True)
    else:
        return None
    body = function.child_by_field_name("body")
    return _given(package, function, body, inside) if body is not None else None


def _bindings(package: GoPackage, call: Node, scope: Scope, names: list[str]) -> Mapping[str, Text]:
    given = call_arguments(call)
    if len(names) != len(given) or any(one.type == "variadic_argument" for one in given):
        return {}
    return {name: package.text(one, scope) for name, one in zip(names, given, strict=True)}


def _given(package: GoPackage, function: Node, body: Node, inside: Scope) -> Value | None:
    for node in inside.file.named("return", body):
        statement: Node | None = node
        while statement is not None and statement.type != "return_statement":
            statement = statement.parent
        if statement is None or enclosing(statement, FUNCTIONS) != function:
            continue
        taken = package.taken(statement, body.children[-1], inside)
        values = statement.named_children[0].named_children if statement.named_children else []
        if taken is False:
            continue
        if len(values) != 1 or taken is None:
            return None
        return values[0], inside
    return None


def resolved(package: GoPackage, node: Node, scope: Scope) -> Value:
    """Through ``&``, helpers that make pointers, functions, and local names of structs."""
    for _ in range(_DEPTH):
        if node.type in ("unary_expression", "parenthesized_expression"):
            operand = node.child_by_field_name("operand") or node.named_children[0]
            node = operand
            continue
        if node.type == "call_expression":
            target, arguments = node.child_by_field_name("function"), call_arguments(node)
            name = scope.file.text(target).rpartition(".")[2] if target is not None else ""
            if len(arguments) == 1 and (
                _POINTER.search(name.partition("[")[0]) or name in ("int64", "int32", "string")
            ):
                node = arguments[0]
                continue
            given = returned(package, node, scope)
            if given is None:
                return node, scope
            node, scope = given
            continue
        if node.type == "identifier":
            struct = package.struct(node, scope)
            if struct is not None and struct[1].parent is not None:
                return struct[1].parent, struct[0]
        return node, scope
    return node, scope


def is_nil(node: Node, scope: Scope) -> bool:
    return node.type == "nil" or scope.file.text(node) == "nil"


def body_of(node: Node) -> Node | None:
    if node.type == "literal_value":
        return node
    return node.child_by_field_name("body") if node.type == "composite_literal" else None


def is_slice(node: Node) -> bool:
    """Whether a literal is of a slice type, or a ``var`` declared as one."""
    typed = node.type in ("composite_literal", "var_spec")
    kind = node.child_by_field_name("type") if typed else None
    return kind is not None and kind.type == "slice_type"
