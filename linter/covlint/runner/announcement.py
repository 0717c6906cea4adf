"""What a run is going to start, in the project's and the user's words, told before it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.container.plan import ContainerPlan
from covlint.runner.process.plan import ProcessPlan
from covlint.runner.steps import shown_command
from covlint.runner.suite import SuitePlan

Announced = tuple[tuple[str, str], ...]


def announcement(plan: SuitePlan | ProcessPlan | ContainerPlan | ClusterPlan) -> Announced:
    """Step and command, in order: what comes from the project, and the programs that carry it."""
    if isinstance(plan, SuitePlan):
        return (("suite", shown_command(plan.command)),)
    if isinstance(plan, ProcessPlan):
        return tuple(_process(plan))
    if isinstance(plan, ContainerPlan):
        return tuple(_container(plan))
    return tuple(_cluster(plan))


def _process(plan: ProcessPlan) -> Iterator[tuple[str, str]]:
    yield "build", shown_command(plan.build.command)
    yield "service", shown_command(plan.service)
    if plan.exercise is not None:
        yield "exercise", shown_command(plan.exercise)


def _container(plan: ContainerPlan) -> Iterator[tuple[str, str]]:
    program = Path(plan.runtime.program).name
    yield "build", shown_command(plan.build)
    for _, command in plan.companion_builds:
        yield "build", shown_command(command)
    for box in (*plan.companions, plan.box):
        if plan.play is None:
            yield "service", f"{program} {' '.join(plan.runtime.start(box, plan.name)[1:])}"
    if plan.play is not None:
        yield "service", f"{program} kube play, of {plan.target.manifest or 'the manifest'}"
    if plan.exercise is not None:
        yield "exercise", shown_command(plan.exercise)


def _cluster(plan: ClusterPlan) -> Iterator[tuple[str, str]]:
    yield "build", shown_command(plan.build)
    if plan.cluster.create:
        yield "cluster", f"kind create cluster --name {plan.cluster.name}"
    for file in plan.files:
        yield "apply", f"kubectl apply of {file}"
    if plan.target.exercise is not None:
        yield "exercise", plan.target.exercise
