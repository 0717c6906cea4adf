"""Which objects a patch of a kustomization is for, and which outcomes are one and the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from covlint.documents.composed import composed, entries_of
from covlint.documents.yaml import YamlMapping
from covlint.facts.kubernetes.pod import Container
from covlint.facts.kustomize.kustomization import Identity, Resource, text


def selected(resources: Iterable[Resource], target: YamlMapping) -> Iterator[Resource]:
    """The objects that a ``target`` names, by regular expressions and labels; the names
    that they had before count as well."""
    wanted = {key: text(value) for key, value in target.items()}
    for resource in list(resources):
        if any(_is_selected(wanted, one) for one in resource.ids) and _has_labels(
            resource.node, wanted
        ):
            yield resource


def without_identity(patch: YamlMapping, base: YamlMapping) -> YamlMapping:
    """The patch without what only names its object, which a patch cannot change."""
    entries = entries_of(patch)
    for key in ("apiVersion", "kind"):
        entry = entries.get(key)
        if entry is not None and text(entry.value) != text(base.get(key)):
            del entries[key]
    metadata = patch.mapping("metadata")
    if metadata is not None:
        kept = entries_of(metadata)
        for key in ("name", "namespace"):
            kept.pop(key, None)
        entry = entries["metadata"]
        entries["metadata"] = replace(entry, value=composed(metadata, kept.values()))
    return composed(patch, entries.values())


def _is_selected(wanted: dict[str, str], one: Identity) -> bool:
    for key in ("group", "version", "kind", "name", "namespace"):
        pattern = wanted.get(key, "")
        try:
            if pattern and not re.fullmatch(pattern, getattr(one, key)):
                return False
        except re.error:
            return False
    return True


def _has_labels(node: YamlMapping, wanted: dict[str, str]) -> bool:
    metadata = node.mapping("metadata")
    for field_name, key in (("labels", "labelSelector"), ("annotations", "annotationSelector")):
        values = metadata.mapping(field_name) if metadata is not None else None
        found = {k: text(v) for k, v in values.items()} if values is not None else {}
        for term in filter(None, wanted.get(key, "").replace(" ", "").split(",")):
            name, equals, value = term.replace("==", "=").partition("=")
            if name.endswith("!") and equals:
                matched = found.get(name[:-1]) != value
            elif name.startswith("!"):
                matched = name[1:] not in found
            else:
                matched = found.get(name) == value if equals else name in found
            if not matched:
                return False
    return True


def without_repeats(containers: Iterable[Container]) -> Iterator[Container]:
    """Each container once, where several overlays deploy one and the same: it is then judged
    by its own file."""
    groups: dict[object, list[Container]] = {}
    for container in containers:
        groups.setdefault(
            repr(replace(container, pod=replace(container.pod, overlay=None))), []
        ).append(container)
    for group in groups.values():
        if len(group) == 1:
            yield group[0]
        else:
            yield replace(group[0], pod=replace(group[0].pod, overlay=None))
