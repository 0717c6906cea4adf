"""Values of compose files: what compose fills in (``$VAR``, ``${VAR:-x}``) is not known."""

from __future__ import annotations

from covlint.documents.yaml import AnyNode, YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_script import scalar_text
from covlint.source import Span, Word


def known_word(node: AnyNode | None) -> Word | None:
    """The text of a scalar; None where compose fills something in, or where there is none."""
    if not isinstance(node, YamlScalar) or node.is_null or node.templated or "$" in node.text:
        return None
    return node.word


def pairs_of(node: AnyNode | None) -> tuple[list[tuple[Word, Word | None, Span]], bool]:
    """Name, value and place of each item of a mapping, or of a list of ``NAME=value``;
    whether some could not be read. A value is None when it comes from elsewhere."""
    found: list[tuple[Word, Word | None, Span]] = []
    opaque = node is not None and isinstance(node, YamlScalar) and not node.is_null
    if isinstance(node, YamlMapping):
        for key, value in node.items():
            entry = node.entry(key)
            place = entry.span if entry is not None else value.span
            name = Word(key, entry.key.span if entry is not None else value.span)
            found.append((name, known_word(value), place))
    elif isinstance(node, YamlSequence):
        for item in node.items:
            if not isinstance(item, YamlScalar):
                opaque = True
                continue
            text, equals, _ = item.text.partition("=")
            if "$" in text:
                opaque = True
                continue
            known = equals and "$" not in item.text
            word = part_of(item, len(text) + 1, len(item.text)) if known else None
            found.append((part_of(item, 0, len(text)), word, item.span))
    return found, opaque


def part_of(node: YamlScalar, start: int, end: int) -> Word:
    """Characters ``[start, end)`` of a scalar."""
    written = scalar_text(node)
    first = len(node.text[:start].encode("utf-8", "replace"))
    last = len(node.text[:end].encode("utf-8", "replace"))
    if first == last:
        place = written.original(max(first - 1, 0), first)
        return Word("", Span(place.path, place.end, place.end))
    return Word(node.text[start:end], written.original(first, last))
