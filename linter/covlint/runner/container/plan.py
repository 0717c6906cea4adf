"""From a target and its chain to a container of docker or podman, before anything runs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from covlint.facts.dockerfile.image import output_name
from covlint.facts.kubernetes.pod import COMPOSE
from covlint.facts.kubernetes.workload import Container
from covlint.frozen import dataclass
from covlint.runner.command import Command
from covlint.runner.container.boxes import Mounts, box_of, mounts_of, ports_of
from covlint.runner.container.image_build import ImagePlan, plan_image
from covlint.runner.container.runtime import Box, Mount, Runtime
from covlint.runner.ledger import PREFIX
from covlint.runner.process.build import Read
from covlint.runner.process.plan import Host
from covlint.runner.process.standin import StandIn, stand_in
from covlint.runner.service import coverdir_of, exercise_of, grace_of, ready_at, user_of, with_port
from covlint.runner.target import Ready, Target
from covlint.runner.verdict import Unproven
from covlint.wiring import Chain, Hop

#: Where covlint mounts a folder when nothing says where the data should go.
GIVEN = "/coverdata"
_PORT = "${PORT}"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the data is judged against: import paths (None: not known), the module's folder.
    ``outputs`` are the names of the binaries that the builds make; ``whole`` says that nothing
    narrows what they instrument in the module."""

    main: str | None
    module: str | None
    folder: Path
    outputs: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """Everything that the container engine does, in order.

    ``place`` is where the counters go as the container sees it, and what becomes
    of them; ``grace`` is in seconds; ``port`` is the host's, 0 for none.
    """

    target: Target
    root: Path
    run: Path
    name: str
    runtime: Runtime
    image: ImagePlan
    build: Command
    tag: str
    box: Box
    mounts: Mounts
    place: StandIn
    ready: Ready
    exercise: Command | None
    grace: float
    port: int
    lasting: bool
    sources: Sources
    env: Mapping[str, str]
    unproven: tuple[Unproven, ...]
    notes: tuple[str, ...]
    companions: tuple[Box, ...] = ()  # what the service depends on, in the order of its start
    companion_builds: tuple[tuple[str, Command], ...] = ()  # their images, by tag
    play: str | None = None  # for `podman kube play`, in the place of the box

    @property
    def arrives(self) -> Path:
        """Where the data is when it has come out of the container."""
        return self.run / "host"

    @property
    def written_to(self) -> Path | None:
        """The folder of the host that the container has mounted as GOCOVERDIR; None for none."""
        inner = self.place.path.rstrip("/") + "/"
        held = [
            mount
            for mount in self.box.mounts
            if inner.startswith(mount.path.rstrip("/") + "/") and not mount.is_volume
        ]
        if not held:
            return None
        deepest = max(held, key=lambda mount: len(mount.path))
        return Path(deepest.source) / posixpath.relpath(self.place.path, deepest.path)

    @property
    def log(self) -> Path:
        return self.run / "service.log"


def plan_container(
    target: Target,
    chain: Chain | None,
    root: Path,
    read: Read,
    run: Path,
    name: str,
    env: Mapping[str, str],
    host: Host,
    runtime: Runtime,
) -> ContainerPlan:
    """Plan a run called ``name`` in folder ``run``. Raises TargetError."""
    image = plan_image(target, chain, root, read)
    container = chain.container if chain is not None else None
    tag = f"localhost/covlint/{_tag(target.name)}:{name}"
    inside = target.container_port or next(iter((*ports_of(container), *image.ports)), None) or 0
    port = (target.port or host.port) if inside else 0
    variables, notes = _environment(target, chain)
    known = dict(variables)
    if chain is not None and chain.image is not None and chain.image.coverdir is not None:
        known.setdefault("GOCOVERDIR", chain.image.coverdir.text)
    coverdir, seen = coverdir_of(chain, known)
    user, _ = user_of(chain)
    uid = user if user is not None else 0
    place = stand_in(chain, coverdir, uid)
    mounts = mounts_of(chain if seen else None, place, run, root, uid)
    if not seen:
        place = StandIn(GIVEN, "host", True, 0, 0o777)
        own = mounts_of(chain, place, run, root, uid)
        given = Mount(str(run / "host"), GIVEN)
        mounts = Mounts(
            (*[m for m in own.mounts if m.path != GIVEN], given),
            (*mounts.places, *own.places[1:]),
            own.volumes,
            own.notes,
        )
        variables["GOCOVERDIR"] = GIVEN
    ready = ready_at(target.ready, port)
    box = box_of(
        container,
        f"{PREFIX}{name}-app",
        tag,
        variables,
        mounts,
        ((port, inside),) if inside else (),
        tuple(with_port(word, port) for word in target.args) if target.args is not None else None,
    )
    return ContainerPlan(
        target=target,
        root=root,
        run=run,
        name=name,
        runtime=runtime,
        image=image,
        build=Command(
            image.command(runtime, tag, name), root, env, "build", timeout=target.timeout
        ),
        tag=tag,
        box=box,
        mounts=mounts,
        place=place,
        ready=ready,
        exercise=exercise_of(target, root, env, port, ready),
        grace=_grace(target, container),
        port=port,
        lasting=chain is not None and chain.main is not None and chain.main.runs_forever is True,
        sources=sources_of(chain, root, target.build_args),
        env=env,
        unproven=_unproven(chain, place),
        notes=(*notes, *mounts.notes),
    )


def sources_of(chain: Chain | None, root: Path, arguments: Pairs = ()) -> Sources:
    """The main package that the chain builds, its module, and how: ``arguments`` are those of the
    image's build."""
    site = next((b.site for b in chain.builds if b.site is not None), None) if chain else None
    module = chain.module if chain is not None else None
    if site is not None and site.module is not None:
        module = site.module
    main = site.import_path if site is not None else None
    if main is None and chain is not None and chain.main is not None:
        main = chain.main.import_path
    return Sources(
        main,
        module.module_path if module is not None else None,
        root / module.directory if module is not None else root,
        _outputs(chain),
        _whole(chain, arguments),
    )


def _outputs(chain: Chain | None) -> tuple[str, ...]:
    names = [output_name(build) for build in chain.builds] if chain is not None else []
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _whole(chain: Chain | None, arguments: Pairs) -> bool:
    """No ``-coverpkg`` but that of everything, be it a build argument's."""
    builds = chain.builds if chain is not None else ()
    if not builds or any("coverpkg" in value for _, value in arguments):
        return False
    flags = [flag for build in builds for flag in build.all_flags if flag.name == "coverpkg"]
    return all(flag.value in ("./...", "all") for flag in flags)


def _grace(target: Target, container: Container | None) -> float:
    """A kubelet gives a pod a second even where its manifest says 0 (facts, part G)."""
    grace = grace_of(target, container)
    pod = container is not None and container.pod.kind != COMPOSE
    return max(grace, 1.0) if pod and target.grace_period is None else grace


def _environment(target: Target, chain: Chain | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables of the manifest and of the target, and what was left out.

    ${PORT} is the host's port: it means nothing to a service that listens inside.
    """
    values: dict[str, str] = {}
    notes: list[str] = []
    if chain is not None and chain.container is not None:
        for entry in chain.container.env:
            if entry.value is not None:
                values[entry.name.text] = entry.value.text
            else:
                notes.append(f"{entry.name.text} is not set: its value comes from the cluster")
    for name, value in target.env:
        if _PORT in value:
            notes.append(f"{name} is left to the image: a container has ports of its own")
        else:
            values[name] = value
    return values, tuple(notes)


def _unproven(chain: Chain | None, place: StandIn) -> tuple[Unproven, ...]:
    if chain is None or chain.container is None:
        return (Unproven(Hop.WORKLOAD, "no manifest is part of this target"),)
    if chain.container.pod.kind == COMPOSE:
        return ()
    found = [
        Unproven(Hop.WORKLOAD, "no cluster: scheduling, probes, init containers and policies"),
        Unproven(Hop.NODE_PATH, "a folder of this host is the node's"),
    ]
    played = [one for one in place.unproven if one.hop not in (Hop.MOUNT, *(u.hop for u in found))]
    return (*found, *played)


def _tag(name: str) -> str:
    kept = "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower())
    return kept.strip("-") or "service"
