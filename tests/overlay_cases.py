"""Overlays in memory, what covlint makes of them, and what ``kubectl kustomize`` makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from covlint.documents.yaml import open_yaml
from covlint.facts.kubernetes.workload import Container, read_containers
from covlint.facts.kustomize.overlays import Resolved, resolve_overlays
from covlint.files import MemoryFiles
from covlint.source import SourceFile, Word

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: till
  labels: {app: till}
spec:
  template:
    spec:
      volumes:
      - name: data
        emptyDir: {}
      containers:
      - name: till
        image: shop/till:1.0
        args: [serve]
        env:
        - name: PORT
          value: "8080"
        - name: MODE
          value: fast
        volumeMounts:
        - name: data
          mountPath: /data
        securityContext:
          runAsUser: 1001
          readOnlyRootFilesystem: true
      - name: proxy
        image: proxy
"""


def tree(overlay: str, **others: str) -> dict[str, str]:
    """A base with the deployment, an overlay, and files beside the overlay (``a__b`` is a.b)."""
    files = {
        "base/deployment.yaml": DEPLOYMENT,
        "base/kustomization.yaml": "resources: [deployment.yaml]\n",
        "e2e/kustomization.yaml": "resources: [../base]\n" + overlay,
    }
    return files | {f"e2e/{name.replace('__', '.')}": text for name, text in others.items()}


def resolve(files: Mapping[str, str]) -> Resolved:
    memory = MemoryFiles(files)
    return resolve_overlays(memory.paths(), memory.read, memory.paths())


def containers(files: Mapping[str, str]) -> list[Container]:
    resolved = resolve(files)
    assert resolved.unread == ()
    return list(resolved.containers)


def built(files: Mapping[str, str], folder: Path, top: str = "e2e") -> list[Container] | str:
    """The containers that kubectl builds, or its error message."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder / top)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return done.stderr
    return list(read_containers(open_yaml(SourceFile.of_text("built.yaml", done.stdout))))


def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        reason = "kubectl is not installed: nothing to compare overlays with"
        if os.environ.get("COVLINT_NO_SKIP") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def summary(container: Container) -> dict[str, Any]:
    """What of a container its deployment depends on, without where it is written."""

    def said(word: Word | None) -> str | None:
        return word.text if word is not None else None

    pod = container.pod
    return {
        "workload": (pod.kind, said(pod.name), said(pod.namespace)),
        "labels": sorted(pod.labels),
        "replicas": said(pod.replicas),
        "grace": said(pod.grace_period),
        "volumes": [(v.name.text, v.kind, said(v.host_path)) for v in pod.volumes],
        "name": said(container.name),
        "init": container.init,
        "image": said(container.image),
        "env": [(e.name.text, said(e.value)) for e in container.env],
        "env_opaque": container.env_opaque,
        "mounts": [
            (m.name.text, m.path.text, said(m.read_only), said(m.sub_path))
            for m in container.mounts
        ],
        "command": [w.text for w in container.command or ()],
        "args": [w.text for w in container.arguments or ()],
        "user": (said(container.identity.user), said(container.identity.non_root)),
        "read_only_root": said(container.read_only_root),
    }
