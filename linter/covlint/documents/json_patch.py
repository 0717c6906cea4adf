"""JSON patches (RFC 6902) on YAML trees, as kustomize 5 applies them.

Its library departs from the RFC: ``replace`` of a key that is not there sets
it, negative indexes count from the end, and what stands before the first slash
of a path is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from covlint.documents.composed import composed, entries_of, sequence_of
from covlint.documents.strategic_merge import PatchError
from covlint.documents.yaml_nodes import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

_Change = Callable[[AnyNode, str], AnyNode]


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a patch; ``path`` and ``origin`` (``from``) are already unescaped."""

    op: str
    path: tuple[str, ...]
    origin: tuple[str, ...]
    value: AnyNode | None
    span: Span
    source: SourceFile
    written: str  # the path as it stands in the file


def operations_of(node: AnyNode) -> list[Operation]:
    """The operations of a patch. Raises PatchError for what is none."""
    if not isinstance(node, YamlSequence):
        raise PatchError(node.span, "a list of operations is expected")
    found = []
    for item in node.items:
        op = item.scalar("op") if isinstance(item, YamlMapping) else None
        path = item.scalar("path") if isinstance(item, YamlMapping) else None
        if not isinstance(item, YamlMapping) or op is None or path is None:
            raise PatchError(item.span, "an operation needs op and path")
        origin = item.scalar("from")
        found.append(
            Operation(
                op.text,
                _parts(path.text),
                _parts(origin.text) if origin is not None else (),
                item.get("value"),
                item.span,
                item.source,
                path.text,
            )
        )
    return found


def patched(root: AnyNode, operation: Operation) -> AnyNode:
    """The tree after one operation. Raises PatchError, as kustomize would fail."""
    if not operation.path:
        raise PatchError(operation.span, "the whole object cannot be replaced")
    if operation.op == "add":
        return _changed(root, operation.path, operation, _add(operation, _value(operation)))
    if operation.op == "replace":
        return _changed(root, operation.path, operation, _replace(operation, _value(operation)))
    if operation.op == "remove":
        return _changed(root, operation.path, operation, _remove(operation))
    if operation.op == "test":
        found = _find(root, operation.path, operation)
        if operation.value is None or plain(found) != plain(operation.value):
            raise PatchError(operation.span, f"the test of {operation.written} fails")
        return root
    if operation.op in ("move", "copy"):
        moved = _find(root, operation.origin, operation)
        if operation.op == "move":
            root = _changed(root, operation.origin, operation, _remove(operation))
        return _changed(root, operation.path, operation, _add(operation, moved))
    raise PatchError(operation.span, f"unknown operation {operation.op}")


def plain(node: AnyNode) -> object:
    """The value as data; numbers as they are compared by a test."""
    if isinstance(node, YamlMapping):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, YamlSequence):
        return [plain(item) for item in node.items]
    if node.is_null:
        return None
    if node.boolean is not None:
        return node.boolean
    if node.plain and node.tag is None:
        try:
            return float(node.text)
        except ValueError:
            return node.text
    return node.text


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def _value(operation: Operation) -> AnyNode:
    if operation.value is not None:
        return operation.value
    end = operation.span.end
    return YamlScalar(operation.source, end, end, None, None, "", "")


def _changed(
    node: AnyNode, path: tuple[str, ...], operation: Operation, change: _Change
) -> AnyNode:
    if len(path) == 1:
        return change(node, path[0])
    if isinstance(node, YamlMapping):
        entries = entries_of(node)
        entry = entries.get(path[0])
        if entry is None or _is_null(entry.value):
            raise _missing(operation)
        child = _changed(entry.value, path[1:], operation, change)
        entries[path[0]] = YamlEntry(entry.key, child, entry.span, entry.alias)
        return composed(node, entries.values())
    if isinstance(node, YamlSequence):
        index = _index(path[0], len(node.items), operation)
        items = list(zip(node.items, node.item_spans, strict=True))
        items[index] = (_changed(items[index][0], path[1:], operation, change), items[index][1])
        return sequence_of(node, items)
    raise _missing(operation)


def _add(operation: Operation, value: AnyNode) -> _Change:
    def change(node: AnyNode, key: str) -> AnyNode:
        if isinstance(node, YamlMapping):
            return _with_entry(node, key, value, operation)
        if not isinstance(node, YamlSequence):
            raise _missing(operation)
        items = list(zip(node.items, node.item_spans, strict=True))
        size = len(items)
        index = size if key == "-" else _number(key, operation)
        if index < 0:
            index += size + 1
        if not 0 <= index <= size:
            raise PatchError(
                operation.span, f"{operation.written}: the list in the base has {size} items"
            )
        items.insert(index, (value, value.span))
        return sequence_of(node, items)

    return change


def _replace(operation: Operation, value: AnyNode) -> _Change:
    def change(node: AnyNode, key: str) -> AnyNode:
        if isinstance(node, YamlMapping):
            return _with_entry(node, key, value, operation)
        if not isinstance(node, YamlSequence):
            raise _missing(operation)
        items = list(zip(node.items, node.item_spans, strict=True))
        items[_index(key, len(items), operation)] = (value, value.span)
        return sequence_of(node, items)

    return change


def _remove(operation: Operation) -> _Change:
    def change(node: AnyNode, key: str) -> AnyNode:
        if isinstance(node, YamlMapping):
            entries = entries_of(node)
            if entries.pop(key, None) is None:
                raise _missing(operation)
            return composed(node, entries.values())
        if not isinstance(node, YamlSequence):
            raise _missing(operation)
        items = list(zip(node.items, node.item_spans, strict=True))
        del items[_index(key, len(items), operation)]
        return sequence_of(node, items)

    return change


def _with_entry(node: YamlMapping, key: str, value: AnyNode, operation: Operation) -> YamlMapping:
    entries = entries_of(node)
    name = YamlScalar(value.source, value.start, value.start, None, None, key, "")
    entries[key] = YamlEntry(name, value, operation.span, True)
    return composed(node, entries.values())


def _find(node: AnyNode, path: tuple[str, ...], operation: Operation) -> AnyNode:
    for part in path:
        found: AnyNode | None = None
        if isinstance(node, YamlMapping):
            found = node.get(part)
        elif isinstance(node, YamlSequence):
            found = node.items[_index(part, len(node.items), operation)]
        if found is None:
            raise _missing(operation)
        node = found
    return node


def _index(key: str, size: int, operation: Operation) -> int:
    index = _number(key, operation)
    if index < 0:
        index += size
    if not 0 <= index < size:
        raise PatchError(
            operation.span, f"{operation.written}: the list in the base has {size} items"
        )
    return index


def _number(key: str, operation: Operation) -> int:
    try:
        return int(key)
    except ValueError:
        raise _missing(operation) from None


def _missing(operation: Operation) -> PatchError:
    what = f"{operation.op} {operation.written}"
    return PatchError(operation.span, f"{what}: there is no such place in the base")


def _is_null(node: AnyNode) -> bool:
    return isinstance(node, YamlScalar) and node.is_null
