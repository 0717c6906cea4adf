"""Subjects of rules that are more than one chain: directories and collections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from covlint.facts.commands.steps import StepKind

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.source import Span
    from covlint.wiring.chains import Wired
    from covlint.wiring.inputs import Facts, Repository


def groups_of(
    facts: Facts,
    wired: Wired,
    repository: Callable[[], Repository],
    asked: Callable[[Span], bool],
) -> Iterator[tuple[str, object]]:
    """Directories that several services write to; what files do to collect the data.

    ``asked``: whether a collection at that place is reported on.
    """
    if len(wired.chains) > 1:
        from covlint.wiring.shared_directories import shared_directories

        yield from (("SharedDirectory", one) for one in shared_directories(wired.chains))
    if any(step.kind is StepKind.START for step in facts.steps):
        from covlint.wiring.programs import program_chains, reported_together

        programs = list(program_chains(facts, wired, repository()))
        yield from (("Chain", one) for one in programs)
        yield from (("SharedDirectory", one) for one in reported_together(programs))
    if any(step.kind is StepKind.TEST_RUN for step in facts.steps):
        from covlint.wiring.test_binaries import test_chains

        yield from (("Chain", one) for one in test_chains(facts, wired, repository()))
    if facts.release_builds or facts.image_builds:
        from covlint.wiring.releases import releases_of

        releases = releases_of(facts, wired)
        yield from (("Release", one) for one in releases if asked(one.span))
    if facts.data_commands:
        from covlint.wiring.collections import collections_of

        found = collections_of(facts, wired, repository())
        yield from (("Collection", one) for one in found if asked(one.span))
