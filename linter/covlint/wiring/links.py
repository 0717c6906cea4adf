"""The hops of a chain as the files show them, for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain, Gap, Hop, Link
from covlint.facts.dockerfile.build import Instrumentation

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.steps import Step
    from covlint.facts.kubernetes.pod import Volume
    from covlint.source import Span

_BUILD_LABELS = {
    Instrumentation.YES: "instrumented",
    Instrumentation.NO: "not instrumented",
    Instrumentation.CONDITIONAL: "instrumented when {variable} says so",
    Instrumentation.UNKNOWN: "instrumentation not seen",
}


def links_of(chain: Chain) -> tuple[tuple[Link, ...], Gap | None]:
    """The hops that the files show, in order, and the first that is missing."""
    links: list[Link] = []
    gap: Gap | None = None
    for hop in (*_build_hops(chain), *_container_hops(chain), *_report_hops(chain)):
        if isinstance(hop, Link):
            links.append(hop)
        elif gap is None:
            missing, reason = hop
            gap = Gap(links[-1].hop if links else Hop.BUILD, missing, reason)
    return tuple(links), gap


_Missing = tuple[Hop, str]


def _build_hops(chain: Chain) -> Iterator[Link | _Missing]:
    state = chain.instrumentation
    if chain.builds:
        build = chain.builds[0]
        seen = state is Instrumentation.YES
        label = _BUILD_LABELS[state].format(variable=build.variable)
        yield Link(Hop.BUILD, build.span, label, Certainty.EXACT if seen else Certainty.UNKNOWN)
        if state is Instrumentation.NO:
            yield Hop.BUILD, "the build is not instrumented"
    else:
        yield Link(Hop.BUILD, None, "not seen", Certainty.UNKNOWN)
    image = chain.image
    if image is None:
        yield Link(Hop.IMAGE, None, "not seen", Certainty.UNKNOWN)
    else:
        label = image.name or image.base or "image"
        yield Link(Hop.IMAGE, image.origin, label, chain.image_certainty)


def _container_hops(chain: Chain) -> Iterator[Link | _Missing]:
    container = chain.container
    if container is not None:
        name = container.pod.name.text if container.pod.name else ""
        yield _exact(Hop.WORKLOAD, container.pod.span, f"{container.pod.kind} {name}".strip())
        label = container.name.text if container.name else "container"
        yield _exact(Hop.CONTAINER, container.span, label)
    if chain.coverdir is None:
        if container is not None:
            yield Hop.COVERDIR, "GOCOVERDIR is not set"
        return
    yield _exact(Hop.COVERDIR, chain.coverdir.span, chain.coverdir.text)
    if container is None:
        return
    if chain.mount is None:
        yield Hop.MOUNT, f"no volume is mounted at {chain.coverdir.text}"
        return
    yield _exact(Hop.MOUNT, chain.mount.path.span, chain.mount.path.text)
    volume = chain.volume
    if volume is None:
        yield Hop.VOLUME, f"volume {chain.mount.name.text} is not declared"
        return
    yield _exact(Hop.VOLUME, volume.span, f"{volume.name.text} ({volume.kind.value})")
    if volume.host_path is None:
        return
    yield _exact(Hop.NODE_PATH, volume.host_path.span, volume.host_path.text)
    for mount in chain.extra_mounts[:1]:
        yield _exact(Hop.EXTRA_MOUNT, mount.container_path.span, mount.container_path.text)
        if mount.host_path is not None:
            yield _exact(Hop.HOST_PATH, mount.host_path.span, mount.host_path.text)
    if not chain.extra_mounts and chain.clusters and not _copied_from_node(chain, volume):
        yield Hop.EXTRA_MOUNT, f"no Kind node mounts {volume.host_path.text}"


def _copied_from_node(chain: Chain, volume: Volume) -> bool:
    """Whether something copies the data out of the node itself: no extraMount is needed."""
    if volume.host_path is None or not chain.steps:
        return False
    from covlint.facts.commands.data_steps import NODE_TOOLS, copied

    return copied(chain.steps, NODE_TOOLS, [volume.host_path.text])


def _report_hops(chain: Chain) -> Iterator[Link]:
    if chain.container is None or chain.coverdir is None or not chain.steps:
        return
    from covlint.facts.commands.extraction import StepKind  # loaded anyway, where there are steps

    copy: Step | None = None
    for kind, hop in ((StepKind.COPY, Hop.EXTRACTION), (StepKind.REPORT, Hop.REPORT)):
        step = next((s for s in chain.steps if s.kind is kind and _is_about(s.source, chain)), None)
        if step is not None:
            label = "go tool covdata" if kind is StepKind.REPORT else f"copied by {step.through}"
            yield _exact(hop, step.span, label)
            copy = step
        elif copy is not None:
            # its directory is not seen, but the same file brings the data here
            step = next((s for s in chain.steps if s.kind is kind and _beside(s, copy)), None)
            if step is not None:
                yield Link(hop, step.span, "go tool covdata", Certainty.ASSUMED)


def _beside(step: Step, copy: Step) -> bool:
    return step.source is None and step.span.path == copy.span.path


def _is_about(path: str | None, chain: Chain) -> bool:
    """Whether a step reads the data of this chain, by the paths that it passes through."""
    if path is None:
        return False
    words = [chain.coverdir, chain.volume.host_path if chain.volume is not None else None]
    words += [mount.host_path for mount in chain.extra_mounts]
    known = [word.text.strip("./") for word in words if word is not None]
    return any(text and text in path for text in known)


def _exact(hop: Hop, span: Span, label: str) -> Link:
    return Link(hop, span, label, Certainty.EXACT)
