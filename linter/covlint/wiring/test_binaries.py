"""Test binaries of scripts: what runs them there, and the images that they are copied into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.chain import TestRun
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.dockerfile.test_binaries import TestBinary
from covlint.wiring.programs import chain_without_image

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.chain import Chain
    from covlint.facts.dockerfile.image import Image
    from covlint.wiring.chains import Wired
    from covlint.wiring.inputs import Facts, Repository


def test_chains(facts: Facts, wired: Wired, repository: Repository) -> Iterator[Chain]:
    """A chain for each run of a test binary with GOCOVERDIR in the file that builds it.

    Where the file builds an instrumented program too, GOCOVERDIR may be meant for that one,
    which the test starts.
    """
    others = {build.span.path for build in wired.builds}
    built = {(one.span.path, one.operands[0]): one for one in _builds(facts.steps, repository)}
    for run in facts.steps:
        if run.kind is not StepKind.TEST_RUN or run.span.path in others:
            continue
        build = built.get((run.span.path, run.operands[0]))
        if build is not None:
            yield replace(chain_without_image(run.operands[0] or ""), test_run=TestRun(build, run))


def with_copied_tests(images: Sequence[Image], facts: Facts, repository: Repository) -> list[Image]:
    """The images with the test binaries that a script builds and their Dockerfiles copy."""
    if not any(step.kind is StepKind.TEST_BUILD for step in facts.steps):
        return list(images)
    built = {one.operands[0]: one for one in _builds(facts.steps, repository)}

    def with_test(image: Image) -> Image:
        build = built.get(image.copied_program)
        if build is None or build.operands[0] is None:
            return image
        binary = TestBinary(build.span, build.operands[0])
        return replace(image, test_binaries=(*image.test_binaries, binary))

    return [with_test(image) for image in images]


def _builds(steps: Sequence[Step], repository: Repository) -> Iterator[Step]:
    """The test binaries of main packages: those stand for the program itself, while a suite
    may hand GOCOVERDIR on to programs that it starts."""
    for step in steps:
        if step.kind is StepKind.TEST_BUILD and step.destination is not None:
            folder = "" if step.destination == "." else step.destination
            if repository.main_of(folder) is not None:
                yield step
