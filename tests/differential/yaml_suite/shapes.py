"""What a YAML file says: its nodes with kinds, styles, anchors and texts, by two readers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.documents.yaml import AnyNode, YamlMapping, YamlScalar, YamlSequence, open_yaml
from covlint.source import SourceFile

#: A node: ("=", style, text), ("[", items…) or ("{", key, value, …).
Shape = tuple[object, ...]
#: A key that is a collection; covlint keeps its text alone.
COMPLEX: Shape = ("a collection as key",)
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\b": "\b", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[ntrb\\]")
_PROPERTIES = re.compile(r"(?:(?:\{\}|\[\]|&(?P<anchor>\S+)|<[^>]*>)(?: |$))*")


class Refused(Exception):
    """What covlint says of a file that it does not take."""


def ours(text: str) -> list[Shape]:
    """Raises Refused."""
    document = open_yaml(SourceFile("a.yaml", text.encode()))
    if document.error is not None:
        raise Refused(document.error.message)
    return [_shape(node) for node in document.documents]


def _shape(node: AnyNode) -> Shape:
    if isinstance(node, YamlScalar):
        return COMPLEX if node.style == "complex" else ("=", node.style, node.text)
    if isinstance(node, YamlSequence):
        return ("[", *map(_shape, node.items))
    return ("{", *(part for one in node.entries for part in (_shape(one.key), _shape(one.value))))


def theirs(events: str) -> list[Shape]:
    """The documents of a list of events."""
    lines = iter(events.splitlines())
    anchors: dict[str, Shape] = {}
    found = []
    for line in lines:
        if line.strip().startswith("+DOC"):
            anchors.clear()
            found.append(_node(next(lines).lstrip(" "), lines, anchors))
    return found


def _node(event: str, lines: Iterator[str], anchors: dict[str, Shape]) -> Shape:
    kind, _, rest = event.partition(" ")
    if kind == "=ALI":
        return anchors[rest[1:]]
    properties = _PROPERTIES.match(rest)
    assert properties is not None
    shape: Shape
    if kind == "=VAL":
        value = rest[properties.end() :]
        style = "" if value[0] == ":" else value[0]
        shape = ("=", style, _ESCAPE.sub(lambda match: _ESCAPES[match[0]], value[1:]))
    else:
        children = []
        while (line := next(lines).lstrip(" ")) not in ("-SEQ", "-MAP"):
            children.append(_node(line, lines, anchors))
        if kind == "+MAP":
            keys = [key if key[0] == "=" else COMPLEX for key in children[::2]]
            pairs = zip(keys, children[1::2], strict=True)
            shape = ("{", *(part for pair in pairs for part in pair))
        else:
            shape = ("[", *children)
    if properties["anchor"]:
        anchors[properties["anchor"]] = shape
    return shape


def misplaced(text: str) -> Iterator[str]:
    """What is wrong with the bytes that covlint says the nodes of a file stand at."""
    data = text.encode()
    for node in open_yaml(SourceFile("a.yaml", data)).documents:
        yield from _misplaced(node, data, 0, len(data))


def _misplaced(node: AnyNode, data: bytes, start: int, end: int) -> Iterator[str]:
    if not start <= node.start <= node.end <= end:
        yield f"{node.written!r} at {node.start}-{node.end} is not within {start}-{end}"
    if isinstance(node, YamlScalar):
        if not _says(node, data[node.start : node.end].decode()):
            yield f"{node.written!r} does not say {node.text!r}"
        return
    spans: list[tuple[AnyNode, int, int]] = []
    if isinstance(node, YamlMapping):
        for entry in node.entries:
            spans.append((entry.key, entry.span.start, entry.span.end))
            behind = entry.key.end if entry.key.start >= entry.span.start else entry.span.start
            spans.append((entry.value, behind, entry.span.end))
    else:
        places = zip(node.items, node.item_spans, strict=True)
        spans += [(item, span.start, span.end) for item, span in places]
    last = node.start
    for child, first, limit in spans:
        if first < last and limit < last:
            yield f"{child.written!r} at {first} comes behind byte {last}"
        last = max(last, first)
        if not (child.shared and (child.end <= first or child.start >= limit)):  # an alias
            yield from _misplaced(child, data, first, limit)


def _says(node: YamlScalar, written: str) -> bool:
    """Whether the bytes of a scalar give its text when they are read by themselves."""
    if node.style in ("complex", "template"):
        return True
    found = [written, f"[{written}]", f"{written}: "]
    if node.style in ("|", ">"):
        # The line break behind it is not its own; a number counts from what is around it.
        head, newline, body = written.partition("\n")
        heads = [head, *(re.sub(r"\d", str(number), head) for number in range(1, 10))]
        found = [f"{one}{newline}{body}{end}" for one in heads for end in ("\n", "")]
    return any(_read(one) == node.text for one in found)


def _read(text: str) -> str | None:
    documents = open_yaml(SourceFile("a.yaml", text.encode()))
    if documents.error is not None:
        return None
    if not documents.documents:
        return ""
    node = documents.documents[0]
    if isinstance(node, YamlSequence) and len(node.items) == 1:
        node = node.items[0]
    if isinstance(node, YamlMapping) and len(node.entries) == 1:
        node = node.entries[0].key
    return node.text if isinstance(node, YamlScalar) else None
