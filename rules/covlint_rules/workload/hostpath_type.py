from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Severity, Symptom
from covlint.facts.commands.data_steps import made_on_node
from covlint.facts.kubernetes.coverage_volume import NO_DIRECTORY, nodes_opaque, written_fix
from covlint.facts.kubernetes.pod_settings import set_host_path_type
from covlint.facts.kubernetes.workload import VolumeKind
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
_MOUNT = (
    "nodes:\n  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
    "        containerPath: /coverdata\n"
)

#: What every Kind node has.
_THERE = frozenset({"/", "/tmp", "/var", "/var/tmp", "/var/lib", "/mnt", "/opt", "/srv", "/home"})  # noqa: S108 (paths of a node)


class HostpathType(Rule[Chain]):
    """The hostPath has a type that its path does not fulfil.

    Why: the kubelet refuses to start the pod when the path is not of the type that is asked
    for. `File`, `Socket` and the device types are no directory that Go could write into, and
    `FileOrCreate` makes an empty file. With `Directory` the path has to exist before the pod
    starts; a Kind node has it only by an extraMount, or by a command that makes it.

    Instead: use `DirectoryOrCreate`.

    Left out: nodes that are not seen, and directories that an extraMount or a script makes.

    Fix: safe in a manifest that is plainly for e2e, unless the volume is shared.
    """

    code = "COV311"
    name = "hostpath-type"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NEVER_STARTED
    source = "Kubernetes, Volumes: hostPath volume types"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        volume = chain.volume
        if not chain.takes_part or volume is None or volume.kind is not VolumeKind.HOST_PATH:
            return
        kind, path = volume.host_path_type, volume.host_path
        if kind is None or path is None or chain.coverdir is None:
            return
        if kind.text in NO_DIRECTORY:
            message = f"a hostPath of type {kind.text} is no directory: no data is written there"
        elif kind.text == "Directory" and self.is_missing(chain, path.text):
            message = (
                f"nothing seen makes {path.text} on the Kind node, and a hostPath of type "
                "Directory is not made: the pod never starts"
            )
        else:
            return
        yield self.diagnostic(
            kind.span,
            message,
            fix=written_fix(
                "Let the kubelet make the directory",
                [set_host_path_type(volume, "DirectoryOrCreate")],
                safe=chain.plainly_e2e and not volume.shared,
            ),
        )

    def is_missing(self, chain: Chain, path: str) -> bool:
        """Whether the node plainly lacks the directory: a Kind cluster without a mount for it."""
        clusters = chain.clusters
        if not clusters or nodes_opaque(clusters) or chain.extra_mounts:
            return False
        if posixpath.normpath(path) in _THERE or made_on_node(chain.steps, path):
            return False
        inside = posixpath.normpath(path) + "/"
        mounts = [m for c in clusters for node in c.nodes for m in node.extra_mounts]
        return not any(mount.container_path.text.startswith(inside) for mount in mounts)

    VALID = (
        Valid({"e2e/pod.yaml": _POD + "        type: Directory\n"}, "the node is not seen"),
        Valid(
            {"e2e/pod.yaml": _POD + "        type: Directory\n", "kind.yaml": _KIND + _MOUNT},
            "the extraMount brings it",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD + "        type: Directory\n",
                "kind.yaml": _KIND,
                "up.sh": "docker exec kind-control-plane mkdir -p /coverdata\n",
            },
            "a script makes it",
        ),
        Valid(
            {"e2e/pod.yaml": _POD + "        type: DirectoryOrCreate\n", "kind.yaml": _KIND},
        ),
    )
    INVALID = (
        Invalid(
            {"e2e/pod.yaml": _POD + "        type: «File»\n"},
            fixed={"e2e/pod.yaml": _POD + "        type: DirectoryOrCreate\n"},
            message="is no directory",
            safe=True,
        ),
        Invalid(
            {"deploy/till.yaml": _POD + "        type: «Directory»\n", "kind.yaml": _KIND},
            fixed={"deploy/till.yaml": _POD + "        type: DirectoryOrCreate\n"},
            message="the pod never starts",
            safe=False,
        ),
    )
