"""Edits of YAML that change the bytes they must and no others.

Nothing is dumped: an edit is computed from the places of nodes, and takes
indentation, quoting and line endings from what stands around it. Every
function returns the edits, or an empty tuple where this cannot be done
without touching more than was asked (an explicit ``? key``, a value that an
anchor of another value depends on, …); a rule then offers no written fix.

An edit of a node that is ``shared`` changes every place that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from covlint.diagnostics import Edit
from covlint.documents.yaml_nodes import (
    AnyNode,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    walk,
)
from covlint.documents.yaml_place import (
    LONE_RETURN,
    child_spans,
    column_of,
    dash_of,
    ends_in_block_scalar,
    is_json,
    layout_of,
    line_start,
)
from covlint.documents.yaml_text import (
    Value,
    entry_lines,
    flow_entry_text,
    flow_text,
    item_lines,
    scalar_text,
)
from covlint.source import SourceFile, Span

Edits = tuple[Edit, ...]

_TO_COLON = re.compile(rb"[ \t]*:")
_TO_NEXT_LINE = re.compile(rb"[ \t]*(?:#[^\n]*)?\r?\n *")


def insert_entry(mapping: YamlMapping, key: str, value: Value) -> Edits:
    """Add ``key: value`` after the last entry; the caller knows that there is none yet."""
    mapping = mapping.written_at()
    if mapping.flow:
        return _insert_in_flow(mapping, flow_entry_text(key, value, is_json(mapping)))
    column = column_of(mapping)
    if column is None:
        return ()
    lines = [" " * column + line for line in entry_lines(key, value, layout_of(mapping))]
    return _insert_lines(mapping.source, mapping.end, lines, mapping)


def append_item(sequence: YamlSequence, value: Value) -> Edits:
    """Add an item after the last one."""
    if sequence.flow:
        return _insert_in_flow(sequence, flow_text(value, is_json(sequence)))
    column = column_of(sequence)
    if column is None:
        return ()
    width = sequence.item_spans[0].start - sequence.start
    between = sequence.source.data[sequence.start + 1 : sequence.item_spans[0].start]
    if between.strip(b" ") or width < 2:
        width = 2
    lines = [" " * column + line for line in item_lines(value, layout_of(sequence), width)]
    return _insert_lines(sequence.source, sequence.end, lines, sequence)


def append_to(mapping: YamlMapping, key: str, item: Value) -> Edits:
    """Add ``item`` to the list at ``key``, which may be missing, null or ``[]``."""
    mapping = mapping.written_at()
    value = mapping.get(key)
    if isinstance(value, YamlSequence) and value.items:
        return append_item(value, item)
    return _create(mapping, key, [item])


def set_in(mapping: YamlMapping, key: str, children: Mapping[str, str | int]) -> Edits:
    """Set entries of the mapping at ``key``, which may be missing, null or ``{}``; empty
    when one of them cannot be set."""
    mapping = mapping.written_at()
    inner = mapping.get(key)
    if not isinstance(inner, YamlMapping) or not inner.entries:
        return _create(mapping, key, dict(children))
    edits: list[Edit] = []
    for child, value in children.items():
        wanted = set_scalar(inner, child, value)
        if not wanted:
            return ()
        edits += wanted
    return join_edits(edits)


def set_scalar(mapping: YamlMapping, key: str, value: str | int) -> Edits:
    """Replace the scalar at ``key``, or add the entry; a merged value is overridden here."""
    mapping = mapping.written_at()
    entry = mapping.entry(key)
    if entry is None:
        return insert_entry(mapping, key, value)
    return replace_scalar(entry.value, value) if isinstance(entry.value, YamlScalar) else ()


def replace_scalar(scalar: YamlScalar, value: str | int) -> Edits:
    """Write ``value`` in the scalar's place and quoting style; anchor and tag stay."""
    if scalar.start == scalar.end:
        before = scalar.source.data[scalar.start - 1 : scalar.start]
        if before not in (b":", b"-"):
            return ()
        return (Edit(scalar.span, b" " + scalar_text(value).encode()),)
    return replace_text(scalar.source, scalar.span, value)


def replace_text(source: SourceFile, span: Span, value: str | int) -> Edits:
    """Like :func:`replace_scalar`, for a Word of a scalar: its style is told by its first byte."""
    first = source.data[span.start : span.start + 1].decode("ascii", "replace")
    if span.start == span.end:
        return ()
    return (Edit(span, scalar_text(value, first if first in "'\"" else "").encode()),)


def remove_entry(mapping: YamlMapping, key: str) -> Edits:
    """Remove the entry: in block style its lines with the comment at their end, in flow
    style with its comma. The last entry of a mapping leaves ``{}``."""
    mapping = mapping.written_at()
    entry = mapping.entry(key)
    if entry is None or not _removable(entry.value, entry.alias):
        return ()
    spans = [e.span for e in mapping.entries]
    index = next(i for i, e in enumerate(mapping.entries) if e is entry)
    if mapping.flow:
        return _remove_from_flow(mapping, spans, index)
    if column_of(mapping) is None:
        return ()
    if len(spans) == 1:
        return (Edit(entry.span, b"{}"),)
    previous = mapping.entries[index - 1].value if index else None
    return _remove_lines(mapping.source, spans, index, previous)


def remove_item(sequence: YamlSequence, index: int) -> Edits:
    """Remove an item, as :func:`remove_entry` does; the only item leaves ``[]``."""
    item = sequence.items[index]
    if not _removable(item, item.parent is not sequence):
        return ()
    if sequence.flow:
        return _remove_from_flow(sequence, list(sequence.item_spans), index)
    column = column_of(sequence)
    if column is None:
        return ()
    if len(sequence.items) == 1:
        parent = sequence.parent
        level = isinstance(parent, YamlMapping) and column_of(parent) == column
        return (Edit(sequence.span, b"  []" if level else b"[]"),)
    path = sequence.source.path
    spans = [
        Span(path, dash_of(sequence, i, column), span.end)
        for i, span in enumerate(sequence.item_spans)
    ]
    previous = sequence.items[index - 1] if index else None
    return _remove_lines(sequence.source, spans, index, previous)


def join_edits(edits: Iterable[Edit]) -> Edits:
    """The edits of one fix with those that start at one byte made one, equal ones counted once.

    Two insertions can meet (below the last line of a container that is also the
    last line of its pod): the deeper one comes first, or it would land in the
    wrong collection.
    """
    places: dict[tuple[str, int], list[Edit]] = {}
    for edit in dict.fromkeys(edits):
        places.setdefault((edit.span.path, edit.span.start), []).append(edit)
    joined = []
    for place in sorted(places):
        met = sorted(places[place], key=lambda e: (e.span.end, -_depth(e.replacement)))
        text = b"".join(edit.replacement for edit in met)
        joined.append(Edit(met[-1].span, text))
    return tuple(joined)


def _create(mapping: YamlMapping, key: str, value: Value) -> Edits:
    """Give ``key`` a value where it has none, or an empty one."""
    entry = mapping.entry(key)
    if entry is None:
        # a list or mapping that comes by a merge key would be hidden by a new entry
        return insert_entry(mapping, key, value) if mapping.get(key) is None else ()
    old = entry.value
    if entry.alias or not _is_empty(old):
        return ()
    data, source = mapping.source.data, mapping.source
    colon = _TO_COLON.match(data, entry.key.end) if entry.key.parent is mapping else None
    column = None if mapping.flow else column_of(mapping)
    in_place = old.anchor is not None or old.tag is not None
    if colon is None or (column is None and not mapping.flow):
        return ()
    if mapping.flow or in_place or data[colon.end() : old.start].strip(b" \t"):
        text = flow_text(value, is_json(mapping)).encode()
        pad = b" " if old.start == old.end else b""
        return (Edit(old.span, pad + text),)
    if b"\n" in data[colon.end() : old.start]:
        return (Edit(old.span, flow_text(value).encode()),)
    lines = entry_lines(key, value, layout_of(mapping))[1:]
    inserted = _insert_lines(source, old.end, [" " * (column or 0) + line for line in lines], old)
    if not inserted or old.start == old.end:
        return inserted
    return (Edit(source.span(colon.end(), old.end), b""), *inserted)


def _is_empty(node: AnyNode) -> bool:
    if isinstance(node, YamlScalar):
        return node.is_null
    return not (node.entries if isinstance(node, YamlMapping) else node.items)


def _insert_lines(source: SourceFile, end: int, lines: list[str], after: AnyNode) -> Edits:
    """Whole lines below the line that holds the byte before ``end``."""
    data = source.data
    if LONE_RETURN.search(data):
        return ()
    line_end = data.find(b"\n", end)
    rest = data[end : len(data) if line_end == -1 else line_end].strip()
    if rest and not rest.startswith(b"#"):
        return ()
    text = source.newline.join(line.encode() for line in lines)
    if line_end == -1:
        if ends_in_block_scalar(after):
            return ()  # its text would gain a final newline
        return (Edit(source.span(len(data), len(data)), source.newline + text),)
    return (Edit(source.span(line_end + 1, line_end + 1), text + source.newline),)


def _insert_in_flow(node: YamlMapping | YamlSequence, text: str) -> Edits:
    source, data = node.source, node.source.data
    if data[node.start : node.start + 1] not in (b"[", b"{"):
        return ()  # the single pair of [a: 1]
    spans = child_spans(node)
    if not spans:
        return (Edit(source.span(node.start + 1, node.start + 1), text.encode()),)
    last = spans[-1]
    line = data.rfind(b"\n", 0, last.start) + 1
    prefix = data[line : last.start]
    separator = b", "
    if data[last.end - 1 : last.end] == b":":
        separator = b" , "
    elif line > node.start and not prefix.strip(b" \t"):
        separator = b"," + source.newline + prefix
    return (Edit(source.span(last.end, last.end), separator + text.encode()),)


def _remove_from_flow(node: YamlMapping | YamlSequence, spans: list[Span], index: int) -> Edits:
    source, data = node.source, node.source.data
    if data[node.start : node.start + 1] not in (b"[", b"{"):
        return ()
    if index:
        start, end = spans[index - 1].end, spans[index].end
        between = data[start : spans[index].start]
    elif len(spans) > 1:
        start, end = spans[0].start, spans[1].start
        between = data[spans[0].end : end]
    else:
        start, end = spans[0].start, spans[0].end
        comma = re.compile(rb"\s*,").match(data, end, node.end)
        end = comma.end() if comma else end
        between = b","
    return (Edit(source.span(start, end), b""),) if between.strip() == b"," else ()


def _remove_lines(
    source: SourceFile, spans: list[Span], index: int, previous: AnyNode | None
) -> Edits:
    data, start, end = source.data, spans[index].start, spans[index].end
    line = line_start(data, start)
    if LONE_RETURN.search(data):
        return ()
    if data[line:start].strip(b" "):  # it stands behind a dash: the next one moves up to it
        if index or not _TO_NEXT_LINE.fullmatch(data, end, spans[1].start):
            return ()
        return (Edit(source.span(start, spans[1].start), b""),)
    line_end = data.find(b"\n", end)
    rest = data[end : len(data) if line_end == -1 else line_end].strip()
    if rest and not rest.startswith(b"#"):
        return ()
    keeps_lines = previous is not None and ends_in_block_scalar(previous)
    if line_end in (-1, len(data) - 1) and not keeps_lines:
        line = _after_text(data, line)  # no empty lines stay at the end of the file
    if line_end == -1:
        if line and not keeps_lines:
            line -= 2 if data[line - 2 : line] == b"\r\n" else 1
        return (Edit(source.span(line, len(data)), b""),)
    following = data[line_end + 1 : line_end + 2]
    below = data[line_end + 1 : (data.find(b"\n", line_end + 1) + 1) or len(data)].strip()
    if keeps_lines and following in (b" ", b"\n", b"\r") and (not below or below[:1] == b"#"):
        return ()  # an empty line or comment below would become text of the block scalar above
    return (Edit(source.span(line, line_end + 1), b""),)


def _after_text(data: bytes, line: int) -> int:
    """Where the first of the empty lines begins that stand above ``line``."""
    text = data[:line].rstrip(b" \t\r\n")
    end = data.find(b"\n", len(text), line)
    return line if end == -1 or not text else end + 1


def _removable(value: AnyNode, alias: bool) -> bool:
    """No anchor goes away with it: an alias elsewhere may need it."""
    return alias or all(node.anchor is None for node in walk(value, skip_aliases=True))


def _depth(replacement: bytes) -> int:
    line = replacement.lstrip(b"\r\n")
    return len(line) - len(line.lstrip(b" "))


__all__ = [
    "Edits",
    "Value",
    "append_item",
    "append_to",
    "insert_entry",
    "join_edits",
    "layout_of",
    "remove_entry",
    "remove_item",
    "replace_scalar",
    "replace_text",
    "set_in",
    "set_scalar",
]
