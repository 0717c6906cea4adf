"""Whether a build takes part in coverage, and whether its image is instrumented.

Many repositories have an ``ARG GOFLAGS`` for ``-mod=vendor`` only: that a build
*can* be instrumented is no sign yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import (
    COVER_FLAGS,
    Branch,
    GoBuild,
    Instrumentation,
    is_coverage_name,
    mentions_cover,
)

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.extraction import ImageBuild
    from covlint.facts.dockerfile.flags import Flag
    from covlint.facts.dockerfile.image import Image


def has_own_sign(build: GoBuild, branches: Collection[tuple[str, int]]) -> bool:
    """Whether the Dockerfile itself shows that the build is meant for coverage; ``branches``
    are the stages, by file and name, that have a branch for coverage."""
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
    return (build.span.path, build.stage) in branches


def _turns_on(flags: tuple[Flag, ...]) -> bool:
    return any(f.name in COVER_FLAGS and f.enabled for f in flags)


def passes_coverage(command: ImageBuild, build: GoBuild) -> bool:
    """Whether a build command turns on the instrumentation of this build."""
    for argument in command.arguments:
        if mentions_cover(argument.value):
            return True
        if is_coverage_name(argument.name) and (argument.value or "").lower() not in {
            "",
            "0",
            "false",
            "no",
            "off",
        }:
            return argument.name == build.variable or argument.name in build.declared
    return False


def instrumentation_of(
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


def feeds_production(
    image: Image | None, builds: tuple[GoBuild, ...], stages: Iterable[Image]
) -> bool:
    """Whether another target takes the same binary, so that changing the build changes it too.

    ``stages`` are the images of the same Dockerfile.
    """
    if image is None:
        return False
    spans = {(b.span.path, b.span.start) for b in builds}
    own = {image.stage, *(b.stage for b in builds)}
    for other in stages:
        if other.stage in own:
            continue
        if any((b.span.path, b.span.start) in spans for b in other.builds):
            return True
    return False
