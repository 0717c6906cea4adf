"""All that a repository lacks for coverage from zero, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from covlint.facts.commands.steps import StepKind
from covlint.facts.dockerfile.build import Instrumentation, mentions_cover
from covlint.files import Files
from covlint.frozen import dataclass
from covlint.initial import chart, ci, kind, makefile, overlay
from covlint.initial.configuration import configure
from covlint.initial.dockerfile import Switch, instrument
from covlint.initial.draft import Draft, Piece
from covlint.initial.ignores import ignore
from covlint.initial.run import run_of
from covlint.initial.service import Service, Survey
from covlint.initial.survey import survey
from covlint.wiring.participation import passes_coverage


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found, what is proposed, and what is left to people.

    ``files`` are the project's as they would be.
    """

    services: tuple[Service, ...]
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...]
    files: Files


def propose(files: Files, seen: Survey) -> Proposal:
    """The changes for the services of a survey; none for what is there already."""
    draft = Draft(files)
    services = seen.services
    switches = instrument(draft, services)
    able = [one for one in services if one.name in switches or one.collected or not one.dockerfile]
    deployed = overlay.deploy(draft, seen, able)
    values = chart.toggle(draft, seen, able)
    mounted = {*deployed, *values, *(one.name for one in able if kind.is_unmounted(one, seen))}
    config = kind.mount(draft, seen, [one for one in able if one.name in mounted])
    _run(draft, able, switches, values, config, frozenset(mounted))
    return Proposal(services, draft.pieces(), tuple(dict.fromkeys(draft.notes)), draft.files)


def _run(
    draft: Draft,
    services: Sequence[Service],
    switches: dict[str, Switch],
    values: dict[str, str],
    config: str | None,
    deployed: frozenset[str],
) -> None:
    """What runs the services: read from the draft, since overlays give names and namespaces."""
    if not services:
        return
    after = survey(draft.files, everything=True)
    known = {(one.dockerfile, one.stage, one.package): one for one in after.services}
    runs = []
    for service in services:
        now = known.get((service.dockerfile, service.stage, service.package), service)
        # without a variant its workload collects nothing: it is run as a container alone
        container = now.container if now.collected else None
        now = replace(now, name=service.name, container=container)
        switch = switches.get(service.name)
        runs.append(run_of(draft, after, now, switch, values.get(service.name)))
    configure(draft, runs)
    imaged = [run for run in runs if run.service.dockerfile]
    # a variant without a command that makes its folder, and opens it, would collect nothing
    reports = [step for step in after.facts.steps if step.kind is StepKind.REPORT]
    commanded = [
        run
        for run in imaged
        if not _built_for_coverage(run.service, after) or run.service.name in deployed
    ]
    target = None
    if commanded and not any(step.recipe in makefile.TARGETS for step in reports):
        target = makefile.automate(draft, commanded, config)
    ignore(draft, runs, target)
    ci.automate(draft, after, runs, target)


def _built_for_coverage(service: Service, seen: Survey) -> bool:
    """Whether some command of the project builds the instrumented image already."""
    if service.build is not None and service.build.instrumentation is Instrumentation.YES:
        return True
    commands = [one for one in seen.facts.image_builds if one.dockerfile == service.dockerfile]
    if service.build is None:
        return any(mentions_cover(argument.value) for one in commands for argument in one.arguments)
    return any(passes_coverage(command, service.build) for command in commands)
