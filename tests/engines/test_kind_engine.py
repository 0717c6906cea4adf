"""Services in a real Kind cluster of two nodes: what arrives, and what is said when nothing does.

One cluster serves all tests (``clusters.two_nodes``); pods go to the worker.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.clusters import kubectl, provider
from engines.project import DEAF, WORKER, Layout, verify

OPENED = (
    'initContainers: [{name: own, image: "docker.io/library/busybox:1.36", '
    'imagePullPolicy: Never, command: [chown, "1001", /d], '
    "volumeMounts: [{name: coverage, mountPath: /d}]}]"
)

CLAIM = """apiVersion: v1
kind: PersistentVolume
metadata: {name: claimed}
spec:
  capacity: {storage: 1Mi}
  accessModes: [ReadWriteMany]
  storageClassName: ""
  claimRef: {namespace: claimed, name: coverage}
  hostPath: {path: /var/claimed, type: DirectoryOrCreate}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: coverage, namespace: claimed}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: ""
  volumeName: claimed
  resources: {requests: {storage: 1Mi}}
"""

#: Writes its counters when it is told to, and ends in a way that would lose them.
SNAPSHOTS = """package main

import (
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime/coverage"
	"syscall"
)

func main() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		for range told {
			if err := coverage.WriteCountersDir(os.Getenv("GOCOVERDIR")); err != nil {
				log.Print(err)
			}
		}
	}()
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
"""
COPYING = """collect:
	kubectl -n snapshots exec deploy/app -- kill -USR1 1
	kubectl -n snapshots cp app:/coverdata ./coverdata
"""

HEALTHY = {
    "as a user, in a folder that is his": Layout("user", user="1001", pod=OPENED),
    "as nonroot, with three replicas": Layout(
        "nonroot", user="65532", replicas=3, pod=OPENED.replace("1001", "65532")
    ),
    "with a read-only root": Layout(
        "readonlyroot", container="securityContext: {readOnlyRootFilesystem: true}"
    ),
    "on a claim": Layout(
        "claimed",
        volume="persistentVolumeClaim: {claimName: coverage}",
        files={"deploy/claim.yaml": CLAIM},
        target={"apply": ["deploy/app.yaml", "deploy/claim.yaml"]},
    ),
    "out of a living pod": Layout(
        "snapshots",
        main=SNAPSHOTS,
        base="busybox:1.36",
        goflags="-cover -covermode=atomic",
        volume="emptyDir: {}",
        files={"Makefile": COPYING},
    ),
}

BROKEN = {
    "not instrumented": (Layout("plain", goflags=""), "not-instrumented", None),
    "no GOCOVERDIR there": (Layout("absent", mount="/elsewhere"), "missing-directory", "COV501"),
    "another user": (Layout("denied", user="1001"), "permission-denied", "COV304"),
    "a read-only mount": (Layout("locked", mount_options="readOnly: true"), "read-only", "COV303"),
    "no SIGTERM handler": (Layout("deaf", main=DEAF), "meta-only", "COV601"),
    "a short grace period": (Layout("slow", slow="20s", grace=1), "killed", "COV306"),
    "an emptyDir": (Layout("empty", volume="emptyDir: {}"), "not-extracted", "COV305"),
    "another folder of the node": (
        Layout("node", host_path="/tmp/other"),
        "not-extracted",
        "COV502",
    ),
    "an unmounted worker": (
        Layout("worker", host_path="/firstonly", node_path="/firstonly", more_nodes=WORKER),
        "not-extracted",
        "COV403",
    ),
    "a registry that is always asked": (Layout("pulled", pull="Always"), "never-started", "COV308"),
}


@pytest.mark.parametrize("layout", HEALTHY.values(), ids=HEALTHY.keys())
def test_what_is_whole_passes(
    tmp_path: Path, base_images: Callable[..., None], cluster: str, layout: Layout
) -> None:
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    done = verify(tmp_path, "--engine", "kind", "--cluster", cluster)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == layout.replicas, done.shown


@pytest.mark.parametrize(("layout", "symptom", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_named(
    tmp_path: Path,
    base_images: Callable[..., None],
    cluster: str,
    layout: Layout,
    symptom: str,
    code: str | None,
) -> None:
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    done = verify(tmp_path, "--engine", "kind", "--cluster", cluster)
    assert (done.code, done.verdict["verdict"]) == (1, "failed"), done.shown
    first = done.verdict["causes"][0]
    assert first["symptom"] == symptom, done.shown
    if code is not None:
        assert first["code"] == code, done.shown


def test_a_context_gets_a_namespace_of_its_own(
    tmp_path: Path, base_images: Callable[..., None], cluster: str, elsewhere: Path
) -> None:
    layout = Layout("spaced", replicas=3)
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    done = verify(tmp_path, "--engine", "context", "--cluster", f"kind-{cluster}")
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 3, done.shown
    spaces = kubectl(elsewhere, "get", "namespaces", "-o", "jsonpath={.items[*].status.phase}")
    names = kubectl(elsewhere, "get", "namespaces", "-o", "name")
    assert "namespace/spaced" not in names
    assert "covlint-" not in names or "Terminating" in spaces


def test_a_pod_brings_the_data_out_of_nodes_that_nothing_else_reaches(
    tmp_path: Path,
    base_images: Callable[..., None],
    cluster: str,
    kind: str,
    runtime: str,
    elsewhere: Path,
) -> None:
    layout = Layout("remote", replicas=2, host_path="/var/remote")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    image, archive = "localhost/remote:e2e", tmp_path / "image.tar"
    for words in (
        [runtime, "build", "-t", image, "--build-arg", "GOFLAGS=-cover", str(tmp_path)],
        [runtime, "save", "-o", str(archive), image],
        [kind, "load", "image-archive", str(archive), "--name", cluster],
    ):
        subprocess.run(words, check=True, capture_output=True, env=provider(runtime))
    done = verify(
        tmp_path, "--engine", "context", "--cluster", "elsewhere", KUBECONFIG=str(elsewhere)
    )
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 2, done.shown


def test_what_was_in_the_cluster_before_stays(
    tmp_path: Path, base_images: Callable[..., None], cluster: str, elsewhere: Path
) -> None:
    layout = Layout("shared")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    kubectl(elsewhere, "create", "namespace", "shared")
    done = verify(tmp_path, "--engine", "kind", "--cluster", cluster)
    assert done.code == 0, done.shown
    assert "namespace/shared" in kubectl(elsewhere, "get", "namespaces", "-o", "name")
    left = kubectl(elsewhere, "get", "deployments", "-n", "shared", "-o", "name")
    assert left == ""


POD = """apiVersion: v1
kind: Pod
metadata: {name: sick}
spec:
  containers:
    - name: app
      image: docker.io/library/busybox:1.36
      imagePullPolicy: Never
      command: [sh, -c, "echo 'error: coverage meta-data emit failed: permission denied'; sleep 60"]
      env: [{name: GOCOVERDIR, value: /coverdata}]
      volumeMounts: [{name: coverage, mountPath: /coverdata}]
  volumes: [{name: coverage, emptyDir: {}}]
"""


def test_the_doctor_looks_at_a_running_pod(tmp_path: Path, cluster: str, elsewhere: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD, encoding="utf-8")
    kubectl(elsewhere, "apply", "-f", str(tmp_path / "pod.yaml"))
    kubectl(elsewhere, "wait", "--for=condition=Ready", "pod/sick", "--timeout=60s")
    done = subprocess.run(
        [sys.executable, "-m", "covlint", "doctor", "pod/sick", "-n", "default"],
        env={**os.environ, "KUBECONFIG": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "permission-denied" in done.stdout
    assert "lies on an emptyDir" in done.stdout
    kubectl(elsewhere, "delete", "pod", "sick", "--wait=false")
    missing = subprocess.run(
        [sys.executable, "-m", "covlint", "doctor", "pod/nobody"],
        env={**os.environ, "KUBECONFIG": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode == 3
    assert "not found" in missing.stderr
