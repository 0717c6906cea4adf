"""Objects that a real kustomize or helm has rendered, led back to the files of the project.

The rendered text is only looked at: a value that the sources write in the same
place of the same object stands where they write it; any other stands at the
entry of the kustomization or chart, and cannot be edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from covlint.diagnostics import Edit
from covlint.documents.assembled import AssembledSource
from covlint.documents.composed import COMPUTED, ComposedMapping, sequence_of
from covlint.documents.strategic_merge import MERGE_KEYS
from covlint.documents.yaml import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    open_yaml,
)
from covlint.facts.kubernetes.workload import WORKLOADS, objects
from covlint.facts.kustomize.kustomization import Identity
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

_SOURCE = re.compile(rb"^# Source: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class FixedSource(AssembledSource):
    """A file whose text a fix must leave alone, since what is said of it was made elsewhere."""

    def settle(self, edits: Sequence[Edit]) -> tuple[Edit, ...]:
        return ()


def rendered_objects(
    text: bytes, sources: Iterable[YamlMapping], entry: SourceFile
) -> Iterator[YamlMapping]:
    """The workloads in rendered text, each value where ``sources`` write it, else at the
    start of ``entry``."""
    known = list(sources)
    fixed = FixedSource(entry.path, entry.data)
    document = open_yaml(SourceFile(f"{entry.path}#rendered", text))
    for node in objects(document):
        kind = node.scalar("kind")
        if kind is not None and kind.text in WORKLOADS:
            yield _led_back(node, _same(node, known), fixed)


def by_template(text: bytes) -> dict[str, bytes]:
    """What ``helm template`` made of each template, by the path that it names: the folder of
    the chart is the chart's name there."""
    found: dict[str, bytes] = {}
    for part in re.split(rb"(?m)^---[ \t]*\r?$", text):
        match = _SOURCE.search(part)
        if match is not None:
            path = match.group(1).decode("utf-8", "replace")
            found[path] = found.get(path, b"") + b"---" + part
    return found


def _same(node: YamlMapping, sources: Sequence[YamlMapping]) -> YamlMapping | None:
    """The source of an object: by its identity, else the only one of its kind."""
    wanted = Identity.of(node)
    for source in sources:
        if Identity.of(source).matches(wanted):
            return source
    alike = [source for source in sources if Identity.of(source).kind == wanted.kind]
    return alike[0] if len(alike) == 1 else None


def _led_back(
    node: YamlMapping, source: YamlMapping | None, fixed: FixedSource, at: int = 0
) -> YamlMapping:
    """``at``: the offset in ``fixed`` of what holds it, where values stand that no source
    writes."""
    entries: list[YamlEntry] = []
    at = _within(source, fixed, at)
    for key, value in node.items():
        written = source.entry(key) if source is not None else None
        old = written.value if written is not None else None
        child = _value(key, value, old, fixed, at)
        name = YamlScalar(fixed, at, at, None, None, key, "")
        span = written.span if written is not None else Span(fixed.path, at, at)
        entries.append(YamlEntry(written.key if written else name, child, span, True))
    home = source.written_at() if source is not None else None
    if home is None:
        home = YamlMapping(fixed, at, at, None, None, (), True)
    made = ComposedMapping(
        home.source, home.start, home.end, None, None, tuple(entries), home.flow, home
    )
    made.shared = source.shared if source is not None else True
    return made


def _within(source: AnyNode | None, fixed: FixedSource, at: int) -> int:
    """Where in the file ``source`` begins, if it stands in that file at all."""
    if source is None or source.source.path != fixed.path:
        return at
    return source.start


def _value(key: str, node: AnyNode, source: AnyNode | None, fixed: FixedSource, at: int) -> AnyNode:
    if isinstance(node, YamlMapping):
        return _led_back(node, source if isinstance(source, YamlMapping) else None, fixed, at)
    if isinstance(node, YamlSequence):
        return _items(key, node, source if isinstance(source, YamlSequence) else None, fixed, at)
    if isinstance(source, YamlScalar) and source.text == node.text:
        return source
    made = YamlScalar(fixed, at, at, None, COMPUTED, node.text, node.style)
    if isinstance(source, YamlScalar):  # written there, but as something else
        made = YamlScalar(
            source.source, source.start, source.end, None, COMPUTED, node.text, node.style
        )
    made.shared = True
    return made


def _items(
    key: str, node: YamlSequence, source: YamlSequence | None, fixed: FixedSource, at: int
) -> YamlSequence:
    """The items of a list, matched by the key that tells them apart, else by their place."""
    name = MERGE_KEYS.get(key)
    at = _within(source, fixed, at)
    old = list(source.items) if source is not None else []
    named: Mapping[str, AnyNode] = {
        scalar.text: item
        for item in old
        if name and isinstance(item, YamlMapping) and (scalar := item.scalar(name)) is not None
    }
    pairs: list[tuple[AnyNode, Span]] = []
    for index, item in enumerate(node.items):
        match: AnyNode | None = old[index] if index < len(old) else None
        if name is not None and isinstance(item, YamlMapping):
            scalar = item.scalar(name)
            match = named.get(scalar.text) if scalar is not None else None
        child = _value("", item, match, fixed, at)
        pairs.append((child, child.span))
    model = source or YamlSequence(fixed, at, at, None, None, (), (), False)
    made = sequence_of(model, pairs)
    made.shared = source.shared if source is not None else True
    return made
