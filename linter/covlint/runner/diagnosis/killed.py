"""Who killed a container before its grace period was over: the kernel, or the kubelet."""

from __future__ import annotations

from collections.abc import Iterable

from covlint.frozen import dataclass
from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.pods import PodState
from covlint.runner.command import Completed

#: Reads what PID 1 of a container is, and what its children are, by means of the shell that
#: it would be.
FIRST_PROCESS = (
    "sh",
    "-c",
    "for p in 1 $(cat /proc/1/task/1/children); do readlink /proc/$p/exe; done",
)
_INITS = frozenset({"tini", "tini-static", "dumb-init", "catatonit", "docker-init"})
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


@dataclass(frozen=True, slots=True)
class FirstShell:
    """The shell that gets the signals: as PID 1, or as the child of a small ``init``."""

    name: str
    init: str | None = None


def shell_of(first: str) -> FirstShell | None:
    """Of the links /proc/PID/exe of PID 1 and its children; None where another program gets
    the signals."""
    names = [line.strip().rpartition("/")[2] for line in first.splitlines()]
    if names and names[0] in _SHELLS:
        return FirstShell(names[0])
    if len(names) > 1 and names[0] in _INITS and names[1] in _SHELLS:
        return FirstShell(names[1], names[0])
    return None


def first_shell(
    kubectl: Kubectl, namespace: str, pods: Iterable[PodState], container: str | None
) -> FirstShell | None:
    """The shell that gets the signals in the first pod that runs, if it is one."""
    pod = next((pod for pod in pods if pod.ready), None)
    if pod is None:
        return None
    chosen = ("-c", container) if container is not None else ()
    told = kubectl.ask("exec", "-n", namespace, pod.name, *chosen, "--", *FIRST_PROCESS)
    return shell_of(told.stdout) if isinstance(told, Completed) else None
