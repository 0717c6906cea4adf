"""What Kind configurations (``kind: Cluster``, kind.x-k8s.io/v1alpha4) say."""

from __future__ import annotations

from dataclasses import dataclass

from covlint.documents.yaml import YamlMapping
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


@dataclass(frozen=True, slots=True)
class KindNode:
    role: Word | None  # control-plane or worker
    extra_mounts: tuple[ExtraMount, ...]
    node: YamlMapping
    span: Span

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
    node: YamlMapping
    span: Span  # the value of ``kind``
