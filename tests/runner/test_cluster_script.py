"""The scripts for clusters: how objects are taken apart, and moved to a namespace of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from covlint.runner.cluster.script import _SPLIT

#: As `kubectl create --dry-run=client -o yaml` writes it: keys in order, two spaces.
OBJECTS = """apiVersion: v1
kind: Namespace
metadata:
  name: e2e
---
apiVersion: v1
kind: Service
metadata:
  name: app
  namespace: e2e
spec:
  ports:
  - nodePort: 30480
    port: 8080
---
apiVersion: v1
data:
  namespace: e2e
  text: |
    metadata:
      namespace: e2e
kind: ConfigMap
metadata:
  name: words
  namespace: e2e
---
"""


def split(folder: Path, space: str) -> list[str]:
    folder.mkdir()
    words = ["awk", "-v", f"space={space}", "-v", f"out={folder}", _SPLIT]
    subprocess.run(words, input=OBJECTS, text=True, check=True)
    return [file.read_text() for file in sorted(folder.iterdir())]


def test_objects_are_taken_apart(tmp_path: Path) -> None:
    found = split(tmp_path / "all", "")
    assert "---\n".join(found) + "---\n" == OBJECTS


def test_objects_move_to_another_namespace(tmp_path: Path) -> None:
    service, words = split(tmp_path / "moved", "own")
    assert "  namespace: own\n" in service
    assert "- nodePort: 0\n" in service  # the cluster gives one that is free
    assert words.count("namespace: own") == 1
    assert "data:\n  namespace: e2e\n" in words
