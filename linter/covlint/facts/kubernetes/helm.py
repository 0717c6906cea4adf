"""What Helm templates say of containers, as far as it is literal.

A value from ``values.yaml`` is only a default, so that findings that rest on
one are notices, and no finding in a template is more than a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from covlint.diagnostics import Severity, Unread
from covlint.documents.assembled import HOLE
from covlint.documents.composed import COMPUTED, ComposedMapping, sequence_of, unknown
from covlint.documents.template import (
    Presence,
    TemplateError,
    TemplateSource,
    coverage_toggles,
    open_template,
)
from covlint.documents.yaml import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    open_yaml,
)
from covlint.documents.yaml_place import line_start
from covlint.facts.kubernetes.rendered import rendered_objects
from covlint.facts.kubernetes.workload import Container, containers_of, objects
from covlint.source import SourceFile, Span

_HOLE = re.compile(HOLE + "_*")
_PATH = r"\$?\.(?:Values|Chart)(?:\.\w+)+"
_VALUE = re.compile(rf"({_PATH})((?:\s*\|\s*[^|]+)*)$")
_DEFAULT = re.compile(rf'default\s+("[^"]*"|{_PATH})(?:\s+({_PATH}))?$')
_CONTAINERS = frozenset({"containers", "initContainers"})
#: Lists whose conditional items are taken as they are, where no other has their name: what
#: a mount may be at is seen, whether it is there or not.
_OPTIONAL = frozenset({"volumeMounts", "volumes"})
#: Values that rules judge; a name or an image is only used to join facts.
_JUDGED = frozenset(
    {
        "mountPath",
        "path",
        "readOnly",
        "readOnlyRootFilesystem",
        "runAsNonRoot",
        "runAsUser",
        "subPath",
        "terminationGracePeriodSeconds",
        "type",
        "value",
    }
)


@dataclass(frozen=True, slots=True)
class Chart:
    """The values and the Chart.yaml of a chart, as far as they can be read."""

    values: YamlMapping | None = None
    chart: YamlMapping | None = None

    def scalar(self, path: str) -> YamlScalar | None:
        """The value at ``.Values.a.b`` or ``.Chart.AppVersion``."""
        root, *keys = path.lstrip("$").strip(".").split(".")
        if root == "Chart":
            keys = [key[:1].lower() + key[1:] for key in keys]
        node: AnyNode | None = self.values if root == "Values" else self.chart
        for key in keys:
            node = node.get(key) if isinstance(node, YamlMapping) else None
        if not isinstance(node, YamlScalar) or "\n" in node.text or "{{" in node.text:
            return None
        return None if node.is_null else node


@lru_cache(maxsize=16)
def chart_of(values: SourceFile | None, chart: SourceFile | None) -> Chart:
    """The chart that templates belong to; its values are parsed once for all of them."""
    return Chart(_root(values), _root(chart))


def read_template(
    source: SourceFile, chart: Chart
) -> tuple[tuple[Container, ...], tuple[Unread, ...]]:
    """The containers of a template, and why it could not be read. Raises UnreadableSource."""
    try:
        template = open_template(source)
    except TemplateError as error:
        return (), (Unread(source.path, f"template: {error}"),)
    document = open_yaml(template)
    if document.error is not None:
        starts = template.line_starts
        where = starts[min(document.error.line, len(starts)) - 1] + document.error.column - 1
        line = source.line_of(min(where, len(source.data)))
        reason = (
            f"template: no YAML even without its actions, line {line}: {document.error.message}"
        )
        return (), (Unread(source.path, reason),)
    found: list[Container] = []
    for root in document.documents:
        reading = _Reading(template, chart)
        node = reading.root(root)
        for manifest in objects(replace(document, documents=(node,))):
            limit = Severity.NOTICE if reading.judged_default else Severity.WARNING
            found.extend(
                replace(container, pod=replace(container.pod, at_most=limit))
                for container in containers_of(manifest)
            )
    return tuple(found), ()


def toggles_of(templates: Iterable[SourceFile], chart: Chart) -> frozenset[str]:
    """The values that are false by default and switch coverage on, without ``.Values.``."""
    terms = (term for source in templates for term in coverage_toggles(source.data))
    return frozenset(
        term.removeprefix(".Values.")
        for term in terms
        if (value := chart.scalar(term)) is not None and value.boolean is False
    )


def rendered_template(source: SourceFile, text: bytes, chart: Chart) -> tuple[Container, ...]:
    """The containers in what helm made of the template ``source``, at the places where it or
    the chart's values write their values. Raises UnreadableSource."""
    known: list[YamlMapping] = []
    try:
        template = open_template(source)
        for root in open_yaml(template).documents:
            node = _Reading(template, chart, rendered=True).root(root)
            if isinstance(node, YamlMapping):
                known.append(node)
    except TemplateError:
        pass
    return tuple(
        replace(container, pod=replace(container.pod, at_most=Severity.WARNING))
        for node in rendered_objects(text, known, source)
        for container in containers_of(node)
    )


def _root(source: SourceFile | None) -> YamlMapping | None:
    if source is None:
        return None
    documents = open_yaml(source).documents
    return documents[0] if documents and isinstance(documents[0], YamlMapping) else None


class _Reading:
    """One document of a template with what is not seen marked as such."""

    def __init__(self, template: TemplateSource, chart: Chart, *, rendered: bool = False) -> None:
        """``rendered``: what is there is known from elsewhere, so that all parts are taken."""
        self.template = template
        self.chart = chart
        self.judged_default = False
        self._opened: set[int] = set()
        unknown = [r for r in template.regions if r.presence is Presence.UNKNOWN]
        self._unknown = [] if rendered else unknown

    def root(self, root: AnyNode) -> AnyNode:
        if not isinstance(root, YamlMapping):
            return root
        for hole in self.template.holes:
            if root.start <= hole.offset:
                self._open_at(root, hole.offset, hole.column)
        kind = root.entry("kind")
        return self._built(root, kind.span.start if kind is not None else root.start)

    # -- lines that an action puts in -------------------------------------------

    def _open_at(self, root: YamlMapping, offset: int, column: int | None) -> None:
        """Mark what may get further entries at ``offset``: the collection whose entries
        start in that column, else every one that is still open there."""
        chain: list[tuple[AnyNode, int]] = []
        node: AnyNode = root
        at = self._column(root.start)
        while True:
            chain.append((node, at))
            child: tuple[AnyNode, int] | None = None
            if isinstance(node, YamlMapping):
                before = [e for e in node.entries if e.span.start < offset]
                if before:
                    child = (before[-1].value, self._column(before[-1].span.start))
            elif isinstance(node, YamlSequence):
                spans = [i for i, span in enumerate(node.item_spans) if span.start < offset]
                if spans:
                    child = (node.items[spans[-1]], self._column(node.item_spans[spans[-1]].start))
            if child is None:
                break
            node, at = child
            if isinstance(node, (YamlMapping, YamlSequence)):
                at = self._column(node.start)
        last, at = chain[-1]
        empty = isinstance(last, YamlScalar) and last.start == last.end
        if empty and (column is None or column >= at):
            self._opened.add(id(last))
            if column is not None:
                return
        collections = [(n, at) for n, at in chain if not isinstance(n, YamlScalar)]
        exact = [n for n, at in collections if at == column]
        self._opened.update(id(n) for n in (exact or [n for n, _ in collections]))

    def _column(self, offset: int) -> int:
        return offset - line_start(self.template.data, offset)

    # -- the tree ---------------------------------------------------------------

    def _conditional(self, offset: int, anchor: int) -> bool:
        return any(r.holds(offset) and not r.holds(anchor) for r in self._unknown)

    def _built(self, node: AnyNode, anchor: int, key: str = "") -> AnyNode:
        if id(node) in self._opened and isinstance(node, YamlScalar):
            return unknown(self.template, node.end)
        if isinstance(node, YamlMapping):
            return self._mapping(node, anchor)
        if isinstance(node, YamlSequence):
            return self._sequence(node, anchor, key)
        return self._resolved(node, key) if HOLE in node.text else node

    def _mapping(self, node: YamlMapping, anchor: int) -> YamlMapping:
        entries: list[YamlEntry] = []
        for entry in node.entries:
            start = entry.span.start
            value: AnyNode = unknown(self.template, start)
            if not self._conditional(start, anchor):
                value = self._built(entry.value, start, entry.key.text)
            entries.append(YamlEntry(entry.key, value, entry.span, entry.alias))
        opened = id(node) in self._opened or any(HOLE in e.key.text for e in entries)
        made = ComposedMapping(
            node.source, node.start, node.end, None, None, tuple(entries), node.flow, node, opened
        )
        made.shared = node.shared
        return made

    def _sequence(self, node: YamlSequence, anchor: int, key: str) -> YamlSequence:
        items: list[tuple[AnyNode, Span]] = []
        names = [_name(item) for item in node.items] if key in _OPTIONAL else []
        for item, span in zip(node.items, node.item_spans, strict=True):
            alone = names.count(_name(item)) == 1
            if key not in _CONTAINERS and not alone and self._conditional(span.start, anchor):
                items.append((unknown(self.template, span.start), span))
            else:
                items.append((self._built(item, span.start), span))
        if id(node) in self._opened:
            end = Span(node.source.path, node.end, node.end)
            items.append((unknown(self.template, node.end), end))
        return sequence_of(node, items)

    # -- values -----------------------------------------------------------------

    def _resolved(self, scalar: YamlScalar, key: str) -> YamlScalar:
        actions = [a for a in self.template.actions_in(scalar.start, scalar.end) if a.writes]
        moved = any(r.dot and r.holds(scalar.start) for r in self.template.regions)
        values = [self._value(a.text, moved) for a in actions]
        if len(_HOLE.findall(scalar.text)) != len(values):
            return scalar
        known = [value for value in values if value is not None]
        if not known or len(known) != len(values):
            return scalar
        texts = iter(value.text for value in known)
        text = _HOLE.sub(lambda _: next(texts), scalar.text)
        alone = _HOLE.fullmatch(scalar.text) is not None
        where = known[0] if alone and known[0].source is not self.template else scalar
        quoted = not alone or scalar.style != "" or "quote" in actions[0].text
        style = "'" if quoted else known[0].style
        self.judged_default |= key in _JUDGED
        return YamlScalar(where.source, where.start, where.end, None, COMPUTED, text, style)

    def _value(self, expression: str, moved: bool) -> YamlScalar | None:
        """The default of ``.Values.a.b | quote`` and the like; None where it takes more."""
        match = _DEFAULT.match(expression)
        if match is not None and match.group(2) is not None:
            return self._scalar(match.group(2), moved) or self._literal(match.group(1), moved)
        match = _VALUE.match(expression)
        if match is None:
            return None
        value = self._scalar(match.group(1), moved)
        for step in _steps(match.group(2)):
            default = _DEFAULT.match(step)
            if default is not None:
                empty = value is None or not value.text
                value = self._literal(default.group(1), moved) if empty else value
            elif step not in ("quote", "squote", "toString", "trim", "int", "int64"):
                return None
        return value

    def _literal(self, text: str, moved: bool) -> YamlScalar | None:
        if not text.startswith('"'):
            return self._scalar(text, moved)
        return YamlScalar(self.template, 0, 0, None, None, text[1:-1], '"')

    def _scalar(self, path: str, moved: bool) -> YamlScalar | None:
        return None if moved and not path.startswith("$") else self.chart.scalar(path)


def _name(item: AnyNode) -> str | None:
    """The name of a volume or mount, if it is literal."""
    scalar = item.scalar("name") if isinstance(item, YamlMapping) else None
    return scalar.text if scalar is not None and HOLE not in scalar.text else None


def _steps(pipeline: str) -> Iterable[str]:
    return (step.strip() for step in pipeline.split("|") if step.strip())
