"""Programs that scripts run by themselves: a chain of their own, for what ends them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.facts.dockerfile.image import output_name
from covlint.wiring.shared_directories import SharedDirectory

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.wiring.chains import Wired
    from covlint.wiring.inputs import Facts, Repository


def program_chains(facts: Facts, wired: Wired, repository: Repository) -> Iterator[Chain]:
    """A chain for each program that a script starts with GOCOVERDIR in the background. It has
    no image and no workload, and takes part in nothing but what the script does to it."""
    for step in facts.steps:
        if step.kind is not StepKind.START:
            continue
        name = posixpath.basename(step.operands[0] or "")
        steps = [one for one in facts.steps if one.span.path == step.span.path]
        build = _build(step, name, wired)
        package = build.site.package if build is not None and build.site is not None else None
        yield replace(
            chain_without_image(name),
            builds=(build,) if build is not None else (),
            steps=tuple(steps[steps.index(step) :]),
            main=repository.main_of(package) if package is not None else None,
            program=step,
        )


def chain_without_image(service: str) -> Chain:
    """The chain of something that a script runs by itself."""
    return Chain(
        service=service,
        links=(),
        gap=None,
        takes_part=False,
        builds=(),
        instrumentation=Instrumentation.UNKNOWN,
        image=None,
        image_certainty=Certainty.UNKNOWN,
        image_builds=(),
        container=None,
        coverdir=None,
        mount=None,
        volume=None,
        clusters=(),
        extra_mounts=(),
        steps=(),
        main=None,
        module=None,
        plainly_e2e=False,
        feeds_production=False,
    )


def reported_together(chains: Sequence[Chain]) -> Iterator[SharedDirectory]:
    """Programs of one script whose data one ``go tool covdata textfmt`` reads."""
    said: set[tuple[Step | None, ...]] = set()
    reports = {step for chain in chains for step in chain.steps if "textfmt" in step.operands}
    for report in sorted(reports, key=lambda step: step.span):
        read = {posixpath.normpath(path) for path in (report.source or "").split(",")}
        members = tuple(
            chain
            for chain in chains
            if report in chain.steps
            and chain.program is not None
            and posixpath.normpath(chain.program.source or "") in read
        )
        programs = tuple(chain.program for chain in members)
        if len(members) > 1 and programs not in said:
            said.add(programs)
            yield SharedDirectory(report.source or "", members, report.span)


def _build(step: Step, name: str, wired: Wired) -> GoBuild | None:
    """The build in the same file that makes the program."""
    for build in wired.builds:
        if build.span.path == step.span.path and output_name(build) == name:
            return build
    return None
