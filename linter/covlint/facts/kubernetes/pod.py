"""Pods and containers as manifests describe them, and the edits that repair them.

Every value is a :class:`~covlint.source.Word`: what was written and where. A
value that a template engine fills in is not a Word but ``None``, and an
``…opaque`` flag says that something could not be seen.

An edit method returns an empty tuple when it cannot be done without changing
more than was asked. ``shared`` means that the text serves several places (a
YAML alias), so that an edit of it changes them all. Edits of one fix are put
together by :func:`~covlint.documents.yaml_edit.join_edits`.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from covlint.diagnostics import Severity
from covlint.documents.assembled import settled
from covlint.documents.assembled_yaml import appended, replaced_word
from covlint.documents.composed import ComposedMapping
from covlint.documents.yaml import YamlMapping, YamlScalar
from covlint.documents.yaml_edit import (
    Edits,
    Value,
    join_edits,
    remove_entry,
    replace_scalar,
    set_in,
    set_scalar,
)
from covlint.facts.compose import edit as compose_edit
from covlint.frozen import dataclass
from covlint.source import Span, Word

#: The kind of the pod that a service of a docker-compose file has.
COMPOSE = "compose service"


class VolumeKind(Enum):
    """The volume sources that matter to coverage; OTHER is writable as far as we know."""

    HOST_PATH = "hostPath"
    EMPTY_DIR = "emptyDir"
    CLAIM = "persistentVolumeClaim"
    CONFIG_MAP = "configMap"
    SECRET = "secret"  # noqa: S105  (a kind of volume)
    PROJECTED = "projected"
    DOWNWARD_API = "downwardAPI"
    BIND = "bind"  # of docker-compose: a directory of the host itself
    NAMED = "named volume"  # of docker-compose
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class EnvVar:
    """``value`` is None when it comes from ``valueFrom`` or a template."""

    name: Word
    value: Word | None
    span: Span
    node: YamlMapping = field(repr=False)
    key: str = "value"  # of the entry in ``node`` that holds the value; "" where none does

    @property
    def shared(self) -> bool:
        return _any_shared(self.node, self.key)

    def set_value(self, value: str) -> Edits:
        """Write ``value`` in the place of an empty value, or as the entry's value."""
        if not self.key:
            return ()
        return settled(self.node.source, set_scalar(self.node, self.key, value))


@dataclass(frozen=True, slots=True)
class VolumeMount:
    name: Word
    path: Word
    read_only: Word | None  # the ``true`` of ``readOnly: true``; None when it is writable
    read_only_entry: Span | None  # the whole ``readOnly: true`` entry, for removal
    sub_path: Word | None  # subPath or subPathExpr
    span: Span
    node: YamlMapping = field(repr=False)
    read_only_opaque: bool = False  # readOnly is filled in by a template

    @property
    def shared(self) -> bool:
        return _any_shared(self.node, "mountPath", "readOnly")

    def make_writable(self) -> Edits:
        """Remove ``readOnly: true``; where it cannot go, say ``false``."""
        return drop_read_only(self.node)


@dataclass(frozen=True, slots=True)
class Volume:
    name: Word
    kind: VolumeKind
    host_path: Word | None  # hostPath.path
    host_path_type: Word | None  # hostPath.type
    span: Span
    node: YamlMapping = field(repr=False)
    bind: Word | None = None  # the directory of the host, of a BIND

    @property
    def shared(self) -> bool:
        source = self.node.mapping("hostPath")
        return self.node.shared or (source is not None and _any_shared(source, "path", "type"))


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
    opaque: bool = False  # a template fills in the user or runAsNonRoot


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
    node: YamlMapping = field(repr=False)  # the pod's ``spec``
    span: Span  # the span of the workload's ``kind`` value
    volumes_opaque: bool = False
    overlay: str | None = None  # the kustomization that puts it together from several files
    at_most: Severity | None = None  # of findings about it, where a template leaves parts open
    patched: str | None = None  # the manifest of which this is a patch, put in

    @property
    def is_compose(self) -> bool:
        """Whether this is a service of a docker-compose file."""
        return self.kind == COMPOSE

    @property
    def default_grace_period(self) -> int:
        """Seconds between SIGTERM and SIGKILL where nothing is said."""
        return 10 if self.is_compose else 30

    @property
    def shared(self) -> bool:
        """Whether an entry of the pod that an edit would change serves several places."""
        keys = ("volumes", "initContainers", "securityContext", "terminationGracePeriodSeconds")
        return _any_shared(self.node, *keys)

    def volume(self, name: str) -> Volume | None:
        for volume in self.volumes:
            if volume.name.text == name:
                return volume
        return None

    def add_volume(
        self, name: str, host_path: str | None, path_type: str = "DirectoryOrCreate"
    ) -> Edits:
        """A hostPath volume; an emptyDir when ``host_path`` is None."""
        if self.is_compose:
            return ()
        source: Value = {"path": host_path, "type": path_type} if host_path is not None else {}
        kind = "hostPath" if host_path is not None else "emptyDir"
        return appended(self.node, "volumes", {"name": name, kind: source})

    def add_init_container(self, container: Value) -> Edits:
        """``container`` as plain data; its strings are quoted where YAML needs it."""
        return () if self.is_compose else appended(self.node, "initContainers", container)

    def set_user(self, uid: int) -> Edits:
        """runAsUser of the pod; containers that set their own keep it."""
        if self.is_compose:
            return compose_edit.set_user(self.node, uid)
        return _set_user(self.node, uid, enforced=False)

    def set_grace_period(self, seconds: int) -> Edits:
        if self.is_compose:
            return compose_edit.set_grace_period(self.node, seconds)
        edits = set_scalar(self.node, "terminationGracePeriodSeconds", seconds)
        return settled(self.node.source, edits)

    def replace_word(self, word: Word, value: str | int) -> Edits:
        """Write ``value`` where ``word`` stands (anywhere in this file), in its quoting style."""
        return replaced_word(self.node, word, value)


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
    #: Those of its pod that run before it; empty for an init container.
    init_containers: tuple[Container, ...]
    node: YamlMapping = field(repr=False)
    span: Span  # the container's ``name`` entry, else its first entry
    process_opaque: bool = False  # command or args cannot be read
    stop_signal: Word | None = None  # of a docker-compose service

    @property
    def shared(self) -> bool:
        """Whether its text, or that of a list that an edit would extend, serves several places."""
        keys = ("environment", "volumes") if self.pod.is_compose else _EXTENDED
        return _any_shared(self.node, *keys)

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
        return self.pod.volume(mount.name.text)

    def add_variable(self, name: str, value: str) -> Edits:
        if self.pod.is_compose:
            return compose_edit.add_variable(self.node, name, value)
        return appended(self.node, "env", {"name": name, "value": value})

    def add_mount(self, volume_name: str, path: str) -> Edits:
        """In a docker-compose file the volume may be a directory of the host."""
        if self.pod.is_compose:
            return compose_edit.add_mount(self.node, volume_name, path)
        return appended(self.node, "volumeMounts", {"name": volume_name, "mountPath": path})

    def set_user(self, uid: int) -> Edits:
        """runAsUser of this container. For root, runAsNonRoot becomes false, here also when
        it is the pod that asks for it."""
        if self.pod.is_compose:
            return compose_edit.set_user(self.node, uid)
        return _set_user(self.node, uid, enforced=self.identity.non_root is not None)

    def make_root_writable(self) -> Edits:
        """``readOnlyRootFilesystem: false``."""
        if self.pod.is_compose:
            return compose_edit.make_root_writable(self.node)
        context = self.node.mapping("securityContext")
        scalar = context.scalar("readOnlyRootFilesystem") if context is not None else None
        if scalar is None:
            return ()
        if isinstance(self.node, ComposedMapping):
            edits = set_in(self.node, "securityContext", {"readOnlyRootFilesystem": False})
        else:
            edits = replace_scalar(scalar, False)
        return settled(self.node.source, edits)

    def replace_word(self, word: Word, value: str | int) -> Edits:
        """Write ``value`` where ``word`` stands (anywhere in this file), in its quoting style."""
        return replaced_word(self.node, word, value)


#: What edits of a container extend.
_EXTENDED = ("env", "volumeMounts", "securityContext")


def _any_shared(node: YamlMapping, *keys: str) -> bool:
    values = (node.get(key) for key in keys)
    return node.shared or any(value is not None and value.shared for value in values)


def drop_read_only(node: YamlMapping) -> Edits:
    scalar = node.get("readOnly")
    if not isinstance(scalar, YamlScalar) or scalar.boolean is not True:
        return ()
    if isinstance(node, ComposedMapping):  # the base may say it as well
        return settled(node.source, set_scalar(node, "readOnly", False))
    removed = settled(node.source, remove_entry(node, "readOnly"))
    return removed or settled(node.source, replace_scalar(scalar, False))


def _set_user(node: YamlMapping, uid: int, enforced: bool) -> Edits:
    """Set securityContext.runAsUser; ``enforced``: runAsNonRoot holds even if not set here."""
    context = node.mapping("securityContext")
    here = context.scalar("runAsNonRoot") if context is not None else None
    wanted: dict[str, str | int] = {"runAsUser": uid}
    if uid == 0 and (enforced or (here is not None and here.boolean is True)):
        wanted["runAsNonRoot"] = False
    return settled(node.source, set_in(node, "securityContext", wanted))


__all__ = [
    "COMPOSE",
    "Container",
    "EnvVar",
    "Identity",
    "Pod",
    "Volume",
    "VolumeKind",
    "VolumeMount",
    "drop_read_only",
    "join_edits",
]
