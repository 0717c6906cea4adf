"""The condition by which Go code switches coverage on, and what is put behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from covlint.diagnostics import Edit
from covlint.documents.assembled import Edits
from covlint.documents.golang import read_go
from covlint.documents.goliterals import indentation, insert_elements
from covlint.documents.gosource import GoSource, Scope, holds, parameters
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.typed_values import FIELDS, Plain, TypedWriter
from covlint.frozen import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

_IF = re.compile(rb"\bif\b")
_BUILTIN = frozenset({"true", "false", "nil", "len"})


@dataclass(frozen=True, slots=True)
class Gate:
    """``block`` is a branch that always runs after the object is made, if there is one;
    ``condition`` what can be asked where the object is made."""

    block: Node | None
    condition: str | None

    def written(
        self,
        file: GoSource,
        access: str,
        kind: str,
        fields: Mapping[str, Plain],
        writer: TypedWriter,
        body: Node,
    ) -> Edits:
        """Fields of a struct, set with coverage on only."""
        try:
            if self.block is not None:
                return self._assigned(file, self.block, access, kind, fields, writer)
            if self.condition is None:
                return ()
            condition = self.condition
            return insert_elements(
                file,
                body,
                lambda indent: (
                    None
                    if indent is None
                    else [
                        _asked(condition, kind, key, value, writer, indent)
                        for key, value in fields.items()
                    ]
                ),
            )
        except (LookupError, ValueError):
            return ()

    def _assigned(
        self,
        file: GoSource,
        block: Node,
        access: str,
        kind: str,
        fields: Mapping[str, Plain],
        writer: TypedWriter,
    ) -> Edits:
        closing = block.children[-1]
        start = file.data.rfind(b"\n", 0, closing.start_byte) + 1
        indent = indentation(file, closing.start_byte) + "\t"
        lines = []
        for key, value in fields.items():
            name, typed = FIELDS[kind][key]
            written = writer.written(value, typed, indent)
            lines.append(f"{indent}{access}.{name} = {written}\n")
        text = "".join(lines).replace("\n", file.source.newline.decode())
        return (Edit(file.source.span(start, start), text.encode()),)


def _asked(
    condition: str, kind: str, key: str, value: Plain, writer: TypedWriter, indent: str
) -> str:
    """``Name: func() T { if condition { return value }; return nil }()``."""
    name, typed = FIELDS[kind][key]
    inner = indent + "\t\t"
    return (
        f"{name}: func() {writer.name_of(typed)} {{\n"
        f"{indent}\tif {condition} {{\n"
        f"{inner}return {writer.written(value, typed, inner)}\n"
        f"{indent}\t}}\n"
        f"{indent}\treturn nil\n"
        f"{indent}}}()"
    )


def find_gate(
    package: GoPackage, body: Node, scope: Scope, statement: Node | None, access: str
) -> Gate | None:
    """The condition of the function around a literal; None where there is none that fields of
    it can be put behind, and where the literal stands behind it already."""
    function = scope.function
    if function is None:
        return None
    block: Node | None = None
    condition: str | None = None
    for branch in _branches(scope.file, function):
        asked = branch.child_by_field_name("condition")
        taken = branch.child_by_field_name("consequence")
        if asked is None or taken is None:
            continue
        if package.truth(asked, Scope(scope.file, function, scope.bindings)) is not True:
            continue
        if holds(taken, body):
            return None
        if block is None and access and _follows(branch, statement) and _lines(taken):
            block = taken
        plain = branch.child_by_field_name("initializer") is None
        if condition is None and plain and _lines(body) and _is_known(package, asked, body, scope):
            condition = scope.file.text(asked)
    if block is None and condition is None:
        return None
    return Gate(block, condition)


def _follows(branch: Node, statement: Node | None) -> bool:
    """Whether a branch stands below a statement, in the same block."""
    if statement is None or branch.start_byte < statement.end_byte:
        return False
    return branch.parent == statement.parent


def _lines(block: Node) -> bool:
    """Whether the closing brace is on a line of its own."""
    text = block.text or b""
    return not text.rpartition(b"\n")[2].strip(b" \t}") and b"\n" in text


def _branches(file: GoSource, function: Node) -> Iterator[Node]:
    for node in file.found(_IF, function):
        if node.type == "if_statement":
            yield node


def _is_known(package: GoPackage, condition: Node, body: Node, scope: Scope) -> bool:
    """Whether every name of a condition is known where a literal stands."""
    file, function = scope.file, scope.function
    if function is None:
        return False
    imported = {one.name for one in read_go(file.source).imports}
    given = set(parameters(file, function))
    pending = [condition]
    while pending:
        node = pending.pop()
        pending.extend(node.named_children)
        if node.type not in ("identifier", "package_identifier"):
            continue
        name = file.text(node)
        if name in imported | given | _BUILTIN or package.constant(name) is not None:
            continue
        bound = package.bindings_of(name, body, scope)
        if not any(
            one.statement.parent is not None and holds(one.statement.parent, body) for one in bound
        ):
            return False
    return True
