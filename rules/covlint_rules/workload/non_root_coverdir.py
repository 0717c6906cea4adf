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
from covlint.facts.commands.data_steps import opened
from covlint.facts.dockerfile.image import Image
from covlint.facts.kubernetes.coverage_permissions import (
    non_root_by,
    open_by_init_container,
    opened_before,
    root_for_coverage,
)
from covlint.facts.kubernetes.coverage_volume import is_host_directory, node_path, written_fix
from covlint.facts.kubernetes.workload import Container, VolumeMount
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Certainty, Chain

_GO = """\
package e2e

import (
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

const image = "till"

func pod() *corev1.Pod {
	coverage := os.Getenv("E2E_COVERAGE") == "true"
	env := []corev1.EnvVar{{Name: "LOG", Value: "debug"}}
	if coverage {
		env = append(env, corev1.EnvVar{Name: "GOCOVERDIR", Value: "/coverdata"})
	}
	return &corev1.Pod{
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name:         "till",
				Image:        image,
				Env:          env,
				VolumeMounts: []corev1.VolumeMount{{Name: "coverage", MountPath: "/coverdata"}},
			}},
			Volumes: []corev1.Volume{{Name: "coverage", VolumeSource: corev1.VolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: «"/coverdata"»},
			}}},
		},
	}
}
"""
_ROOT = """\
			SecurityContext: func() *corev1.PodSecurityContext {
				if coverage {
					return &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](0)}
				}
				return nil
			}(),
"""
_FIXED = (
    _GO.replace("«", "").replace("»", "").replace("\t\t},\n\t}\n}\n", f"{_ROOT}\t\t}},\n\t}}\n}}\n")
)


class NonRootCoverdir(Rule[Chain]):
    """A user other than root writes to a directory of the node that root owns.

    Why: Kubernetes makes a hostPath directory for root, mode 0755, and `fsGroup` does not
    change a hostPath. Go reports `permission denied` for every file, on stderr only.

    Instead: let an init container open the directory (the default fix), run the e2e pod as
    root, or open the directory on the host before the cluster is created.

    Left out: users that are not seen, directories that a script or an init container opens,
    and volumes other than a hostPath: an emptyDir is open to everyone. It is a warning, since
    the directory may exist already with other rights.

    Fix: `fixes.permissions` chooses between `init-container`, `root` and `host-mode` (shown
    only). Safe in a manifest that is plainly for e2e. `auto` is an init container, and in Go
    code that switches coverage on by a condition it is root behind that condition: safe
    anywhere, and what `root` does there too.
    """

    code = "COV304"
    name = "non-root-coverdir"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.PERMISSION_DENIED
    configured_by = ("permissions",)
    source = "facts, part G: uid 1001 on a root-owned hostPath (DirectoryOrCreate), data lost"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, mount, volume = chain.container, chain.mount, chain.volume
        if not chain.takes_part or container is None or mount is None or chain.coverdir is None:
            return
        if volume is None or volume.host_path is None or not is_host_directory(volume):
            return
        image = chain.image if chain.image_certainty is not Certainty.UNKNOWN else None
        by = non_root_by(container, image)
        if by is None or opened_before(container, volume.name.text):
            return
        on_node = node_path(volume, mount, chain.coverdir.text)
        hosts = [one.host_path.text for one in chain.extra_mounts if one.host_path is not None]
        if opened(chain.steps, [on_node, volume.host_path.text, *hosts]):
            return
        identity = container.identity
        user = "another user than root"
        if identity.user is not None:
            user = f"user {identity.user.text}"
        elif identity.non_root is None and image is not None and image.user.name:
            user = f"user {image.user.name}"
        group = " (fsGroup does not change a hostPath)" if identity.fs_group is not None else ""
        yield self.diagnostic(
            volume.host_path.span,
            f"the container runs as {user}, and nothing seen lets that user write to "
            f"{volume.host_path.text} of the node, which Kubernetes makes for root{group}: "
            "permission denied, no data is written",
            related=(Related(by, "the user"),),
            fix=self.repaired(chain, container, image, mount, hosts or [on_node]),
        )

    def repaired(
        self,
        chain: Chain,
        container: Container,
        image: Image | None,
        mount: VolumeMount,
        hosts: list[str],
    ) -> Fix | None:
        """By the configuration's ``fixes.permissions``."""
        way = self.settings.get("permissions", "auto")
        if way == "host-mode":
            path = hosts[0]
            where = "" if chain.extra_mounts else " on the node"
            advice = f"Before the cluster is created{where}: mkdir -p {path} && chmod 0777 {path}"
            return Fix(advice, Applicability.DISPLAY)
        gated = root_for_coverage(container) if way != "init-container" else ()
        if gated:
            return written_fix("Run as root when coverage is on", [gated], safe=True)
        if way == "root":
            return written_fix(
                "Run the container as root",
                [container.set_user(0)],
                safe=chain.plainly_e2e and not container.shared,
            )
        directory = chain.coverdir.text if chain.coverdir is not None else mount.path.text
        return written_fix(
            f"Let an init container open {directory} for every user",
            [open_by_init_container(container, image, mount, directory)],
            safe=chain.plainly_e2e and not container.pod.shared,
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
            },
            "the user is not seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: 1001\n  containers:\n    - name: till\n      image: till\n"
                "      securityContext:\n        runAsUser: 0\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
            },
            "root, by the container itself",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: {{ .Values.uid }}\n    runAsNonRoot: true\n"
                "  containers:\n    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
            },
            "a template decides",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: 1001\n  initContainers:\n    - name: own\n      image: busybox\n"
                "      command: [chown, '1001', /data]\n      securityContext:\n"
                "        runAsUser: 0\n      volumeMounts:\n        - name: coverage\n"
                "          mountPath: /data\n  containers:\n    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
            },
            "an init container gives it away",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: 1001\n  containers:\n    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./build/out\n"
                "        containerPath: /coverdata\n",
                "Makefile": "e2e:\n\tmkdir -p build/out && chmod 777 build/out\n"
                "\tkind create cluster --config kind.yaml\n",
            },
            "the host's directory is opened",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: 1001\n    fsGroup: 1001\n  containers:\n    - name: till\n"
                "      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      emptyDir: {}\n",
            },
            "an emptyDir is open to everyone",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: 1001\n    fsGroup: 1001\n  containers:\n    - name: till\n"
                "      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/coverdata»\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  securityContext:\n"
                "    runAsUser: 1001\n    fsGroup: 1001\n  containers:\n    - name: till\n"
                "      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
                "  initContainers:\n    - name: coverage-permissions\n"
                "      image: busybox:stable\n      command:\n        - chmod\n"
                '        - "0777"\n        - /coverdata\n'
                "      securityContext:\n        runAsUser: 0\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n",
            },
            message="fsGroup does not change a hostPath",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24 AS b\nRUN go build -cover -o /till .\n"
                "FROM debian:bookworm-slim\nCOPY --from=b /till /till\nUSER 1001\n",
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: registry.example.com/till:e2e\n"
                "      imagePullPolicy: Never\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata/till\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/coverdata»\n"
                "        type: DirectoryOrCreate\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: registry.example.com/till:e2e\n"
                "      imagePullPolicy: Never\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata/till\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
                "        type: DirectoryOrCreate\n"
                "  initContainers:\n    - name: coverage-permissions\n"
                "      image: registry.example.com/till:e2e\n      imagePullPolicy: Never\n"
                "      command:\n        - sh\n        - -c\n"
                '        - "mkdir -p /coverdata/till && chmod 0777 /coverdata/till"\n'
                "      securityContext:\n        runAsUser: 0\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n",
            },
            message="runs as user 1001",
            safe=False,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      securityContext:\n        runAsNonRoot: true\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "          subPath: till\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/coverdata»\n",
            },
            message="another user than root",
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  initContainers:\n"
                "    - name: wait\n      image: busybox\n      command: [sleep, '1']\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  containers:\n    - name: till\n      image: till\n"
                "      securityContext:\n        runAsNonRoot: true\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: «/coverdata»\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  initContainers:\n"
                "    - name: wait\n      image: busybox\n      command: [sleep, '1']\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "    - name: coverage-permissions\n"
                "      image: busybox:stable\n      command:\n        - chmod\n"
                '        - "0777"\n        - /coverdata\n'
                "      securityContext:\n        runAsUser: 0\n        runAsNonRoot: false\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  containers:\n    - name: till\n      image: till\n"
                "      securityContext:\n        runAsNonRoot: true\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
            },
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24 AS b\nRUN go build -cover -o /till .\n"
                "FROM debian:bookworm-slim\nCOPY --from=b /till /till\nUSER 1001\n",
                "deploy/till.go": _GO,
            },
            fixed={"deploy/till.go": _FIXED},
            message="runs as user 1001",
            safe=True,
        ),
    )
