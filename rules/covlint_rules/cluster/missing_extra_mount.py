from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Evidence,
    Fix,
    Related,
    Severity,
    Symptom,
)
from covlint.facts.commands.data_steps import NODE_TOOLS, POD_TOOLS, copied
from covlint.facts.kubernetes.coverage_volume import (
    coverage_extra_mounts,
    is_host_directory,
    node_path,
    nodes_opaque,
    written_fix,
)
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain


class MissingExtraMount(Rule[Chain]):
    """The data stays in the Kind node: no extraMount brings it to the host.

    Why: a hostPath is a path of the node, and a Kind node is itself a container. What is
    written there goes with `kind delete cluster`.

    Instead: add an extraMount for the path to the Kind config, or copy it out of the node
    before the cluster is deleted.

    Left out: projects without a Kind config, nodes that are not seen in full, paths that a
    script copies out of the node or the pod, and an extraMount at another path (COV502). It
    is a warning, since somebody may copy the data by hand.

    Fix: safe, since a Kind config describes a test cluster. With several clusters the choice
    is yours.
    """

    code = "COV401"
    name = "missing-extra-mount"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "field notes: the host directory is empty, extraMounts are absent (7 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, mount, volume = chain.container, chain.mount, chain.volume
        if not chain.takes_part or container is None or mount is None or chain.coverdir is None:
            return
        if volume is None or volume.host_path is None or not is_host_directory(volume):
            return
        clusters = chain.clusters
        if not clusters or nodes_opaque(clusters) or coverage_extra_mounts(clusters):
            return
        host_path = volume.host_path.text
        on_node = node_path(volume, mount, chain.coverdir.text)
        nodes = [node for cluster in clusters for node in cluster.nodes]
        if chain.extra_mounts or any(node.mount_at(on_node) for node in nodes):
            return
        if copied(chain.steps, NODE_TOOLS, [host_path, on_node]):
            return
        if copied(chain.steps, POD_TOOLS, [host_path, on_node, chain.coverdir.text]):
            return
        yield self.diagnostic(
            volume.host_path.span,
            f"no Kind node mounts {host_path} from the host, and nothing seen copies it out: the "
            "data is deleted with the cluster",
            related=tuple(Related(one.span, "the Kind cluster") for one in clusters),
            fix=self.mounted(chain, host_path),
        )

    def mounted(self, chain: Chain, host_path: str) -> Fix | None:
        on_host = "./" + (posixpath.basename(posixpath.normpath(host_path)) or "coverdata")
        if len(chain.clusters) > 1:
            advice = f"Add to the nodes of the cluster that runs it: extraMounts {on_host} on {host_path}"
            return Fix(advice, Applicability.DISPLAY)
        cluster = chain.clusters[0]
        edits = [node.add_extra_mount(on_host, host_path) for node in cluster.nodes]
        return written_fix(
            f"Mount {on_host} of the host at {host_path} of the node",
            edits or [cluster.add_node_with_mount(on_host, host_path)],
            safe=True,
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /data/coverdata\n"
                "      volumeMounts:\n        - name: data\n          mountPath: /data\n"
                "  volumes:\n    - name: data\n      hostPath:\n        path: /var/lib/till\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./out\n"
                "        containerPath: /var/lib/till/coverdata\n",
            },
            "the part that matters is mounted",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n",
                "Makefile": "collect:\n\tdocker cp kind-control-plane:/coverdata/. coverdata\n",
            },
            "copied out of the node",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
            },
            "no Kind cluster is seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /tmp/coverdata\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n",
            },
            "the paths differ: COV502",
        ),
    )
    INVALID = (
        Invalid(
            {
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/coverdata»\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "- role: control-plane\n  extraPortMappings:\n  - containerPort: 30480\n"
                "    hostPort: 30480\n- role: worker\n",
            },
            fixed={
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "- role: control-plane\n  extraPortMappings:\n  - containerPort: 30480\n"
                "    hostPort: 30480\n  extraMounts:\n  - hostPath: ./coverdata\n"
                "    containerPath: /coverdata\n- role: worker\n  extraMounts:\n"
                "  - hostPath: ./coverdata\n    containerPath: /coverdata\n",
            },
            message="the data is deleted with the cluster",
            safe=True,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/tmp/cov»\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: e2e\n",
            },
            fixed={
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: e2e\n"
                "nodes:\n- role: control-plane\n  extraMounts:\n  - hostPath: ./cov\n"
                "    containerPath: /tmp/cov\n",
            },
            safe=True,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/coverdata»\n",
                "kind-a.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n",
                "kind-b.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n",
            },
        ),
    )
