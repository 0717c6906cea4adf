"""What Kubernetes manifests say about the containers that run a service.

Kinds are recognised by content (``apiVersion`` and ``kind``), never by file
name. Every value is a :class:`~covlint.source.Word`: what was written and where.
A value that a template engine fills in is not a Word but ``None``, and the
fact's ``opaque`` flag says that something could not be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from covlint.documents.yaml import YamlMapping
from covlint.source import Span, Word


class VolumeKind(Enum):
    """The volume sources that matter to coverage; OTHER is writable as far as we know."""

    HOST_PATH = "hostPath"
    EMPTY_DIR = "emptyDir"
    CLAIM = "persistentVolumeClaim"
    CONFIG_MAP = "configMap"
    SECRET = "secret"
    PROJECTED = "projected"
    DOWNWARD_API = "downwardAPI"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class EnvVar:
    """``value`` is None when it comes from ``valueFrom`` or a template."""

    name: Word
    value: Word | None
    span: Span


@dataclass(frozen=True, slots=True)
class VolumeMount:
    name: Word
    path: Word
    read_only: Word | None  # the ``true`` of ``readOnly: true``; None when it is writable
    read_only_entry: Span | None  # the whole ``readOnly: true`` entry, for removal
    sub_path: Word | None  # subPath or subPathExpr
    span: Span


@dataclass(frozen=True, slots=True)
class Volume:
    name: Word
    kind: VolumeKind
    host_path: Word | None  # hostPath.path
    host_path_type: Word | None  # hostPath.type
    span: Span


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a container runs as, by the manifest alone.

    ``user`` is runAsUser of the container, else of the pod; ``non_root`` the
    ``true`` of runAsNonRoot. Both None: the image's USER decides.
    """

    user: Word | None
    non_root: Word | None
    group: Word | None
    fs_group: Word | None


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod template of one workload."""

    kind: str  # Deployment, StatefulSet, … as written
    name: Word | None
    namespace: Word | None
    labels: tuple[tuple[str, str], ...]
    replicas: Word | None
    grace_period: Word | None  # terminationGracePeriodSeconds, in seconds
    volumes: tuple[Volume, ...]
    node: YamlMapping  # the pod's ``spec``
    span: Span  # the span of the workload's ``kind`` value


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, with what decides where its coverage goes."""

    pod: Pod
    name: Word | None
    image: Word | None
    init: bool
    env: tuple[EnvVar, ...]
    env_opaque: bool  # envFrom, or entries that cannot be read: a variable may come from there
    mounts: tuple[VolumeMount, ...]
    mounts_opaque: bool
    command: tuple[Word, ...] | None
    arguments: tuple[Word, ...] | None
    identity: Identity
    read_only_root: Word | None  # the ``true`` of readOnlyRootFilesystem
    pre_stop: Span | None
    init_containers: tuple[Container, ...]  # those of its pod that run before it; empty for an init container
    node: YamlMapping
    span: Span  # the container's ``name`` entry, else its first entry

    def variable(self, name: str) -> EnvVar | None:
        """The last environment entry of that name (Kubernetes: the last wins)."""
        found = None
        for entry in self.env:
            if entry.name.text == name:
                found = entry
        return found

    def mount_at(self, path: str) -> VolumeMount | None:
        """The mount that holds the absolute container path ``path``: the deepest one wins."""
        best: VolumeMount | None = None
        wanted = path.rstrip("/") + "/"
        for mount in self.mounts:
            prefix = mount.path.text.rstrip("/") + "/"
            if wanted.startswith(prefix) and (
                best is None or len(prefix) > len(best.path.text.rstrip("/") + "/")
            ):
                best = mount
        return best

    def volume_of(self, mount: VolumeMount) -> Volume | None:
        for volume in self.pod.volumes:
            if volume.name.text == mount.name.text:
                return volume
        return None
