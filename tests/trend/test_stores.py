"""Runs are kept in folders and in branches, by real git, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from covlint.trend.stores import BranchStore, FolderStore, StoreError

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with something staged, something changed and something untracked."""
    folder = tmp_path / "service"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name in ("staged", "changed"):
        (folder / name).write_text("before\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "staged").write_text("after\n")
    git(folder, "add", "staged")
    (folder / "changed").write_text("after\n")
    (folder / "untracked").write_text("new\n")
    (folder / "sub").mkdir()
    return folder


def test_a_folder(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path / "new" / "runs"))
    with pytest.raises(StoreError, match="No such file"):
        store.read()
    store.write({"b.json": b"2", "a.json": b"1"})
    (tmp_path / "new" / "runs" / "notes.txt").write_text("no run")
    assert store.read() == {"a.json": b"1", "b.json": b"2"}
    store.write({"c.json": b"3"}, ["a.json"])
    assert list(store.read()) == ["b.json", "c.json"]
    assert (tmp_path / "new" / "runs" / "c.json").stat().st_mode & 0o777 == 0o644
    with pytest.raises(StoreError):
        FolderStore(str(tmp_path / "new" / "runs" / "c.json")).write({"d.json": b""})


def test_a_branch_is_written_beside_the_work_tree(repository: Path) -> None:
    before = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    store = BranchStore(str(repository / "sub"), "coverage/runs")
    assert store.read() == {}
    store.write({"a.json": b"1\n\0", "b.json": b""})
    store.write({"c.json": b"3"}, ["b.json"])
    assert store.read() == {"a.json": b"1\n\0", "c.json": b"3"}
    assert git(repository, "ls-tree", "--name-only", "coverage/runs").split() == [
        "a.json",
        "c.json",
    ]
    assert git(repository, "rev-list", "--count", "coverage/runs") == "2"
    assert git(repository, "log", "-1", "--format=%s", "coverage/runs") == "Coverage of 2 runs"
    after = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    assert after == before
    assert git(repository, "fsck", "--strict") == ""


def test_no_program_of_the_repository_is_run(repository: Path) -> None:
    hooks = repository / ".git" / "hooks"
    for name in ("reference-transaction", "post-commit", "pre-commit", "post-index-change"):
        (hooks / name).write_text("#!/bin/sh\ntouch ran\n")
        (hooks / name).chmod(0o755)
    git(repository, "config", "core.hooksPath", str(hooks))
    git(repository, "config", "commit.gpgSign", "true")
    git(repository, "config", "gpg.program", str(hooks / "pre-commit"))
    git(repository, "config", "filter.x.clean", str(hooks / "pre-commit"))
    (repository / ".gitattributes").write_text("* filter=x\n")
    store = BranchStore(str(repository), "runs")
    store.write({"a.json": b"1"})
    assert store.read() == {"a.json": b"1"}
    assert not list(repository.rglob("ran"))


@pytest.mark.parametrize("name", ["main", "-x", "a..b", "", "@{-1}"])
def test_a_branch_that_cannot_be_one_of_runs(repository: Path, name: str) -> None:
    with pytest.raises(StoreError):
        BranchStore(str(repository), name).write({"a.json": b"1"})
    assert git(repository, "rev-list", "--count", "main") == "1"


def test_a_branch_that_is_checked_out_is_left_alone(repository: Path, tmp_path: Path) -> None:
    """Otherwise its work tree would look as if the new run had been deleted in it."""
    store = BranchStore(str(repository), "runs")
    store.write({"a.json": b"1"})
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"), "runs")
    with pytest.raises(StoreError, match="branch runs is checked out"):
        store.write({"b.json": b"1"})
    assert list(store.read()) == ["a.json"]


def test_a_branch_of_other_things_is_left_alone(repository: Path) -> None:
    git(repository, "branch", "feature")
    with pytest.raises(StoreError, match="branch feature holds changed"):
        BranchStore(str(repository), "feature").write({"a.json": b"1"})
    assert git(repository, "rev-list", "--count", "feature") == "1"


def test_what_explains_the_branch_stays(repository: Path) -> None:
    blob = git(repository, "hash-object", "-w", "changed")
    tree = subprocess.run(
        ["git", "mktree"],
        cwd=repository,
        input=f"100644 blob {blob}\tREADME.md\n",
        text=True,
        capture_output=True,
        check=True,
    ).stdout.strip()
    git(
        repository, "update-ref", "refs/heads/runs", git(repository, "commit-tree", "-m", "x", tree)
    )
    store = BranchStore(str(repository), "runs")
    store.write({"a.json": b"1"})
    assert list(store.read()) == ["a.json"]
    assert git(repository, "ls-tree", "--name-only", "runs").split() == ["README.md", "a.json"]


def test_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no git repository"):
        BranchStore(str(tmp_path), "runs")


def test_jobs_that_race_lose_no_run(repository: Path, tmp_path: Path) -> None:
    """Two clones of CI add a run each and push; the second one fetches and adds its own again."""
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", repository, origin], check=True)
    clones = [tmp_path / name for name in ("one", "two")]
    for clone in clones:
        subprocess.run(["git", "clone", "-q", origin, clone], check=True)
    one, two = clones
    for clone in clones:
        BranchStore(str(clone), "runs").write({f"{clone.name}.json": b"1"})
    git(one, "push", "-q", "origin", "runs")
    with pytest.raises(subprocess.CalledProcessError):
        git(two, "push", "-q", "origin", "runs")
    git(two, "fetch", "-q", "origin", "runs:refs/remotes/origin/runs")
    assert list(BranchStore(str(two), "runs").read()) == ["one.json", "two.json"]
    BranchStore(str(two), "runs").write({"two.json": b"1"})
    git(two, "push", "-q", "origin", "runs")
    # a fresh clone has the branch of the remote alone, and goes on from there
    three = tmp_path / "three"
    subprocess.run(["git", "clone", "-q", origin, three], check=True)
    store = BranchStore(str(three), "runs")
    assert list(store.read()) == ["one.json", "two.json"]
    store.write({"three.json": b"1"})
    git(three, "push", "-q", "origin", "runs")
    assert len(git(origin, "ls-tree", "--name-only", "runs").split()) == 3


def test_a_clone_that_is_behind_goes_on_from_the_remote(repository: Path, tmp_path: Path) -> None:
    store = BranchStore(str(repository), "runs")
    store.write({"a.json": b"1"})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", repository, clone], check=True)
    git(clone, "branch", "runs", "origin/runs")
    store.write({"b.json": b"2"})
    git(clone, "fetch", "-q")
    mine = BranchStore(str(clone), "runs")
    assert list(mine.read()) == ["a.json", "b.json"]
    mine.write({"c.json": b"3"})
    assert git(clone, "rev-list", "--count", "runs") == "3"


def test_without_a_user_covlint_signs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    BranchStore(str(repository), "runs").write({"a.json": b"1"})
    assert git(repository, "log", "-1", "--format=%an", "runs") == "covlint"
    git(repository, "config", "user.name", "Me")
    git(repository, "config", "user.email", "me@example.org")
    BranchStore(str(repository), "runs").write({"b.json": b"1"})
    assert git(repository, "log", "-1", "--format=%an", "runs") == "Me"


def test_processes_that_write_at_once_lose_no_run(repository: Path) -> None:
    def add(number: int) -> None:
        BranchStore(str(repository), "runs").write({f"{number}.json": b"1"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    assert len(BranchStore(str(repository), "runs").read()) == 4
    assert git(repository, "rev-list", "--count", "runs") == "4"
