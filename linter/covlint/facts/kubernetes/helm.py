"""What Helm templates say of containers, as far as it is literal.

A value from ``values.yaml`` is only a default, so that findings that rest on
one are notices, and no finding in a template is more than a warning. What an
installation of the project sets is no default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

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
from covlint.facts.kubernetes.helm_chart import Chart
from covlint.facts.kubernetes.rendered import rendered_objects
from covlint.facts.kubernetes.workload import Container, containers_of, objects
from covlint.source import SourceFile, Span

_HOLE = re.compile(HOLE + "_*")
_PATH = r"\$?\.(?:Values|Chart)(?:\.\w+)+"
_VALUE = re.compile(rf"({_PATH})((?:\s*\|\s*[^|]+)*)$")
_DEFAULT = re.compile(rf'default\s+("[^"]*"|{_PATH})(?:\s+({_PATH}))?$')
_ONE = re.compile(_PATH)
#: ``toYaml .Values.env``, and the same by the function of that name in many charts.
_INSERTED = re.compile(
    rf"(?:toYaml\s+({_PATH}|\.)|include\s+\"[\w.-]*tplvalues\.render\"\s+"
    rf"\(\s*dict\s+\"value\"\s+({_PATH})\s[^|]*)\s*(?:\|\s*n?indent\s+\d+)?$"
)
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


def read_template(
    source: SourceFile, chart: Chart
) -> tuple[tuple[Container, ...], tuple[Unread, ...]]:
    """The containers of a template, and why it could not be read. Raises UnreadableSource."""
    try:
        template = open_template(source, chart.truth)
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


class _Reading:
    """One document of a template with what is not seen marked as such."""

    def __init__(self, template: TemplateSource, chart: Chart, *, rendered: bool = False) -> None:
        """``rendered``: what is there is known from elsewhere, so that all parts are taken."""
        self.template = template
        self.chart = chart
        self.judged_default = False
        self._opened: set[int] = set()
        self._put: dict[int, list[AnyNode]] = {}  # what actions put into a collection
        unknown = [r for r in template.regions if r.presence is Presence.UNKNOWN]
        self._unknown = [] if rendered else unknown

    def root(self, root: AnyNode) -> AnyNode:
        if not isinstance(root, YamlMapping):
            return root
        for hole in self.template.holes:
            if root.start <= hole.offset:
                targets = self._targets(root, hole.offset, hole.column)
                put = self._put_in(hole.offset, targets)
                if put is None:
                    self._opened.update(map(id, targets))
                else:
                    self._put.setdefault(id(targets[0]), []).append(put)
        kind = root.entry("kind")
        return self._built(root, kind.span.start if kind is not None else root.start)

    # -- lines that an action puts in -------------------------------------------

    def _targets(self, root: YamlMapping, offset: int, column: int | None) -> list[AnyNode]:
        """What may get further entries at ``offset``: the collection whose entries start in
        that column, else every one that is still open there."""
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
        found: list[AnyNode] = []
        empty = isinstance(last, YamlScalar) and last.start == last.end
        if empty and (column is None or column >= at):
            found.append(last)
            if column is not None:
                return found
        collections = [(n, at) for n, at in chain if not isinstance(n, YamlScalar)]
        exact = [n for n, at in collections if at == column]
        return found + (exact or [n for n, _ in collections])

    def _put_in(self, offset: int, targets: Sequence[AnyNode]) -> AnyNode | None:
        """The list or mapping that an action puts in as it is, where an installation sets it."""
        target = targets[0] if len(targets) == 1 else None
        if target is None or any(r.holds(offset) and not r.dot for r in self._unknown):
            return None
        match = _INSERTED.match(self.template.actions_in(offset, offset + 1)[0].text)
        path = match[1] or match[2] if match is not None else None
        around = [r for r in self.template.regions if r.dot and r.holds(offset)]
        if around and path is not None and not path.startswith("$"):
            if path != "." or around[-1].presence is not Presence.PRESENT:
                return None
            opening = next(a for a in self.template.actions if a.end == around[-1].start)
            path = opening.text.removeprefix("with").strip()
        node = self.chart.node(path) if path is not None and _ONE.fullmatch(path) else None
        fits = isinstance(target, YamlScalar) or isinstance(node, YamlSequence)
        if node is None or isinstance(node, YamlScalar) or not fits:
            return None
        empty = not (node.items if isinstance(node, YamlSequence) else node.entries)
        known = self.chart.whole or self.chart.installed(node)
        if isinstance(target, YamlMapping) or not known:
            return None
        self.judged_default |= not empty and not self.chart.installed(node, whole=True)
        return node

    def _column(self, offset: int) -> int:
        return offset - line_start(self.template.data, offset)

    # -- the tree ---------------------------------------------------------------

    def _conditional(self, offset: int, anchor: int) -> bool:
        return any(r.holds(offset) and not r.holds(anchor) for r in self._unknown)

    def _built(self, node: AnyNode, anchor: int, key: str = "") -> AnyNode:
        if id(node) in self._opened and isinstance(node, YamlScalar):
            return unknown(self.template, node.end)
        if id(node) in self._put and isinstance(node, YamlScalar):
            return self._put[id(node)][0]
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
        for put in self._put.get(id(node), ()):
            if isinstance(put, YamlSequence):
                items.extend(zip(put.items, put.item_spans, strict=True))
        if id(node) in self._opened:
            end = Span(node.source.path, node.end, node.end)
            items.append((unknown(self.template, node.end), end))
        return sequence_of(node, items)

    # -- values -----------------------------------------------------------------

    def _resolved(self, scalar: YamlScalar, key: str) -> YamlScalar:
        actions = [a for a in self.template.actions_in(scalar.start, scalar.end) if a.writes]
        moved = any(r.dot and r.holds(scalar.start) for r in self.template.regions)
        values = [self._value(a.text, moved, judged=key in _JUDGED) for a in actions]
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
        self.judged_default |= key in _JUDGED and not all(map(self.chart.installed, known))
        return YamlScalar(where.source, where.start, where.end, None, COMPUTED, text, style)

    def _value(self, expression: str, moved: bool, *, judged: bool) -> YamlScalar | None:
        """What ``.Values.a.b | quote`` and the like give; None where it takes more. Where an
        installation sets what is not seen, only what joins files is taken from the default."""
        if judged and any(self.chart.unseen(path) for path in _ONE.findall(expression)):
            return None
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
        if moved and not path.startswith("$"):
            return None
        return self.chart.scalar(path, default=self.chart.unseen(path))


def _name(item: AnyNode) -> str | None:
    """The name of a volume or mount, if it is literal."""
    scalar = item.scalar("name") if isinstance(item, YamlMapping) else None
    return scalar.text if scalar is not None and HOLE not in scalar.text else None


def _steps(pipeline: str) -> Iterable[str]:
    return (step.strip() for step in pipeline.split("|") if step.strip())
