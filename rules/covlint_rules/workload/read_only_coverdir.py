from __future__ import annotations

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
from covlint.facts.kubernetes.coverage_volume import (
    READ_ONLY_KINDS,
    coverage_mounts,
    mount_coverage,
    written_fix,
)
from covlint.facts.kubernetes.workload import VolumeMount
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain


class ReadOnlyCoverdir(Rule[Chain]):
    """GOCOVERDIR lies on a file system that the container cannot write to.

    Why: a mount with `readOnly: true`, a container with `readOnlyRootFilesystem` and no
    volume at that path, or a volume that Kubernetes keeps read-only (a ConfigMap, a Secret):
    Go reports `read-only file system` on stderr and writes nothing.

    Instead: mount a writable volume at GOCOVERDIR.

    Left out: mounts that are not seen, and a coverage volume at another path (COV501).

    Fix: safe in a manifest that is plainly for e2e; otherwise unsafe. Which volume should
    replace a ConfigMap is your choice.
    """

    code = "COV303"
    name = "read-only-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.READ_ONLY
    source = "facts, part A: read-only file system, nothing written (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, coverdir = chain.container, chain.coverdir
        if not chain.takes_part or container is None or coverdir is None:
            return
        if chain.mount is not None:
            yield from self.mounted(chain, chain.mount, coverdir.text)
            return
        root = container.read_only_root
        if root is None or not coverdir.text.startswith("/"):
            return
        if container.mounts_opaque or coverage_mounts(container):
            return
        yield self.diagnostic(
            root.span,
            f"the root file system is read-only and no volume is mounted at {coverdir.text}: "
            "no data is written",
            related=(Related(coverdir.span, "GOCOVERDIR"),),
            fix=mount_coverage(container, coverdir.text, chain.clusters, e2e=chain.plainly_e2e),
        )

    def mounted(self, chain: Chain, mount: VolumeMount, coverdir: str) -> Iterator[Diagnostic]:
        volume = chain.volume
        if volume is not None and volume.kind in READ_ONLY_KINDS:
            yield self.diagnostic(
                volume.span,
                f"GOCOVERDIR {coverdir} lies on a {volume.kind.value} volume, which is read-only "
                "in the container: no data is written",
                related=(Related(mount.path.span, "mounted here"),),
                fix=Fix("Mount a hostPath or emptyDir volume there", Applicability.DISPLAY),
            )
        elif mount.read_only is not None:
            yield self.diagnostic(
                mount.read_only.span,
                f"the volume at {mount.path.text} is mounted read-only, and GOCOVERDIR is on it: "
                "no data is written",
                fix=written_fix(
                    "Mount it writable",
                    [mount.make_writable()],
                    safe=chain.plainly_e2e and not mount.shared,
                ),
            )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      securityContext:\n        readOnlyRootFilesystem: true\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "          readOnly: false\n  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            "a writable volume",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "          readOnly: {{ .Values.readOnly }}\n",
            },
            "not seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      securityContext:\n        readOnlyRootFilesystem: true\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /tmp/coverage\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            "the paths differ: COV501",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "          readOnly: «true»\n  volumes:\n    - name: coverage\n"
                "      hostPath:\n        path: /coverdata\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n"
                "      hostPath:\n        path: /coverdata\n",
            },
            message="is mounted read-only",
            safe=True,
        ),
        Invalid(
            {
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      securityContext:\n        readOnlyRootFilesystem: «true»\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /tmp/coverage\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      securityContext:\n        readOnlyRootFilesystem: true\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /tmp/coverage\n"
                "      volumeMounts:\n        - name: coverage\n"
                "          mountPath: /tmp/coverage\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n"
                "        path: /tmp/coverage\n        type: DirectoryOrCreate\n",
            },
            message="the root file system is read-only",
            safe=False,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /etc/till/coverage\n"
                "      volumeMounts:\n        - name: config\n          mountPath: /etc/till\n"
                "  volumes:\n    - «name: config\n      configMap:\n        name: till»\n",
            },
            message="lies on a configMap volume",
        ),
    )
