"""YAML trees put together from several files, where every value keeps its own place.

A kustomize overlay takes a manifest of one file and puts values of others into
it. The outcome is a tree of the same nodes that the files were read as; only a
mapping that has entries of several files is made anew. Trees are never changed
in place: one base serves several overlays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from covlint.documents.assembled import AssembledSource
from covlint.documents.yaml_nodes import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.source import SourceFile, Span

#: The tag of a value that is put together from several texts: it is written nowhere as it is.
COMPUTED = "!computed"

#: Lists whose items are written as a whole, also in a part of a manifest.
_WHOLE = frozenset({"env", "volumeMounts", "volumes"})


@dataclass(slots=True, eq=False)
class ComposedMapping(YamlMapping):
    """A mapping whose entries may stand in several files.

    ``home`` is the mapping of one file into which a new entry is written.
    ``open``: it may have entries that are not seen, so that a missing one is unknown.
    """

    home: YamlMapping = field(repr=False)
    open: bool = False

    def written_at(self) -> YamlMapping:
        return self.home

    def get(self, key: str) -> AnyNode | None:
        entry = self.entry(key)
        if entry is not None:
            return entry.value
        return unknown(self.source, self.end) if self.open else None


def unknown(source: SourceFile, offset: int) -> YamlScalar:
    """A value that is not seen; what asks for it takes it for templated."""
    return YamlScalar(source, offset, offset, None, None, "{{ }}", "template")


def composed(
    mapping: YamlMapping,
    entries: Iterable[YamlEntry],
    *,
    home: YamlMapping | None = None,
    shared: bool | None = None,
    opened: bool | None = None,
) -> ComposedMapping:
    """``mapping`` with other entries; new ones are written where those of ``home`` are."""
    place = home or mapping.written_at()
    was_open = isinstance(mapping, ComposedMapping) and mapping.open
    made = ComposedMapping(
        place.source,
        place.start,
        place.end,
        None,
        mapping.tag,
        tuple(entries),
        place.flow,
        place,
        was_open if opened is None else opened,
    )
    made.shared = mapping.shared if shared is None else shared
    return made


def entries_of(mapping: YamlMapping) -> dict[str, YamlEntry]:
    """Each key once with the entry that counts, those of merge keys put in."""
    found: dict[str, YamlEntry] = {}
    for key, value in mapping.items():
        own = mapping.entry(key)
        if own is None or own.value is not value:
            scalar = YamlScalar(value.source, value.start, value.start, None, None, key, "")
            own = YamlEntry(scalar, value, value.span, True)
        found[key] = own
    return found


def sequence_of(
    model: YamlSequence, items: Iterable[tuple[AnyNode, Span]], shared: bool | None = None
) -> YamlSequence:
    """``model`` with other items."""
    pairs = tuple(items)
    made = YamlSequence(
        model.source,
        model.start,
        model.end,
        None,
        model.tag,
        tuple(item for item, _ in pairs),
        tuple(span for _, span in pairs),
        model.flow,
    )
    made.shared = model.shared if shared is None else shared
    return made


def rewritten(root: AnyNode, change: Callable[[AnyNode], AnyNode]) -> AnyNode:
    """The tree with ``change`` made to every node, children first; what aliases repeat stays
    one node. ``change`` gets a node of its own and may assign to it."""
    memo: dict[int, AnyNode] = {}

    def made(node: AnyNode) -> AnyNode:
        known = memo.get(id(node))
        if known is None:
            known = memo[id(node)] = change(_copied(node, made))
        return known

    return made(root)


def _copied(node: AnyNode, child: Callable[[AnyNode], AnyNode]) -> AnyNode:
    copy: AnyNode
    if isinstance(node, YamlMapping):
        entries = [replace(e, value=child(e.value)) for e in entries_of(node).values()]
        copy = composed(node, entries)
    elif isinstance(node, YamlSequence):
        copy = sequence_of(node, zip(map(child, node.items), node.item_spans, strict=True))
    else:
        copy = YamlScalar(
            node.source, node.start, node.end, node.anchor, node.tag, node.text, node.style
        )
        copy.shared = node.shared
    return copy


def shared_copy(root: AnyNode) -> AnyNode:
    """The tree as a part of something that others use too: an edit changes them all."""

    def marked(node: AnyNode) -> AnyNode:
        node.shared = True
        return node

    return rewritten(root, marked)


def opened(root: AnyNode) -> AnyNode:
    """The tree as a part of something of which the rest is not seen."""

    def marked(node: AnyNode) -> AnyNode:
        if isinstance(node, ComposedMapping):
            node.open = True
            for entry in node.entries:
                if entry.key.text in _WHOLE and isinstance(entry.value, YamlSequence):
                    for item in entry.value.items:
                        if isinstance(item, ComposedMapping):
                            item.open = False
        elif isinstance(node, YamlSequence) and any(isinstance(i, YamlMapping) for i in node.items):
            more = (unknown(node.source, node.end), Span(node.source.path, node.end, node.end))
            pairs = [*zip(node.items, node.item_spans, strict=True), more]
            return sequence_of(node, pairs)
        return node

    return rewritten(root, marked)


def place_of(span: Span, sources: Callable[[str], SourceFile | None]) -> Span:
    """Where a span is written: that of a text inside another file is in that file."""
    if "#" not in span.path:
        return span
    source = sources(span.path)
    return source.place(span) if isinstance(source, AssembledSource) else span


__all__ = [
    "COMPUTED",
    "ComposedMapping",
    "composed",
    "entries_of",
    "opened",
    "place_of",
    "rewritten",
    "sequence_of",
    "shared_copy",
    "unknown",
]
