"""Manifests that are only a part of one: what ``kubectl patch --patch-file`` puts in.

A workload needs a selector; one without can be applied by nobody, so that it is
a patch of the workload of its kind and name. Kustomizations say themselves what
they patch, and are resolved before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from covlint.documents.assembled import AssembledSource
from covlint.documents.strategic_merge import PatchError, merged
from covlint.documents.yaml import YamlMapping
from covlint.facts.kubernetes.workload import Container, containers_of

#: The kinds whose ``spec.selector`` is required (Kubernetes API, apps/v1).
_SELECTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


def with_patches(containers: Sequence[Container]) -> list[Container]:
    """The containers with those of patches as they are once the patch is put in.

    A patch of several workloads, or of none that is seen, stays as it is written.
    """
    patches: dict[int, YamlMapping] = {}
    bases: dict[tuple[str, str], dict[int, tuple[YamlMapping, str, str | None]]] = {}
    for container in containers:
        manifest = _manifest_of(container)
        name = container.pod.name
        if manifest is None or name is None:
            continue
        if _is_patch(manifest):
            patches[id(manifest)] = manifest
        else:
            place = bases.setdefault((container.pod.kind, name.text), {})
            place[id(manifest)] = (manifest, container.pod.span.path, _namespace(container))
    if not patches:
        return list(containers)
    found: list[Container] = []
    done: set[int] = set()
    for container in containers:
        manifest = _manifest_of(container)
        if manifest is None or id(manifest) not in patches or container.pod.name is None:
            found.append(container)
            continue
        candidates = bases.get((container.pod.kind, container.pod.name.text), {})
        space = _namespace(container)
        candidates = {k: v for k, v in candidates.items() if v[2] == space} or candidates
        if len(candidates) != 1:
            found.append(container)
        elif id(manifest) not in done:
            done.add(id(manifest))
            ((base, path, _),) = candidates.values()
            found += _patched(base, manifest, path) or [container]
    return found


def is_loose_patch(container: Container) -> bool:
    """Whether a container is of a patch whose workload is not seen: nothing applies it."""
    manifest = _manifest_of(container)
    return manifest is not None and _is_patch(manifest)


def _patched(base: YamlMapping, patch: YamlMapping, path: str) -> list[Container]:
    try:
        node = merged(base, patch)
    except PatchError:
        return []
    found = containers_of(node) if node is not None else ()
    return [replace(one, pod=replace(one.pod, patched=path)) for one in found]


def _namespace(container: Container) -> str | None:
    return container.pod.namespace.text if container.pod.namespace is not None else None


def _is_patch(manifest: YamlMapping) -> bool:
    spec = manifest.mapping("spec")
    return spec is not None and spec.get("selector") is None


def _manifest_of(container: Container) -> YamlMapping | None:
    """The object that a container of a plain manifest stands in; None for any other."""
    pod = container.pod
    if pod.kind not in _SELECTING or pod.overlay is not None or type(pod.node) is not YamlMapping:
        return None
    if isinstance(pod.node.source, AssembledSource):  # program code, or a template
        return None
    node: object = pod.node
    for _ in range(3):  # template, its spec, the object
        node = node.parent if isinstance(node, YamlMapping) else None
    return node if isinstance(node, YamlMapping) else None


__all__ = ["is_loose_patch", "with_patches"]
