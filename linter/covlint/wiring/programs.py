"""Programs that scripts run by themselves: a chain of their own, for what ends them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.dockerfile.build import Instrumentation
from covlint.facts.dockerfile.image import output_name

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.golang.shutdown import MainPackage
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
        yield Chain(
            service=name,
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
            steps=tuple(steps[steps.index(step) :]),
            main=_main(step, name, wired, repository),
            module=None,
            plainly_e2e=False,
            feeds_production=False,
            program=step,
        )


def _main(step: Step, name: str, wired: Wired, repository: Repository) -> MainPackage | None:
    """The main package of the build in the same file that makes the program."""
    for build in wired.builds:
        if build.span.path == step.span.path and output_name(build) == name:
            package = build.site.package if build.site is not None else None
            return repository.main_of(package) if package is not None else None
    return None
