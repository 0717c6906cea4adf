"""Copies of a binary from a stage that is not the one that builds it for coverage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import Branch, GoBuild, Instrumentation
from covlint.facts.dockerfile.scope import ScopedStage
from covlint.frozen import dataclass
from covlint.source import Span

if TYPE_CHECKING:
    from covlint.facts.dockerfile.image import Image


@dataclass(frozen=True, slots=True)
class StaleCopy:
    """``COPY --from=STAGE`` of a binary of which ``instrumented`` is never copied."""

    stage: Span  # the STAGE as written
    copied: GoBuild
    instrumented: GoBuild


def with_stale_copies(
    images: Sequence[Image],
    stages: Sequence[ScopedStage],
    builds: Sequence[GoBuild],
    name_of: NameOf,
) -> tuple[Image, ...]:
    """The images, each with its copies of a plain binary that another stage instruments."""
    always = [b for b in builds if b.instrumentation is Instrumentation.YES]
    taken = {b.span for image in images for b in image.builds if b.stage != image.stage}
    unused = [b for b in always if b.span not in taken]
    if not unused:
        return tuple(images)
    return tuple(
        replace(image, stale_copies=tuple(_stale(image, stages, unused, name_of)))
        for image in images
    )


def lasting(builds: Sequence[GoBuild]) -> list[GoBuild]:
    """The builds of one line of stages, in order, but for those whose very file a later
    stage writes anew (``FROM build AS cover``, and the same ``-o``)."""
    kept: list[GoBuild] = []
    for build in builds:
        output = build.output.text if build.output is not None else None
        if output is not None and not output.endswith("/") and build.branch is Branch.NONE:
            place = (output, build.directory)
            kept = [b for b in kept if _place(b) != place or b.stage == build.stage]
        kept.append(build)
    return kept


def _place(build: GoBuild) -> tuple[str | None, str]:
    return (build.output.text if build.output is not None else None, build.directory)


def _stale(
    image: Image, stages: Sequence[ScopedStage], unused: Sequence[GoBuild], name_of: NameOf
) -> Iterator[StaleCopy]:
    by_name: dict[str | None, list[GoBuild]] = {}
    for build in unused:
        by_name.setdefault(name_of(build), []).append(build)
    for build in image.builds:
        if build.instrumentation is not Instrumentation.NO:
            continue
        name = name_of(build)
        better = [b for b in by_name.get(name, ()) if b.stage != build.stage]
        if name is None or len(better) != 1:
            continue
        span = _origin(stages[image.stage], build)
        if span is not None and better[0].stage != image.stage:
            yield StaleCopy(span, build, better[0])


def _origin(stage: ScopedStage, build: GoBuild) -> Span | None:
    """Where the stage of the build is named in the only COPY from it."""
    names = {str(build.stage), (build.stage_name or "").lower()}
    found = [
        Span(flag.span.path, flag.span.end - len(flag.value.encode()), flag.span.end)
        for instruction, _ in stage.steps
        if instruction.keyword == "COPY"
        for flag in instruction.flags
        if flag.name == "from" and flag.value.lower() in names
    ]
    return found[0] if len(found) == 1 else None


if TYPE_CHECKING:
    from collections.abc import Callable

    NameOf = Callable[[GoBuild], str | None]
