"""Facts joined into coverage chains.

Joins are made by what the files say: image names and tags of build commands and
manifests, stage names, paths. Where nothing says so, one Go image and one
workload that nothing else explains are joined as *assumed*; anything less
certain stays apart, and rules are silent about it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from covlint.chain import Certainty, Chain, Gap, Hop, Link
from covlint.facts.base_images import split_reference
from covlint.facts.build import (
    COVER_FLAGS,
    Branch,
    BuildSite,
    GoBuild,
    Instrumentation,
    is_coverage_name,
    mentions_cover,
)
from covlint.facts.cluster import ExtraMount, KindCluster
from covlint.facts.coverage_volume import is_coverage_volume
from covlint.facts.extraction import ImageBuild, Step, StepKind
from covlint.facts.flags import Flag
from covlint.facts.image import Image, output_name
from covlint.facts.shutdown import GoModule, MainPackage
from covlint.facts.workload import Container, Volume, VolumeKind, VolumeMount
from covlint.source import Span, Word

__all__ = [
    "Certainty",
    "Chain",
    "Facts",
    "Gap",
    "Hop",
    "Link",
    "Repository",
    "is_coverage_volume",
    "plainly_for_e2e",
    "runs_as_root",
    "seen_mounted",
    "site_of",
    "wire",
]

_E2E = re.compile(
    r"(?:^|[-_./])(?:e2e|end-to-end|cov|cover|coverage|coverdata|kind|test|tests|testing|integration|ci)"
    r"(?:[-_./]|$)"
)
_PRODUCTION = re.compile(r"(?:^|[-_./])(?:prod|production|release|live)(?:[-_./]|$)")


@dataclass
class Facts:
    """All facts of a project, by kind."""

    images: list[Image] = field(default_factory=list)
    builds: list[GoBuild] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    clusters: list[KindCluster] = field(default_factory=list)
    image_builds: list[ImageBuild] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Repository:
    """What wiring asks about the repository's Go code; answered lazily.

    ``module_of`` gives the go.mod that a directory belongs to; ``go_files`` the
    Go files of a directory that a build takes; ``main_of`` the main package in
    a directory. Directories are relative to the project root.
    """

    module_of: Callable[[str], GoModule | None]
    go_files: Callable[[str], tuple[str, ...]]
    main_of: Callable[[str], MainPackage | None]


def site_of(
    build: GoBuild, dockerfile: str, image_builds: Iterable[ImageBuild], repository: Repository
) -> BuildSite:
    """Where a build's sources are in the repository."""
    context = next(
        (b.context for b in image_builds if b.dockerfile == dockerfile and b.context is not None),
        None,
    )
    folder = posixpath.dirname(dockerfile) or "."
    if context is None:
        module = repository.module_of(folder)
        context = module.directory if module is not None else folder
    directory = None
    if build.source_root is not None and "\0" not in build.directory:
        relative = posixpath.relpath(build.directory, build.source_root)
        if not relative.startswith(".."):
            directory = posixpath.normpath(posixpath.join(context, relative))
    module = repository.module_of(directory if directory is not None else context)
    package = _package_of(build, directory, module)
    files = repository.go_files(package) if package is not None else ()
    return BuildSite(context, directory, module, package if files else None, files)


def _package_of(build: GoBuild, directory: str | None, module: GoModule | None) -> str | None:
    if not build.packages:
        return None if build.unseen else directory
    literals = [word.literal for word in build.packages]
    first = literals[0]
    if first is None or "..." in first or "@" in first:
        return None
    if first.endswith(".go"):
        folders = {posixpath.dirname(text or "") for text in literals}
        if len(folders) != 1:
            return None
        first = folders.pop() or "."
    elif len(literals) != 1:
        return None
    if module is not None and (first + "/").startswith(module.module_path + "/"):
        rest = first[len(module.module_path) :].lstrip("/")
        return posixpath.normpath(posixpath.join(module.directory, rest))
    if directory is None or (not first.startswith((".", "cmd")) and "." in first.split("/")[0]):
        return None
    if first.startswith("/") and build.source_root is not None:
        first = posixpath.relpath(first, build.directory)
    package = posixpath.normpath(posixpath.join(directory, first))
    return None if package.startswith("..") else package


def plainly_for_e2e(container: Container) -> bool:
    """Whether a manifest is for e2e or coverage only: by its path, namespace or name."""
    pod = container.pod
    names = [container.span.path, *(w.text for w in (pod.name, pod.namespace) if w is not None)]
    if any(_PRODUCTION.search(name.lower()) for name in names):
        return False
    return any(_E2E.search(name.lower()) for name in names)


def runs_as_root(chain: Chain) -> bool | None:
    """Whether the container's process is root; None when that cannot be told."""
    container = chain.container
    if container is not None:
        identity = container.identity
        if identity.opaque:
            return None
        if identity.user is not None:
            return identity.user.text == "0"
        if identity.non_root is not None:
            return False
    if chain.image is None or (
        container is not None and chain.image_certainty is Certainty.UNKNOWN
    ):
        return None
    return chain.image.user.root


def seen_mounted(chain: Chain) -> bool:
    """Whether something seen mounts a volume over the chain's GOCOVERDIR."""
    if chain.coverdir is None:
        return False
    if chain.mount is not None:
        return True
    if chain.container is not None and chain.container.mounts_opaque:
        return True
    path = chain.coverdir.text.rstrip("/") + "/"
    return any(
        path.startswith(mount.rstrip("/") + "/")
        for step in chain.steps
        if step.kind is StepKind.RUN_CONTAINER
        for mount in step.mounts
    )


def wire(facts: Facts, repository: Repository) -> tuple[tuple[GoBuild, ...], tuple[Image, ...], tuple[Chain, ...]]:
    """Builds and images with what wiring knows about them, and the chains."""
    sites = {
        (b.span.path, b.span.start): replace(
            b, site=site_of(b, b.span.path, facts.image_builds, repository)
        )
        for b in facts.builds
    }
    images = [
        replace(i, builds=tuple(sites[b.span.path, b.span.start] for b in i.builds))
        for i in facts.images
    ]
    pairs = _join(images, facts)
    joined = {id(image) for image, _, _ in pairs if image is not None}
    targets = [
        i for i in images
        if id(i) not in joined and (i.final or _is_target(i, facts.image_builds))
    ]
    pairs.extend((image, None, Certainty.EXACT) for image in targets)
    chains = [_chain(*pair, facts=facts, repository=repository, images=images) for pair in pairs]
    parts = {
        (b.span.path, b.span.start)
        for chain in chains if chain.takes_part
        for b in chain.builds
    }
    parts |= {key for key, b in sites.items() if _has_own_sign(b, list(sites.values()))}
    parts = {key for key in parts if not sites[key].in_production_branch}

    def marked(build: GoBuild) -> GoBuild:
        return replace(build, takes_part=(build.span.path, build.span.start) in parts)

    def marked_image(image: Image, part: bool) -> Image:
        builds = tuple(marked(b) for b in image.builds)
        return replace(image, builds=builds, takes_part=part or any(b.takes_part for b in builds))

    finished: list[Chain] = []
    for chain in chains:
        builds = tuple(marked(b) for b in chain.builds)
        part = chain.takes_part or any(b.takes_part for b in builds)
        image = marked_image(chain.image, part) if chain.image is not None else None
        finished.append(replace(chain, builds=builds, image=image, takes_part=part))
    return (
        tuple(marked(b) for b in sites.values()),
        tuple(marked_image(i, i.coverdir is not None) for i in images),
        tuple(finished),
    )


# -- images and containers --------------------------------------------------


def _is_target(image: Image, builds: Sequence[ImageBuild]) -> bool:
    """Whether a build command makes this stage."""
    return any(b.dockerfile == image.dockerfile and b.target == image.name for b in builds)


def _join(
    images: list[Image], facts: Facts
) -> list[tuple[Image | None, Container | None, Certainty]]:
    """Which image each container runs."""
    pairs: list[tuple[Image | None, Container | None, Certainty]] = []
    unexplained: list[Container] = []
    for container in facts.containers:
        if container.init:
            continue
        image = _image_of(container, images, facts.image_builds)
        if image is not None:
            pairs.append((image, container, Certainty.EXACT))
        elif container.image is not None:
            unexplained.append(container)
        elif container.variable("GOCOVERDIR"):
            pairs.append((None, container, Certainty.UNKNOWN))
    candidates = [i for i in images if i.final and i.builds]
    taken = {id(image) for image, _, _ in pairs}
    free = [i for i in candidates if id(i) not in taken]
    with_coverage = [c for c in unexplained if c.variable("GOCOVERDIR")] or unexplained
    names = {_short(c.image.text) for c in with_coverage if c.image is not None}
    if len(candidates) == 1 and len(free) == 1 and len(names) == 1:
        pairs.extend((free[0], c, Certainty.ASSUMED) for c in with_coverage)
        unexplained = [c for c in unexplained if c not in with_coverage]
    pairs.extend(
        (None, c, Certainty.UNKNOWN) for c in unexplained if c.variable("GOCOVERDIR") is not None
    )
    return pairs


def _short(reference: str) -> str:
    return split_reference(reference)[0].rsplit("/", 1)[-1]


def _image_of(
    container: Container, images: list[Image], builds: Sequence[ImageBuild]
) -> Image | None:
    if container.image is None:
        return None
    reference = container.image.text
    exact = [b for b in builds if reference in b.tags]
    named = exact or [b for b in builds if _short(reference) in {_short(tag) for tag in b.tags}]
    for build in named:
        stages = [i for i in images if i.dockerfile == build.dockerfile]
        for image in stages:
            if image.name == build.target if build.target is not None else image.final:
                return image
    return None


def _image_builds_of(
    image: Image, container: Container | None, builds: Sequence[ImageBuild]
) -> tuple[ImageBuild, ...]:
    """The command lines that build exactly the image that the container runs."""
    of_file = [
        b for b in builds
        if b.dockerfile == image.dockerfile
        and (b.target == image.name if b.target is not None else image.final)
    ]
    if container is None or container.image is None:
        return tuple(of_file)
    return tuple(b for b in of_file if container.image.text in b.tags)


# -- chains -----------------------------------------------------------------


def _chain(
    image: Image | None,
    container: Container | None,
    certainty: Certainty,
    *,
    facts: Facts,
    repository: Repository,
    images: list[Image],
) -> Chain:
    image_builds = _image_builds_of(image, container, facts.image_builds) if image else ()
    builds = tuple(b for b in image.builds if not b.in_production_branch) if image else ()
    coverdir = _coverdir(image, container)
    mount = volume = None
    if container is not None and coverdir is not None:
        mount = container.mount_at(coverdir.text)
        volume = container.volume_of(mount) if mount is not None else None
    extra_mounts = _extra_mounts(volume, facts.clusters)
    main, module = _main(builds, repository)
    any_commands = [b for b in facts.image_builds if image and b.dockerfile == image.dockerfile]
    part = coverdir is not None or any(_has_own_sign(b, list(image.builds if image else ())) for b in builds)
    part = part or any(_passes_coverage(command, b) for b in builds for command in any_commands)
    chain = Chain(
        service=_service(image, container, builds),
        links=(),
        gap=None,
        takes_part=part,
        builds=builds,
        instrumentation=_instrumentation(builds, image_builds),
        image=image,
        image_certainty=certainty,
        image_builds=image_builds,
        container=container,
        coverdir=coverdir,
        mount=mount,
        volume=volume,
        clusters=tuple(facts.clusters),
        extra_mounts=extra_mounts,
        steps=tuple(facts.steps),
        main=main,
        module=module,
        plainly_e2e=container is not None and plainly_for_e2e(container),
        feeds_production=_feeds_production(image, builds, images),
    )
    links, gap = _links(chain)
    return replace(chain, links=links, gap=gap)


def _coverdir(image: Image | None, container: Container | None) -> Word | None:
    if container is not None:
        variable = container.variable("GOCOVERDIR")
        if variable is not None:
            return variable.value if variable.value is not None and variable.value.text else None
        if container.env_opaque:
            return None
    return image.coverdir if image is not None else None


def _extra_mounts(volume: Volume | None, clusters: Sequence[KindCluster]) -> tuple[ExtraMount, ...]:
    if volume is None or volume.kind is not VolumeKind.HOST_PATH or volume.host_path is None:
        return ()
    found = (
        node.mount_at(volume.host_path.text) for cluster in clusters for node in cluster.nodes
    )
    return tuple(mount for mount in found if mount is not None)


def _main(
    builds: tuple[GoBuild, ...], repository: Repository
) -> tuple[MainPackage | None, GoModule | None]:
    sites = [b.site for b in builds if b.site is not None]
    packages = {site.package for site in sites}
    if len(packages) != 1 or sites[0].package is None:
        return None, sites[0].module if sites else None
    return repository.main_of(sites[0].package), sites[0].module


def _has_own_sign(build: GoBuild, siblings: list[GoBuild]) -> bool:
    """Whether the Dockerfile itself shows that the build is meant for coverage."""
    if build.in_production_branch:
        return False
    if build.instrumentation is Instrumentation.YES:
        return True
    if build.branch is Branch.COVERAGE:
        return True
    if build.instrumentation is not Instrumentation.CONDITIONAL:
        return any(s.flags and _turns_on(s.flags) for s in build.goflags)
    if _turns_on(build.all_flags):
        return True
    for word in build.unseen:
        for part in word.parts:
            if part.kind == "variable" and mentions_cover(part.operand):
                return True
    return any(
        s.branch is Branch.COVERAGE and s.stage == build.stage and s.span.path == build.span.path
        for s in siblings
    )


def _turns_on(flags: tuple[Flag, ...]) -> bool:
    return any(f.name in COVER_FLAGS and f.enabled for f in flags)


def _passes_coverage(command: ImageBuild, build: GoBuild) -> bool:
    """Whether a build command turns on the instrumentation of this build."""
    for argument in command.arguments:
        if mentions_cover(argument.value):
            return True
        if is_coverage_name(argument.name) and (argument.value or "").lower() not in {
            "", "0", "false", "no", "off",
        }:
            return argument.name == build.variable or argument.name in build.declared
    return False


def _instrumentation(
    builds: tuple[GoBuild, ...], image_builds: tuple[ImageBuild, ...]
) -> Instrumentation:
    """Whether the image that a container runs is instrumented."""
    states = {b.instrumentation for b in builds}
    if not states or Instrumentation.UNKNOWN in states:
        return Instrumentation.UNKNOWN
    if states == {Instrumentation.YES} or states == {Instrumentation.NO}:
        return states.pop()
    if not image_builds:
        return Instrumentation.CONDITIONAL
    conditional = [b for b in builds if b.instrumentation is Instrumentation.CONDITIONAL]
    if all(_passes(command, build) for command in image_builds for build in conditional):
        return Instrumentation.YES
    return Instrumentation.CONDITIONAL


def _passes(command: ImageBuild, build: GoBuild) -> bool:
    return any(
        mentions_cover(a.value)
        or (is_coverage_name(a.name) and a.value not in {None, "", "0", "false"})
        for a in command.arguments
        if a.name == build.variable
    )


def _feeds_production(image: Image | None, builds: tuple[GoBuild, ...], images: list[Image]) -> bool:
    """Whether another target takes the same binary, so that changing the build changes it too."""
    if image is None:
        return False
    spans = {(b.span.path, b.span.start) for b in builds}
    stages = {b.stage for b in builds}
    for other in images:
        if other.dockerfile != image.dockerfile or other.stage == image.stage or other.stage in stages:
            continue
        if any((b.span.path, b.span.start) in spans for b in other.builds):
            return True
    return False


def _service(image: Image | None, container: Container | None, builds: tuple[GoBuild, ...]) -> str:
    if container is not None:
        name = container.name or container.pod.name
        if name is not None:
            return name.text
    for build in builds:
        name_of_output = output_name(build)
        if name_of_output:
            return name_of_output
        if build.site is not None and build.site.import_path:
            return posixpath.basename(build.site.import_path)
    if image is not None:
        return image.name or posixpath.basename(posixpath.dirname(image.dockerfile)) or image.dockerfile
    return "service"


def _links(chain: Chain) -> tuple[tuple[Link, ...], Gap | None]:
    """The hops that the files show, in order, and the first that is missing."""
    links: list[Link] = []
    gap: Gap | None = None

    def link(
        hop: Hop, span: Span | None, label: str, certainty: Certainty = Certainty.EXACT
    ) -> None:
        links.append(Link(hop, span, label, certainty))

    def missing(hop: Hop, reason: str) -> None:
        nonlocal gap
        if gap is None:
            gap = Gap(links[-1].hop if links else Hop.BUILD, hop, reason)

    if chain.builds:
        build = chain.builds[0]
        unknown = chain.instrumentation in {Instrumentation.UNKNOWN, Instrumentation.CONDITIONAL}
        label = {
            Instrumentation.YES: "instrumented",
            Instrumentation.NO: "not instrumented",
            Instrumentation.CONDITIONAL: f"instrumented when {build.variable} says so",
            Instrumentation.UNKNOWN: "instrumentation not seen",
        }[chain.instrumentation]
        link(Hop.BUILD, build.span, label, Certainty.UNKNOWN if unknown else Certainty.EXACT)
        if chain.instrumentation is Instrumentation.NO:
            missing(Hop.BUILD, "the build is not instrumented")
    else:
        link(Hop.BUILD, None, "not seen", Certainty.UNKNOWN)
    if chain.image is not None:
        link(Hop.IMAGE, chain.image.origin, chain.image.name or chain.image.base or "image", chain.image_certainty)
    else:
        link(Hop.IMAGE, None, "not seen", Certainty.UNKNOWN)
    container = chain.container
    if container is None:
        if chain.coverdir is not None:
            link(Hop.COVERDIR, chain.coverdir.span, chain.coverdir.text)
        return tuple(links), gap
    kind = container.pod.kind
    name = container.pod.name.text if container.pod.name else ""
    link(Hop.WORKLOAD, container.pod.span, f"{kind} {name}".strip())
    link(Hop.CONTAINER, container.span, container.name.text if container.name else "container")
    if chain.coverdir is None:
        missing(Hop.COVERDIR, "GOCOVERDIR is not set")
        return tuple(links), gap
    link(Hop.COVERDIR, chain.coverdir.span, chain.coverdir.text)
    if chain.mount is None:
        missing(Hop.MOUNT, f"no volume is mounted at {chain.coverdir.text}")
        return tuple(links), gap
    link(Hop.MOUNT, chain.mount.path.span, chain.mount.path.text)
    if chain.volume is None:
        missing(Hop.VOLUME, f"volume {chain.mount.name.text} is not declared")
        return tuple(links), gap
    link(Hop.VOLUME, chain.volume.span, f"{chain.volume.name.text} ({chain.volume.kind.value})")
    if chain.volume.host_path is not None:
        link(Hop.NODE_PATH, chain.volume.host_path.span, chain.volume.host_path.text)
        for mount in chain.extra_mounts[:1]:
            link(Hop.EXTRA_MOUNT, mount.container_path.span, mount.container_path.text)
            if mount.host_path is not None:
                link(Hop.HOST_PATH, mount.host_path.span, mount.host_path.text)
        if not chain.extra_mounts and chain.clusters:
            missing(Hop.EXTRA_MOUNT, f"no Kind node mounts {chain.volume.host_path.text}")
    for step in chain.steps:
        if step.kind is StepKind.REPORT:
            link(Hop.REPORT, step.span, "go tool covdata")
            break
    return tuple(links), gap
