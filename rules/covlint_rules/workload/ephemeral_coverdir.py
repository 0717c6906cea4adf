from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Severity, Symptom
from covlint.facts.commands.data_steps import copied_out
from covlint.facts.kubernetes.coverage_volume import coverage_extra_mounts, written_fix
from covlint.facts.kubernetes.pod_settings import has_helper, onto_node
from covlint.facts.kubernetes.workload import VolumeKind
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain, may_serve_coverage

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
)


class EphemeralCoverdir(Rule[Chain]):
    """GOCOVERDIR lies on an emptyDir, which is deleted with the pod.

    Why: Go writes its counters when the program ends; then the pod, with its emptyDir, is
    about to go.

    Instead: use a directory of the node or a claim. Or keep the emptyDir, let the program
    write its counters while it runs (`runtime/coverage`), and copy them out of the living
    pod.

    Left out: directories that a script copies out, pods in which another container mounts the
    same volume and may hand it out, and programs that hand their counters out themselves.

    Fix: safe in a manifest that is plainly for e2e, unless the volume is shared.
    """

    code = "COV305"
    name = "ephemeral-coverdir"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "field notes: written, then gone: emptyDir and scale to 0 (13 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, mount, volume = chain.container, chain.mount, chain.volume
        if not chain.takes_part or container is None or mount is None or volume is None:
            return
        if volume.kind is not VolumeKind.EMPTY_DIR or chain.coverdir is None:
            return
        if may_serve_coverage(chain):
            return
        if has_helper(container, volume.name.text):
            return
        if copied_out(chain.steps, container, [chain.coverdir.text, mount.path.text]):
            return
        kind = "a tmpfs" if container.pod.is_compose else "an emptyDir"
        paths = {one.container_path.text for one in coverage_extra_mounts(chain.clusters)}
        path = paths.pop() if len(paths) == 1 else mount.path.text
        yield self.diagnostic(
            volume.span,
            f"{mount.path.text} is {kind}: it is deleted with the pod, and Go writes the counters "
            "only when the program ends",
            fix=written_fix(
                f"Use {path} of the node",
                [onto_node(volume, path)],
                safe=chain.plainly_e2e and not volume.shared,
            ),
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD + "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
                "Makefile": "collect:\n\tkubectl exec till -- kill -USR1 1\n"
                "\tkubectl cp e2e/till:coverdata coverdata\n",
            },
            "copied while the pod lives",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD + "    - name: helper\n      image: busybox\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /data\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            "another container of the pod may hand it out",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD
                + "  volumes:\n    - name: coverage\n      persistentVolumeClaim:\n"
                "        claimName: coverage\n",
            },
            "a claim outlives the pod",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      volumeMounts:\n        - name: tmp\n          mountPath: /tmp\n"
                "  volumes:\n    - name: tmp\n      emptyDir: {}\n",
            },
            "no coverage here",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD + "  volumes:\n    - «name: coverage\n      emptyDir: {}»\n",
            },
            fixed={
                "e2e/pod.yaml": _POD + "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: /coverdata\n        type: DirectoryOrCreate\n",
            },
            message="is an emptyDir",
            safe=True,
        ),
        Invalid(
            {
                "deploy/till.yaml": _POD
                + "  volumes:\n    - «emptyDir:\n        sizeLimit: 1Gi\n      name: coverage»\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverage\n"
                "        containerPath: /mnt/coverage\n",
            },
            fixed={
                "deploy/till.yaml": _POD + "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: /mnt/coverage\n        type: DirectoryOrCreate\n",
            },
            safe=False,
        ),
    )
