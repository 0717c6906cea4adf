"""Whether a file says the same off its edits: small edits do not, damage does."""

from __future__ import annotations

import pytest

from fixes.hunks import compared
from fixes.structure import difference as difference_of

POD = """# the till
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: till
      image: till:e2e  # ours
      env:
        - name: GOCOVERDIR
          value: /coverdata
---
kind: ConfigMap
data: {a: 1, b: [2, 3]}
"""
DOCKER = "FROM golang:1.24 AS build\nCOPY . .\nRUN go build \\\n    -a -o /till .\nUSER 1001\n"
GO = 'package main\n\nfunc main() {\n\tserve("a")\n\tserve("b")\n}\n'
PYTHON = "import os\n\nrun = ['a',\n       'b']\nprint(os)\n"
SHELL = "#!/bin/bash\nset -e\nif [[ -n $A ]]; then\n  echo a\nfi\n"


def difference(path: str, before: bytes, after: bytes) -> str | None:
    return difference_of(compared(path, before, after))


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        ("pod.yaml", POD, "value: /coverdata", "value: /cov"),
        ("pod.yaml", POD, "      env:\n", "      tty: true\n      env:\n"),
        ("pod.yaml", POD, "# the till\n", ""),
        ("Dockerfile", DOCKER, " -a", ""),
        ("Dockerfile", DOCKER, "USER 1001\n", "USER 1001\nENV GOCOVERDIR=/coverdata\n"),
        ("main.go", GO, '\tserve("a")\n', '\tserve("c")\n'),
        ("tests.py", PYTHON, "'b'", "'c'"),
        ("run.sh", SHELL, "echo a", "echo b"),
        ("notes.txt", "a\n", "a", "b"),
    ],
)
def test_an_edit_of_one_value_is_no_difference(path: str, before: str, old: str, new: str) -> None:
    assert old in before
    assert difference(path, before.encode(), before.replace(old, new).encode()) is None


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        # the container swallows what follows
        ("pod.yaml", POD, "---\nkind: ConfigMap\n", "kind: ConfigMap\n"),
        ("pod.yaml", POD, "      env:\n", "      other:\n"),
        ("pod.yaml", POD, "spec:\n", "spec: {\n"),
        ("Dockerfile", DOCKER, "\\\n    -a -o", "\n    -a -o"),
        ("Dockerfile", DOCKER, "COPY . .\n", "COPY . . \\\n"),
        ("main.go", GO, '\tserve("a")\n', '  serve("a")\n'),
        ("main.go", GO, '\tserve("a")\n', "\tserve(\n"),
        ("tests.py", PYTHON, "import os\n\n", "if run:\n  import os\n  x = ("),
        ("run.sh", SHELL, "then\n", "\n"),
    ],
)
def test_damage_is_found(path: str, before: str, old: str, new: str) -> None:
    assert old in before
    assert difference(path, before.encode(), before.replace(old, new).encode()) is not None


def test_a_file_that_nobody_could_read_may_stay_so() -> None:
    template = b"spec:\n  {{- if .Values.x }}\n  a: 1\n  {{- end }}\n"
    assert difference("deploy.yaml", template, template.replace(b"1", b"2")) is None
