"""What is applied to a cluster: kustomizations and charts, and the scripts of `--dry-run`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.clusters import kubectl, provider
from engines.project import Layout, verify

#: A workload that knows nothing of coverage, and an overlay that is all about it. kubectl 1.20
#: takes directories as ``bases`` only.
BASE = """apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: app
          image: localhost/overlaid:e2e
          imagePullPolicy: IfNotPresent
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
"""
OVERLAY = """namespace: overlaid
namePrefix: e2e-
bases: [../base]
patchesStrategicMerge: [coverage.yaml]
"""
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: app
          env: [{name: GOCOVERDIR, value: /coverdata}]
          volumeMounts: [{name: coverage, mountPath: /coverdata}]
      volumes:
        - name: coverage
          hostPath: {path: /coverdata/overlaid, type: DirectoryOrCreate}
"""
KUSTOMIZED = Layout(
    "overlaid",
    files={
        "deploy/app.yaml": "",
        "deploy/base/app.yaml": BASE,
        "deploy/base/kustomization.yaml": "resources: [app.yaml]\n",
        "deploy/e2e/kustomization.yaml": OVERLAY,
        "deploy/e2e/coverage.yaml": PATCH,
    },
    target={"manifest": "deploy/e2e/kustomization.yaml"},
)

TEMPLATE = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-app
  namespace: {{ .Values.namespace }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: app
          image: {{ .Values.image }}
          imagePullPolicy: IfNotPresent
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
          {{- if .Values.coverage.enabled }}
          env:
            - name: GOCOVERDIR
              value: {{ .Values.coverage.path }}
          volumeMounts:
            - name: coverage
              mountPath: {{ .Values.coverage.path }}
          {{- end }}
      {{- if .Values.coverage.enabled }}
      volumes:
        - name: coverage
          hostPath: {path: /coverdata/charted, type: DirectoryOrCreate}
      {{- end }}
"""
VALUES = """namespace: charted
replicas: 1
image: localhost/charted:e2e
coverage: {enabled: false, path: /coverdata}
"""
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: charted}\n"
#: Runs only where somebody asks for the tests of the chart.
UNWANTED = """apiVersion: v1
kind: Pod
metadata: {name: unwanted, namespace: charted, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: no, image: localhost/absent:1, imagePullPolicy: Never}]}
"""
CHARTED = Layout(
    "charted",
    files={
        "deploy/app.yaml": "",
        "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
        "charts/app/values.yaml": VALUES,
        "charts/app/templates/app.yaml": TEMPLATE,
        "charts/app/templates/space.yaml": SPACE,
        "charts/app/templates/tests/unwanted.yaml": UNWANTED,
        "Makefile": "deploy:\n\thelm upgrade --install app charts/app --set coverage.enabled=true "
        "--set replicas=2\n",
    },
    target={"manifest": "charts/app/templates/app.yaml"},
)


def test_a_kustomization_is_applied(
    tmp_path: Path, base_images: Callable[..., None], cluster: str
) -> None:
    base_images("golang:1.22-bookworm", KUSTOMIZED.base)
    KUSTOMIZED.write(tmp_path)
    done = verify(tmp_path, "--engine", "kind", "--cluster", cluster)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 2, done.shown
    script(tmp_path, "--engine", "kind", "--cluster", cluster)


def test_a_chart_is_applied_as_the_project_installs_it(
    tmp_path: Path,
    base_images: Callable[..., None],
    cluster: str,
    helm: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{helm}{os.pathsep}{os.environ['PATH']}")
    base_images("golang:1.22-bookworm", CHARTED.base)
    CHARTED.write(tmp_path)
    config = tmp_path / ".covlint.yaml"
    config.write_text(config.read_text().replace("{", '{"render": true, ', 1), encoding="utf-8")
    done = verify(tmp_path, "--engine", "kind", "--cluster", cluster)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 2, done.shown
    script(tmp_path, "--engine", "context", "--cluster", f"kind-{cluster}")


def script(root: Path, *words: str, **env: str) -> str:
    """Run what ``--dry-run`` prints; its output."""
    environ = {**os.environ, **env}
    printed = subprocess.run(
        [sys.executable, "-m", "covlint", "verify", "--dry-run", *words],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    done = subprocess.run(
        ["sh"], input=printed, cwd="/", env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, printed + done.stdout + done.stderr
    assert "example.com/app/cmd/app" in done.stdout, printed + done.stdout + done.stderr
    assert "coverage: 0.0%" not in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_the_script_of_a_cluster_that_is_there(
    tmp_path: Path, base_images: Callable[..., None], cluster: str, elsewhere: Path
) -> None:
    layout = Layout("scripted", replicas=2)
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    for words in (
        ("--engine", "kind", "--cluster", cluster),
        ("--engine", "context", "--cluster", f"kind-{cluster}"),
    ):
        said = script(tmp_path, *words)
        # what the first one left on the node does not count for the second
        assert said.count(" covcounters.") == 2, said
    left = kubectl(elsewhere, "get", "deployments", "-A", "-o", "name")
    assert "deployment.apps/app" not in left.split() or "Terminating" in kubectl(
        elsewhere, "get", "namespaces"
    )


def test_the_script_of_nodes_that_nothing_else_reaches(
    tmp_path: Path,
    base_images: Callable[..., None],
    cluster: str,
    kind: str,
    runtime: str,
    elsewhere: Path,
) -> None:
    layout = Layout("far", replicas=2, host_path="/var/far")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    image, archive = "localhost/far:e2e", tmp_path / "image.tar"
    for words in (
        [runtime, "build", "-t", image, "--build-arg", "GOFLAGS=-cover", str(tmp_path)],
        [runtime, "save", "-o", str(archive), image],
        [kind, "load", "image-archive", str(archive), "--name", cluster],
        [runtime, "rmi", "-f", image],
    ):
        subprocess.run(words, check=True, capture_output=True, env=provider(runtime))
    said = script(
        tmp_path, "--engine", "context", "--cluster", "elsewhere", KUBECONFIG=str(elsewhere)
    )
    assert said.count(" covcounters.") == 2, said
