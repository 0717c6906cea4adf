"""Edits of YAML in the files that it is written in, assembled text included."""

from __future__ import annotations

from covlint.documents.assembled import AssembledSource, settled
from covlint.documents.composed import COMPUTED, ComposedMapping
from covlint.documents.yaml_edit import Edits, Value, append_to, replace_scalar, replace_text
from covlint.documents.yaml_nodes import YamlMapping, YamlScalar, walk
from covlint.source import Word


def appended(node: YamlMapping, key: str, item: Value) -> Edits:
    """Add ``item`` to the list at ``key``."""
    return settled(node.source, append_to(node, key, item))


def replaced_word(node: YamlMapping, word: Word, value: str | int) -> Edits:
    """Write ``value`` where ``word`` stands, anywhere in the node's file."""
    if isinstance(node, ComposedMapping):
        return _replaced_in(node, word, value)
    if isinstance(node.source, AssembledSource):
        return node.source.replace_word(
            word, str(value), lambda source: replace_text(source, word.span, value)
        )
    return replace_text(node.source, word.span, value)


def _replaced_in(node: ComposedMapping, word: Word, value: str | int) -> Edits:
    """The same in a tree of several files; nothing where the word is written otherwise."""
    for one in walk(node):
        if not isinstance(one, YamlScalar) or one.text != word.text or one.tag == COMPUTED:
            continue
        source = one.source
        place = source.place(one.span) if isinstance(source, AssembledSource) else one.span
        if place == word.span:
            return settled(source, replace_scalar(one, value))
    return ()
