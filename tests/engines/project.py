"""A small service and the files that take it into a container and into a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Serves on :8080 until SIGTERM, and takes $SLOW (a Go duration) to shut down.
MAIN = """package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {})
	server := &http.Server{Addr: ":8080"}
	go server.ListenAndServe()
	log.Print("listening")
	<-ctx.Done()
	slow, _ := time.ParseDuration(os.Getenv("SLOW"))
	time.Sleep(slow)
	server.Close()
}
"""

#: Serves on :8080 and knows nothing of signals.
DEAF = """package main

import (
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
"""

DOCKERFILE = """FROM golang:1.22-bookworm AS builder
ARG GOFLAGS=""
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app

FROM {base}
COPY --from=builder /out/app /app
USER {user}
EXPOSE 8080
{entrypoint}
"""

MANIFEST = """apiVersion: v1
kind: Namespace
metadata:
  name: {namespace}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  namespace: {namespace}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: app}}
  template:
    metadata:
      labels: {{app: app}}
    spec:
      terminationGracePeriodSeconds: {grace}
      {pod}
      containers:
        - name: app
          image: localhost/{namespace}:e2e
          imagePullPolicy: {pull}
          {container}
          ports:
            - containerPort: 8080
          env:
            - name: SLOW
              value: "{slow}"
            - name: GOCOVERDIR
              value: {coverdir}
          readinessProbe:
            httpGet: {{path: /healthz, port: 8080}}
            periodSeconds: 1
          volumeMounts:
            - name: coverage
              mountPath: {mount}
              {mount_options}
      volumes:
        - name: coverage
          {volume}
"""

KIND = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: ./coverdata
        containerPath: {node_path}
{more}
"""

WORKER = "  - role: worker\n"
MOUNTED_WORKER = """  - role: worker
    extraMounts:
      - hostPath: ./coverdata
        containerPath: /coverdata
"""


@dataclass
class Layout:
    """What a test changes; the rest is a service whose coverage arrives."""

    namespace: str
    main: str = MAIN
    base: str = "gcr.io/distroless/static:nonroot"
    user: str = "0"
    entrypoint: str = 'ENTRYPOINT ["/app"]'
    goflags: str = "-cover"
    replicas: int = 1
    grace: int = 5
    slow: str = "0s"
    pull: str = "IfNotPresent"
    coverdir: str = "/coverdata"
    mount: str = "/coverdata"
    mount_options: str = "readOnly: false"
    node_path: str = "/coverdata"
    volume: str | None = None
    host_path: str | None = None
    pod: str = ""
    container: str = ""
    more_nodes: str = MOUNTED_WORKER
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    target: Mapping[str, object] = field(default_factory=dict)

    @property
    def manifest(self) -> str:
        volume = self.volume
        if volume is None:
            path = self.host_path or f"/coverdata/{self.namespace}"
            volume = f"hostPath: {{path: {path}, type: DirectoryOrCreate}}"
        names = ("namespace", "replicas", "grace", "pod", "container", "pull", "slow")
        names += ("coverdir", "mount", "mount_options")
        return MANIFEST.format(**{name: getattr(self, name) for name in names}, volume=volume)

    def write(self, root: Path) -> None:
        target: dict[str, object] = {
            "engine": "container",
            "dockerfile": "Dockerfile",
            "manifest": "deploy/app.yaml",
            "container": "app",
            "build_args": {"GOFLAGS": self.goflags},
            "ready": {"http": "http://127.0.0.1:${PORT}/healthz", "timeout": 30},
            "exercise": "true",
            **self.target,
        }
        files: dict[str, str | bytes] = {
            "go.mod": "module example.com/app\n\ngo 1.21\n",
            "cmd/app/main.go": self.main,
            "Dockerfile": DOCKERFILE.format(
                base=self.base, user=self.user, entrypoint=self.entrypoint
            ),
            ".covlint.yaml": json.dumps({"targets": {"app": target}}),
            "deploy/app.yaml": self.manifest,
            "kind.yaml": KIND.format(node_path=self.node_path, more=self.more_nodes),
            **self.files,
        }
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())


@dataclass(frozen=True)
class Verified:
    code: int
    verdict: dict[str, Any]
    stderr: str

    @property
    def codes(self) -> list[str | None]:
        """The rules that are named as causes, in the order in which they are told."""
        return [cause["code"] for cause in self.verdict["causes"]]

    @property
    def shown(self) -> str:
        return json.dumps(self.verdict, indent=1) + self.stderr


def verify(root: Path, *words: str, **env: str) -> Verified:
    """``covlint verify`` in a folder, as a user starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "covlint", "verify", "--format", "json", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return Verified(done.returncode, json.loads(done.stdout), done.stderr)
