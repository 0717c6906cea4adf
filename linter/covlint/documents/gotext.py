"""Go code as far as texts need it: which text an expression is, with coverage switched on.

Nothing is run and nothing is type-checked. Literals, constants, ``+``,
``fmt.Sprintf``, ``filepath.Join``, plain assignments and functions that return
literals are followed; a branch that depends on a name that says coverage is
taken. Everything else is a hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import Piece, Text, known_text
from covlint.documents.gobranches import DEPTH, GoBranches
from covlint.documents.gosource import (
    FUNCTIONS,
    STRINGS,
    Scope,
    call_arguments,
    elements_of,
    enclosing,
    field_of,
    literal_piece,
    made_piece,
    parameters,
    string_pieces,
)
from covlint.source import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

_VERB = re.compile(r"%(?:\[(\d+)\])?[-+# 0]*(?:\d+)?(?:\.\d+)?(?:\[(\d+)\])?([a-zA-Z%])")
_SIMPLE_VERB = re.compile(r"%(?:\[\d+\])?[svdtq]")


class GoPackage(GoBranches):
    """The texts of a package's expressions."""

    # -- texts ------------------------------------------------------------------

    def hole(self, node: Node, scope: Scope) -> Text:
        name = scope.file.text(node)
        path = scope.file.source.path
        return (Piece(name, path, node.start_byte, node.end_byte, "hole", scope.shared),)

    def __init__(self, sources: Iterable[SourceFile]) -> None:
        super().__init__(sources)
        self._texts: dict[tuple[str, int, int, bool], Text] = {}
        self._items: dict[tuple[str, int, int, bool], list[tuple[Node, Text | None]]] = {}

    def text(self, node: Node, scope: Scope) -> Text:
        """The text that an expression is; never raises."""
        if scope.bindings:
            return self.computed(node, scope)
        key = (scope.file.source.path, node.start_byte, node.end_byte, scope.shared)
        if key not in self._texts:
            self._texts[key] = self.computed(node, scope)
        return self._texts[key]

    def computed(self, node: Node, scope: Scope) -> Text:
        if self.exhausted(scope):
            return self.hole(node, scope)
        kind = node.type
        if kind in STRINGS:
            return tuple(string_pieces(node, scope))
        if kind in ("int_literal", "true", "false"):
            return (literal_piece(node, scope),)
        if kind == "parenthesized_expression" and node.named_children:
            return self.text(node.named_children[0], scope)
        if kind == "binary_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is not None and right is not None and operator is not None:
                inner = scope.deeper()
                both = (*self.text(left, inner), *self.text(right, inner))
                return both if operator.type == "+" else self.hole(node, scope)
        if kind == "identifier":
            return self.named(node, scope)
        if kind == "selector_expression":
            return self.selected(node, scope)
        if kind == "type_conversion_expression":
            operand = node.child_by_field_name("operand")
            return self.text(operand, scope) if operand is not None else self.hole(node, scope)
        if kind == "call_expression":
            return self.called(node, scope)
        return self.hole(node, scope)

    def named(self, node: Node, scope: Scope) -> Text:
        name = scope.file.text(node)
        if scope.function is not None:
            local = self.local(name, node, scope)
            if local is not None:
                return local
        if name in scope.bindings:
            return scope.bindings[name]
        if scope.function is not None and name in parameters(scope.file, scope.function):
            return self.hole(node, scope)
        found = self.constant(name)
        if found is None:
            return self.hole(node, scope)
        file, value = found
        return self.text(value, Scope(file, None, {}, scope.depth + 1, shared=True))

    def selected(self, node: Node, scope: Scope) -> Text:
        """``value.Field``, of a parameter or of a local struct literal."""
        operand, field_ = node.child_by_field_name("operand"), node.child_by_field_name("field")
        name = scope.file.text(node)
        if name in scope.bindings:
            return scope.bindings[name]
        if operand is not None and field_ is not None and operand.type == "identifier":
            value = self.struct(operand, scope)
            if value is not None:
                found = field_of(value[0].file, value[1], scope.file.text(field_))
                if found is not None:
                    return self.text(found, replace(value[0], depth=scope.depth + 1))
        return self.hole(node, scope)

    def struct(self, name: Node, scope: Scope) -> tuple[Scope, Node] | None:
        """The body of the one struct literal that a local name stands for."""
        if scope.function is None:
            return None
        bound = list(self.bindings_of(scope.file.text(name), name, scope))
        if len(bound) != 1 or bound[0].value is None:
            return None
        value = bound[0].value
        if value.type == "unary_expression":
            value = value.child_by_field_name("operand") or value
        body = value.child_by_field_name("body") if value.type == "composite_literal" else None
        return (scope, body) if body is not None else None

    def local(self, name: str, use: Node, scope: Scope) -> Text | None:
        """The value of a local name where it is used; None when nothing binds it here."""
        value: Text | None = None
        inner = scope.deeper()
        for bound in self.bindings_of(name, use, scope):
            taken = self.taken(bound.statement, use, scope)
            if taken is False:
                continue
            if bound.value is None and bound.unknown:
                given: Text = self.hole(bound.statement, scope)
            elif bound.value is None:
                given = ()
            elif bound.index is not None:
                given = self.returned(bound.value, inner, bound.index)
            else:
                given = self.text(bound.value, inner)
            if taken is None and known_text(given) != known_text(value):
                value = self.hole(use, scope)
            elif bound.appends:
                value = (*(value or ()), *given)
            else:
                value = given
        return value

    # -- calls --------------------------------------------------------------------

    def called(self, node: Node, scope: Scope) -> Text:
        target, arguments = node.child_by_field_name("function"), call_arguments(node)
        if target is None:
            return self.hole(node, scope)
        callee = scope.file.text(target)
        inner = scope.deeper()
        if callee == "fmt.Sprintf" and arguments:
            return self.formatted(arguments[0], arguments[1:], inner)
        if callee in ("filepath.Join", "path.Join"):
            joined: list[Piece] = []
            for index, argument in enumerate(arguments):
                if index:
                    joined.append(made_piece("/", node, scope))
                joined.extend(self.text(argument, inner))
            return tuple(joined)
        if callee in ("string", "strings.TrimSpace", "[]byte") and len(arguments) == 1:
            return self.text(arguments[0], inner)
        if callee in ("ptr.To", "pointer.String", "pointer.Int64", "pointer.Int32") or (
            callee.startswith(("ptr.To[", "pointer.To", "utilpointer.", "k8sptr."))
        ):
            return self.text(arguments[0], inner) if arguments else self.hole(node, scope)
        if callee in ("int64", "int32", "int") and arguments:
            return self.text(arguments[0], inner)
        if target.type == "identifier":
            return self.returned(node, inner, 0)
        return self.hole(node, scope)

    def returned(self, call: Node, scope: Scope, index: int) -> Text:
        """What a call of a function of this package returns, if that is one text."""
        target = call.child_by_field_name("function")
        found = self.function(scope.file.text(target)) if target is not None else None
        if found is None or scope.depth > DEPTH:
            return self.hole(call, scope)
        file, function = found
        body = function.child_by_field_name("body")
        if body is None:
            return self.hole(call, scope)
        names = parameters(file, function)
        given = call_arguments(call)
        bindings: dict[str, Text] = {}
        if len(names) == len(given) and not any(a.type == "variadic_argument" for a in given):
            bindings = {n: self.text(a, scope) for n, a in zip(names, given, strict=True)}
        inside = Scope(file, function, bindings, scope.depth + 1, shared=True)
        for node in file.named("return", body):
            statement: Node | None = node
            while statement is not None and statement.type != "return_statement":
                statement = statement.parent
            if statement is None or enclosing(statement, FUNCTIONS) != function:
                continue
            taken = self.taken(statement, body, inside)
            if taken is False or not statement.named_children:
                continue
            values = statement.named_children[0].named_children
            if len(values) <= index:
                return self.hole(call, scope)
            text = self.text(values[index], inside)
            if taken is None:
                if known_text(text) == "":
                    continue  # the way out after an error
                return self.hole(call, scope)
            return text
        return self.hole(call, scope)

    def formatted(self, template: Node, arguments: list[Node], scope: Scope) -> Text:
        """``fmt.Sprintf``: the texts of the arguments in the places of the verbs."""
        found: list[Piece] = []
        position = 0
        spread = any(argument.type == "variadic_argument" for argument in arguments)
        for piece in self.text(template, scope):
            if piece.kind == "hole":
                found.append(piece)
                continue
            last = 0
            for match in _VERB.finditer(piece.text):
                found.append(piece.cut(last, match.start()))
                last = match.end()
                verb = piece.cut(match.start(), match.end())
                if match[3] == "%":
                    found.append(replace(verb, text="%", kind="made"))
                    continue
                explicit = match[1] or match[2]
                position = int(explicit) if explicit else position + 1
                argument = arguments[position - 1] if 0 < position <= len(arguments) else None
                if argument is None or spread or not _SIMPLE_VERB.fullmatch(match[0]):
                    found.append(replace(verb, text=match[0], kind="hole"))
                    continue
                text = self.text(argument, scope)
                if len(text) == 1 and text[0].kind == "hole":
                    found.append(replace(verb, text=text[0].text, kind="hole"))
                elif match[3] == "q":
                    quote = replace(verb, text='"', kind="made")
                    found.extend((quote, *text, quote))
                else:
                    found.extend(text)
            found.append(piece.cut(last, len(piece.text)))
        return tuple(piece for piece in found if piece.text)

    def items(self, node: Node, scope: Scope) -> list[tuple[Node, Text | None]]:
        """The elements of a slice of strings; None: no or several elements that are not seen."""
        key = (scope.file.source.path, node.start_byte, node.end_byte, scope.shared)
        if scope.bindings:
            return self.listed(node, scope)
        if key not in self._items:  # each append to a slice asks for all that came before it
            self._items[key] = self.listed(node, scope)
        return [*self._items[key]]

    def listed(self, node: Node, scope: Scope) -> list[tuple[Node, Text | None]]:
        if self.exhausted(scope):
            return [(node, None)]
        inner = scope.deeper()
        if node.type == "composite_literal":
            body = node.child_by_field_name("body")
            return [(e, self.text(e, inner)) for e in elements_of(body)] if body else []
        if node.type == "call_expression":
            target, arguments = node.child_by_field_name("function"), call_arguments(node)
            if target is not None and scope.file.text(target) == "append" and arguments:
                found = self.items(arguments[0], inner)
                for argument in arguments[1:]:
                    if argument.type == "variadic_argument":
                        found += self.items(argument.named_children[0], inner)
                    else:
                        found.append((argument, self.text(argument, inner)))
                return found
            return [(node, None)]
        if node.type != "identifier":
            return [(node, None)]
        current: list[tuple[Node, Text | None]] | None = None
        name = scope.file.text(node)
        for bound in self.bindings_of(name, node, scope):
            taken = self.taken(bound.statement, node, scope)
            if taken is False:
                continue
            given = self.items(bound.value, inner) if bound.value is not None else []
            if taken is None:
                given = [*(current or []), (node, None)]
            current = given
        if current is None:
            constant = self.constant(name)
            if constant is not None and constant[1].type == "composite_literal":
                return self.items(constant[1], Scope(constant[0], None, {}, scope.depth + 1))
            return [(node, None)]
        return current
