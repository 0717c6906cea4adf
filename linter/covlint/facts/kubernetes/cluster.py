"""What Kind configurations (``kind: Cluster``, kind.x-k8s.io/v1alpha4) say."""

from __future__ import annotations

from dataclasses import field

from covlint.documents.assembled_yaml import appended, replaced_word
from covlint.documents.yaml import YamlDocument, YamlMapping
from covlint.documents.yaml_edit import Edits
from covlint.facts.kubernetes.pod import drop_read_only
from covlint.facts.kubernetes.workload import items_of, known_word, objects, true_word
from covlint.frozen import dataclass
from covlint.source import Span, Word


@dataclass(frozen=True, slots=True)
class ExtraMount:
    """One entry of a node's ``extraMounts``: host_path on the host appears at
    container_path in the node container."""

    host_path: Word | None
    container_path: Word
    read_only: Word | None  # the ``true`` of ``readOnly: true``
    read_only_entry: Span | None
    span: Span
    node: YamlMapping = field(repr=False)

    @property
    def shared(self) -> bool:
        """Whether this text is the mount of several nodes (a YAML alias)."""
        return self.node.shared

    def make_writable(self) -> Edits:
        """Remove ``readOnly: true``; where it cannot go, say ``false``."""
        return drop_read_only(self.node)


@dataclass(frozen=True, slots=True)
class KindNode:
    role: Word | None  # control-plane or worker
    extra_mounts: tuple[ExtraMount, ...]
    node: YamlMapping = field(repr=False)
    span: Span
    mounts_opaque: bool = False  # a mount could not be read

    @property
    def shared(self) -> bool:
        mounts = self.node.get("extraMounts")
        return self.node.shared or (mounts is not None and mounts.shared)

    def add_extra_mount(self, host_path: str, container_path: str) -> Edits:
        mount = {"hostPath": host_path, "containerPath": container_path}
        return appended(self.node, "extraMounts", mount)

    def mount_at(self, path: str) -> ExtraMount | None:
        """The extra mount that holds the node path ``path``: the deepest one wins."""
        best: ExtraMount | None = None
        wanted = path.rstrip("/") + "/"
        for mount in self.extra_mounts:
            prefix = mount.container_path.text.rstrip("/") + "/"
            if wanted.startswith(prefix) and (
                best is None or len(prefix) > len(best.container_path.text.rstrip("/") + "/")
            ):
                best = mount
        return best


@dataclass(frozen=True, slots=True)
class KindCluster:
    """A Kind config. A config without ``nodes`` has one control plane and no mounts."""

    name: Word | None
    nodes: tuple[KindNode, ...]
    node: YamlMapping = field(repr=False)
    span: Span  # the value of ``kind``
    nodes_opaque: bool = False  # a node could not be read

    def add_node_with_mount(
        self, host_path: str, container_path: str, role: str = "control-plane"
    ) -> Edits:
        """Name a node, for a config that leaves Kind its default of one control plane."""
        mount = {"hostPath": host_path, "containerPath": container_path}
        return appended(self.node, "nodes", {"role": role, "extraMounts": [mount]})

    def replace_word(self, word: Word, value: str | int) -> Edits:
        """Write ``value`` where ``word`` stands (anywhere in this file), in its quoting style."""
        return replaced_word(self.node, word, value)


def read_clusters(document: YamlDocument) -> tuple[KindCluster, ...]:
    """Every Kind configuration in the file."""
    found: list[KindCluster] = []
    for manifest in objects(document):
        kind, version = manifest.scalar("kind"), manifest.scalar("apiVersion")
        if kind is None or kind.text != "Cluster" or version is None:
            continue
        if not version.text.startswith("kind.x-k8s.io/"):
            continue
        items, opaque = items_of(manifest.get("nodes"))
        nodes = tuple(_node(item) for item in items)
        name = known_word(manifest.get("name"))
        found.append(KindCluster(name, nodes, manifest, kind.span, opaque))
    return tuple(found)


def _node(node: YamlMapping) -> KindNode:
    items, opaque = items_of(node.get("extraMounts"))
    mounts: list[ExtraMount] = []
    for item in items:
        path = known_word(item.get("containerPath"))
        if path is None:
            opaque = True
            continue
        read_only, entry = true_word(item.get("readOnly")), item.entry("readOnly")
        mounts.append(
            ExtraMount(
                host_path=known_word(item.get("hostPath")),
                container_path=path,
                read_only=read_only,
                read_only_entry=entry.span if entry is not None and read_only else None,
                span=item.span,
                node=item,
            )
        )
    return KindNode(known_word(node.get("role")), tuple(mounts), node, node.span, opaque)
