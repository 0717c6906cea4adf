"""Go source files, as far as shutdown needs them: imports, calls, values, waits.

Parsed by tree-sitter-go, which gives exact byte ranges and survives syntax
errors. Nothing is type-checked: a callee is the text that names it, and an
import without an alias is known by the last element of its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from covlint.documents.goheader import package_name
from covlint.documents.gosource import GoSource
from covlint.documents.grammars import TANGLED
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span, Word

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class GoImport:
    """One import; ``alias`` is "" when there is none, else a name, "." or "_"."""

    path: Word
    alias: str
    span: Span  # the import spec: alias and path
    declaration: Span  # the whole import declaration that it stands in
    grouped: bool  # the declaration has parentheses

    @property
    def name(self) -> str:
        """The name that the file knows the package by, as well as the path tells."""
        return self.alias or package_name(self.path.text)


@dataclass(frozen=True, slots=True)
class GoFunction:
    """A function or method declaration; ``receiver`` is the type's name or None."""

    name: Word
    receiver: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class GoExpression:
    """An argument, element or value. ``spread``: followed by ``...``;
    ``elements`` are those of a composite literal, None for anything else."""

    text: str
    span: Span
    spread: bool = False
    elements: tuple[GoExpression, ...] | None = None


@dataclass(frozen=True, slots=True)
class GoCall:
    """A call. ``callee`` has no white space, and other calls in it are ``f()``:
    ``fx.New(…).Run()`` is ``fx.New().Run``. ``function`` is the declaration that
    it stands in (None: a package-level initialiser); ``concurrent``: below a
    ``go`` statement there; ``conditional``: in a branch, loop or function literal."""

    callee: str
    arguments: tuple[GoExpression, ...]
    span: Span
    function: GoFunction | None
    concurrent: bool
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class GoValue:
    """``name = expression`` or ``name := expression``, one per name.

    When one call gives several names their values, each gets the call's text.
    """

    name: str
    expression: GoExpression
    function: GoFunction | None


@dataclass(frozen=True, slots=True)
class GoWait:
    """A place that blocks: "select" (without cases), "receive" (``operand`` is
    the channel) or "loop" (a ``for`` without condition and without a way out)."""

    kind: str
    operand: str
    span: Span
    function: GoFunction | None
    concurrent: bool


@dataclass(frozen=True, slots=True)
class GoFile:
    source: SourceFile
    package: str | None
    imports: tuple[GoImport, ...]
    functions: tuple[GoFunction, ...]
    calls: tuple[GoCall, ...]
    values: tuple[GoValue, ...]
    waits: tuple[GoWait, ...]
    names: Mapping[str, str]  # import path by the name that the file knows it by

    def resolve(self, expression: str) -> tuple[str, str] | None:
        """The import path and the rest of ``pkg.Rest``; None when it names no import."""
        head, dot, rest = expression.partition(".")
        path = self.names.get(head) if dot else None
        return None if path is None else (path, rest)


def read_go(source: SourceFile) -> GoFile:
    """Read a Go file. Never raises: what cannot be parsed is left out."""
    return _Reader(source).read()


def syntax_error(source: SourceFile) -> str | None:
    """Why a Go file does not parse, with the 1-based line; None when it does."""
    pending = [(file := GoSource(source)).root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            return f"invalid Go at line {node.start_point[0] + 1}"
        if node.has_error:
            pending.extend(reversed(node.children))
    return TANGLED if file.tangled else None


#: Bytes of text that one file's expressions may have together; the file itself has 1 MiB.
_MOST_COPIED = 32 << 20


class _Reader:
    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.package: str | None = None
        self.imports: list[GoImport] = []
        self.functions: list[GoFunction] = []
        self.calls: list[GoCall] = []
        self.values: list[GoValue] = []
        self.waits: list[GoWait] = []
        self.copied = 0

    def read(self) -> GoFile:
        for node in GoSource(self.source).root.named_children:
            if node.type == "package_clause" and node.named_children:
                self.package = self.text(node.named_children[0])
            elif node.type == "import_declaration":
                self.read_imports(node)
            else:
                self.walk(node, None, False)
        return GoFile(
            self.source,
            self.package,
            tuple(self.imports),
            tuple(self.functions),
            tuple(self.calls),
            tuple(self.values),
            tuple(self.waits),
            {entry.name: entry.path.text for entry in reversed(self.imports)},
        )

    def text(self, node: Node) -> str:
        """Calls in calls in calls: each holds the text of all below. Beyond any file that
        somebody wrote the text is "", which nothing matches."""
        self.copied += node.end_byte - node.start_byte
        if self.copied > _MOST_COPIED:
            return ""
        return self.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        return self.source.span(node.start_byte, node.end_byte)

    def read_imports(self, declaration: Node) -> None:
        grouped = any(child.type == "import_spec_list" for child in declaration.children)
        for spec in _below(declaration, "import_spec"):
            path = spec.child_by_field_name("path")
            if path is None:
                continue
            alias = spec.child_by_field_name("name")
            self.imports.append(
                GoImport(
                    Word(self.text(path)[1:-1], self.span(path)),
                    self.text(alias) if alias is not None else "",
                    self.span(spec),
                    self.span(declaration),
                    grouped,
                )
            )

    def walk(self, top: Node, function: GoFunction | None, concurrent: bool) -> None:
        """Visit ``top`` and everything below it; a stack, since files nest deeper than Python."""
        stack: list[tuple[Node, GoFunction | None, bool, bool]] = []
        stack.append((top, function, concurrent, False))
        while stack:
            node, function, concurrent, conditional = stack.pop()
            kind = node.type
            if kind in ("function_declaration", "method_declaration"):
                function = self.declare(node) or function
            elif kind == "call_expression":
                self.calls.append(self.call(node, function, concurrent, conditional))
            elif kind == "go_statement":
                concurrent = True
            elif kind in _BINDINGS:
                self.bind(node, function)
            elif kind == "select_statement":
                if not any(child.type.endswith("_case") for child in node.named_children):
                    self.wait("select", "", node, function, concurrent)
            elif kind == "unary_expression":
                operator = node.child_by_field_name("operator")
                operand = node.child_by_field_name("operand")
                if operator is not None and operator.type == "<-" and operand is not None:
                    self.wait("receive", self.callee(operand), node, function, concurrent)
            elif kind == "for_statement" and self.endless(node):
                self.wait("loop", "", node, function, concurrent)
            branches = kind in _BRANCHES  # an if's initialiser and condition are none
            for child in reversed(node.named_children):
                inside = conditional or (branches and child.type in _BRANCH)
                stack.append((child, function, concurrent, inside))

    def wait(
        self, kind: str, operand: str, node: Node, function: GoFunction | None, concurrent: bool
    ) -> None:
        self.waits.append(GoWait(kind, operand, self.span(node), function, concurrent))

    def declare(self, node: Node) -> GoFunction | None:
        name = node.child_by_field_name("name")
        if name is None:
            return None
        receiver = node.child_by_field_name("receiver")
        types = _below(receiver, "type_identifier") if receiver is not None else iter(())
        first = next(types, None)
        found = GoFunction(
            Word(self.text(name), self.span(name)),
            self.text(first) if first is not None else None,
            self.span(node),
        )
        self.functions.append(found)
        return found

    def call(
        self, node: Node, function: GoFunction | None, concurrent: bool, conditional: bool
    ) -> GoCall:
        target = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        return GoCall(
            self.callee(target) if target is not None else "?",
            self.expressions(arguments) if arguments is not None else (),
            self.span(node),
            function,
            concurrent,
            conditional,
        )

    def callee(self, node: Node) -> str:
        suffix = ""
        while True:
            inner: Node | None = None
            if node.type == "selector_expression":
                field = node.child_by_field_name("field")
                inner = node.child_by_field_name("operand")
                suffix = f".{self.text(field) if field is not None else '?'}{suffix}"
            elif node.type == "call_expression":
                inner = node.child_by_field_name("function")
                suffix = f"(){suffix}"
            elif node.type in ("parenthesized_expression", "index_expression"):
                inner = node.named_children[0] if node.named_children else None
            elif node.type in ("identifier", "package_identifier"):
                return self.text(node) + suffix
            if inner is None:
                return "?" + suffix
            node = inner

    def expressions(self, arguments: Node) -> tuple[GoExpression, ...]:
        found = []
        for node in arguments.named_children:
            if node.type == "comment":
                continue
            spread = node.type == "variadic_argument"
            inner = node
            if node.type in ("variadic_argument", "literal_element") and node.named_children:
                inner = node.named_children[0]
            found.append(self.expression(inner, spread))
        return tuple(found)

    def expression(self, node: Node, spread: bool = False) -> GoExpression:
        elements: tuple[GoExpression, ...] | None = None
        # Slices of plain values only: nothing asks about nested literals.
        if node.type == "composite_literal":
            kind = node.child_by_field_name("type")
            body = node.child_by_field_name("body")
            if kind is not None and body is not None and kind.type in _SEQUENCES:
                elements = self.expressions(body)
        return GoExpression(self.text(node), self.span(node), spread, elements)

    def bind(self, node: Node, function: GoFunction | None) -> None:
        names: list[Node] = []
        values: list[Node] = []
        if node.type in ("var_spec", "const_spec"):
            names = node.children_by_field_name("name")
            right = node.child_by_field_name("value")
        else:
            left = node.child_by_field_name("left")
            names = left.named_children if left is not None else []
            right = node.child_by_field_name("right")
        if right is not None:
            values = right.named_children
        if not values:
            return
        for index, name in enumerate(names):
            if name.type != "identifier":
                continue
            if len(values) != len(names) and len(values) != 1:
                continue
            value = values[index] if len(values) == len(names) else values[0]
            self.values.append(GoValue(self.text(name), self.expression(value), function))

    def endless(self, node: Node) -> bool:
        """A ``for`` without clause, range or condition, that nothing in it leaves."""
        body = node.child_by_field_name("body")
        if body is None or any(child != body for child in node.named_children):
            return False
        return not _LEAVES.search(self.source.data, body.start_byte, body.end_byte)


_BINDINGS = frozenset({"var_spec", "const_spec", "short_var_declaration", "assignment_statement"})
_BRANCHES = frozenset(
    {"if_statement", "for_statement", "expression_switch_statement", "type_switch_statement",
     "select_statement", "func_literal"}
)  # fmt: skip
_BRANCH = frozenset(
    {"block", "if_statement", "expression_case", "type_case", "default_case",
     "communication_case"}
)  # fmt: skip
_SEQUENCES = frozenset({"slice_type", "array_type", "implicit_length_array_type"})
_LEAVES = re.compile(rb"\b(?:break|return|goto|panic|Exit|Goexit|Fatal\w*|Panic\w*|exit)\b")


def _below(top: Node, kind: str) -> Iterator[Node]:
    stack = [top]
    while stack:
        node = stack.pop()
        if node.type == kind:
            yield node
        stack.extend(reversed(node.named_children))
