"""Kubernetes objects that Go code writes as maps, or by the builders of client-go.

``map[string]interface{}{"kind": "Pod", …}`` (as in ``unstructured.Unstructured``) and
``corev1ac.Container().WithName("till")`` are put down as the YAML that they become, each value
at the place of its literal. Objects that a function changes later are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.documents.gosource import GoSource, Scope, holds
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.untyped_source import UntypedSource
from covlint.facts.golang.untyped_writer import UntypedWriter, builder_of
from covlint.facts.kubernetes.made_manifests import Manifest, manifest_facts

if TYPE_CHECKING:
    from tree_sitter import Node

_COVERAGE = re.compile(rb"GOCOVERDIR|coverdata|covdata")
_MAP = re.compile(rb"\"(apiVersion)\"\s*:")
_BUILDER = re.compile(
    rb"\.(?<=\w\.)(Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|Pod|PodTemplateSpec|PodSpec)\("
)
#: The packages of the builders: k8s.io/client-go/applyconfigurations/core/v1 and others.
_BUILDERS = b"/applyconfigurations/"


def read_untyped_objects(package: GoPackage) -> list[Manifest]:
    """The containers in maps and builders that speak of coverage."""
    from covlint.documents.yaml import open_yaml  # loads a YAML parser

    found: list[Manifest] = []
    for file in package.files:
        if not _COVERAGE.search(file.data):
            continue
        last: Node | None = None
        for node in _objects(file):
            scope = package.scope_at(file, node)
            if (last is not None and holds(last, node)) or _changed_later(node, scope):
                continue
            last = node
            writer = UntypedWriter(package, node, scope)
            writer.value((node, scope))
            written = writer.text.encode()
            if not _COVERAGE.search(written):
                continue
            virtual = f"{file.source.path}#{node.start_byte}"
            pieces = tuple(piece for piece in writer.pieces if piece.text)
            source = UntypedSource(
                virtual,
                written,
                pieces,
                package.sources,
                places=tuple(writer.places),
                fields=tuple(writer.written_fields),
                package=package,
            )
            found.extend(manifest_facts(open_yaml(source), source, ()))
    return found


def _objects(file: GoSource) -> Iterator[Node]:
    """The map literals and chains of builders that may be whole objects, in file order."""
    starts: list[Node] = []
    for name in file.found(_MAP):
        literal: Node | None = name
        while literal is not None and literal.type not in ("composite_literal", "literal_value"):
            literal = literal.parent
        if literal is not None and literal.type == "literal_value" and literal.parent is not None:
            literal = literal.parent
        kind = literal.child_by_field_name("type") if literal is not None else None
        if literal is not None and kind is not None and kind.type == "map_type":
            starts.append(literal)
    if _BUILDERS in file.data:
        for name in file.found(_BUILDER):
            call = name.parent.parent if name.parent is not None else None
            while call is not None and (outer := _continued(call)) is not None:
                call = outer
            if call is not None and builder_of(call, file) is not None:
                starts.append(call)
    yield from sorted(starts, key=lambda node: (node.start_byte, -node.end_byte))


def _continued(call: Node) -> Node | None:
    """The call of a method on what ``call`` gives."""
    selector = call.parent
    if selector is None or selector.type != "selector_expression":
        return None
    outer = selector.parent
    return outer if outer is not None and outer.type == "call_expression" else None


def _changed_later(node: Node, scope: Scope) -> bool:
    """Whether the local name that gets the object has entries set or methods called later."""
    value: Node = node
    statement = node.parent
    while statement is not None and statement.type in (
        "unary_expression", "expression_list", "keyed_element", "literal_element",
        "literal_value", "composite_literal",
    ):  # fmt: skip
        value, statement = statement, statement.parent
    left = statement.child_by_field_name("left") if statement is not None else None
    if scope.function is None or left is None or left == value:
        return False
    name = re.escape(scope.file.text(left).encode())
    changes = re.compile(
        rb"\b" + name + rb"(?:\.Object)?(?:\[[^\n]*\]\s*=[^=]|\.(?:With|Set)\w+\()"
    )
    after = scope.file.data[node.end_byte : scope.function.end_byte]
    return changes.search(after) is not None or b"SetNested" in after
