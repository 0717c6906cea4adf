"""The workload in the cluster: which pods are its own, and how it is stopped."""

from __future__ import annotations

from covlint.frozen import dataclass
from covlint.runner.cluster.kubectl import Kubectl, label_selector, name_selector

#: Workloads that are stopped by having no replicas; the others are deleted.
_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})


@dataclass(frozen=True, slots=True)
class Workload:
    """``selector`` is the query that finds its pods, ``wanted`` how many there have to be;
    ``grace`` the pods' own grace period in seconds."""

    kind: str
    name: str
    selector: str
    wanted: int
    grace: float | None

    def stop(self, namespace: str) -> tuple[str, ...]:
        """What makes its pods end, each with its own grace period."""
        what = f"{self.kind.lower()}/{self.name}"
        if self.kind in _SCALED:
            return ("scale", "--replicas=0", what, "-n", namespace)
        return ("delete", what, "-n", namespace, "--wait=false")


def find_workload(kubectl: Kubectl, wanted: tuple[str, str], namespace: str) -> Workload | None:
    """Ask the cluster for a workload, given as kind and name; None when it is not there."""
    kind, name = wanted
    answer = kubectl.object(f"{kind.lower()}/{name}", "-n", namespace)
    if answer is None:
        return None
    spec = answer.get("spec", {})
    pod = spec if kind == "Pod" else spec.get("template", {}).get("spec", {})
    grace = pod.get("terminationGracePeriodSeconds")
    if kind == "Pod":
        return Workload(kind, name, name_selector(name), 1, grace)
    labels = spec.get("selector", {})
    labels = labels.get("matchLabels", labels) if isinstance(labels, dict) else {}
    number = spec.get("replicas", spec.get("parallelism", 1))
    if kind == "DaemonSet":
        number = max(1, answer.get("status", {}).get("desiredNumberScheduled", 1))
    return Workload(kind, name, label_selector(labels), int(number), grace)
