"""The volume that coverage data travels through: how it is recognised, and how it is made."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from covlint.diagnostics import Applicability, Edit, Fix
from covlint.facts.kubernetes.cluster import ExtraMount, KindCluster
from covlint.facts.kubernetes.pod import Container, Volume, VolumeKind, VolumeMount, join_edits
from covlint.facts.kubernetes.workload import known_word
from covlint.source import Word

#: "cover" anywhere but in "discovery" and "recovery"; "cov" as a word.
_COVERAGE_PATH = re.compile(
    r"(?<!dis)(?<!re)cover|(?:^|[-_./])cov(?:[-_./]|$)|gocov", re.IGNORECASE
)
#: Volumes whose content Kubernetes writes; containers only read them.
READ_ONLY_KINDS = frozenset(
    {VolumeKind.CONFIG_MAP, VolumeKind.SECRET, VolumeKind.PROJECTED, VolumeKind.DOWNWARD_API}
)
#: hostPath types that are no directory.
NO_DIRECTORY = frozenset({"File", "FileOrCreate", "Socket", "CharDevice", "BlockDevice"})


def is_coverage_path(path: str) -> bool:
    return _COVERAGE_PATH.search(path) is not None


def is_coverage_volume(mount: VolumeMount, volume: Volume | None) -> bool:
    """Whether a mount is plainly meant for coverage, by its names and paths."""
    texts = [mount.name.text, mount.path.text]
    if volume is not None and volume.host_path is not None:
        texts.append(volume.host_path.text)
    return any(is_coverage_path(text) for text in texts)


def coverage_mounts(container: Container) -> tuple[VolumeMount, ...]:
    """The container's mounts that are plainly meant for coverage data. Where a path that is not
    absolute lies, the container runtime decides: it is none."""
    found = []
    for mount in container.mounts:
        if not mount.path.text.startswith("/"):
            continue
        volume = container.volume_of(mount)
        if volume is not None and volume.kind in READ_ONLY_KINDS:
            continue
        if is_coverage_volume(mount, volume):
            found.append(mount)
    return tuple(found)


def coverage_extra_mounts(clusters: Iterable[KindCluster]) -> tuple[ExtraMount, ...]:
    """The extra mounts of Kind nodes that are plainly meant for coverage data."""
    return tuple(
        mount
        for cluster in clusters
        for node in cluster.nodes
        for mount in node.extra_mounts
        if is_coverage_path(mount.container_path.text)
        or (mount.host_path is not None and is_coverage_path(mount.host_path.text))
    )


def nodes_opaque(clusters: Iterable[KindCluster]) -> bool:
    """Whether some node, or a mount of one, could not be read."""
    return any(
        cluster.nodes_opaque or any(node.mounts_opaque for node in cluster.nodes)
        for cluster in clusters
    )


def is_host_directory(volume: Volume | None) -> bool:
    """Whether the volume is a directory of the node whose path is seen."""
    if volume is None or volume.kind is not VolumeKind.HOST_PATH or volume.host_path is None:
        return False
    kind = volume.host_path_type
    return kind is None or kind.text not in NO_DIRECTORY


def claim_of(volume: Volume) -> Word | None:
    """The name of the claim that the volume is."""
    source = volume.node.mapping("persistentVolumeClaim")
    return known_word(source.get("claimName")) if source is not None else None


def node_path(volume: Volume, mount: VolumeMount, directory: str) -> str:
    """Where ``directory``, a path below the mount, lies on the node."""
    root = volume.host_path.text if volume.host_path is not None else "/"
    below = mount.sub_path.text if mount.sub_path is not None else ""
    inside = posixpath.relpath(directory, mount.path.text)
    inside = "" if inside.startswith("..") else inside
    return posixpath.normpath(posixpath.join(root, below.lstrip("/"), inside))


def written_fix(title: str, parts: Sequence[tuple[Edit, ...]], *, safe: bool) -> Fix | None:
    """One fix of the edits in ``parts``; None when one of them could not be made."""
    if not parts or not all(parts):
        return None
    edits = join_edits(edit for part in parts for edit in part)
    return Fix(title, Applicability.SAFE if safe else Applicability.UNSAFE, edits)


def mount_coverage(
    container: Container, directory: str, clusters: Sequence[KindCluster], *, e2e: bool
) -> Fix | None:
    """Mount a volume at ``directory``: one that is declared for coverage, else a new hostPath
    at the path that Kind brings to the host.

    None where a mount would hide files that the image may need: on a directory
    that is plainly neither for coverage nor for temporary files.
    """
    pod = container.pod
    temporary = directory.startswith(("/tmp/", "/var/tmp/"))  # noqa: S108 (paths in a container)
    if pod.volumes_opaque or not (temporary or is_coverage_path(directory)):
        return None
    safe = e2e and not container.shared and not pod.shared
    if pod.is_compose:
        host = "./" + posixpath.basename(directory.rstrip("/"))
        mounted = container.add_mount(host, directory)
        return written_fix(f"Mount {host} of the host at {directory}", [mounted], safe=safe)
    declared = _free_volume(container)
    if declared is not None:
        name = declared.name.text
        mounted = container.add_mount(name, directory)
        return written_fix(f"Mount volume {name} at {directory}", [mounted], safe=safe)
    paths = {mount.container_path.text for mount in coverage_extra_mounts(clusters)}
    host_path = paths.pop() if len(paths) == 1 else directory
    taken = {volume.name.text for volume in pod.volumes}
    free = [one for one in ("coverage", "coverdata", "gocoverdir") if one not in taken]
    if not free:
        return None
    return written_fix(
        f"Mount {host_path} of the node at {directory}",
        [container.add_mount(free[0], directory), pod.add_volume(free[0], host_path)],
        safe=safe,
    )


def _free_volume(container: Container) -> Volume | None:
    """A writable volume for coverage that the pod declares and this container does not mount."""
    mounted = {mount.name.text for mount in container.mounts}
    for volume in container.pod.volumes:
        host_path = volume.host_path.text if volume.host_path is not None else ""
        if volume.name.text in mounted or volume.kind in READ_ONLY_KINDS:
            continue
        if is_coverage_path(volume.name.text) or is_coverage_path(host_path):
            return volume
    return None
