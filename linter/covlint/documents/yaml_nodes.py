"""The values of a YAML file and the bytes they were written as."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from covlint.source import SourceFile, Span, Word

TRUE_WORDS = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
FALSE_WORDS = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
NULL_WORDS = frozenset({"", "~", "null", "Null", "NULL"})

#: What a template engine fills in, and (U+E000) what program code puts in.
_TEMPLATE = re.compile("\\{\\{|\\{%|\ue000")


@dataclass(slots=True, eq=False)
class YamlNode:
    """A value, where its text stands.

    ``start`` and ``end`` are byte offsets of the value without its anchor and
    tag; a block collection runs from its first to its last entry, a block
    scalar from its ``|`` to the end of its last line (without the line ending).
    ``shared``: this text gives the value in more than one place (it, or
    something around it, is anchored and has an alias), so that an edit changes
    them all. ``parent`` is the collection in which the text stands. Only the
    reader below assigns to a node; to everyone else it is read-only.
    """

    source: SourceFile = field(repr=False)
    start: int
    end: int
    anchor: str | None
    tag: str | None
    shared: bool = field(init=False, default=False)
    parent: YamlMapping | YamlSequence | None = field(init=False, default=None, repr=False)

    @property
    def span(self) -> Span:
        return Span(self.source.path, self.start, self.end)

    @property
    def written(self) -> str:
        """The text as it stands in the file, quotes included."""
        return self.source.data[self.start : self.end].decode("utf-8", "replace")


@dataclass(slots=True, eq=False)
class YamlScalar(YamlNode):
    """``style`` is "" (plain), "'", '"', "|", ">", or "template" for an unquoted
    ``{{ … }}``, which YAML would read as a mapping."""

    text: str
    style: str

    @property
    def word(self) -> Word:
        return Word(self.text, self.span)

    @property
    def plain(self) -> bool:
        return self.style == ""

    @property
    def is_null(self) -> bool:
        return self.plain and self.tag is None and self.text in NULL_WORDS

    @property
    def templated(self) -> bool:
        """A template engine fills in some of it: its value is not known."""
        return self.style == "template" or _TEMPLATE.search(self.text) is not None

    @property
    def boolean(self) -> bool | None:
        """As Kubernetes and Kind read it: go-yaml takes ``yes`` and ``on`` for a typed
        bool as well; a quoted "true" is a string."""
        if not self.plain:
            return None
        return True if self.text in TRUE_WORDS else False if self.text in FALSE_WORDS else None


@dataclass(slots=True, eq=False)
class YamlEntry:
    """``key: value``; ``alias``: the value stands elsewhere and only its alias is here."""

    key: YamlScalar
    value: AnyNode
    span: Span
    alias: bool


@dataclass(slots=True, eq=False)
class YamlMapping(YamlNode):
    """Entries as written, duplicates included; a key that is no scalar has the
    style "template" or "complex" and its own source text."""

    entries: tuple[YamlEntry, ...] = field(repr=False)
    flow: bool

    def written_at(self) -> YamlMapping:
        """The mapping into which a new entry is written: this one, unless it is put
        together from several files."""
        return self

    def entry(self, key: str) -> YamlEntry | None:
        """The entry of that key in this mapping's own text; of duplicates the last, which
        is the one that Kubernetes takes."""
        for entry in reversed(self.entries):
            if entry.key.text == key:
                return entry
        return None

    def get(self, key: str) -> AnyNode | None:
        """The value of ``key``; merge keys (``<<: *x``) are looked up after own entries."""
        for mapping in self._lookup_order():
            entry = mapping.entry(key)
            if entry is not None:
                return entry.value
        return None

    def items(self) -> Iterator[tuple[str, AnyNode]]:
        """Each key once with the value that counts, own entries before merged ones."""
        seen: set[str] = set()
        for mapping in self._lookup_order():
            last = {entry.key.text: entry.value for entry in mapping.entries}
            for entry in mapping.entries:
                key = entry.key.text
                if key not in seen and not _is_merge(entry):
                    seen.add(key)
                    yield key, last[key]

    def mapping(self, key: str) -> YamlMapping | None:
        value = self.get(key)
        return value if isinstance(value, YamlMapping) else None

    def sequence(self, key: str) -> YamlSequence | None:
        value = self.get(key)
        return value if isinstance(value, YamlSequence) else None

    def scalar(self, key: str) -> YamlScalar | None:
        value = self.get(key)
        return value if isinstance(value, YamlScalar) else None

    def _lookup_order(self) -> list[YamlMapping]:
        """This mapping, then what it merges; each mapping once, so that merges of merges
        stay linear in the size of the text."""
        if not any(_is_merge(entry) for entry in self.entries):
            return [self]
        order: list[YamlMapping] = []
        seen: set[int] = set()
        pending: list[AnyNode] = [self]
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, YamlMapping):
                order.append(node)
                pending.extend(e.value for e in reversed(node.entries) if _is_merge(e))
            elif isinstance(node, YamlSequence):
                pending.extend(reversed(node.items))
        return order


@dataclass(slots=True, eq=False)
class YamlSequence(YamlNode):
    """``item_spans`` are the items as they stand here: an alias where the item is one."""

    items: tuple[AnyNode, ...] = field(repr=False)
    item_spans: tuple[Span, ...] = field(repr=False)
    flow: bool


AnyNode = YamlScalar | YamlMapping | YamlSequence


def walk(node: AnyNode, skip_aliases: bool = False) -> Iterator[AnyNode]:
    """The node and everything below it, each node once however many aliases it has.

    With ``skip_aliases`` only what stands in the node's own text.
    """
    seen: set[int] = set()
    pending: list[AnyNode] = [node]
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        children: list[AnyNode] = []
        if isinstance(current, YamlMapping):
            for entry in current.entries:
                children += (entry.key, entry.value)
        elif isinstance(current, YamlSequence):
            children += current.items
        if skip_aliases:
            children = [child for child in children if child.parent is current]
        pending.extend(reversed(children))


def _is_merge(entry: YamlEntry) -> bool:
    return entry.key.text == "<<" and entry.key.plain
