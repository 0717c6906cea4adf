"""Builds of Dockerfiles as command lines have them: with the GOFLAGS that these pass.

``--build-arg GOFLAGS=…`` is written in a Makefile, a script, a CI job or a compose
file, and read by the Dockerfile. What is wrong with the value is said where it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import (
    COVER_FLAGS,
    GoBuild,
    GoFlagsSource,
    Instrumentation,
    effective_goflags,
)

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.steps import BuildArgument, ImageBuild


def passed_builds(builds: Iterable[GoBuild], commands: Iterable[ImageBuild]) -> Iterator[GoBuild]:
    """Each build with the value of a build argument in its GOFLAGS; only values that speak
    of coverage: others are nobody's business here."""
    by_file: dict[str, list[BuildArgument]] = {}
    for command in commands:
        if command.dockerfile is not None:
            known = by_file.setdefault(command.dockerfile, [])
            known += (one for one in command.arguments if _is_for_coverage(one))
    for build in builds:
        if build.in_production_branch:
            continue
        for argument in dict.fromkeys(by_file.get(build.span.path, ())):
            goflags = _with_argument(build.goflags, argument)
            if goflags is None:
                continue
            covers = any(f.name in COVER_FLAGS for f in effective_goflags(goflags))
            state = Instrumentation.YES if covers else build.instrumentation
            yield replace(
                build,
                goflags=goflags,
                instrumentation=state,
                takes_part=True,
                judged=argument.span,
            )


def _is_for_coverage(argument: BuildArgument) -> bool:
    word, value = argument.word, argument.value
    if word is None or not value or "cover" not in value:
        return False
    # a value that was put together stands nowhere
    return argument.span.covers(word.span)


def _with_argument(
    sources: tuple[GoFlagsSource, ...], argument: BuildArgument
) -> tuple[GoFlagsSource, ...] | None:
    """The GOFLAGS with the argument in the place of the ARG; None where no ARG takes it."""
    found = tuple(
        GoFlagsSource("build-arg", argument.word, False, None, argument.span)
        if source.settable == argument.name and _is_plain(source, argument.name)
        else source
        for source in sources
    )
    return found if found != sources else None


def _is_plain(source: GoFlagsSource, name: str) -> bool:
    """Whether the value is the ARG's and nothing else."""
    if source.kind == "arg":
        return True
    parts = source.word.parts if source.word is not None else ()
    return len(parts) == 1 and parts[0].kind == "variable" and parts[0].text == name
