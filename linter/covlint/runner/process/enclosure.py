"""What the namespaces of the process engine hold: the container's mounts at its own paths."""

from __future__ import annotations

import posixpath
from pathlib import Path

from covlint.facts.kubernetes.pod_settings import dropped
from covlint.facts.kubernetes.workload import Container, VolumeKind
from covlint.frozen import dataclass
from covlint.runner.process.namespaces import Bind, Inside
from covlint.runner.process.standin import CONTAINER, StandIn
from covlint.wiring import Chain

#: Where nothing can be mounted without taking away what the service needs to run.
_SYSTEM = ("/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr")
#: Volumes that are empty when the pod starts; of others the content is not known.
_EMPTY = (VolumeKind.EMPTY_DIR, VolumeKind.NAMED)
#: Where the folders of further volumes lie, relative to the folder of the run.
VOLUMES = "volumes"


@dataclass(frozen=True, slots=True)
class Scene:
    """Whom the namespaces are made for: the folders of run and project, the uid of the service
    (None: covlint's own), and the uid that covlint has when it is not root. ``binds`` and
    ``workdir`` are what its PID 1 needs besides."""

    run: Path
    root: Path
    user: int | None
    unprivileged: int | None
    binds: tuple[Bind, ...] = ()
    workdir: str | None = None  # None: the project


def enclose(chain: Chain | None, place: StandIn, coverdir: str | None, scene: Scene) -> Inside:
    """The namespaces of a service. GOCOVERDIR is at its own path in them only if
    :func:`at_own_path` says so."""
    container = chain.container if chain is not None else None
    binds: tuple[Bind, ...] = ()
    hidden: tuple[str, ...] = ()
    if at_own_path(chain, place, coverdir, scene.root):
        binds, hidden = _of_coverdir(container, place)
    if container is not None:
        taken = {bind.target for bind in binds}
        binds += tuple(
            bind
            for bind in _of_volumes(container)
            if bind.target not in taken and is_free(bind.target, scene.root)
        )
    return Inside(
        run=scene.run,
        binds=(*binds, *scene.binds),
        user=scene.user,
        workdir=scene.workdir or str(scene.root),
        hidden=hidden,
        needed=(str(scene.root),),
        read_only=container is not None and container.read_only_root is not None,
        capabilities=container is None or dropped(container) is None,
        unprivileged=scene.unprivileged,
    )


def at_own_path(chain: Chain | None, place: StandIn, coverdir: str | None, root: Path) -> bool:
    """GOCOVERDIR can be what the files say: an absolute path that hides nothing of the project."""
    if chain is None or coverdir is None or place.given or not coverdir.startswith("/"):
        return False
    return is_free(_mount_path(chain.container, place), root)


def _of_coverdir(
    container: Container | None, place: StandIn
) -> tuple[tuple[Bind, ...], tuple[str, ...]]:
    target = _mount_path(container, place)
    base = place.folder.split("/", 1)[0]
    mounted = container is not None and container.mount_at(place.path) is not None
    if not mounted and not place.exists:
        return (), (target,)
    locked = place.read_only is not None
    if base == CONTAINER and container is not None:
        locked = container.read_only_root is not None
    return (Bind(place.folder if base == CONTAINER else base, target, locked),), ()


def _of_volumes(container: Container) -> tuple[Bind, ...]:
    """Empty volumes besides the one with the data; each has a folder of the run."""
    found: list[Bind] = []
    for mount in container.mounts:
        volume = container.volume_of(mount)
        if volume is None or volume.kind not in _EMPTY:
            continue
        below = f"/{mount.sub_path.text}" if mount.sub_path is not None else ""
        if "$(" in below or ".." in below:
            continue
        source = f"{VOLUMES}/{volume.name.text}{below}"
        found.append(Bind(source, _normal(mount.path.text), mount.read_only is not None))
    return tuple(found)


def _mount_path(container: Container | None, place: StandIn) -> str:
    """The path of the mount that holds the directory; the directory's own without a mount."""
    mount = container.mount_at(place.path) if container is not None else None
    return _normal(mount.path.text if mount is not None else place.path)


def is_free(target: str, root: Path) -> bool:
    """Something can be mounted at ``target`` without hiding the system or the project."""
    if target in _SYSTEM or target.startswith(("/dev/", "/proc/", "/sys/")):
        return False
    return target != str(root) and not target.startswith(f"{root}/")


def _normal(path: str) -> str:
    return "/" + posixpath.normpath(path).strip("/")
