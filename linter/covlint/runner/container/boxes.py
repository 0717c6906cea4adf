"""From a workload to a container of docker or podman: user, mounts, limits, ports."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from covlint.documents.yaml import YamlMapping, YamlScalar, YamlSequence
from covlint.facts.commands.extraction import StepKind
from covlint.facts.kubernetes.pod import COMPOSE
from covlint.facts.kubernetes.workload import Container, Volume, VolumeKind, VolumeMount
from covlint.frozen import dataclass
from covlint.runner.container.runtime import Box, Mount
from covlint.runner.process.standin import StandIn, opened
from covlint.wiring import Chain

#: Kubernetes makes an emptyDir open to everyone.
_OPEN = 0o777
_READ_ONLY = frozenset(
    {VolumeKind.CONFIG_MAP, VolumeKind.SECRET, VolumeKind.PROJECTED, VolumeKind.DOWNWARD_API}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the host that a container mounts, made before it starts; ``owner`` is a uid."""

    folder: Path
    mode: int
    owner: int


@dataclass(frozen=True, slots=True)
class Mounts:
    """``places`` are made by covlint, ``volumes`` by the runtime; ``notes`` say what is missing."""

    mounts: tuple[Mount, ...] = ()
    places: tuple[Place, ...] = ()
    volumes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def mounts_of(chain: Chain | None, place: StandIn, run: Path, root: Path, uid: int) -> Mounts:
    """What the container of the chain mounts, with folders of this run as nodes and volumes."""
    host = Place(run / "host", place.mode, place.owner)
    if chain is None or place.given:
        return Mounts((Mount(str(host.folder), place.path),), (Place(host.folder, _OPEN, 0),))
    if chain.container is None:
        outer = _run_mount(chain, place.path)
        if outer is None:
            return Mounts(places=(Place(host.folder, 0o755, 0),))
        return Mounts((Mount(str(host.folder), outer),), (host,))
    mounts: list[Mount] = []
    places: list[Place] = [Place(host.folder, 0o755, 0)]
    volumes: list[str] = []
    notes: list[str] = []
    for mount in chain.container.mounts:
        volume = chain.container.volume_of(mount)
        kind = volume.kind if volume is not None else VolumeKind.OTHER
        if kind is VolumeKind.NAMED and volume is not None:
            name = f"{run.name}-{volume.name.text}"
            volumes.append(name)
            mounts.append(Mount(name, mount.path.text, mount.read_only is not None))
            continue
        made = _place(chain, chain.container, mount, run, root, uid)
        if kind in _READ_ONLY:
            notes.append(f"{mount.path.text} is an empty folder here: a {kind.value} of a cluster")
        if made is None:
            notes.append(f"{mount.path.text} is not mounted: what it is cannot be seen")
            continue
        if run in made.folder.parents:
            places.append(made)
        read_only = mount.read_only is not None or kind in _READ_ONLY
        read_only = read_only or (made.folder == host.folder and place.read_only is not None)
        mounts.append(Mount(str(made.folder), mount.path.text, read_only))
    return Mounts(tuple(mounts), tuple(places), tuple(volumes), tuple(notes))


def folders_of_volumes(chain: Chain, run: Path, place: StandIn) -> dict[str, Path]:
    """The folder of this run that plays each hostPath, by the name of its volume."""
    found: dict[str, Path] = {}
    container = chain.container
    for mount in container.mounts if container is not None else ():
        volume = container.volume_of(mount) if container is not None else None
        if container is None or volume is None or volume.kind is not VolumeKind.HOST_PATH:
            continue
        made = _place(chain, container, mount, run, run, place.owner)
        if made is not None:
            below = mount.sub_path.text if mount.sub_path is not None else ""
            levels = len([part for part in below.split("/") if part])
            found[volume.name.text] = made.folder.parents[levels - 1] if levels else made.folder
    return found


def _place(
    chain: Chain, container: Container, mount: VolumeMount, run: Path, root: Path, uid: int
) -> Place | None:
    volume = container.volume_of(mount)
    if volume is None:
        return None
    kind = volume.kind
    below = mount.sub_path.text if mount.sub_path is not None else ""
    written = bound_path(container, volume) if kind is VolumeKind.BIND else None
    if kind is VolumeKind.HOST_PATH and volume.host_path is not None:
        written = volume.host_path.text
    if written is not None:
        node = written
        if kind is VolumeKind.BIND and not _is_coverage(chain, mount):
            return Place(root / node, 0o755, 0)
        owner, mode = opened(chain, container, volume, node, uid)
        present = root / node
        if kind is VolumeKind.BIND and present.is_dir():
            found = present.stat()  # else docker makes it, as root's
            owner, mode = found.st_uid, found.st_mode & 0o7777
        arrives = _is_coverage(chain, mount) and (
            kind is VolumeKind.BIND or bool(chain.extra_mounts) or not chain.clusters
        )
        folder = run / "host" if arrives else run / "node" / node.strip("/")
        return Place(folder / below, mode, owner)
    if kind is VolumeKind.CLAIM and _is_coverage(chain, mount):
        return Place(run / "host" / below, _OPEN, 0)
    return Place(run / "pod" / volume.name.text / below, _OPEN, 0)


def bound_path(container: Container, volume: Volume) -> str:
    """The folder that a compose file binds, relative to the project root."""
    folder = posixpath.dirname(container.span.path)
    return posixpath.normpath(posixpath.join(folder, volume.name.text))


def _is_coverage(chain: Chain, mount: VolumeMount) -> bool:
    return chain.mount is not None and chain.mount.path.text == mount.path.text


def _run_mount(chain: Chain, path: str) -> str | None:
    """The path that a ``docker run`` line of the project mounts and that holds ``path``."""
    for step in chain.steps:
        if step.kind is StepKind.RUN_CONTAINER:
            for mount in step.mounts:
                if (path.rstrip("/") + "/").startswith(mount.rstrip("/") + "/"):
                    return mount
    return None


def box_of(
    container: Container | None,
    name: str,
    image: str,
    env: Mapping[str, str],
    mounts: Mounts,
    ports: tuple[tuple[int, int], ...],
    arguments: tuple[str, ...] | None,
) -> Box:
    """The container as its manifest describes it; ``arguments`` of the target win."""
    if container is None:
        return Box(name, image, tuple(env.items()), mounts.mounts, ports, arguments=arguments or ())
    identity = container.identity
    settings = container.node if container.pod.kind == COMPOSE else _context(container)
    capabilities = settings.mapping("capabilities") if settings is not None else None
    names = ("cap_add", "cap_drop") if container.pod.kind == COMPOSE else ("add", "drop")
    listed = settings if container.pod.kind == COMPOSE else capabilities
    escalation = settings.scalar("allowPrivilegeEscalation") if settings is not None else None
    directory = container.node.scalar("workingDir") or container.node.scalar("working_dir")
    user = identity.user.text if identity.user is not None else None
    if user is not None and identity.group is not None:
        user = f"{user}:{identity.group.text}"
    own = tuple(word.text for word in container.arguments or ())
    return Box(
        name=name,
        image=image,
        env=tuple(env.items()),
        mounts=mounts.mounts,
        ports=ports,
        user=user,
        groups=(identity.fs_group.text,) if identity.fs_group is not None else (),
        read_only=container.read_only_root is not None,
        privileged=_true(settings, "privileged"),
        capabilities=_texts(listed, names[0]),
        dropped=_texts(listed, names[1]),
        no_new_privileges=escalation is not None and escalation.boolean is False,
        directory=directory.text if directory is not None and not directory.templated else None,
        command=tuple(w.text for w in container.command) if container.command else None,
        arguments=arguments if arguments is not None else own,
        stop_signal=container.stop_signal.text if container.stop_signal is not None else None,
    )


def ports_of(container: Container | None) -> tuple[int, ...]:
    """The TCP ports inside the container that its manifest names."""
    if container is None:
        return ()
    found: list[int] = []
    listed = container.node.sequence("ports")
    for item in listed.items if listed is not None else ():
        if isinstance(item, YamlMapping):
            port = item.scalar("containerPort") or item.scalar("target")
            protocol = item.scalar("protocol")
            if port is not None and (protocol is None or protocol.text.upper() == "TCP"):
                found += [int(port.text)] if port.text.isdigit() else []
        elif isinstance(item, YamlScalar) and not item.templated:
            inside, _, kind = item.text.rpartition(":")[2].partition("/")
            found += [int(inside)] if inside.isdigit() and kind in ("", "tcp") else []
    return tuple(found)


def _context(container: Container) -> YamlMapping | None:
    return container.node.mapping("securityContext")


def _true(node: YamlMapping | None, key: str) -> bool:
    value = node.scalar(key) if node is not None else None
    return value is not None and value.boolean is True


def _texts(node: YamlMapping | None, key: str) -> tuple[str, ...]:
    listed = node.get(key) if node is not None else None
    if not isinstance(listed, YamlSequence):
        return ()
    return tuple(item.text for item in listed.items if isinstance(item, YamlScalar))
