"""Instrumented binaries that are plainly released."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.facts.commands.steps import BuildArgument, ImageBuild, Step, StepKind
from covlint.facts.dockerfile.build import Branch, GoBuild, Instrumentation, mentions_cover
from covlint.frozen import dataclass

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.dockerfile.image import Image
    from covlint.source import Span
    from covlint.wiring.chains import Wired
    from covlint.wiring.inputs import Facts

_RELEASE = re.compile(r"(?i)(?:^|[-_./])(?:release|publish|deploy|prod(?:uction)?)")
_COVERAGE = re.compile(r"(?i)cov|e2e|test|integration|(?:^|[-_./])(?:ci|debug|dev)(?:[-_./]|$)")


@dataclass(frozen=True, slots=True)
class Release:
    """``span`` is what instruments the binary, ``by`` the command that publishes it (None:
    the file is the release's own)."""

    name: str
    span: Span
    by: Span | None


def releases_of(facts: Facts, wired: Wired) -> Iterator[Release]:
    """Builds with an unconditional -cover that a release publishes."""
    for one in facts.release_builds:
        if not _COVERAGE.search(one.name):
            yield Release(one.name or "the binary", one.span, None)
    for command in facts.image_builds:
        if not _publishes(command, facts.steps):
            continue
        for image in wired.images:
            if not _makes(command, image) or image.coverdir is not None:
                continue
            name = command.tags[0] if command.tags else image.name or "the image"
            for build in image.builds:
                always = build.instrumentation is Instrumentation.YES
                if always and build.branch is Branch.NONE:
                    yield Release(name, _flag(build), command.span)
                elif build.instrumentation is Instrumentation.CONDITIONAL:
                    passed = next((a for a in command.arguments if _turns_on(a, build)), None)
                    if passed is not None:
                        yield Release(name, passed.span, command.span)


def _publishes(command: ImageBuild, steps: list[Step]) -> bool:
    """Whether a build command, by name part of a release, pushes what it builds."""
    names = [command.span.path, command.recipe or ""]
    about = [*names, command.dockerfile or "", command.target or "", *command.tags]
    if not any(_RELEASE.search(name) for name in names):
        return False
    if any(_COVERAGE.search(name) for name in about):
        return False
    return command.pushed or any(
        step.kind is StepKind.PUSH
        and step.span.path == command.span.path
        and any(
            # a version that the job fills in (${{ github.ref_name }}) is in both or in neither
            operand in command.tags
            or (operand is None and not command.tags and step.recipe == command.recipe)
            for operand in step.operands
        )
        for step in steps
    )


def _turns_on(argument: BuildArgument, build: GoBuild) -> bool:
    """Whether a build argument instruments a build that it can instrument."""
    return mentions_cover(argument.value) and argument.name in {build.variable, *build.declared}


def _makes(command: ImageBuild, image: Image) -> bool:
    if command.dockerfile != image.dockerfile:
        return False
    return command.target == image.name if command.target is not None else image.final


def _flag(build: GoBuild) -> Span:
    """The flag that turns the instrumentation on."""
    names = ("cover", "coverpkg", "covermode")
    return next((flag.span for flag in build.all_flags if flag.name in names), build.span)
