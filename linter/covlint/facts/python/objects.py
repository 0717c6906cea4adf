"""Kubernetes objects in Python code: classes of the client library, and dicts.

An object is put down as the YAML that it becomes, each value at the place of
its literal, and read by the reader of manifests. Names that are bound once and
functions that only return are followed; what is appended or assigned later is
taken in. What cannot be seen makes the pod opaque.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import libcst as cst

from covlint.documents.assembled import HOLE, Piece, known_text, relocated
from covlint.documents.python import Scope, dotted
from covlint.documents.pythonobjects import Collection, Entry, Literal, ObjectSource, Part, camel
from covlint.documents.pythonshapes import (
    is_mapping,
    is_object,
    is_sum,
    is_yaml,
    literal_list,
    value_of,
)
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import plain
from covlint.documents.yaml import YamlMapping, YamlSequence, open_yaml
from covlint.facts.kubernetes.cluster import read_clusters
from covlint.facts.kubernetes.made_manifests import Manifest, mark_shared, opaque_container
from covlint.facts.kubernetes.workload import Container, read_containers
from covlint.facts.python.changes import Changes, changes_of, mutations_of

_API = {"V1Pod": "v1", "V1PodTemplate": "v1", "V1Job": "batch/v1", "V1CronJob": "batch/v1",
        "V1ReplicationController": "v1"}  # fmt: skip
_KINDS = frozenset(
    {"V1Deployment", "V1StatefulSet", "V1DaemonSet", "V1ReplicaSet", "V1Pod", "V1Job", "V1CronJob",
     "V1PodTemplate", "V1ReplicationController"}
)  # fmt: skip
_SKIPPED = frozenset({"apiVersion", "kind", "status"})
#: What follows these does not matter to coverage; it is not read.
_PLAIN_SUBTREES = frozenset({"resources", "ports", "affinity", "tolerations", "readinessProbe"})
_DEPTH = 40
_SIZE = 200_000


def read_objects(texts: PythonTexts) -> list[Manifest]:
    """The containers and Kind clusters of the objects in a file."""
    found: list[Manifest] = []
    inside: set[cst.CSTNode] = set()
    for node in texts.file.nodes:
        parent = texts.file.parents.get(node)
        if parent in inside:
            inside.add(node)
            continue
        name = _kind(node)
        if name is None:
            continue
        assert isinstance(node, (cst.Call, cst.Dict))
        inside.add(node)
        found.extend(_read(texts, node, name))
    return found


def _kind(node: cst.CSTNode) -> str | None:
    """The class of an object that stands for itself; "" for a dict manifest."""
    if isinstance(node, cst.Call):
        name = dotted(node.func).rpartition(".")[2]
        return name if name in _KINDS else None
    if isinstance(node, cst.Dict):
        keys = {_string(e.key) for e in node.elements if isinstance(e, cst.DictElement)}
        return "" if {"apiVersion", "kind"} <= keys else None
    return None


def _read(texts: PythonTexts, node: cst.Call | cst.Dict, name: str) -> Iterator[Manifest]:
    writer = ObjectWriter(texts, node)
    scope = texts.file.scope_of(node)
    changes = tuple(changes_of(texts.file, node))
    if name:
        writer.made("{apiVersion: " + _API.get(name, "apps/v1") + ", kind: ", node)
        writer.made(name.removeprefix("V1"), node.func if isinstance(node, cst.Call) else node)
        writer.mapping(node, scope, changes, first=False)
        writer.made("}", node)
    else:
        writer.value(node, scope, changes, "")
    source = ObjectSource(
        f"{texts.file.source.path}#{texts.file.span(node).start}",
        "".join(piece.text for piece in writer.pieces).encode(),
        tuple(writer.pieces),
        {texts.file.source.path: texts.file.source},
        texts.file,
        tuple(writer.collections),
        tuple(writer.entries),
    )
    document = open_yaml(source)
    mark_shared(document, source)
    for container in read_containers(document):
        hidden = writer.opaque or _hidden(container)
        yield relocated(opaque_container(container) if hidden else container, source.place)
    for cluster in read_clusters(document):
        opaque = cluster.nodes_opaque or writer.opaque
        yield relocated(replace(cluster, nodes_opaque=opaque), source.place)


def _hidden(container: Container) -> bool:
    """Whether what decides about the user or the volumes is not seen."""
    for node in (container.node, container.pod.node):
        for key, kind in (("securityContext", YamlMapping), ("initContainers", YamlSequence)):
            value = node.get(key)
            if value is not None and not isinstance(value, kind) and value.written != "null":
                return True
    starters = container.pod.node.sequence("initContainers")
    return starters is not None and any(not isinstance(i, YamlMapping) for i in starters.items)


def _string(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.SimpleString) and isinstance(node.evaluated_value, str):
        return node.evaluated_value
    return None


@dataclass
class ObjectWriter:
    """Writes one object as YAML in flow style."""

    texts: PythonTexts
    root: cst.BaseExpression
    pieces: list[Piece] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    opaque: bool = False
    size: int = 0

    def made(self, text: str, node: cst.CSTNode) -> None:
        span = self.texts.file.span(node)
        self.add(Piece(text, span.path, span.start, span.end, "made"))

    def add(self, piece: Piece) -> None:
        self.pieces.append(replace(piece, origin=self.texts.file.span(self.root).start))
        self.size += len(piece.text.encode())

    # -- values ---------------------------------------------------------------

    def value(
        self, node: cst.BaseExpression, scope: Scope, changes: Changes, key: str, depth: int = 0
    ) -> None:
        node, scope, changes = self.resolved(node, scope, changes)
        if depth > _DEPTH or self.size > _SIZE or key in _PLAIN_SUBTREES:
            self.made("{}" if key in _PLAIN_SUBTREES else HOLE, node)
            self.opaque = self.opaque or key not in _PLAIN_SUBTREES
        elif is_mapping(node):
            self.made("{", node)
            start = self.size
            self.mapping(node, scope, changes, first=True, depth=depth + 1)
            assert isinstance(node, (cst.Call, cst.Dict))
            self.collections.append(Collection(start, self.size, node, key))
            self.made("}", node)
        elif isinstance(node, (cst.List, cst.Tuple)) or is_sum(node):
            self.sequence(node, scope, changes, key, depth + 1)
        else:
            self.opaque = self.opaque or bool(changes)
            self.scalar(node, scope)

    def resolved(
        self, node: cst.BaseExpression, scope: Scope, changes: Changes
    ) -> tuple[cst.BaseExpression, Scope, Changes]:
        """Through names, functions that return an object, and branches on coverage."""
        for _ in range(_DEPTH):
            found: tuple[cst.BaseExpression, Scope] | None = None
            if isinstance(node, cst.Name):
                changes = (*changes, *mutations_of(self.texts.file, node.value, scope))
                found = self.texts.file.value_of(node.value, scope)
                followed = (cst.Name, cst.Call, cst.IfExp)
                if found is not None and not (
                    is_object(found[0]) or isinstance(found[0], followed)
                ):
                    return node, scope, changes
            elif isinstance(node, cst.Call) and not is_mapping(node):
                found = self.texts.follow(node, scope)
            elif isinstance(node, cst.IfExp):
                branches = [one for one in (node.body, node.orelse) if self.texts.covered(one)]
                found = (branches[0], scope) if len(branches) == 1 else None
            if found is None:
                return node, scope, changes
            node, scope = found
        return node, scope, changes

    # -- mappings -------------------------------------------------------------

    def mapping(
        self,
        node: cst.BaseExpression,
        scope: Scope,
        changes: Changes,
        *,
        first: bool,
        depth: int = 0,
    ) -> None:
        """The entries, without the braces."""
        assert isinstance(node, (cst.Call, cst.Dict))
        given: dict[str, cst.BaseExpression] = {}
        for change in changes:
            if change.mutation.kind == "unknown" and not change.path:
                self.opaque = True
            key_, value_ = (*change.path, "")[0], change.mutation.value
            assigned = change.mutation.kind == "set" and len(change.path) == 1
            if assigned and isinstance(key_, str) and value_ is not None:
                given[key_] = value_
        for part in node.args if isinstance(node, cst.Call) else node.elements:
            key = self.key_of(part, node)
            value = value_of(part)
            if key is None or value is None:
                self.opaque = True
                continue
            text, piece = key
            if text in _SKIPPED and not first and isinstance(node, cst.Call):
                continue
            if text in given:  # what is assigned later counts
                continue
            if not first:
                self.made(", ", part)
            first = False
            start = self.size
            self.add(piece)
            self.made(": ", part)
            below = tuple(c for c in (one.below(text) for one in changes) if c is not None)
            self.value(value, scope, below, text, depth)
            self.entries.append(Entry(start, self.size, part, node))
        for text, value in given.items():
            self.made(("" if first else ", ") + json.dumps(text), value)
            first = False
            self.made(": ", value)
            where = next(c.scope for c in changes if c.mutation.value is value)
            below = tuple(
                c for c in (one.below(text) for one in changes) if c is not None and c.path
            )
            self.value(value, where, below, text, depth)

    def key_of(self, part: Part, node: Literal) -> tuple[str, Piece] | None:
        file = self.texts.file
        if isinstance(part, cst.Arg):
            if part.keyword is None:
                return None
            name = part.keyword.value
            text = camel(name) if dotted(node.func) != "dict" else name  # type: ignore[union-attr]
            span = file.span(part.keyword)
            return text, Piece(text, span.path, span.start, span.end, "made")
        if isinstance(part, cst.DictElement):
            known = self.texts.known(part.key, file.scope_of(part))
            if known is None:
                return None
            span = file.span(part.key)
            return known, Piece(json.dumps(known), span.path, span.start, span.end, "made")
        return None

    # -- lists ----------------------------------------------------------------

    def sequence(
        self, node: cst.BaseExpression, scope: Scope, changes: Changes, key: str, depth: int
    ) -> None:
        self.made("[", node)
        start, literal = self.size, None
        first = True
        listed = list(self.members(node, scope, changes, depth))
        for index, (member, where) in enumerate(listed):
            if not first:
                self.made(", ", node)
            first = False
            if member is None:
                self.made(HOLE, node)
                continue
            begin = self.size
            below = tuple(c for c in (one.below(index) for one in changes) if c is not None)
            self.value(member, where, below, key, depth)
            element = self.texts.file.parents.get(member)
            around = self.texts.file.parents.get(element) if element is not None else None
            if isinstance(element, cst.Element) and isinstance(around, cst.List):
                self.entries.append(Entry(begin, self.size, element, around))
        literal = literal_list(node)
        if literal is not None:
            self.collections.append(Collection(start, self.size, literal, key))
        self.made("]", node)

    def members(
        self, node: cst.BaseExpression, scope: Scope, changes: Changes, depth: int
    ) -> Iterator[tuple[cst.BaseExpression | None, Scope]]:
        """The elements; None: some that are not seen."""
        if depth > _DEPTH:
            yield None, scope
        elif isinstance(node, (cst.List, cst.Tuple)):
            for element in node.elements:
                if isinstance(element, cst.Element):
                    yield element.value, scope
                else:
                    yield from self.spread(element.value, scope, depth)
        elif isinstance(node, cst.BinaryOperation):
            yield from self.spread(node.left, scope, depth)
            yield from self.spread(node.right, scope, depth)
        for change in changes:
            mutation = change.mutation
            if change.path or mutation.value is None:
                if not change.path and mutation.kind == "unknown":
                    yield None, scope
            elif mutation.kind == "append":
                yield mutation.value, change.scope
            elif mutation.kind == "extend":
                yield from self.spread(mutation.value, change.scope, depth)

    def spread(
        self, node: cst.BaseExpression, scope: Scope, depth: int
    ) -> Iterator[tuple[cst.BaseExpression | None, Scope]]:
        node, scope, changes = self.resolved(node, scope, ())
        if isinstance(node, (cst.List, cst.Tuple)) or is_sum(node):
            yield from self.members(node, scope, changes, depth + 1)
        else:
            yield None, scope

    # -- scalars --------------------------------------------------------------

    def scalar(self, node: cst.BaseExpression, scope: Scope) -> None:
        file = self.texts.file
        span = file.span(node)
        written = file.source.slice(span).decode("utf-8", "replace")
        if isinstance(node, cst.Name) and node.value == "None":
            self.made("null", node)
        elif (
            (isinstance(node, cst.Integer) and written.isdigit())
            or written in ("True", "False")
            or (isinstance(node, cst.SimpleString) and is_yaml(node, written))
        ):
            self.add(Piece(written, span.path, span.start, span.end, "literal"))
        else:
            text = self.texts.text(node, scope)
            known = known_text(text)
            if known is None or (not text):
                self.made('""' if known == "" else HOLE, node)
                return
            known = plain(known)
            number = len(text) == 1 and text[0].kind == "made" and known.isdigit()
            truth = len(text) == 1 and text[0].kind == "made" and known in ("True", "False")
            shown = known if number or truth else json.dumps(known, ensure_ascii=False)
            if len(text) == 1 and text[0].linear:
                self.add(replace(text[0], text=shown, kind="made"))
            else:
                self.made(shown, node)
