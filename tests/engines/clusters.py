"""A real Kind cluster for a module of tests: two nodes, and folders of the host in them."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engines.base_images import CannotMake, Maker

BUSYBOX = "docker.io/library/busybox:1.36"
_CONFIG = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - {{hostPath: {folder}/data, containerPath: /coverdata}}
      - {{hostPath: {folder}/first, containerPath: /firstonly}}
  - role: worker
    extraMounts:
      - {{hostPath: {folder}/data, containerPath: /coverdata}}
      - {{hostPath: {folder}/sealed, containerPath: /sealed, readOnly: true}}
"""


@dataclass(frozen=True)
class Cluster:
    """``environ`` lets kubectl, kind and docker work with it, also where docker is podman."""

    name: str
    runtime: str
    environ: Mapping[str, str]

    def on_worker(self, line: str) -> None:
        words = [self.runtime, "exec", f"{self.name}-worker", "sh", "-c", line]
        subprocess.run(words, check=True, capture_output=True)


@contextmanager
def two_nodes(runtime: str, folder: Path) -> Iterator[Cluster]:
    """Pods go to the worker. Raises CannotMake."""
    Maker(runtime).ensure("busybox:1.36")
    name = f"covlint-test-{secrets.token_hex(3)}"
    for part in ("data", "first", "sealed", "bin"):
        (folder / part).mkdir()
    config = folder / "kind.yaml"
    config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
    environ = {**provider(runtime), "CLUSTER": name, "KUBECONFIG": str(folder / "kubeconfig")}
    if runtime == "podman":
        docker = folder / "bin" / "docker"
        docker.write_text(f'#!/bin/sh\nexec {shutil.which("podman")} "$@"\n', encoding="utf-8")
        docker.chmod(0o755)
        environ["PATH"] = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    image = os.environ.get("COVLINT_KIND_NODE_IMAGE")
    words = ["create", "cluster", "--name", name, "--config", str(config)]
    try:
        _kind(environ, *words, *(["--image", image] if image else []))
        archive = folder / "busybox.tar"
        subprocess.run([runtime, "save", "-o", archive, BUSYBOX], check=True, capture_output=True)
        _kind(environ, "load", "image-archive", str(archive), "--name", name)
        yield Cluster(name, runtime, environ)
    finally:
        subprocess.run(
            ["kind", "delete", "cluster", "--name", name],
            capture_output=True,
            env=environ,
            check=False,
        )


def _kind(environ: Mapping[str, str], *words: str) -> None:
    done = subprocess.run(
        ["kind", *words], capture_output=True, text=True, env=environ, check=False
    )
    if done.returncode:
        raise CannotMake(f"kind {' '.join(words[:2])} failed: {done.stderr[-2000:]}")


def provider(runtime: str) -> dict[str, str]:
    """The environment in which kind works with a runtime."""
    if runtime == "podman":
        return {**os.environ, "KIND_EXPERIMENTAL_PROVIDER": "podman"}
    return dict(os.environ)


def kubectl(kubeconfig: Path, *words: str) -> str:
    command = ["kubectl", f"--kubeconfig={kubeconfig}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
