"""Where the text of YAML nodes stands: columns, lines, dashes and the style around them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from covlint.documents.yaml_nodes import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    walk,
)
from covlint.documents.yaml_text import Layout
from covlint.source import Span

#: YAML takes a lone CR as a line ending; the rest of covlint does not, so such files
#: are not edited by lines.
LONE_RETURN = re.compile(rb"\r(?!\n)")

_BOM = b"\xef\xbb\xbf"


def layout_of(node: AnyNode) -> Layout:
    """The indentation in use nearest to ``node``: below it, else around it."""
    step: int | None = None
    dash: int | None = None
    seen: set[int] = set()
    around: AnyNode | None = node
    while around is not None and (step is None or dash is None):
        for child in walk(around, skip_aliases=True):
            parent = child.parent
            if id(child) in seen or not isinstance(parent, YamlMapping) or parent.flow:
                continue
            seen.add(id(child))
            if isinstance(child, YamlMapping) and not child.flow and step is None:
                step = _distance(parent, child, 1)
            elif isinstance(child, YamlSequence) and not child.flow and dash is None:
                dash = _distance(parent, child, 0)
        around = around.parent
    return Layout(step or 2, dash or 0)


def _distance(outer: YamlMapping, inner: AnyNode, least: int) -> int | None:
    left, right = column_of(outer), column_of(inner)
    if left is None or right is None or right - left < least:
        return None
    return right - left


def ends_in_block_scalar(node: AnyNode) -> bool:
    current = node
    while not isinstance(current, YamlScalar):
        if isinstance(current, YamlMapping):
            last: YamlEntry | None = current.entries[-1] if current.entries else None
            if last is None or last.alias:
                return False
            current = last.value
        elif current.items and current.items[-1].parent is current:
            current = current.items[-1]
        else:
            return False
    return current.style in ("|", ">")


def mapping_lines(roots: Iterable[AnyNode], offset: int) -> frozenset[int]:
    """The 1-based lines on which the innermost mapping around a byte begins, and the key
    whose value it is. Empty where there is none."""
    inner: YamlMapping | None = None
    for root in roots:
        for node in walk(root, skip_aliases=True):
            if isinstance(node, YamlMapping) and node.start <= offset < node.end:
                inner = node  # what is inside comes later
    if inner is None:
        return frozenset()
    begins = [inner.start]
    if isinstance(inner.parent, YamlMapping):
        begins += [entry.span.start for entry in inner.parent.entries if entry.value is inner]
    return frozenset(inner.source.line_of(begin) for begin in begins)


def child_spans(node: YamlMapping | YamlSequence) -> list[Span]:
    if isinstance(node, YamlSequence):
        return list(node.item_spans)
    return [entry.span for entry in node.entries]


def is_json(node: YamlMapping | YamlSequence) -> bool:
    """Whether the nearest keys in flow style are in double quotes."""
    current: YamlMapping | YamlSequence | None = node
    while current is not None and current.flow:
        for child in walk(current, skip_aliases=True):
            if isinstance(child, YamlMapping) and child.entries:
                return child.entries[0].key.style == '"'
        current = current.parent
    return False


def line_start(data: bytes, offset: int) -> int:
    start = data.rfind(b"\n", 0, offset) + 1
    return len(_BOM) if start == 0 and data.startswith(_BOM) else start


def column_of(node: AnyNode) -> int | None:
    """The column of a block collection; None when something but dashes is before it."""
    if isinstance(node, YamlMapping) and node.entries:
        start = node.entries[0].span.start
    else:
        start = node.start
    prefix = node.source.data[line_start(node.source.data, start) : start]
    return None if prefix.strip(b" -") else len(prefix)


def dash_of(sequence: YamlSequence, index: int, column: int) -> int:
    """Where the dash of an item stands: on its line, or above when it starts below."""
    if index == 0:
        return sequence.start
    data = sequence.source.data
    line = line_start(data, sequence.item_spans[index].start)
    while line > sequence.start:
        if not data[line : line + column].strip(b" ") and data[line + column] == 0x2D:
            return line + column
        line = line_start(data, line - 1)
    return sequence.start
