"""What a repository can hold git up with, and the environment that leads it elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from covlint import git
from covlint.files import DiskFiles
from covlint.git import Held, ask_git, run_git


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "IDLE", 0.3)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "Dockerfile").write_text("FROM scratch\n")
    (root / "below").mkdir()
    (root / "below" / "x").write_text("")
    return root


def configured(root: Path, text: str) -> None:
    with (root / ".git" / "config").open("a") as stream:
        stream.write(text)


PIPES = {
    ".gitignore": "",
    "below/.gitignore": "",
    ".git/config": "",
    ".git/info/exclude": "",
    "below/pipe": "[include]\n\tpath = ../below/pipe\n",
    "pipe": "[core]\n\texcludesFile = ./pipe\n",
}


@pytest.mark.parametrize("pipe", PIPES)
def test_a_pipe_among_its_files_holds_git_up_not_covlint(repository: Path, pipe: str) -> None:
    """Opening it waits for a writer that never comes."""
    configured(repository, PIPES[pipe])
    (repository / pipe).unlink(missing_ok=True)
    os.mkfifo(repository / pipe)
    files = DiskFiles(str(repository))
    assert "Dockerfile" in files.paths()
    assert "does not answer" in files.closed()[".git"]
    assert run_git(str(repository), ["ls-files", "-o", "--exclude-standard"]) is None


@pytest.mark.parametrize("path", [".gitignore", ".gitattributes", ".git/config", ".git"])
@pytest.mark.parametrize("kind", ["socket", "/dev/zero", "/dev/tty", "folder", "loop"])
def test_what_else_is_no_file_does_not_either(
    repository: Path, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "TIMEOUT", 3)
    place = repository / path
    if place.exists():
        place.rename(repository.parent / "former")
    monkeypatch.chdir(repository)  # the path of a socket is short
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(place if kind == "loop" else kind)
    assert "Dockerfile" in DiskFiles(str(repository)).paths()


def test_what_makes_progress_is_waited_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that computes for longer than a look takes, and one that sleeps in between."""
    for name, code in (
        ("busy", "import time\nwhile time.process_time() < 0.7: pass"),
        ("idle", "import time\ntime.sleep(60)"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "git").write_text(f"#!{sys.executable}\n{code}\nprint('done')\n")
        (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "busy"))
    assert ask_git(str(repository), []) == b"done\n"
    monkeypatch.setenv("PATH", str(tmp_path / "idle"))
    with pytest.raises(Held):
        ask_git(str(repository), [])


def test_the_environment_does_not_lead_git_astray(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a hook or somebody's shell sets it."""
    mark = tmp_path / "ran"
    (tmp_path / "run").write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "pipe").mkdir()
    elsewhere = {
        "GIT_DIR": "pipe",
        "GIT_WORK_TREE": "pipe",
        "GIT_INDEX_FILE": "pipe",
        "GIT_CONFIG": "pipe",
        "GIT_CONFIG_GLOBAL": "pipe",
        "GIT_OBJECT_DIRECTORY": "pipe",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(tmp_path / "run"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / "run"))
    assert DiskFiles(str(repository)).paths() == ["Dockerfile", "below/x"]
    assert run_git(str(repository), ["diff", "--raw"]) == b""
    assert not mark.exists()
