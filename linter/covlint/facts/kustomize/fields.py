"""What the short fields of a kustomization do: names, labels, replicas and images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from covlint.documents.composed import composed, entries_of, sequence_of
from covlint.documents.yaml import YamlEntry, YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_nodes import AnyNode
from covlint.facts.kustomize.kustomization import (
    Kustomization,
    Resource,
    computed,
    text,
    with_value,
)

_IMAGE = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$"
_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})


def rename(resources: Iterable[Resource], kustomization: Kustomization) -> None:
    """namespace, namePrefix and nameSuffix."""
    root = kustomization.root
    namespace = root.scalar("namespace")
    prefix, suffix = text(root.get("namePrefix")), text(root.get("nameSuffix"))
    for resource in resources:
        if namespace is not None and namespace.text:
            resource.set(("metadata", "namespace"), namespace)
        metadata = resource.node.mapping("metadata")
        name = metadata.scalar("name") if metadata is not None else None
        if name is not None and (prefix or suffix):
            resource.set(("metadata", "name"), computed(f"{prefix}{name.text}{suffix}", name))


def label(resources: Iterable[Resource], kustomization: Kustomization) -> None:
    """commonLabels, and labels that go into the pod template as well."""
    pairs: list[tuple[str, YamlScalar, bool]] = []
    common = kustomization.root.mapping("commonLabels")
    pairs += ((k, v, True) for k, v in _scalars_of(common))
    for item in kustomization.mappings("labels"):
        everywhere = any(
            text(item.get(key)) == "true" for key in ("includeSelectors", "includeTemplates")
        )
        pairs += ((k, v, everywhere) for k, v in _scalars_of(item.mapping("pairs")))
    for resource in resources:
        for key, value, everywhere in pairs:
            resource.set(("metadata", "labels", key), value)
            spec = resource.node.mapping("spec")
            if everywhere and spec is not None and spec.mapping("template") is not None:
                resource.set(("spec", "template", "metadata", "labels", key), value)


def scale(resources: Iterable[Resource], kustomization: Kustomization) -> None:
    for item in kustomization.mappings("replicas"):
        name, count = text(item.get("name")), item.scalar("count")
        if count is None:
            continue
        for resource in resources:
            if resource.kind in _SCALED and any(i.name == name for i in resource.ids):
                resource.set(("spec", "replicas"), count)


def tag_images(resources: Iterable[Resource], kustomization: Kustomization) -> None:
    for item in kustomization.mappings("images"):
        name = text(item.get("name"))
        try:
            pattern = re.compile(f"^{name}{_IMAGE}")
        except re.error:
            continue
        for resource in resources:
            node = _with_images(resource.node, pattern, item)
            if isinstance(node, YamlMapping):
                resource.node = node


def _with_images(node: AnyNode, pattern: re.Pattern[str], item: YamlMapping) -> AnyNode:
    """The tree with the images of all its containers replaced."""
    if not isinstance(node, YamlMapping):
        return node
    entries = entries_of(node)
    changed = False
    for key, entry in list(entries.items()):
        value: AnyNode = entry.value
        if key in ("containers", "initContainers") and isinstance(value, YamlSequence):
            items = [_with_image(one, pattern, item) for one in value.items]
            if any(new is not old for new, old in zip(items, value.items, strict=True)):
                value = sequence_of(value, zip(items, value.item_spans, strict=True))
        else:
            value = _with_images(value, pattern, item)
        if value is not entry.value:
            changed = True
            entries[key] = YamlEntry(entry.key, value, entry.span, entry.alias)
    return composed(node, entries.values()) if changed else node


def _with_image(node: AnyNode, pattern: re.Pattern[str], item: YamlMapping) -> AnyNode:
    image = node.scalar("image") if isinstance(node, YamlMapping) else None
    if not isinstance(node, YamlMapping) or image is None or not pattern.match(image.text):
        return node
    rest, _, digest = image.text.partition("@")
    name, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        name, tag = rest, ""
    written: YamlScalar | None = None
    new = {key: item.scalar(key) for key in ("newName", "newTag", "digest", "tagSuffix")}
    if new["newName"] is not None and new["newName"].text:
        written = new["newName"]
        name = written.text
    if new["newTag"] is not None and new["newTag"].text:
        written = new["newTag"]
        tag, digest = written.text, text(new["digest"])
    elif new["digest"] is not None and new["digest"].text:
        written = new["digest"]
        tag, digest = "", written.text
    elif new["tagSuffix"] is not None and new["tagSuffix"].text:
        written = new["tagSuffix"]
        tag, digest = tag + written.text, ""
    if written is None:
        return node
    full = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    return with_value(node, ("image",), computed(full, written))


def _scalars_of(mapping: YamlMapping | None) -> Iterator[tuple[str, YamlScalar]]:
    for key, value in mapping.items() if mapping is not None else ():
        if isinstance(value, YamlScalar):
            yield key, value
