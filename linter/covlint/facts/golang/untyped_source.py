"""YAML that stands for map literals and builders of Go: what is written into it becomes Go."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from covlint.diagnostics import Edit
from covlint.documents.assembled import Edits
from covlint.documents.goliterals import (
    aligned_fields,
    insert_elements,
    keeps_comments,
    replace_element,
)
from covlint.facts.golang.builder_text import chained, element, method
from covlint.facts.golang.gates import Gate
from covlint.facts.golang.typed_source import (
    Place,
    TypedSource,
    WrittenField,
    attempt,
    plain_data,
    read_inserted,
)
from covlint.frozen import dataclass

if TYPE_CHECKING:
    from covlint.documents.yaml_nodes import AnyNode

#: Before the kind of what a builder makes: ``applied Container``.
BUILT = "applied "
_ANYTHING = frozenset({"interface{}", "any"})
_MAP, _LIST = "map[string]", "[]"
_ONE_LINE = 80


@dataclass(frozen=True)
class UntypedSource(TypedSource):
    """The text of one object; the ``kind`` of its places is the type of their literal."""

    def _gate(self, place: Place) -> Gate | None:
        return None

    def _added(self, edit: Edit) -> Edits:
        from covlint.documents.yaml_nodes import YamlMapping, YamlSequence

        place = self._place_at(edit.span.start)
        node = read_inserted(edit, place)
        if place is None or node is None:
            return ()
        if BUILT in place.kind:
            return _chained(place, node)
        file, inner = place.scope.file, inner_type(place.kind)
        if isinstance(node, YamlSequence) and place.kind.startswith(_LIST):
            elided = place.node.type == "literal_value" and inner not in _ANYTHING
            return insert_elements(
                file,
                place.node,
                attempt(lambda indent: [_go(one, inner, indent, elided) for one in node.items]),
            )
        if not isinstance(node, YamlMapping) or not place.kind.startswith(_MAP):
            return ()
        return insert_elements(
            file,
            place.node,
            attempt(lambda indent: [_entry(*pair, inner, indent) for pair in node.items()]),
        )

    def _exchanged(self, removed: Edit, added: Edit) -> Edits:
        from covlint.documents.yaml_nodes import YamlMapping

        field, place = self._field_at(removed), self._place_at(added.span.start)
        node = read_inserted(added, place)
        if field is None or place is None or not isinstance(node, YamlMapping):
            return ()
        pairs = list(node.items())
        if len(pairs) != 1:
            return ()
        if BUILT in place.kind:
            return _replaced_call(field, place.kind, pairs[0])
        inner = inner_type(place.kind)
        return replace_element(
            field.scope.file,
            field.node,
            attempt(lambda indent: [_entry(*pairs[0], inner, indent)]),
        )


def _chained(place: Place, node: AnyNode) -> Edits:
    """Further calls of the builder, or arguments of the call that takes the list."""
    from covlint.documents.yaml_nodes import YamlMapping, YamlSequence

    file, kind = place.scope.file, place.kind.replace(BUILT, "")
    values = plain_data(node)
    if isinstance(node, YamlSequence) and kind.startswith(_LIST):

        def arguments(_indent: str | None) -> list[str]:
            return [element(file, kind.removeprefix(_LIST), plain_data(one)) for one in node.items]

        return insert_elements(file, place.node, attempt(arguments))
    if not isinstance(node, YamlMapping) or not isinstance(values, Mapping):
        return ()
    end = place.node.end_byte
    written = _or_none(lambda: chained(file, kind, values))
    if written is None or not keeps_comments(file, end):
        return ()
    return (Edit(file.source.span(end, end), written.encode()),)


def _replaced_call(field: WrittenField, kind: str, pair: tuple[str, AnyNode]) -> Edits:
    """Another method with its arguments in the place of one."""
    file, target = field.scope.file, field.node.child_by_field_name("function")
    name = target.child_by_field_name("field") if target is not None else None
    key, value = pair[0], plain_data(pair[1])
    written = _or_none(lambda: method(file, kind.replace(BUILT, ""), key, value))
    if name is None or written is None or not keeps_comments(file, field.node.end_byte):
        return ()
    span = file.source.span(name.start_byte, field.node.end_byte)
    return (Edit(span, written.encode()),)


def _or_none(write: Callable[[], str]) -> str | None:
    """None for what cannot be written as Go."""
    try:
        return write()
    except (LookupError, ValueError):
        return None


def inner_type(kind: str) -> str:
    """The type of the elements of ``[]T`` and of the values of ``map[string]T``."""
    for head in (_MAP, _LIST):
        if kind.startswith(head):
            return kind.removeprefix(head)
    return ""


def _go(node: AnyNode, kind: str, indent: str | None, elided: bool = False) -> str:
    """Go for a value of the type ``kind``; lines but the first begin with ``indent``.
    Raises LookupError for what cannot be written so."""
    from covlint.documents.yaml_nodes import YamlMapping, YamlScalar, YamlSequence

    if isinstance(node, YamlScalar):
        return _scalar(node, kind)
    anything = "any" if re.search(r"\bany\b", kind) else "interface{}"
    if isinstance(node, YamlMapping):
        own = kind if kind.startswith(_MAP) else _MAP + anything if kind in _ANYTHING else ""
        parts = [(json.dumps(key), value) for key, value in node.items()]
    elif isinstance(node, YamlSequence):
        own = kind if kind.startswith(_LIST) else _LIST + anything if kind in _ANYTHING else ""
        parts = [("", value) for value in node.items]
    if not own:
        raise LookupError(kind)
    inner, name = inner_type(own), "" if elided else own
    listed = isinstance(node, YamlSequence)
    short = listed and inner not in _ANYTHING
    flat = [(key, _go(one, inner, None, short)) for key, one in parts]
    line = name + "{" + ", ".join(f"{key}: {text}" if key else text for key, text in flat) + "}"
    simple = all(isinstance(one, YamlScalar) for _, one in parts)
    if indent is None or not parts or (simple and len(line) <= _ONE_LINE):
        return line
    deeper = indent + "\t"
    fields = [(key, _go(one, inner, deeper, short)) for key, one in parts]
    lines = [f"{deeper}{text}," for _, text in fields] if listed else aligned_fields(fields, deeper)
    return "\n".join([name + "{", *lines, indent + "}"])


def _entry(key: str, value: AnyNode, kind: str, indent: str | None) -> str:
    return f"{json.dumps(key)}: {_go(value, kind, indent)}"


def _scalar(node: AnyNode, kind: str) -> str:
    """A number is an int64: what unstructured objects hold, and cannot copy else."""
    text, plain = getattr(node, "text", ""), getattr(node, "plain", False)
    if kind in _ANYTHING and plain and text in ("true", "false"):
        return str(text)
    if kind in _ANYTHING and plain and re.fullmatch(r"\d+", text):
        return f"int64({text})"
    if kind not in _ANYTHING and kind != "string":
        raise LookupError(kind)
    return json.dumps(text, ensure_ascii=False)


def is_known(kind: str) -> bool:
    """Whether values of the type can be written."""
    while (inner := inner_type(kind)) and inner != kind:
        kind = inner
    return kind in _ANYTHING or kind == "string"


__all__: Sequence[str] = ["BUILT", "UntypedSource", "inner_type", "is_known"]
