"""Kubernetes objects that Go code writes as typed literals.

``corev1.Container{Name: …}`` is put down as the YAML that it becomes, each
value at the place of its literal, and read by the reader of manifests; what is
written into that YAML becomes Go again (:mod:`covlint.facts.golang.typed_source`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covlint.documents.gosource import holds
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.object_writer import ObjectWriter
from covlint.facts.golang.typed_source import TypedSource
from covlint.facts.kubernetes.made_manifests import Manifest, manifest_facts

if TYPE_CHECKING:
    from tree_sitter import Node

#: Begins with a fixed text, which is searched for at thirty times the speed of ``\b``.
_OBJECT = re.compile(
    rb"\.(?:(?<=\w\.)"
    rb"(Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|Pod|PodTemplateSpec|PodSpec)\{"
    rb"|(?<=v1alpha4\.)(Cluster)\{)"
)
_COVERAGE = re.compile(rb"GOCOVERDIR|coverdata|covdata")


def read_objects(package: GoPackage) -> list[Manifest]:
    """The containers and Kind clusters in typed literals that speak of coverage."""
    from covlint.documents.yaml import open_yaml  # loads a YAML parser

    found: list[Manifest] = []
    for file in package.files:
        if not _COVERAGE.search(file.data):
            continue
        last: Node | None = None
        for match in _OBJECT.finditer(file.data):
            group = 1 if match[1] else 2
            name = file.at(match.start(group), match.end(group))
            literal = name.parent.parent if name is not None and name.parent is not None else None
            if name is None or literal is None or literal.type != "composite_literal":
                continue
            if last is not None and holds(last, literal):
                continue
            last = literal
            writer = ObjectWriter(package, literal, package.scope_at(file, literal))
            writer.object(match[group].decode(), name)
            written = writer.text.encode()
            if not _COVERAGE.search(written):
                continue
            virtual = f"{file.source.path}#{literal.start_byte}"
            source = TypedSource(
                virtual,
                written,
                tuple(writer.pieces),
                package.sources,
                places=tuple(writer.places),
                fields=tuple(writer.written_fields),
                package=package,
            )
            found.extend(manifest_facts(open_yaml(source), source, ()))
    return found
