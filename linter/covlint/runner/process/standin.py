"""Which folder of this host stands for the directory that the container writes to.

GOCOVERDIR is followed along the chain: through mount, volume, node path and
Kind extraMount to the folder from which the report is made. A directory on no
mount dies with its container, so its stand-in is thrown away too.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import replace

from covlint.facts.commands.extraction import Step, StepKind
from covlint.facts.kubernetes.workload import Container, Volume, VolumeKind, VolumeMount
from covlint.frozen import dataclass
from covlint.runner.verdict import Unproven
from covlint.wiring import Chain, Hop

#: Where the stand-ins lie, relative to the folder of the run.
HOST = "host"  # arrives on the host: the report reads it
CONTAINER = "container"  # the container's own file system
NODE = "node"  # a directory of the node that nothing brings out
POD = "pod"  # emptyDir

_EVERYWHERE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - directories of every base image
_READ_ONLY_KINDS = frozenset(
    {VolumeKind.CONFIG_MAP, VolumeKind.SECRET, VolumeKind.PROJECTED, VolumeKind.DOWNWARD_API}
)
_OCTAL = re.compile(r"^[0-7]{3,4}$")


@dataclass(frozen=True, slots=True)
class StandIn:
    """A directory of the container, as this host can play it.

    ``folder`` is relative to the folder of the run (absolute when ``given``).
    ``owner`` is the uid that it belongs to in the container, ``mode`` its
    permission bits. ``lost`` says why what is written there never reaches the
    host, ``read_only`` why nothing can be written; both None: it arrives.
    """

    path: str
    folder: str
    exists: bool
    owner: int
    mode: int
    lost: str | None = None
    read_only: str | None = None
    unproven: tuple[Unproven, ...] = ()
    given: bool = False  # a folder of this host that the target names itself

    def writable_for(self, uid: int) -> bool:
        if uid == 0:
            return True
        bits = self.mode >> 6 if uid == self.owner else self.mode
        return bits & 0o3 == 0o3


def stand_in(chain: Chain | None, path: str | None, user: int) -> StandIn:
    """The stand-in for GOCOVERDIR ``path``; without a chain covlint's own folder.

    ``user`` is the uid of the service; directories whose owner is only named
    (``COPY --chown=app``) are taken to be made for it.
    """
    if path is None or chain is None:
        return StandIn(path or "/coverdata", HOST, True, 0, 0o777)
    if chain.container is None:
        return _on_image(chain, path, user)
    mount = chain.container.mount_at(path)
    if mount is None:
        return _on_layer(chain, path, user)
    return _on_volume(chain, chain.container, mount, path, user)


def _on_layer(chain: Chain, path: str, user: int) -> StandIn:
    """On the container's own file system."""
    owner, mode, exists = _image_directory(chain, path, user)
    mounted = chain.container.mounts if chain.container is not None else ()
    where = ", ".join(mount.path.text for mount in mounted)
    return StandIn(
        path,
        CONTAINER + _below(path),
        exists,
        owner,
        mode,
        lost=f"{path} lies on no mount"
        + (f" (mounted: {where})" if where else "")
        + ": it dies with the container",
    )


def _on_image(chain: Chain, path: str, user: int) -> StandIn:
    """No workload is seen: the image alone, or a ``docker run`` line."""
    mounts = [
        mount
        for step in chain.steps
        if step.kind is StepKind.RUN_CONTAINER
        for mount in step.mounts
    ]
    held = next((mount for mount in mounts if _holds(mount, path)), None)
    if held is not None:
        return StandIn(path, HOST, True, 0, 0o755, unproven=_PLAYED)
    owner, mode, exists = _image_directory(chain, path, user)
    return StandIn(path, HOST, exists, owner, mode, unproven=_PLAYED)


def _on_volume(
    chain: Chain, container: Container, mount: VolumeMount, path: str, user: int
) -> StandIn:
    volume = container.volume_of(mount)
    inner = posixpath.relpath(path.rstrip("/") or "/", mount.path.text.rstrip("/") or "/")
    below = "" if inner == "." else "/" + inner
    read_only = None
    if mount.read_only is not None:
        read_only = f"the mount at {mount.path.text} is read-only"
    elif volume is not None and volume.kind in _READ_ONLY_KINDS:
        read_only = f"a {volume.kind.value} volume cannot be written to"
    kind = volume.kind if volume is not None else VolumeKind.OTHER
    exists = inner == "."
    if kind is VolumeKind.HOST_PATH and volume is not None and volume.host_path is not None:
        found = _on_node(chain, container, volume, volume.host_path.text, path, below, user)
        return found if read_only is None else replace(found, read_only=read_only)
    if kind is VolumeKind.EMPTY_DIR and not _copied(chain, path, ("kubectl",)):
        return StandIn(
            path,
            POD + below,
            exists,
            0,
            0o777,
            lost="an emptyDir dies with its pod, and nothing copies it out before",
            read_only=read_only,
            unproven=_PLAYED,
        )
    extraction = Unproven(Hop.EXTRACTION, f"how the data leaves the {kind.value} volume")
    return StandIn(
        path,
        HOST + below,
        exists,
        0,
        0o777,
        read_only=read_only,
        unproven=(*_PLAYED, extraction),
    )


def _on_node(
    chain: Chain,
    container: Container,
    volume: Volume,
    node_path: str,
    path: str,
    below: str,
    user: int,
) -> StandIn:
    owner, mode = opened(chain, container, volume, node_path, user)
    lost = read_only = None
    unproven: tuple[Unproven, ...] = _PLAYED
    folder = HOST
    if chain.extra_mounts:
        locked = [extra for extra in chain.extra_mounts if extra.read_only is not None]
        if locked:
            read_only = f"the extraMount at {locked[0].container_path.text} is read-only"
        unproven = (*_PLAYED, Unproven(Hop.EXTRA_MOUNT, "played by one folder of this host"))
    elif _copied(chain, node_path, ("docker", "podman", "nerdctl")):
        unproven = (*_PLAYED, Unproven(Hop.EXTRACTION, "copied from the node by a script"))
    elif chain.clusters:
        folder = NODE
        known = [
            extra.container_path.text
            for cluster in chain.clusters
            for node in cluster.nodes
            for extra in node.extra_mounts
        ]
        have = f"Kind mounts {', '.join(known)}" if known else "Kind mounts nothing"
        lost = f"{node_path} of the node is brought to the host by nothing ({have})"
    else:
        unproven = (*_PLAYED, Unproven(Hop.EXTRA_MOUNT, "no Kind config is seen"))
    return StandIn(path, folder + below, below == "", owner, mode, lost, read_only, unproven)


def opened(
    chain: Chain, container: Container, volume: Volume, node_path: str, user: int
) -> tuple[int, int]:
    """Owner and mode of a hostPath. DirectoryOrCreate makes it root's, 0755; an
    init container or a script may have opened it."""
    owner, mode = _scripted(chain, node_path, user)
    for init in container.init_containers:
        words = [word.text for word in (*(init.command or ()), *(init.arguments or ()))]
        for mount in init.mounts:
            if mount.name.text == volume.name.text:
                owner, mode = _apply(words, mount.path.text, owner, mode, user)
    return owner, mode


def opened_by_scripts(chain: Chain, node_path: str) -> int:
    """The mode that scripts of the project give the folder of the host behind a hostPath."""
    return _scripted(chain, node_path, 0)[1]


def _scripted(chain: Chain, node_path: str, user: int) -> tuple[int, int]:
    hosts = [extra.host_path.text for extra in chain.extra_mounts if extra.host_path is not None]
    owner, mode = 0, 0o755
    for step in chain.steps:
        if step.kind is StepKind.PERMISSION:
            for place in (node_path, *hosts):
                owner, mode = _apply(_literal(step), place, owner, mode, user)
    return owner, mode


def _apply(words: list[str], place: str, owner: int, mode: int, user: int) -> tuple[int, int]:
    """What ``chmod`` and ``chown`` in these words make of ``place``."""
    flat: list[str] = []
    for word in words:
        try:
            flat += shlex.split(word.replace(";", " ; ").replace("&&", " && "))
        except ValueError:
            flat.append(word)
    command: list[str] = []
    for word in [*flat, ";"]:
        if word not in (";", "&&", "||", "|"):
            command.append(word)
            continue
        owner, mode = _apply_one(command, place, owner, mode, user)
        command = []
    return owner, mode


def _apply_one(command: list[str], place: str, owner: int, mode: int, user: int) -> tuple[int, int]:
    program = next((i for i, word in enumerate(command) if word in ("chmod", "chown")), None)
    if program is None:
        return owner, mode
    operands = [word for word in command[program + 1 :] if not re.match(r"^-[A-Za-z-]+$", word)]
    if len(operands) < 2 or not any(_same(word, place) for word in operands[1:]):
        return owner, mode
    what = operands[0]
    if command[program] == "chown":
        name = what.partition(":")[0]
        return (int(name) if name.isdigit() else user), mode
    if _OCTAL.match(what):
        return owner, int(what, 8)
    if re.search(r"(?:^|,)(?:[ug]*[oa][ugoa]*)?[+=][rX]*w", what):
        return owner, mode | 0o777
    return owner, mode


def _image_directory(chain: Chain, path: str, user: int) -> tuple[int, int, bool]:
    """Owner, mode and existence of a directory of the image; what is not seen is
    taken to be in order."""
    if path.rstrip("/") in _EVERYWHERE:
        return 0, 0o777, True
    if chain.image is None:
        return 0, 0o755, False
    exists = chain.image.has_directory(path) is not False
    writable = chain.image.writable(path) is not False
    return (user if writable else 0), 0o755, exists


def _copied(chain: Chain, place: str, tools: tuple[str, ...]) -> bool:
    for step in chain.steps:
        if step.kind is not StepKind.COPY or step.through not in tools or step.source is None:
            continue
        source = step.source.partition(":")[2] or step.source
        if _same(source.removesuffix("/."), place) or _holds(source.removesuffix("/."), place):
            return True
    return False


def _literal(step: Step) -> list[str]:
    return [word for word in step.words if word is not None]


def _same(word: str, place: str) -> bool:
    one, other = (text.removesuffix("/*").rstrip("/").removeprefix("./") for text in (word, place))
    return one == other


def _holds(outer: str, inner: str) -> bool:
    return (inner.rstrip("/") + "/").startswith(outer.rstrip("/") + "/")


def _below(path: str) -> str:
    return "/" + posixpath.normpath(path).strip("/") if path.strip("/") else ""


_PLAYED = (
    Unproven(Hop.WORKLOAD, "no cluster: scheduling, probes and policies"),
    Unproven(Hop.MOUNT, "mounts are played by folders of this host"),
    Unproven(Hop.NODE_PATH, "there is no node"),
)
