"""Waiting for the pods of a workload, and what stands in their way when they do not come."""

from __future__ import annotations

import time

from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.pods import PodState, not_ready, problem_of
from covlint.runner.cluster.workload import Workload

#: Seconds between two looks at the events: what is said there is in no pod's status.
_LOOK = 5.0
#: What the kubelet says of a volume that no waiting brings.
_HOPELESS = ("hostPath type check failed", "not a directory", "read-only file system")


def roll_out(
    kubectl: Kubectl,
    namespace: str,
    workload: Workload,
    pods: dict[str, PodState],
    timeout: float,
) -> str | None:
    """Follow the pods until all that are wanted are ready (or done, as those of a Job); why
    they are not. ``timeout`` is in seconds; ``pods`` is brought up to date."""

    def done(pods: dict[str, PodState]) -> bool:
        ready = sum(pod.ready or pod.phase == "Succeeded" for pod in pods.values())
        return ready >= workload.wanted or problem_of(pods.values()) is not None

    deadline = time.monotonic() + timeout
    while True:
        left = deadline - time.monotonic()
        if kubectl.watch_pods(namespace, workload.selector, pods, done, min(left, _LOOK)):
            return problem_of(pods.values())
        said = mount_problem(kubectl, namespace, pods)
        if said is not None and any(words in said for words in _HOPELESS):
            return said
        if left <= _LOOK:
            missing = not_ready(pods.values(), workload.wanted)
            return f"after {timeout:g} seconds {missing}{f' ({said})' if said else ''}"


def mount_problem(kubectl: Kubectl, namespace: str, pods: dict[str, PodState]) -> str | None:
    """The last event about a volume that a pod waits for; None when there is none."""
    answer = kubectl.object("events", "-n", namespace, "--field-selector", "reason=FailedMount")
    for event in reversed((answer or {}).get("items") or ()):
        name = event.get("involvedObject", {}).get("name")
        pod = pods.get(name)
        if pod is not None and not pod.ready and not pod.deleted:
            return f"pod {name}: FailedMount: {event.get('message', '')}"
    return None
