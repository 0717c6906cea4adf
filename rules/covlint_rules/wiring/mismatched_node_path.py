from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.data_steps import NODE_TOOLS, copied
from covlint.facts.kubernetes.coverage_volume import (
    coverage_extra_mounts,
    coverage_mounts,
    is_coverage_volume,
    is_host_directory,
    node_path,
    nodes_opaque,
    written_fix,
)
from covlint.facts.kubernetes.workload import VolumeMount
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain


class MismatchedNodePath(Rule[Chain]):
    """The volume is one path of the Kind node, and Kind mounts another.

    Why: the data is written into the node, which is itself a container, beside the directory
    that reaches the host. The directory on the host stays empty.

    Instead: use one path for both: that of the Kind config's `containerPath`, since other
    workloads may use it.

    Left out: clusters whose nodes are not seen in full, nodes in which one of the mounts does
    hold the path, and paths that a script copies out of the node.

    Fix: safe where the volume is plainly for coverage or the manifest for e2e; unsafe where
    the volume is shared. With several mounts the choice is yours.
    """

    code = "COV502"
    name = "mismatched-node-path"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "field notes: the host directory is empty, the path chain is broken (7 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, coverdir, mount = chain.container, chain.coverdir, self.mount(chain)
        if not chain.takes_part or container is None or coverdir is None or mount is None:
            return
        volume = container.volume_of(mount)
        if volume is None or volume.host_path is None or not is_host_directory(volume):
            return
        candidates = coverage_extra_mounts(chain.clusters)
        if not candidates or nodes_opaque(chain.clusters):
            return
        host_path = volume.host_path.text
        on_node = node_path(volume, mount, coverdir.text)
        nodes = [node for cluster in chain.clusters for node in cluster.nodes]
        if any(node.mount_at(host_path) or node.mount_at(on_node) for node in nodes):
            return
        if copied(chain.steps, NODE_TOOLS, [host_path, on_node]):
            return
        paths = list(dict.fromkeys(one.container_path.text for one in candidates))
        safe = is_coverage_volume(mount, volume) or chain.plainly_e2e
        fix = written_fix(
            f"Use {paths[0]} of the node",
            [container.pod.replace_word(volume.host_path, paths[0])],
            safe=safe and not volume.shared and not container.pod.shared,
        )
        if self.settings.get("paths") == "workload":
            fix = self.moved_mounts(chain, host_path)
        yield self.diagnostic(
            volume.host_path.span,
            f"the volume is {host_path} of the node, but Kind mounts {' and '.join(paths)}: the "
            "data stays in the node and the host directory is empty",
            related=tuple(
                Related(one.container_path.span, "what reaches the host") for one in candidates
            ),
            fix=fix if len(paths) == 1 else Fix.advice("Use one path in all of these places"),
        )

    def moved_mounts(self, chain: Chain, host_path: str) -> Fix | None:
        """The Kind config changed to what the workload says; others may use its path, too."""
        edits = [
            cluster.replace_word(mount.container_path, host_path)
            for cluster in chain.clusters
            for mount in coverage_extra_mounts([cluster])
        ]
        return written_fix(f"Let Kind mount {host_path}", edits, safe=False)

    def mount(self, chain: Chain) -> VolumeMount | None:
        """The mount of the chain; where GOCOVERDIR misses it (COV501), the only one for coverage."""
        if chain.mount is not None or chain.container is None:
            return chain.mount
        mounts = coverage_mounts(chain.container)
        return mounts[0] if len(mounts) == 1 else None

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: /coverdata/till\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n",
            },
            "below the mount",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: /tmp/coverdata\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n",
                "collect.sh": "docker cp e2e-control-plane:/tmp/coverdata .\n",
            },
            "copied out of the node",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /var/coverdata\n",
            },
            "no path of the node",
        ),
    )
    INVALID = (
        Invalid(
            {
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: «/tmp/coverdata» # on the node\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n  - role: worker\n    extraMounts:\n"
                "      - hostPath: ./coverdata\n        containerPath: /coverdata\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: /coverdata # on the node\n",
            },
            message="the volume is /tmp/coverdata of the node, but Kind mounts /coverdata",
            safe=True,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /tmp/coverage\n"
                "      volumeMounts:\n        - name: data\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: data\n      hostPath:\n        path: «/var/data»\n",
                "kind-a.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n",
                "kind-b.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /tmp/coverdata\n",
            },
            message="Kind mounts /coverdata and /tmp/coverdata",
        ),
    )
