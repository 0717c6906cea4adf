"""Directories into which several services write their data."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from covlint.facts.kubernetes.pod import VolumeKind
from covlint.frozen import dataclass

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.chain import Chain
    from covlint.source import Span


@dataclass(frozen=True, slots=True)
class SharedDirectory:
    """A directory of a node, a host or a named volume, and the chains that end in it."""

    path: str
    chains: tuple[Chain, ...]
    span: Span  # GOCOVERDIR of the first


def shared_directories(chains: Iterable[Chain]) -> Iterator[SharedDirectory]:
    """Each directory that the containers of two or more different images write to."""
    found: dict[tuple[str, str], list[Chain]] = {}
    for chain in chains:
        place = _place(chain) if chain.takes_part and chain.image is not None else None
        if place is not None:
            found.setdefault(place, []).append(chain)
    for (_, path), members in found.items():
        images = {chain.image.origin for chain in members if chain.image is not None}
        first = members[0].coverdir
        if len(images) > 1 and first is not None:
            yield SharedDirectory(path, tuple(members), first.span)


def _place(chain: Chain) -> tuple[str, str] | None:
    """The file system that holds the chain's data, and the directory there.

    What is written on one line of two manifests may still lie in two clusters: where the
    Kind configs of the chains differ, the directories do.
    """
    mount, volume, coverdir = chain.mount, chain.volume, chain.coverdir
    if mount is None or volume is None or coverdir is None or "$" in coverdir.text:
        return None
    if mount.sub_path is not None:
        return None
    below = posixpath.relpath(coverdir.text, mount.path.text)
    if volume.kind is VolumeKind.HOST_PATH and volume.host_path is not None:
        clusters = ",".join(sorted(cluster.span.path for cluster in chain.clusters))
        return f"node {clusters}", posixpath.normpath(posixpath.join(volume.host_path.text, below))
    container = chain.container
    if container is None or not container.pod.is_compose:
        return None
    if volume.kind is VolumeKind.BIND and volume.bind is not None:
        folder = posixpath.dirname(container.span.path)
        return "host", posixpath.normpath(posixpath.join(folder, volume.bind.text, below))
    if volume.kind is VolumeKind.NAMED:
        name = posixpath.normpath(posixpath.join(volume.name.text, below))
        return f"volume {container.span.path}", name
    return None
