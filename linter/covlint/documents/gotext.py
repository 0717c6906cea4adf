"""Go code as far as texts need it: which text an expression is, with coverage switched on.

Nothing is run and nothing is type-checked. Literals, constants, ``+``,
``fmt.Sprintf``, ``filepath.Join``, plain assignments and functions that return
literals are followed; a branch that depends on a name that says coverage is
taken. Everything else is a hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from covlint.documents.assembled import Piece, Text, known_text
from covlint.documents.grammars import parser
from covlint.source import SourceFile, Span

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTION = re.compile(rb"^func (?:\([^)\n]*\) )?(\w+)[(\[]", re.MULTILINE)
_COVERAGE_NAME = re.compile(r"(?i)(?<!dis)(?<!re)cover|gocov")
_VERB = re.compile(r"%(?:\[(\d+)\])?[-+# 0]*(?:\d+)?(?:\.\d+)?(?:\[(\d+)\])?([a-zA-Z%])")
_SIMPLE_VERB = re.compile(r"%(?:\[\d+\])?[svdtq]")
_FUNCTIONS = frozenset({"function_declaration", "method_declaration", "func_literal"})
_STRINGS = frozenset({"raw_string_literal", "interpreted_string_literal"})
_OFF = frozenset({"", "false", "0", "no", "off"})
_WORD = frozenset(bytes([c]) for c in range(128) if chr(c).isalnum() or chr(c) == "_")
_WORD_BEFORE = _WORD | {b"."}
#: How deep names and calls are followed, and how many expressions of a package.
_DEPTH = 24
_BUDGET = 60_000


@dataclass(frozen=True)
class GoSource:
    """A file with its tree, parsed when first asked for."""

    source: SourceFile

    @cached_property
    def root(self) -> Node:
        return parser("tree_sitter_go").parse(self.source.data).root_node

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

    def named(self, name: str, within: Node | None = None) -> Iterator[Node]:
        """The nodes at each place where ``name`` stands as a word, not behind a dot."""
        data, wanted = self.data, name.encode()
        start, end = (within.start_byte, within.end_byte) if within else (0, len(data))
        offset = data.find(wanted, start, end) if wanted else -1
        while offset != -1:
            after = offset + len(wanted)
            if data[offset - 1 : offset] not in _WORD_BEFORE and data[after : after + 1] not in _WORD:
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


def enclosing(node: Node, kinds: frozenset[str]) -> Node | None:
    current = node.parent
    while current is not None and current.type not in kinds:
        current = current.parent
    return current


class GoPackage:
    """The files of one package; names are looked up in all of them."""

    def __init__(self, sources: Iterable[SourceFile]) -> None:
        self.files = tuple(GoSource(source) for source in sources)
        self.sources = {one.source.path: one.source for one in self.files}
        self._spent = 0
        self._constants: dict[str, tuple[GoSource, Node] | None] = {}
        self._functions: dict[str, tuple[GoSource, Node] | None] = {}
        self._literals: dict[str, list[tuple[Scope, Node]]] = {}
        self._bounds: dict[tuple[str, int, str], list[_Bound]] = {}

    # -- names ----------------------------------------------------------------

    def function(self, name: str) -> tuple[GoSource, Node] | None:
        """The function of that name, if there is exactly one."""
        if name not in self._functions:
            found = [(f, f.functions[name]) for f in self.files if name in f.functions]
            self._functions[name] = None
            if len(found) == 1:
                file, offset = found[0]
                node = file.at(offset, offset + 4)
                while node is not None and node.type not in _FUNCTIONS:
                    node = node.parent
                if node is not None:
                    self._functions[name] = (file, node)
        return self._functions[name]

    def constant(self, name: str) -> tuple[GoSource, Node] | None:
        """The value of a package-level constant or variable."""
        if name not in self._constants:
            found = []
            for file in self.files:
                for node in file.named(name):
                    spec = node.parent
                    if spec is None or spec.type not in ("const_spec", "var_spec"):
                        continue
                    if enclosing(spec, _FUNCTIONS) is not None:
                        continue
                    names = spec.children_by_field_name("name")
                    value = spec.child_by_field_name("value")
                    if value is not None and node in names and names.index(node) < len(
                        value.named_children
                    ):
                        found.append((file, value.named_children[names.index(node)]))
            self._constants[name] = found[0] if len(found) == 1 else None
        return self._constants[name]

    def literals_of(self, type_name: str) -> list[tuple[Scope, Node]]:
        """The bodies of composite literals of a struct type, those in slices included."""
        if type_name not in self._literals:
            found: list[tuple[Scope, Node]] = []
            for file in self.files:
                for node in file.named(type_name):
                    for body in _literal_bodies(node):
                        found.append((self.scope_at(file, body), body))
            self._literals[type_name] = found
        return self._literals[type_name]

    def scope_at(self, file: GoSource, node: Node) -> Scope:
        """The scope of the outermost function around a node (closures see its names)."""
        function, current = None, node.parent
        while current is not None:
            if current.type in _FUNCTIONS:
                function = current
            current = current.parent
        return Scope(file, function)

    # -- texts ------------------------------------------------------------------

    def hole(self, node: Node, scope: Scope) -> Text:
        name = scope.file.text(node)
        path = scope.file.source.path
        return (Piece(name, path, node.start_byte, node.end_byte, "hole", scope.shared),)

    def text(self, node: Node, scope: Scope) -> Text:
        """The text that an expression is; never raises."""
        self._spent += 1
        if scope.depth > _DEPTH or self._spent > _BUDGET:
            return self.hole(node, scope)
        kind = node.type
        if kind in _STRINGS:
            return tuple(_literal(node, scope))
        if kind in ("int_literal", "true", "false"):
            return (self._piece(node, scope),)
        if kind == "parenthesized_expression" and node.named_children:
            return self.text(node.named_children[0], scope)
        if kind == "binary_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is not None and right is not None and operator is not None:
                if operator.type == "+":
                    inner = replace(scope, depth=scope.depth + 1)
                    return (*self.text(left, inner), *self.text(right, inner))
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

    def _piece(self, node: Node, scope: Scope) -> Piece:
        path = scope.file.source.path
        return Piece(
            scope.file.text(node), path, node.start_byte, node.end_byte, "literal",
            scope.shared, node.start_byte,
        )  # fmt: skip

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
        bound = list(self._bindings_of(scope.file.text(name), name, scope))
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
        inner = replace(scope, depth=scope.depth + 1)
        for bound in self._bindings_of(name, use, scope):
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

    def _bindings_of(self, name: str, use: Node, scope: Scope) -> Iterator[_Bound]:
        function = scope.function
        if function is None:
            return
        key = (scope.file.source.path, function.start_byte, name)
        if key not in self._bounds:
            body = function.child_by_field_name("body")
            found = (
                _bound(node, scope.file)
                for node in scope.file.named(name, body)
                if node.type == "identifier"
            )
            self._bounds[key] = [bound for bound in found if bound is not None]
        for bound in self._bounds[key]:
            if bound.start < use.start_byte and not _holds(bound.statement, use):
                yield bound

    # -- calls --------------------------------------------------------------------

    def called(self, node: Node, scope: Scope) -> Text:
        target, arguments = node.child_by_field_name("function"), call_arguments(node)
        if target is None:
            return self.hole(node, scope)
        callee = scope.file.text(target)
        inner = replace(scope, depth=scope.depth + 1)
        if callee == "fmt.Sprintf" and arguments:
            return self.formatted(arguments[0], arguments[1:], inner)
        if callee in ("filepath.Join", "path.Join"):
            joined: list[Piece] = []
            for index, argument in enumerate(arguments):
                if index:
                    joined.append(_made("/", node, scope))
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
        if found is None or scope.depth > _DEPTH:
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
            if statement is None or enclosing(statement, _FUNCTIONS) != function:
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
        self._spent += 1
        if scope.depth > _DEPTH or self._spent > _BUDGET:
            return [(node, None)]
        inner = replace(scope, depth=scope.depth + 1)
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
        for bound in self._bindings_of(name, node, scope):
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

    # -- conditions ---------------------------------------------------------------

    def taken(self, statement: Node, use: Node, scope: Scope) -> bool | None:
        """Whether a statement runs before ``use`` when coverage is on; None: not known."""
        verdict: bool | None = True
        current = statement
        while current.parent is not None and current != scope.function:
            parent = current.parent
            if _holds(parent, use):
                break
            if parent.type == "if_statement":
                condition = parent.child_by_field_name("condition")
                truth = self.truth(condition, scope) if condition is not None else None
                if parent.child_by_field_name("alternative") == current and truth is not None:
                    truth = not truth
                if current not in (
                    parent.child_by_field_name("consequence"),
                    parent.child_by_field_name("alternative"),
                ):
                    truth = True  # its initialiser
                if truth is False:
                    return False
                verdict = verdict if truth else None
            elif parent.type in ("for_statement", "func_literal") or parent.type.endswith("_case"):
                verdict = None
            current = parent
        return verdict

    def truth(self, node: Node, scope: Scope) -> bool | None:
        """What a condition is when coverage is on; None when it does not speak of coverage."""
        self._spent += 1
        if scope.depth > _DEPTH or self._spent > _BUDGET:
            return None
        inner = replace(scope, depth=scope.depth + 1)
        kind = node.type
        if kind == "parenthesized_expression" and node.named_children:
            return self.truth(node.named_children[0], inner)
        if kind in ("true", "false"):
            return kind == "true"
        if kind == "unary_expression":
            operand, operator = node.child_by_field_name("operand"), node.children[0]
            truth = self.truth(operand, inner) if operand is not None else None
            return None if truth is None or operator.type != "!" else not truth
        if kind == "binary_expression":
            return self._compared(node, inner)
        text = scope.file.text(node)
        if text in scope.bindings:
            known = known_text(scope.bindings[text])
            if known in ("true", "false"):
                return known == "true"
        if kind == "identifier" and scope.function is not None:
            bound = list(self._bindings_of(text, node, scope))
            if bound and bound[-1].value is not None and bound[-1].index is None:
                return self.truth(bound[-1].value, inner)
        return True if _COVERAGE_NAME.search(text) else None

    def _compared(self, node: Node, scope: Scope) -> bool | None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return None
        if operator.type in ("||", "&&"):
            both = (self.truth(left, scope), self.truth(right, scope))
            if operator.type == "||":
                return True if True in both else None if None in both else False
            return False if False in both else True if True in both else None
        if operator.type not in ("==", "!="):
            return None
        if not _COVERAGE_NAME.search(scope.file.text(left)):
            left, right = right, left
        if not _COVERAGE_NAME.search(scope.file.text(left)):
            return None
        value = known_text(self.text(right, scope))
        if value is None:
            return None
        return (value.lower() not in _OFF) == (operator.type == "==")


@dataclass(frozen=True, slots=True)
class _Bound:
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
    if body is None or _holds(body, type_name):
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


def _bound(name: Node, file: GoSource) -> _Bound | None:
    parent = name.parent
    if parent is None:
        return None
    if parent.type in ("var_spec", "const_spec"):
        names = parent.children_by_field_name("name")
        values = parent.child_by_field_name("value")
        if name not in names:
            return None
        if values is None:
            return _Bound(parent, None)
        index = names.index(name)
        listed = values.named_children
        return _Bound(parent, listed[index]) if len(listed) == len(names) else None
    statement = parent.parent
    if parent.type != "expression_list" or statement is None:
        return None
    if statement.type == "range_clause" and statement.child_by_field_name("left") == parent:
        return _Bound(statement, None, unknown=True)
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
        return _Bound(statement, None, unknown=True)
    names, listed = parent.named_children, right.named_children
    index = names.index(name)
    if len(names) == len(listed):
        return _Bound(statement, listed[index], appends=appends)
    if len(listed) == 1 and listed[0].type == "call_expression":
        return _Bound(statement, listed[0], index)
    return _Bound(statement, None, unknown=True)


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _literal(node: Node, scope: Scope) -> Iterator[Piece]:
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


def _made(text: str, node: Node, scope: Scope) -> Piece:
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
    found = []
    for element in body.named_children:
        if element.type == "literal_element" and element.named_children:
            found.append(element.named_children[0])
    return found


def field_of(file: GoSource, body: Node, name: str) -> Node | None:
    """The value of ``name: value`` in a struct literal."""
    for element in body.named_children:
        if element.type != "keyed_element" or len(element.named_children) != 2:
            continue
        key, value = element.named_children
        if file.text(key) == name:
            return value.named_children[0] if value.type == "literal_element" else value
    return None
