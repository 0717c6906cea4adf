from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.data_steps import NODE_TOOLS, copied
from covlint.facts.kubernetes.cluster import ExtraMount, KindCluster, KindNode
from covlint.facts.kubernetes.coverage_volume import (
    is_host_directory,
    node_path,
    nodes_opaque,
    written_fix,
)
from covlint.facts.kubernetes.pod_settings import may_run_anywhere
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n{where}  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
_MOUNTS = "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverdata\n"


class UnmountedWorker(Rule[Chain]):
    """Only some nodes bring the data to the host, and the pod may run on the others.

    Why: the scheduler puts a pod on any node that it may run on, and Kind's control plane
    takes none where there are workers. An extraMount on the control plane alone therefore
    brings nothing, and one on some of the workers brings what the scheduler happens to put
    there.

    Instead: give the same mount to every node that may get the pod, or pin the pod to the
    node that has it.

    Left out: pods with a nodeSelector, an affinity or a nodeName, nodes that are not seen in
    full, and data that a script copies out of the nodes.

    Fix: safe, since a Kind config describes a test cluster.
    """

    code = "COV403"
    name = "unmounted-worker"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "field notes: extraMounts absent on the node that runs the pod (7 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, mount, volume = chain.container, chain.mount, chain.volume
        if not chain.takes_part or container is None or mount is None or chain.coverdir is None:
            return
        if volume is None or volume.host_path is None or not is_host_directory(volume):
            return
        if nodes_opaque(chain.clusters) or not may_run_anywhere(container.pod):
            return
        on_node = node_path(volume, mount, chain.coverdir.text)
        if copied(chain.steps, NODE_TOOLS, [volume.host_path.text, on_node]):
            return
        for cluster in chain.clusters:
            found = [one for node in cluster.nodes if (one := node.mount_at(on_node)) is not None]
            lacking = [n for n in _schedulable(cluster) if n.mount_at(on_node) is None]
            if not found or not lacking:
                continue
            yield self.diagnostic(
                lacking[0].span,
                f"the pod may run on this node, which does not bring {volume.host_path.text} to "
                "the host as others do: the data stays in it",
                related=(Related(found[0].span, "mounted here"),),
                fix=self.mounted(found[0], lacking),
            )

    def mounted(self, mount: ExtraMount, nodes: list[KindNode]) -> Fix | None:
        if mount.host_path is None:
            return None
        host, path = mount.host_path.text, mount.container_path.text
        edits = [node.add_extra_mount(host, path) for node in nodes]
        return written_fix(f"Mount {host} there too", edits, safe=True)

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD.format(where=""),
                "kind.yaml": _KIND + "- role: control-plane\n- role: worker\n" + _MOUNTS,
            },
            "the control plane takes no pods where there are workers",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format(where="  nodeName: kind-worker\n"),
                "kind.yaml": _KIND
                + "- role: control-plane\n- role: worker\n"
                + _MOUNTS
                + "- role: worker\n",
            },
            "the pod is pinned",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format(where=""),
                "kind.yaml": _KIND
                + "- role: control-plane\n- role: worker\n"
                + _MOUNTS
                + "- role: worker\n",
                "collect.sh": "docker cp kind-worker:/coverdata/. a\n"
                "docker cp kind-worker2:/coverdata/. b\n",
            },
            "copied out of the nodes",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD.format(where=""),
                "kind.yaml": _KIND + "- role: control-plane\n" + _MOUNTS + "- «role: worker»\n",
            },
            fixed={
                "kind.yaml": _KIND
                + "- role: control-plane\n"
                + _MOUNTS
                + "- role: worker\n"
                + _MOUNTS,
            },
            message="the data stays in it",
            safe=True,
        ),
        Invalid(
            {
                "deploy/till.yaml": _POD.format(where=""),
                "kind.yaml": _KIND
                + "- role: control-plane\n- role: worker\n"
                + _MOUNTS
                + "- «role: worker»\n",
            },
            fixed={
                "kind.yaml": _KIND
                + "- role: control-plane\n- role: worker\n"
                + _MOUNTS
                + "- role: worker\n"
                + _MOUNTS,
            },
        ),
    )


def _schedulable(cluster: KindCluster) -> list[KindNode]:
    """The nodes that take ordinary pods: the workers where there are some; none where a
    role is not seen."""
    roles = [node.role.text if node.role is not None else None for node in cluster.nodes]
    if None in roles:
        return []
    workers = [n for n, role in zip(cluster.nodes, roles, strict=True) if role == "worker"]
    return workers or list(cluster.nodes)
