"""The check of fixes finds what it is there to find."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ecosystem.fixes import check_fixes

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
