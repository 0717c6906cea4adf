"""Who killed a container before its grace period was over: the kernel, or the kubelet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.pods import PodState
from covlint.runner.command import Completed

#: Reads what PID 1 of a container is, by means of the shell that it would be.
FIRST_PROCESS = ("sh", "-c", "readlink /proc/1/exe")
_SHELLS = frozenset({"sh", "ash", "bash", "busybox", "dash", "ksh", "mksh", "zsh"})


@dataclass(frozen=True, slots=True)
class KilledBy:
    """What was seen of it, and what to do."""

    words: str
    advice: str


OUT_OF_MEMORY = KilledBy(
    "the kernel killed the service for want of memory (OOMKilled)",
    "raise the container's memory limit, or let the service use less: counters cost little of it",
)


def killed_by_cluster(pods: Iterable[PodState], container: str | None) -> KilledBy | None:
    """An end that no grace period has to do with; None where there was none.

    ``container`` is the service's; None means the first one.
    """
    for pod in pods:
        one = pod.container(container)
        if one is not None and "OOMKilled" in (one.reason, one.last_reason):
            return OUT_OF_MEMORY
        if pod.reason == "Evicted":
            return KilledBy(
                f"the kubelet threw the pod out (Evicted): {pod.message}",
                "give the pod the resources that it uses (requests and limits, sizeLimit), or "
                "the node more of them",
            )
    return None


def shell_of(first: str) -> str | None:
    """The name of a shell that is PID 1, from the link /proc/1/exe; None for another program."""
    name = first.strip().rpartition("/")[2]
    return name if name in _SHELLS else None


def first_shell(
    kubectl: Kubectl, namespace: str, pods: Iterable[PodState], container: str | None
) -> str | None:
    """The shell that is PID 1 in the first pod that runs, if it is one."""
    pod = next((pod for pod in pods if pod.ready), None)
    if pod is None:
        return None
    chosen = ("-c", container) if container is not None else ()
    told = kubectl.ask("exec", "-n", namespace, pod.name, *chosen, "--", *FIRST_PROCESS)
    return shell_of(told.stdout) if isinstance(told, Completed) else None
