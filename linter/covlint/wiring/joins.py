"""Which image a container runs, and which commands build it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from covlint.chain import Certainty
from covlint.facts.dockerfile.base_images import short_name
from covlint.wiring.compose import with_overrides
from covlint.wiring.image_index import ImageIndex, makes

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.extraction import ImageBuild, Step
    from covlint.facts.dockerfile.image import Image
    from covlint.facts.kubernetes.cluster import KindCluster
    from covlint.facts.kubernetes.workload import Container
    from covlint.source import Span
    from covlint.wiring.inputs import Facts

#: What builds images without saying by which Dockerfile: a workload may run one of those.
_OTHER_BUILDERS = frozenset({"ko", "bake", "goreleaser", "skaffold"})

Join = tuple["Image | None", "Container | None", Certainty]


def is_target(image: Image, index: ImageIndex) -> bool:
    """Whether a build command makes this stage."""
    return any(b.target == image.name for b in index.builds_from(image.dockerfile))


def join_images(index: ImageIndex, facts: Facts) -> list[Join]:
    """Which image each container runs."""
    pairs: list[Join] = []
    unexplained: list[Container] = []
    in_pods = Counter(one.pod.span for one in facts.containers if not one.init)
    for container in with_overrides(facts.containers):
        if container.init:
            continue
        image = _image_of(container, index)
        if image is not None:
            pairs.append((image, container, Certainty.EXACT))
        elif container.image is not None and not container.pod.is_compose:
            unexplained.append(container)
        elif container.variable("GOCOVERDIR") or _alone_in_go(container, in_pods):
            joined = _by_name(container, index)
            if joined[0] is not None or container.variable("GOCOVERDIR"):
                pairs.append(joined)
    candidates = [i for i in index.images if i.final and i.builds]
    taken = {id(image) for image, c, _ in pairs if c is None or not c.pod.is_compose}
    free = [i for i in candidates if id(i) not in taken]
    with_coverage = [c for c in unexplained if c.variable("GOCOVERDIR")] or [
        c
        for c in unexplained
        if not c.span.path.endswith(".py")  # fixtures nobody deploys
    ]
    names = {short_name(c.image.text) for c in with_coverage if c.image is not None}
    elsewhere = any(
        b.builder in _OTHER_BUILDERS and b.dockerfile is None for b in facts.image_builds
    )
    if len(candidates) == 1 and len(free) == 1 and len(names) == 1 and not elsewhere:
        pairs.extend((free[0], c, Certainty.ASSUMED) for c in with_coverage)
        joined_now = set(map(id, with_coverage))
        unexplained = [c for c in unexplained if id(c) not in joined_now]
    pairs.extend(
        (None, c, Certainty.UNKNOWN) for c in unexplained if c.variable("GOCOVERDIR") is not None
    )
    return pairs


def _alone_in_go(container: Container, in_pods: Mapping[Span, int]) -> bool:
    """Whether it is the one container of a pod that Go code deploys for coverage, so that
    it should get GOCOVERDIR; a pod's name says nothing about its sidecars."""
    if not _in_go(container) or container.env_opaque:
        return False
    return in_pods[container.pod.span] == 1


def _by_name(container: Container, index: ImageIndex) -> Join:
    """A container whose image is not seen: Go code is joined by names."""
    if _in_go(container):
        from covlint.wiring.gojoins import image_of  # only where Go code deploys

        image = image_of(container, index)
        if image is not None:
            return image, container, Certainty.ASSUMED
    return None, container, Certainty.UNKNOWN


def _image_of(container: Container, index: ImageIndex) -> Image | None:
    if container.image is None:
        return None
    reference = container.image.text
    named = index.tagged(reference) or [
        # a suite's own image is not what manifests outside of the suite run
        b
        for b in index.tagged_like(short_name(reference))
        if not b.span.path.endswith(".go") or _in_go(container)
    ]
    for build in sorted(named, key=lambda b: -_nearness(container.span.path, b)):
        for image in index.stages(build.dockerfile):
            if makes(build, image):
                return image
    return None


def _nearness(path: str, build: ImageBuild) -> int:
    """How many folders a build's Dockerfile, or its command, shares with a file: repositories
    of examples name many images alike."""
    own = path.split("/")[:-1]
    other = build.dockerfile or build.span.path
    shared = 0
    for mine, its in zip(own, other.split("/")[:-1], strict=False):
        if mine != its:
            break
        shared += 1
    return shared


def _in_go(container: Container) -> bool:
    return container.span.path.endswith(".go")


def image_builds_of(
    image: Image, container: Container | None, index: ImageIndex
) -> tuple[ImageBuild, ...]:
    """The command lines that build exactly the image that the container runs."""
    of_file = [b for b in index.builds_from(image.dockerfile) if makes(b, image)]
    if container is not None and container.image is None and _in_go(container):
        from covlint.wiring.gojoins import builds_for  # only where Go code deploys

        return builds_for(container, of_file)
    if container is None or container.image is None:
        return tuple(of_file)
    return tuple(b for b in of_file if container.image.text in b.tags)


def unresolved_build_of(container: Container, index: ImageIndex) -> ImageBuild | None:
    """What builds the container's image where no Go build in a Dockerfile is seen: another tool
    than docker, or a Dockerfile that takes in a binary. By the tag, else by the name."""
    if container.image is None:
        return None
    reference = container.image.text
    if reference.startswith("ko://"):
        return next((b for b in index.builds if b.builder == "ko"), None)
    named = index.tagged(reference) or index.called(short_name(reference))
    return max(named, key=lambda b: _nearness(container.span.path, b), default=None)


def near_builds_of(
    image: Image | None, container: Container | None, index: ImageIndex
) -> tuple[ImageBuild, ...]:
    """The command lines that build the container's image under another tag than it asks for."""
    if image is None or container is None or container.image is None:
        return ()
    wanted, short = container.image.text, short_name(container.image.text)
    return tuple(
        b
        for b in index.builds_from(image.dockerfile)
        if makes(b, image) and wanted not in b.tags and short in {short_name(tag) for tag in b.tags}
    )


def clusters_for(
    container: Container, clusters: Sequence[KindCluster], steps: Sequence[Step]
) -> tuple[KindCluster, ...]:
    """The Kind configs that may get a container's workload.

    A recipe that creates a cluster from a config and applies the manifest says
    which; where none does, every config of the project may.
    """
    if not steps:
        return tuple(clusters)
    from covlint.facts.commands.extraction import StepKind  # loaded anyway, where there are steps

    path = container.span.path
    if _in_go(container):
        from covlint.wiring.gojoins import clusters_of  # only where Go code deploys

        known = clusters_of(container, clusters, steps)
        if known is not None:
            return known
    recipes = {
        (step.span.path, step.recipe)
        for step in steps
        if step.kind is StepKind.APPLY
        and any(o is not None and _names(o, path) for o in step.operands)
    }
    configs = {
        step.source
        for step in steps
        if step.kind is StepKind.CREATE_CLUSTER and (step.span.path, step.recipe) in recipes
    }
    named = tuple(cluster for cluster in clusters if cluster.span.path in configs)
    return named or tuple(clusters)


def _names(operand: str, path: str) -> bool:
    """Whether ``kubectl apply -f operand`` applies the file at ``path``."""
    return path == operand or path.startswith(operand.rstrip("/") + "/")
