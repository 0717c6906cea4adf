"""Pods that are there to copy the data of another pod's claim from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.chain import Chain
    from covlint.facts.commands.steps import Step
    from covlint.facts.kubernetes.pod import Container, Volume
    from covlint.source import Word


def copy_pod_of(
    container: Container, volume: Volume | None, containers: Sequence[Container]
) -> Container | None:
    """The container of another pod that mounts the claim of ``volume`` and is not measured
    itself; the one that is written nearest where there are several."""
    if volume is None or volume.kind.name != "CLAIM":
        return None
    found = [
        one
        for one in containers
        if one.pod.span != container.pod.span
        and one.variable("GOCOVERDIR") is None
        and any(same_claim(one, mount.name.text, volume) for mount in one.mounts)
    ]
    return max(found, key=lambda one: _shared_start(one, container), default=None)


def copy_pod_path(chain: Chain) -> Word | None:
    """Where the claim is mounted in the pod that the data is copied from."""
    pod, volume = chain.copy_pod, chain.volume
    if pod is None or pod.mounts_opaque:
        return None
    paths = [
        mount.path
        for mount in pod.mounts
        if same_claim(pod, mount.name.text, volume) and mount.sub_path is None
    ]
    return paths[0] if len(paths) == 1 else None


def from_copy_pod(chain: Chain, step: Step) -> bool:
    """Whether ``kubectl cp NAME:PATH`` copies out of that very pod."""
    name = chain.copy_pod.pod.name if chain.copy_pod is not None else None
    operand = step.operands[0] if step.operands else None
    if name is None or operand is None or ":" not in operand:
        return False
    return operand.partition(":")[0].rpartition("/")[2] == name.text


def _shared_start(first: Container, second: Container) -> tuple[bool, int]:
    one, two = first.span.path.split("/"), second.span.path.split("/")
    shared = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), len(one))
    return one == two, shared


def same_claim(pod: Container, name: str, volume: Volume | None) -> bool:
    """Whether the volume called ``name`` of a pod is the same claim as ``volume``."""
    from covlint.facts.kubernetes.coverage_volume import claim_of  # only where there are claims

    other = pod.pod.volume(name)
    if other is None or volume is None:
        return False
    first, second = claim_of(other), claim_of(volume)
    return first is not None and second is not None and first.text == second.text
