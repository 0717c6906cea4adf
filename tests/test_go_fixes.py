"""Every rule's repair of a pod that Go code writes as a typed literal."""

from __future__ import annotations

import pytest

from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from gocode import assert_gofmt

SUITE = "test/e2e/till.go"
POD = """\
package e2e

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func pod() *corev1.Pod {
	return &corev1.Pod{
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To(int64(30)),
			Containers: []corev1.Container{
				{
					Name:            "till",
					Image:           "localhost/till:e2e",
					ImagePullPolicy: corev1.PullNever,
					Env: []corev1.EnvVar{
						{Name: "LOG", Value: "debug"},
						{Name: "GOCOVERDIR", Value: "/coverdata"},
					},
					VolumeMounts: []corev1.VolumeMount{
						{Name: "config", MountPath: "/etc/till"},
						{Name: "coverage", MountPath: "/coverdata"},
					},
				},
			},
			Volumes: []corev1.Volume{
				{Name: "config"},
				{
					Name: "coverage",
					VolumeSource: corev1.VolumeSource{
						HostPath: &corev1.HostPathVolumeSource{
							Path: "/coverdata",
							Type: ptr.To(corev1.HostPathDirectoryOrCreate),
						},
					},
				},
			},
		},
	}
}
"""
VARIABLE = '\t\t\t\t\t\t{Name: "GOCOVERDIR", Value: "/coverdata"},\n'
MOUNT = '\t\t\t\t\t\t{Name: "coverage", MountPath: "/coverdata"},\n'
VOLUME = POD[
    POD.index('\t\t\t\t{\n\t\t\t\t\tName: "coverage"') : POD.index("\t\t\t},\n\t\t},\n\t}\n}")
]
SOURCE = VOLUME[VOLUME.index("\t\t\t\t\t\tHostPath") : VOLUME.index("\t\t\t\t\t},\n\t\t\t\t},\n")]
MAIN = """\
package main

import (
	"context"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{}
	go server.ListenAndServe()
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	server.Shutdown(last)
}
"""
PROJECT = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "main.go": MAIN,
    "Dockerfile": "FROM golang:1.24 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -cover -o /till .\n"
    'FROM debian:bookworm-slim\nCOPY --from=b /till /till\nENTRYPOINT ["/till"]\n',
    "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
    "  - role: control-plane\n    extraMounts:\n      - hostPath: /tmp/coverdata\n"
    "        containerPath: /coverdata\n",
    "Makefile": "e2e:\n\tmkdir -p /tmp/coverdata && chmod 777 /tmp/coverdata\n"
    "\tdocker build -t localhost/till:e2e .\n\tkind create cluster --config kind.yaml\n"
    "\tkind load docker-image localhost/till:e2e\n\tgo tool covdata percent -i=/tmp/coverdata\n",
}
CONTEXT = "\t\t\t\t\tSecurityContext: &corev1.SecurityContext{"
AFTER_IMAGE = "\t\t\t\t\tEnv: []"

BROKEN = [
    ("COV301", (VARIABLE, ""), (VARIABLE, VARIABLE)),
    ("COV302", (MOUNT, ""), (MOUNT, MOUNT)),
    (
        "COV302",
        (MOUNT, ""),
        (VOLUME, ""),
        ('MountPath: "/coverdata"', '\t\t\t\t\tName: "coverage",\n'),
    ),
    ("COV303", ('MountPath: "/coverdata"', 'MountPath: "/coverdata", ReadOnly: true'), (MOUNT,)),
    ("COV305", (SOURCE, "\t\t\t\t\t\tEmptyDir: &corev1.EmptyDirVolumeSource{},\n"), ("HostPath:",)),
    ("COV306", ("int64(30)", "int64(10)"), ("Seconds: ptr.To(int64(30)),",)),
    ("COV308", ("PullNever", "PullAlways"), ("corev1.PullIfNotPresent",)),
    (
        "COV309",
        (
            'MountPath: "/coverdata"},',
            'MountPath: "/coverdata", SubPathExpr: "$(POD_NAME)"},',
        ),
        (MOUNT,),
    ),
    (
        "COV311",
        ("HostPathDirectoryOrCreate", "HostPathFileOrCreate"),
        ("corev1.HostPathDirectoryOrCreate",),
    ),
    ("COV501", ('MountPath: "/coverdata"', 'MountPath: "/coverage"'), ()),
    ("COV502", ('Path: "/coverdata",\n', 'Path: "/data/coverdata",\n'), ('Path: "/coverdata",\n',)),
]


def found(files: dict[str, str | bytes]) -> list[str]:
    inspection = inspect(MemoryFiles(files), Registry.with_packs(()), Options())
    return [one.code for one in inspection.report.diagnostics]


def test_the_pod_as_it_is() -> None:
    assert found({**PROJECT, SUITE: POD}) == []
    assert_gofmt(POD)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0])
def test_a_repair(case: tuple[str, tuple[str, ...]]) -> None:
    code, *changes = case
    *broken, expected = changes
    text = POD
    for old, new in broken:
        assert old in text
        text = text.replace(old, new)
    files: dict[str, str | bytes] = {**PROJECT, SUITE: text}
    assert code in found(files)
    outcome = fix(MemoryFiles(files), Registry.with_packs(()), Options(), unsafe=True)
    fixed = {change.path: change.after for change in outcome.changes}
    after = fixed[SUITE].decode()
    assert_gofmt(text)
    assert_gofmt(after)
    assert code not in found({**files, **fixed})
    for part in expected:
        assert part in after
