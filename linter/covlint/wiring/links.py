"""The hops of a chain as the files show them, for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain, Gap, Hop, Link, Route
from covlint.facts.dockerfile.build import Instrumentation
from covlint.wiring.routes import exact, way_out

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.steps import ImageBuild
    from covlint.wiring.routes import Missing as _Missing

_BUILD_LABELS = {
    Instrumentation.YES: "instrumented",
    Instrumentation.NO: "not instrumented",
    Instrumentation.CONDITIONAL: "instrumented when {variable} says so",
    Instrumentation.UNKNOWN: "instrumentation not seen",
}


#: What builds from a Dockerfile that covlint reads.
_RESOLVED = frozenset({"docker", "compose"})


def links_of(chain: Chain) -> tuple[tuple[Link, ...], Gap | None]:
    """The hops that the files show, in order, and the first that is missing."""
    links: list[Link] = []
    gap: Gap | None = None
    for hop in (*_build_hops(chain), *_container_hops(chain), *way_out(chain)):
        if isinstance(hop, Link):
            links.append(hop)
        elif gap is None:
            missing, reason = hop
            gap = Gap(links[-1].hop if links else Hop.BUILD, missing, reason)
    return tuple(links), gap


def _build_hops(chain: Chain) -> Iterator[Link | _Missing]:
    state, image, container = chain.instrumentation, chain.image, chain.container
    if chain.builds:
        # several lines may build a program: one that only warms a cache decides nothing
        deciding = [one for one in chain.builds if one.instrumentation is state]
        build = (deciding or chain.builds)[0]
        seen = state is Instrumentation.YES
        label = _BUILD_LABELS[state].format(variable=build.variable)
        yield Link(Hop.BUILD, build.span, label, Certainty.EXACT if seen else Certainty.UNKNOWN)
        if state is Instrumentation.NO and chain.takes_part:
            yield Hop.BUILD, "the build is not instrumented"
    elif chain.unresolved is not None:
        yield Link(
            Hop.BUILD, chain.unresolved.span, _unresolved(chain.unresolved), Certainty.UNKNOWN
        )
    elif image is not None:
        yield Link(Hop.BUILD, None, "not seen: not built in this Dockerfile", Certainty.UNKNOWN)
    else:
        yield Link(Hop.BUILD, None, "not seen: nothing here builds the image", Certainty.UNKNOWN)
    if image is not None:
        label = image.name or image.base or "image"
        sure = chain.image_certainty
        if sure is Certainty.EXACT and chain.near_builds and not chain.image_builds:
            sure = Certainty.ASSUMED  # the same name, and another tag
        yield Link(Hop.IMAGE, image.origin, label, sure)
    elif container is not None and container.image is not None:
        known = Certainty.UNKNOWN if chain.unresolved is None else Certainty.EXACT
        yield Link(Hop.IMAGE, container.image.span, container.image.text, known)
    else:
        yield Link(Hop.IMAGE, None, "not seen", Certainty.UNKNOWN)


def _unresolved(build: ImageBuild) -> str:
    if build.builder in _RESOLVED:
        what = build.dockerfile or "a Dockerfile that is not seen"
        return f"not seen: {what} has no Go build here, its program comes from elsewhere"
    return f"not seen: {build.builder} builds it, which covlint does not resolve"


def _container_hops(chain: Chain) -> Iterator[Link | _Missing]:
    container = chain.container
    if container is not None:
        name = container.pod.name.text if container.pod.name else ""
        yield exact(Hop.WORKLOAD, container.pod.span, f"{container.pod.kind} {name}".strip())
        label = container.name.text if container.name else "container"
        yield exact(Hop.CONTAINER, container.span, label)
    if chain.coverdir is not None:
        yield exact(Hop.COVERDIR, chain.coverdir.span, chain.coverdir.text)
        return
    if container is None or chain.route is Route.HTTP or not chain.takes_part:
        return
    variable = container.variable("GOCOVERDIR")
    if container.env_opaque or (variable is not None and variable.value is None):
        span = variable.span if variable is not None else None
        yield Link(Hop.COVERDIR, span, "not seen", Certainty.UNKNOWN)
    else:
        yield Hop.COVERDIR, "GOCOVERDIR is not set"
