from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.data_steps import copied_out
from covlint.facts.kubernetes.coverage_volume import coverage_mounts, written_fix
from covlint.facts.kubernetes.workload import Container, VolumeMount
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Word
from covlint.wiring import Chain


class MismatchedCoverdir(Rule[Chain]):
    """GOCOVERDIR and the path at which the coverage volume is mounted differ.

    Why: the counters go to a path that is not on the volume. Where the image lacks that
    directory nothing is written, since Go never creates it; where the image has it, the data
    goes with the container. The volume stays empty either way, and the exit code is 0.

    Instead: set GOCOVERDIR to the path of the mount, or to a directory below it.

    Left out: containers without a volume for coverage (COV302), mounts that are not seen, and
    data that a script copies from the path as it is.

    Fix: it changes the value of GOCOVERDIR, which concerns coverage alone: safe where the
    container sets it itself, else unsafe. With several volumes the choice is yours.
    """

    code = "COV501"
    name = "mismatched-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.MISSING_DIRECTORY
    source = "facts, part A: GOCOVERDIR does not exist, Go never creates it (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, coverdir = chain.container, chain.coverdir
        if not chain.takes_part or container is None or coverdir is None:
            return
        if not coverdir.text.startswith("/") or chain.mount is not None or container.mounts_opaque:
            return
        mounts = coverage_mounts(container)
        # the image's own directory may be copied from while the pod lives, where it has one
        absent = chain.image is not None and chain.image.has_directory(coverdir.text) is False
        alive = copied_out(chain.steps, container, [coverdir.text])
        if not mounts or (alive and not absent):
            return
        paths = list(dict.fromkeys(mount.path.text for mount in mounts))
        if len(paths) == 1:
            where = f"the coverage volume is mounted at {paths[0]}"
        else:
            where = f"the volumes that look like coverage are mounted at {' and '.join(paths)}"
        here = container.variable("GOCOVERDIR") is not None
        yield self.diagnostic(
            coverdir.span if here else container.span,
            f"GOCOVERDIR is {coverdir.text}, but {where}: the counters never reach the volume",
            related=tuple(Related(mount.path.span, "mounted here") for mount in mounts),
            fix=self.repaired(chain, container, coverdir, mounts[0])
            if len(paths) == 1
            else Fix.advice(f"Set GOCOVERDIR to one of {', '.join(paths)}"),
        )

    def repaired(
        self, chain: Chain, container: Container, coverdir: Word, mount: VolumeMount
    ) -> Fix | None:
        """A value that is written in the container concerns coverage alone, so that
        changing it is safe; a new one is, in a manifest that is for e2e only."""
        if self.settings.get("paths") == "workload":
            moved = container.replace_word(mount.path, coverdir.text)
            safe = chain.plainly_e2e and not container.shared and not mount.shared
            return written_fix(f"Mount the volume at {coverdir.text}", [moved], safe=safe)
        path = mount.path.text
        title = f"Set GOCOVERDIR to {path}"
        variable = container.variable("GOCOVERDIR")
        if variable is None:
            added = container.add_variable("GOCOVERDIR", path)
            return written_fix(title, [added], safe=chain.plainly_e2e and not container.shared)
        changed = container.replace_word(coverdir, path)
        return written_fix(title, [changed], safe=not variable.shared and not container.shared)

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata/till\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata/\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            "below the mount",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /tmp/coverage\n"
                "      volumeMounts:\n        - name: recovery\n          mountPath: /data\n"
                "        - name: coverage-config\n          mountPath: /etc/coverage\n"
                "  volumes:\n    - name: recovery\n      emptyDir: {}\n"
                "    - name: coverage-config\n      configMap:\n        name: coverage\n",
            },
            "no volume for coverage data: COV302",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /tmp/coverage\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "        - name: '{{ .Values.volume }}'\n          mountPath: /tmp\n",
            },
            "a mount that is not seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            "where a mount path that is not absolute lies, the container runtime decides",
        ),
    )
    INVALID = (
        Invalid(
            {
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                '      env:\n        - name: GOCOVERDIR\n          value: «"/tmp/coverage"»\n'
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                '      env:\n        - name: GOCOVERDIR\n          value: "/coverdata"\n'
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            message="GOCOVERDIR is /tmp/coverage, but the coverage volume is mounted at /coverdata",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nRUN go build -cover -o /till .\n"
                "ENV GOCOVERDIR=/tmp/coverage\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - «name: till»\n      image: till\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            safe=True,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: «/tmp/coverage»\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "        - name: more\n          mountPath: /var/gocov\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n    - name: more\n      emptyDir: {}\n",
            },
            message="mounted at /coverdata and /var/gocov",
        ),
        Invalid(
            {
                "e2e/pods.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env: &env\n        - name: GOCOVERDIR\n          value: «/tmp/coverage»\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "    - name: desk\n      image: desk\n      env: *env\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            fixed={
                "e2e/pods.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env: &env\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "    - name: desk\n      image: desk\n      env: *env\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            safe=False,
        ),
    )
