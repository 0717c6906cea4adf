from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Severity, Symptom
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain


class ReadOnlyExtraMount(Rule[Chain]):
    """The Kind node gets the coverage directory read-only.

    Why: `readOnly: true` of an extraMount holds for every pod on the node, whatever the pod's
    own mount says. Go reports `read-only file system` and writes nothing.

    Instead: remove `readOnly` from the extraMount.

    Left out: extraMounts on which no GOCOVERDIR lies.

    Fix: safe, since a Kind config describes a test cluster.
    """

    code = "COV402"
    name = "read-only-extra-mount"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.READ_ONLY
    source = "facts, part A: read-only file system, nothing written (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if not chain.takes_part:
            return
        for mount in chain.extra_mounts:
            if mount.read_only is None:
                continue
            yield self.diagnostic(
                mount.read_only.span,
                f"the Kind node mounts {mount.container_path.text} read-only, and GOCOVERDIR "
                "lies on it: no data is written",
                fix=written_fix("Mount it writable", [mount.make_writable()], safe=True),
            )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n      - hostPath: ./fixtures\n"
                "        containerPath: /fixtures\n        readOnly: true\n",
            },
            "another mount",
        ),
    )
    INVALID = (
        Invalid(
            {
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n        readOnly: «true» # why?\n",
            },
            fixed={
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /coverdata\n",
            },
            message="mounts /coverdata read-only",
            safe=True,
        ),
    )
