"""What a service of a compose file depends on, as containers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from covlint.documents.yaml import YamlMapping, YamlScalar, YamlSequence, open_yaml
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.compose.services import read_compose
from covlint.facts.kubernetes.pod import COMPOSE
from covlint.facts.kubernetes.workload import Container, VolumeKind
from covlint.frozen import dataclass
from covlint.runner.command import Command
from covlint.runner.container.boxes import Mounts, bound_path, box_of
from covlint.runner.container.plan import ContainerPlan
from covlint.runner.container.runtime import Mount
from covlint.runner.ledger import PREFIX
from covlint.runner.process.build import Read
from covlint.runner.target import TargetError
from covlint.source import UnreadableSource
from covlint.wiring import Chain


@dataclass(frozen=True, slots=True)
class _File:
    """The containers and image builds of a compose file, by the name of their service."""

    containers: Mapping[str, Container]
    builds: Mapping[str, ImageBuild]


def with_companions(plan: ContainerPlan, chain: Chain | None, read: Read) -> ContainerPlan:
    """The plan with a network of its own and what the service depends on; as it is, where it
    depends on nothing. Raises TargetError."""
    container = chain.container if chain is not None else None
    if container is None or container.pod.kind != COMPOSE or container.name is None:
        return plan
    try:
        file = _read(container.span.path, read)
    except UnreadableSource as error:
        raise TargetError(f"{error.path}: {error.reason}") from error
    order: list[str] = []
    _before(container, file, order)
    if not order:
        return plan
    network = f"{PREFIX}{plan.name}"
    boxes = []
    builds = []
    volumes = list(plan.mounts.volumes)
    for name in order:
        one = file.containers[name]
        image = one.image.text if one.image is not None else ""
        build = file.builds.get(name)
        if build is not None:
            image = f"localhost/covlint/{name}:{plan.name}"
            builds.append((image, _build(plan, build, image, name)))
        elif not image:
            raise TargetError(f"{one.span.path}: the image of service {name} is not known")
        mounts, own = _mounts(one, plan)
        volumes += [volume for volume in own if volume not in volumes]
        values = {e.name.text: e.value.text for e in one.env if e.value is not None}
        box = box_of(one, f"{network}-{name}", image, values, Mounts(mounts), (), None)
        boxes.append(replace(box, network=network, aliases=(name,)))
    return replace(
        plan,
        box=replace(plan.box, network=network, aliases=(container.name.text,)),
        companions=tuple(boxes),
        companion_builds=tuple(builds),
        mounts=replace(plan.mounts, volumes=tuple(volumes)),
    )


def _read(path: str, read: Read) -> _File:
    facts = read_compose(open_yaml(read(path)))
    return _File(
        {f.name.text: f for f in facts if isinstance(f, Container) and f.name is not None},
        {f.recipe: f for f in facts if isinstance(f, ImageBuild) and f.recipe is not None},
    )


def _before(container: Container, file: _File, order: list[str]) -> None:
    """What has to be started before a service, the first first."""
    listed = container.node.get("depends_on")
    names: list[str] = []
    if isinstance(listed, YamlSequence):
        names = [item.text for item in listed.items if isinstance(item, YamlScalar)]
    elif isinstance(listed, YamlMapping):
        names = [key for key, _ in listed.items()]
    for name in names:
        other = file.containers.get(name)
        if other is not None and name not in order:
            _before(other, file, order)
            if name not in order:
                order.append(name)


def _build(plan: ContainerPlan, build: ImageBuild, image: str, name: str) -> Command:
    if build.dockerfile is None or build.context is None:
        raise TargetError(f"{build.span.path}: it cannot be seen how service {name} is built")
    arguments = [(a.name, a.value) for a in build.arguments if a.value is not None]
    words = plan.runtime.build(
        str(plan.root / build.dockerfile),
        str(plan.root / build.context),
        image,
        plan.name,
        arguments,
        build.target,
    )
    return Command(words, plan.root, plan.env, f"build-{name}", timeout=plan.target.timeout)


def _mounts(container: Container, plan: ContainerPlan) -> tuple[tuple[Mount, ...], list[str]]:
    """Folders of the project as they are, named volumes as volumes of this run."""
    mounts: list[Mount] = []
    volumes: list[str] = []
    for mount in container.mounts:
        volume = container.volume_of(mount)
        if volume is None:
            continue
        read_only = mount.read_only is not None
        if volume.kind is VolumeKind.NAMED:
            name = f"{plan.run.name}-{volume.name.text}"
            volumes.append(name)
            mounts.append(Mount(name, mount.path.text, read_only))
        elif volume.kind is VolumeKind.BIND:
            place = plan.root / bound_path(container, volume)
            mounts.append(Mount(str(place), mount.path.text, read_only))
    return tuple(mounts), volumes
