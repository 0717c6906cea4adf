"""What Kubernetes manifests say about the containers that run a service.

Kinds are recognised by content (``apiVersion`` and ``kind``), never by file
name. The types are those of :mod:`covlint.facts.kubernetes.pod`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from covlint.documents.yaml import (
    AnyNode,
    YamlDocument,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.documents.yaml_edit import join_edits
from covlint.facts.kubernetes.pod import (
    Container,
    EnvVar,
    Identity,
    Pod,
    Volume,
    VolumeKind,
    VolumeMount,
)
from covlint.source import Span, Word

__all__ = [
    "WORKLOADS",
    "Container",
    "EnvVar",
    "Identity",
    "Pod",
    "Volume",
    "VolumeKind",
    "VolumeMount",
    "containers_of",
    "items_of",
    "join_edits",
    "known_word",
    "objects",
    "read_containers",
    "true_word",
]

#: Where the pod's ``spec`` and its ``metadata`` are, by kind.
_TEMPLATE_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
#: The kinds of objects that run containers.
WORKLOADS = frozenset(_TEMPLATE_PATHS)

#: ``$(NAME)`` is filled in by Kubernetes, ``${NAME}`` by envsubst and its like.
_REFERENCE = re.compile(r"\$[({]")


def known_word(node: AnyNode | None) -> Word | None:
    """The value, when it is a scalar that nothing else fills in before it is used."""
    if not isinstance(node, YamlScalar) or node.is_null:
        return None
    if node.templated or _REFERENCE.search(node.text):
        return None
    return node.word


def read_containers(document: YamlDocument) -> tuple[Container, ...]:
    """Every container of every workload in the file, init containers first in their pod."""
    return tuple(
        container for manifest in objects(document) for container in containers_of(manifest)
    )


def containers_of(manifest: YamlMapping, overlay: str | None = None) -> tuple[Container, ...]:
    """Every container of one object; ``overlay``: the file that had it put together."""
    kind = manifest.scalar("kind")
    path = _TEMPLATE_PATHS.get(kind.text) if kind is not None else None
    if kind is None or path is None:
        return ()
    template: YamlMapping | None = manifest
    for key in path:
        template = template.mapping(key) if template is not None else None
    spec = template.mapping("spec") if template is not None else None
    if template is None or spec is None:
        return ()
    pod = _pod(kind, manifest, template, spec)
    return tuple(_containers(replace(pod, overlay=overlay) if overlay is not None else pod))


def objects(document: YamlDocument) -> Iterator[YamlMapping]:
    """The objects of a file, those in a List included; each once, though aliases repeat it."""
    pending: list[AnyNode] = list(reversed(document.documents))
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if not isinstance(node, YamlMapping) or id(node) in seen:
            continue
        seen.add(id(node))
        kind = node.scalar("kind")
        if kind is None or node.scalar("apiVersion") is None:
            continue
        if kind.text.endswith("List"):
            items = node.sequence("items")
            pending.extend(reversed(items.items) if items is not None else ())
        else:
            yield node


def _pod(kind: YamlScalar, manifest: YamlMapping, template: YamlMapping, spec: YamlMapping) -> Pod:
    metadata = manifest.mapping("metadata")
    labels = (template.mapping("metadata") or manifest).mapping("labels")
    workload = manifest.mapping("spec") if template is not manifest else None
    volumes, opaque = _volumes(spec)
    return Pod(
        kind=kind.text,
        name=known_word(metadata.get("name")) if metadata is not None else None,
        namespace=known_word(metadata.get("namespace")) if metadata is not None else None,
        labels=tuple(
            (key, value.text)
            for key, value in (labels.items() if labels is not None else ())
            if isinstance(value, YamlScalar) and known_word(value) is not None
        ),
        replicas=known_word(workload.get("replicas")) if workload is not None else None,
        grace_period=known_word(spec.get("terminationGracePeriodSeconds")),
        volumes=volumes,
        node=spec,
        span=kind.span,
        volumes_opaque=opaque,
    )


def _containers(pod: Pod) -> list[Container]:
    starters = [_container(pod, node, True, ()) for node in _mappings(pod.node, "initContainers")]
    before = tuple(starters)
    return starters + [
        _container(pod, node, False, before) for node in _mappings(pod.node, "containers")
    ]


def _container(pod: Pod, node: YamlMapping, init: bool, before: tuple[Container, ...]) -> Container:
    env, env_opaque = _env(node)
    mounts, mounts_opaque = _mounts(node)
    command, command_opaque = _words(node.get("command"))
    arguments, arguments_opaque = _words(node.get("args"))
    context = node.mapping("securityContext")
    lifecycle = node.mapping("lifecycle")
    pre_stop = lifecycle.entry("preStop") if lifecycle is not None else None
    entry = node.entry("name")
    first = node.entries[0].span if node.entries else node.span
    return Container(
        pod=pod,
        name=known_word(node.get("name")),
        image=known_word(node.get("image")),
        init=init,
        env=env,
        env_opaque=env_opaque,
        mounts=mounts,
        mounts_opaque=mounts_opaque,
        command=command,
        arguments=arguments,
        identity=_identity(node.get("securityContext"), pod.node.get("securityContext")),
        read_only_root=true_word(context.get("readOnlyRootFilesystem")) if context else None,
        pre_stop=pre_stop.span if pre_stop is not None else None,
        init_containers=before,
        node=node,
        span=entry.span if entry is not None else first,
        process_opaque=command_opaque or arguments_opaque,
    )


def _env(node: YamlMapping) -> tuple[tuple[EnvVar, ...], bool]:
    items, opaque = items_of(node.get("env"))
    source = node.get("envFrom")
    if source is not None and not _is_nothing(source):
        opaque = True
    found: list[EnvVar] = []
    for item in items:
        name = known_word(item.get("name"))
        if name is None:
            opaque = True
            continue
        value = item.get("value")
        word = known_word(value)
        if isinstance(value, YamlScalar) and value.is_null and item.get("valueFrom") is None:
            word = Word("", value.span)
        elif value is None and item.get("valueFrom") is None:
            word = Word("", Span(name.span.path, name.span.end, name.span.end))
        found.append(EnvVar(name, word, item.span, item))
    return tuple(found), opaque


def _mounts(node: YamlMapping) -> tuple[tuple[VolumeMount, ...], bool]:
    items, opaque = items_of(node.get("volumeMounts"))
    found: list[VolumeMount] = []
    for item in items:
        name, path = known_word(item.get("name")), known_word(item.get("mountPath"))
        if name is None or path is None:
            opaque = True
            continue
        read_only = true_word(item.get("readOnly"))
        entry = item.entry("readOnly")
        below = item.get("subPath") or item.get("subPathExpr")
        found.append(
            VolumeMount(
                name=name,
                path=path,
                read_only=read_only,
                read_only_entry=entry.span if entry is not None and read_only else None,
                sub_path=below.word if isinstance(below, YamlScalar) else None,
                span=item.span,
                node=item,
                read_only_opaque=_unknown(item.get("readOnly")),
            )
        )
    return tuple(found), opaque


def _volumes(spec: YamlMapping) -> tuple[tuple[Volume, ...], bool]:
    items, opaque = items_of(spec.get("volumes"))
    found: list[Volume] = []
    for item in items:
        name = known_word(item.get("name"))
        if name is None:
            opaque = True
            continue
        keys = {key for key, _ in item.items()}
        kinds = (k for k in VolumeKind if k is not VolumeKind.OTHER and k.value in keys)
        host = item.mapping("hostPath")
        found.append(
            Volume(
                name=name,
                kind=next(kinds, VolumeKind.OTHER),
                host_path=known_word(host.get("path")) if host is not None else None,
                host_path_type=known_word(host.get("type")) if host is not None else None,
                span=item.span,
                node=item,
            )
        )
    return tuple(found), opaque


def _identity(own: AnyNode | None, pod: AnyNode | None) -> Identity:
    contexts = [one for one in (own, pod) if isinstance(one, YamlMapping)]

    def value(key: str) -> AnyNode | None:
        found = (one.get(key) for one in contexts)
        return next((one for one in found if one is not None), None)

    return Identity(
        user=known_word(value("runAsUser")),
        non_root=true_word(value("runAsNonRoot")),
        group=known_word(value("runAsGroup")),
        fs_group=known_word(pod.get("fsGroup")) if isinstance(pod, YamlMapping) else None,
        opaque=any(_unknown(one) for one in (own, pod) if isinstance(one, YamlScalar))
        or any(_unknown(value(key)) for key in ("runAsUser", "runAsNonRoot")),
    )


def _words(node: AnyNode | None) -> tuple[tuple[Word, ...] | None, bool]:
    """The words of a command; a shell's own ``$(…)`` in them is no reference to wait for."""
    if node is None or _is_nothing(node):
        return None, False
    if not isinstance(node, YamlSequence):
        return None, True
    words = [i.word for i in node.items if isinstance(i, YamlScalar) and not i.templated]
    return (tuple(words), False) if len(words) == len(node.items) else (None, True)


def items_of(node: AnyNode | None) -> tuple[list[YamlMapping], bool]:
    """The mappings of a list, and whether something in it could not be read."""
    if node is None or _is_nothing(node):
        return [], False
    if not isinstance(node, YamlSequence):
        return [], True
    found = [item for item in node.items if isinstance(item, YamlMapping)]
    return found, len(found) != len(node.items)


def _mappings(node: YamlMapping, key: str) -> list[YamlMapping]:
    return items_of(node.get(key))[0]


def _is_nothing(node: AnyNode) -> bool:
    if isinstance(node, YamlScalar):
        return node.is_null
    return not (node.items if isinstance(node, YamlSequence) else node.entries)


def true_word(node: AnyNode | None) -> Word | None:
    return node.word if isinstance(node, YamlScalar) and node.boolean is True else None


def _unknown(node: AnyNode | None) -> bool:
    return node is not None and not _is_nothing(node) and known_word(node) is None
