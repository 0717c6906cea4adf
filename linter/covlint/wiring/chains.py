"""Chains made of facts: for each container its image, for each image its builds."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain
from covlint.facts.commands.steps import StepKind, Steps
from covlint.facts.dockerfile.build import Branch, GoBuild, Instrumentation
from covlint.facts.dockerfile.image import Image, output_name
from covlint.frozen import dataclass
from covlint.wiring.copy_pods import copy_pod_of
from covlint.wiring.image_index import ImageIndex
from covlint.wiring.inputs import Facts, Repository
from covlint.wiring.joins import (
    clusters_for,
    image_builds_of,
    is_target,
    join_images,
    near_builds_of,
    unresolved_build_of,
)
from covlint.wiring.links import links_of
from covlint.wiring.participation import (
    feeds_production,
    has_own_sign,
    instrumentation_of,
    passes_coverage,
)
from covlint.wiring.questions import files_elsewhere, plainly_for_e2e
from covlint.wiring.routes import route_of
from covlint.wiring.sites import site_of

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.dockerfile.entrypoint import Entrypoint
    from covlint.facts.golang.shutdown import GoModule, MainPackage
    from covlint.facts.kubernetes.cluster import ExtraMount, KindCluster
    from covlint.facts.kubernetes.namespace import Namespace
    from covlint.facts.kubernetes.workload import Container, Volume
    from covlint.source import Word


#: Names of containers that tell no service from another.
_GENERIC = frozenset({"controller", "manager", "operator", "server", "service", "app", "main"})


@dataclass(frozen=True, slots=True)
class Wired:
    """Builds and images with what wiring knows about them, and the chains."""

    builds: tuple[GoBuild, ...]
    images: tuple[Image, ...]
    chains: tuple[Chain, ...]


def wire(facts: Facts, repository: Repository) -> Wired:
    """Join the facts of a project."""
    if any(container.variable("GOCOVERDIR") for container in facts.containers):
        from covlint.facts.kubernetes.partial import with_patches  # only where one may be there

        facts.containers = with_patches(facts.containers)
    commands = ImageIndex(facts.images, facts.image_builds).builds_from
    sites = {
        _key(b): replace(b, site=site_of(b, b.span.path, commands(b.span.path), repository))
        for b in facts.builds
    }
    images = [replace(i, builds=tuple(sites[_key(b)] for b in i.builds)) for i in facts.images]
    if any(step.kind is StepKind.TEST_BUILD for step in facts.steps):
        from covlint.wiring.test_binaries import with_copied_tests  # few scripts build one

        images = with_copied_tests(images, facts, repository)
    index = ImageIndex(images, facts.image_builds)
    branches = {(b.span.path, b.stage) for b in sites.values() if b.branch is Branch.COVERAGE}
    meant = {key for key, b in sites.items() if _meant_for_coverage(b, branches, facts, index)}
    make = partial(_chain, facts, repository, index, meant, Steps(facts.steps))
    chains = [make(*pair) for pair in join_images(index, facts)]
    # an image whose containers are all without coverage is judged by itself
    covered = {id(chain.image) for chain in chains if chain.takes_part or not chain.builds}
    chains.extend(
        make(image, None, Certainty.EXACT)
        for image in images
        if id(image) not in covered and (image.final or is_target(image, index))
    )
    chains = _without_plain_twins(chains)
    parts = set(meant)
    for chain in chains:
        if chain.takes_part:
            parts.update(_key(build) for build in _service_builds(chain, meant))
    parts = {key for key in parts if not sites[key].in_production_branch}

    def marked(build: GoBuild) -> GoBuild:
        return replace(build, takes_part=_key(build) in parts)

    def marked_image(image: Image, part: bool) -> Image:
        builds = tuple(marked(b) for b in image.builds)
        return replace(image, builds=builds, takes_part=part or any(b.takes_part for b in builds))

    finished: list[Chain] = []
    paths = frozenset(path for chain in chains for path in _data_paths(chain))
    nodes = paths if any(map(_node_unseen, chains)) else frozenset(_node_paths(chains))
    for chain in chains:
        builds = tuple(marked(b) for b in chain.builds)
        image = chain.image and marked_image(chain.image, chain.takes_part)
        finished.append(
            replace(chain, builds=builds, image=image, data_paths=paths, node_paths=nodes)
        )
    return Wired(
        tuple(marked(b) for b in sites.values()),
        tuple(marked_image(i, i.coverdir is not None) for i in images),
        tuple(finished),
    )


def _service_builds(chain: Chain, meant: set[tuple[str, int]]) -> Iterable[GoBuild]:
    """The builds of an image but for its plain side programs: where one build is for
    coverage, another one that nothing can instrument is not."""
    some = any(_key(build) in meant for build in chain.builds)
    for build in chain.builds:
        if not some or _key(build) in meant or build.instrumentation is not Instrumentation.NO:
            yield build


def _key(build: GoBuild) -> tuple[str, int]:
    """Where a build is written: wiring replaces facts, and places stay."""
    return (build.span.path, build.span.start)


def _meant_for_coverage(
    build: GoBuild, branches: Collection[tuple[str, int]], facts: Facts, index: ImageIndex
) -> bool:
    """Whether the Dockerfile, a command that builds it or the configuration says that the
    build is for coverage; what lies in ``testdata`` is for the tests themselves."""
    if any("testdata" in (word.literal or "").split("/") for word in build.packages):
        return False
    if build.span.path in facts.targets and not build.in_production_branch:
        return True
    return has_own_sign(build, branches) or any(
        passes_coverage(command, build) for command in index.builds_from(build.span.path)
    )


def _without_plain_twins(chains: list[Chain]) -> list[Chain]:
    """The chains without those of containers that run the image without coverage, where
    the same image has a chain with it: they would only repeat what is known."""
    covered = {chain.image.origin for chain in chains if chain.takes_part and chain.image}
    return [
        chain
        for chain in chains
        if chain.takes_part or chain.image is None or chain.image.origin not in covered
    ]


def _chain(
    facts: Facts,
    repository: Repository,
    index: ImageIndex,
    meant: set[tuple[str, int]],
    steps: Steps,
    image: Image | None,
    container: Container | None,
    certainty: Certainty,
) -> Chain:
    if image is not None and container is not None and container.stop_signal is not None:
        image = replace(image, stop_signal=container.stop_signal)
    image_builds = image_builds_of(image, container, index) if image else ()
    builds = tuple(b for b in image.builds if not b.in_production_branch) if image else ()
    coverdir = _coverdir(image, container)
    mount = volume = None
    if container is not None and coverdir is not None:
        mount = container.mount_at(coverdir.text)
        volume = container.volume_of(mount) if mount is not None else None
    clusters = tuple(facts.clusters)
    if container is not None:
        clusters = clusters_for(container, facts.clusters, steps)
    extra_mounts = _extra_mounts(volume, clusters)
    instrumentation = instrumentation_of(builds, image_builds)
    part = coverdir is not None or any(_key(b) in meant for b in builds)
    if container is not None and not _asks_for_data(container, coverdir, instrumentation):
        part = instrumentation is Instrumentation.YES
    # following a program's imports reads many files: only where an answer matters
    running = _running(builds, image, container)
    main, module = _main(running, repository) if part else (None, None)
    chain = Chain(
        service=_service(image, container, builds),
        links=(),
        gap=None,
        takes_part=part,
        builds=builds,
        instrumentation=instrumentation,
        image=image,
        image_certainty=certainty,
        image_builds=image_builds,
        container=container,
        coverdir=coverdir,
        mount=mount,
        volume=volume,
        clusters=clusters,
        extra_mounts=extra_mounts,
        steps=steps,
        main=main,
        module=module,
        plainly_e2e=container is not None and plainly_for_e2e(container),
        feeds_production=feeds_production(
            image, builds, index.stages(image.dockerfile if image else None)
        ),
        namespace=_namespace(container, facts),
        near_builds=near_builds_of(image, container, index),
        sequences=facts.sequences,
    )
    if part and image is not None:
        chain = replace(chain, entrypoint=_entrypoint(image, builds, repository))
    if container is not None:
        chain = replace(
            chain,
            copy_pod=copy_pod_of(container, volume, facts.containers),
            unresolved=unresolved_build_of(container, index) if not image else None,
        )
    chain = replace(chain, route=route_of(chain))
    links, gap = links_of(chain)
    return replace(chain, links=links, gap=gap)


def _namespace(container: Container | None, facts: Facts) -> Namespace | None:
    """The namespace that the container's manifest names, if it is declared once."""
    name = container.pod.namespace if container is not None else None
    if name is None:
        return None
    found = [one for one in facts.namespaces if one.name.text == name.text]
    return found[0] if len(found) == 1 else None


def _data_paths(chain: Chain) -> Iterable[str]:
    words = [chain.coverdir, chain.mount.path if chain.mount is not None else None]
    words.append(chain.volume.host_path if chain.volume is not None else None)
    return (word.text for word in words if word is not None)


def _node_paths(chains: Iterable[Chain]) -> Iterable[str]:
    volumes = (chain.volume for chain in chains)
    return (one.host_path.text for one in volumes if one is not None and one.host_path is not None)


def _node_unseen(chain: Chain) -> bool:
    """Whether a chain goes through a node by a path that is not seen, or may."""
    if chain.container is None or chain.coverdir is None:
        return False
    if chain.volume is None:
        return chain.container.mounts_opaque or chain.container.pod.volumes_opaque
    return chain.volume.kind.name == "HOST_PATH" and chain.volume.host_path is None


def _asks_for_data(
    container: Container, coverdir: Word | None, instrumentation: Instrumentation
) -> bool:
    """Whether a container is there to be measured: by a variable of its own, or by the
    image's where that can only be an instrumented one. An image that sets GOCOVERDIR
    always, and is instrumented on demand, runs in production as well."""
    if coverdir is None:
        return False
    if container.variable("GOCOVERDIR") is not None or plainly_for_e2e(container):
        return True
    return instrumentation not in {Instrumentation.CONDITIONAL, Instrumentation.NO}


def _entrypoint(
    image: Image, builds: tuple[GoBuild, ...], repository: Repository
) -> Entrypoint | None:
    """The script that the image starts, found where the build context has it."""
    script = image.process.script if image.process is not None else None
    if script is None:
        return None
    sites = [build.site for build in builds if build.site is not None]
    context = sites[0].context if sites else posixpath.dirname(image.dockerfile)
    path = posixpath.normpath(posixpath.join(context, script.file))
    source = repository.file_at(path)
    if source is None:
        return None
    from covlint.facts.dockerfile.entrypoint import read_entrypoint  # few images start a script

    return read_entrypoint(source, image.shell, script.shell)


def _coverdir(image: Image | None, container: Container | None) -> Word | None:
    if container is not None:
        variable = container.variable("GOCOVERDIR")
        if variable is not None:
            return variable.value if variable.value is not None and variable.value.text else None
        if container.env_opaque:
            return None
    return image.coverdir if image is not None else None


def _extra_mounts(volume: Volume | None, clusters: Sequence[KindCluster]) -> tuple[ExtraMount, ...]:
    if volume is None or volume.host_path is None:
        return ()
    found = (node.mount_at(volume.host_path.text) for cluster in clusters for node in cluster.nodes)
    return tuple(mount for mount in found if mount is not None)


def _running(
    builds: tuple[GoBuild, ...], image: Image | None, container: Container | None
) -> tuple[GoBuild, ...]:
    """Those of the builds whose program is PID 1, as far as its name tells; else all."""
    argv = container.command if container is not None else None
    process = image.process if image is not None else None
    if argv is None and process is not None and process.interpreter is None:
        argv = process.argv
    if not argv:
        return builds
    name = posixpath.basename(argv[0].text)
    return tuple(b for b in builds if output_name(b) == name) or builds


def _main(
    builds: tuple[GoBuild, ...], repository: Repository
) -> tuple[MainPackage | None, GoModule | None]:
    sites = [b.site for b in builds if b.site is not None]
    packages = {site.package for site in sites}
    if len(packages) != 1 or sites[0].package is None:
        return None, sites[0].module if sites else None
    main = repository.main_of(sites[0].package)
    elsewhere = sorted({name for build in builds for name in files_elsewhere(build)})
    if main is not None and elsewhere:
        # what is copied or downloaded beside the program may do all of this
        main = replace(
            main, serves_coverage=True, handles_sigterm=None, unseen=(*main.unseen, *elsewhere)
        )
    return main, sites[0].module


def _service(image: Image | None, container: Container | None, builds: tuple[GoBuild, ...]) -> str:
    if container is not None:
        names = [word.text for word in (container.name, container.pod.name) if word is not None]
        telling = (name for name in names if name not in _GENERIC)
        if names:
            return next(telling, names[0])
    for build in builds:
        name_of_output = output_name(build)
        if name_of_output:
            return name_of_output
        if build.site is not None and build.site.import_path:
            return posixpath.basename(build.site.import_path)
    if image is not None:
        folder = posixpath.basename(posixpath.dirname(image.dockerfile))
        return image.name or folder or image.dockerfile
    return "service"
