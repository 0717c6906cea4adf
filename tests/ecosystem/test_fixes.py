"""The check of fixes finds what it is there to find."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ecosystem.fixes import check_fixes
from ecosystem.structure import difference

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


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "e2e").mkdir(parents=True)
    (folder / "e2e/pod.yaml").write_text(POD)
    (folder / "Dockerfile").write_text(
        "FROM golang:1.24\r\nCOPY . .\r\nRUN go build -cover -a -o /till . && "
        'mkdir /coverdata\r\nCMD ["/till"]\r\n',
        newline="",
    )
    (folder / "Makefile").write_text("e2e:\n\tdocker build -t till:e2e .\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def test_fixes_are_checked_on_a_copy(checkout: Path) -> None:
    before = contents(checkout)
    checked = check_fixes(checkout)
    assert checked.changed == ("Dockerfile", "e2e/pod.yaml")
    assert checked.problems == ()
    assert contents(checkout) == before


def test_a_checkout_without_anything_to_fix_is_not_copied(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "Dockerfile").unlink()
    (checkout / "e2e/pod.yaml").unlink()
    monkeypatch.setattr(shutil, "copy2", lambda *_: pytest.fail("copied"))
    assert check_fixes(checkout) == type(check_fixes(checkout))((), ())


def test_a_patch_that_differs_from_the_fix_is_a_problem(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecosystem import fixes

    real = fixes._covlint

    def other_diff(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        completed = real(folder, *arguments)
        if "--diff" in arguments:
            completed.stdout = completed.stdout.replace(b"+    - name: coverage", b"+    - name: c")
            assert b"- name: c\n" in completed.stdout
        return completed

    monkeypatch.setattr(fixes, "_covlint", other_diff)
    (problem,) = check_fixes(checkout).problems
    assert problem == "--diff and --fix give other bytes: e2e/pod.yaml"
