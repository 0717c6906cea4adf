from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from covlint.files import DiskFiles, MemoryFiles, OverlayFiles, project_root
from covlint.source import UnreadableSource


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("ignored/\n*.log\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "ignored").mkdir()
    (tmp_path / "ignored" / "Dockerfile").write_text("FROM scratch\n")
    git(tmp_path, "add", "Dockerfile", ".gitignore")
    return tmp_path


def reason(files: DiskFiles, path: str) -> str:
    with pytest.raises(UnreadableSource) as caught:
        files.read(path)
    return caught.value.reason


def test_git_lists_tracked_and_untracked_but_not_ignored_files(repository: Path) -> None:
    (repository / "new.yaml").write_text("")
    (repository / "x.log").write_text("")
    assert DiskFiles(str(repository)).paths() == [".gitignore", "Dockerfile", "new.yaml"]


def test_a_tracked_file_that_was_deleted_is_not_listed(repository: Path) -> None:
    (repository / "Dockerfile").unlink()
    assert DiskFiles(str(repository)).paths() == [".gitignore"]


def test_a_folder_below_the_git_root_has_paths_of_its_own(repository: Path) -> None:
    (repository / "svc").mkdir()
    (repository / "svc" / "Dockerfile").write_text("")
    assert DiskFiles(str(repository / "svc")).paths() == ["Dockerfile"]


def test_nothing_of_the_repository_configuration_runs(repository: Path) -> None:
    mark = repository / "ran"
    script = repository / "hook.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(script))
    git(repository, "config", "core.hooksPath", str(repository))
    assert "Dockerfile" in DiskFiles(str(repository)).paths()
    assert not mark.exists()


def test_variables_of_a_calling_hook_do_not_lead_git_astray(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    assert DiskFiles(str(repository)).paths() == [".gitignore", "Dockerfile"]


def test_without_git_the_folder_is_walked(tmp_path: Path) -> None:
    for path in ("a/Dockerfile", "node_modules/x.yaml", ".git_not/x", "vendor/y.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert DiskFiles(str(tmp_path)).paths() == [".git_not/x", "a/Dockerfile"]


@pytest.mark.parametrize("with_git", [True, False])
def test_links_devices_and_pipes_are_not_listed(tmp_path: Path, with_git: bool) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret").write_text("secret")
    (project / "Dockerfile").write_text("")
    (project / "inside").symlink_to("Dockerfile")
    (project / "outside").symlink_to(tmp_path / "secret")
    (project / "loop").symlink_to("loop")
    (project / "dangling").symlink_to("nowhere")
    (project / "up").symlink_to(tmp_path)
    os.mkfifo(project / "pipe")
    if with_git:
        git(project, "init", "-q")
        git(project, "add", "Dockerfile", "inside", "outside", "loop", "dangling", "up")
    files = DiskFiles(str(project))
    assert files.paths() == ["Dockerfile"]
    assert files.read("inside").data == b""
    assert reason(files, "outside") == "a symbolic link that leaves the project"
    assert "loops" in reason(files, "loop")
    assert reason(files, "dangling") == "no such file (a symbolic link that leads nowhere)"
    assert reason(files, "pipe") == "not a regular file"


def test_each_reason_for_not_reading_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "big").write_bytes(b"x" * 101)
    (tmp_path / "exact").write_bytes(b"x" * 100)
    files = DiskFiles(str(tmp_path), size_limit=100)
    assert len(files.read("exact").data) == 100
    assert "too large (101 bytes" in reason(files, "big")
    assert "directory" in reason(files, "folder")
    assert "no such file" in reason(files, "missing")
    assert reason(files, "nul\0l") == "not a possible path"
    assert "File name too long" in reason(files, "x" * 5000)


def test_a_file_without_permission_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "closed").write_text("")
        Path(folder, "closed").chmod(0)
        files = DiskFiles(folder)
        if os.geteuid() != 0:
            assert reason(files, "closed") == "permission denied"
            return
        # root may read everything: ask as another user, in a child
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            os._exit(0 if reason(files, "closed") == "permission denied" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("git", [False, True])
def test_a_folder_that_cannot_be_listed_is_named(git: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        closed = Path(folder, "deploy", "closed")
        closed.mkdir(parents=True)
        Path(closed, "a.yaml").write_text("")
        Path(folder, "b.yaml").write_text("")
        if git:
            for command in (["init", "-q"], ["add", "."]):
                subprocess.run(["git", *command], cwd=folder, check=True)
        closed.chmod(0)

        def listed() -> bool:
            files = DiskFiles(folder)
            expected = {"deploy/closed": "a folder that cannot be listed: permission denied"}
            return files.paths() == ["b.yaml"] and files.closed() == expected

        if os.geteuid() != 0:
            assert listed()
            return
        child = os.fork()  # root may read everything: ask as another user
        if child == 0:
            os.setuid(65534)
            os._exit(0 if listed() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"a\0b", "binary file (it contains a NUL byte)"), (b"ok\xff", "not UTF-8 (byte 2 is 0xff)")],
)
def test_binary_and_other_encodings_are_named(data: bytes, expected: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        _ = MemoryFiles({"x": data}).read("x").text
    assert caught.value.reason == expected


def test_excluded_patterns_are_those_of_gitignore(tmp_path: Path) -> None:
    for path in ("a/gen/x.yaml", "gen/y.yaml", "keep.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert DiskFiles(str(tmp_path), exclude=["gen/"]).paths() == ["keep.yaml"]
    assert DiskFiles(str(tmp_path), exclude=["/gen"]).paths() == ["a/gen/x.yaml", "keep.yaml"]


def test_the_root_is_the_nearest_mark_above(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "services" / "till"
    inner.mkdir(parents=True)
    (tmp_path / "repo" / ".git").write_text("gitdir: elsewhere\n")  # as in a worktree
    (inner / "Dockerfile").write_text("")
    assert project_root(str(inner / "Dockerfile")) == str(tmp_path / "repo")
    (tmp_path / "repo" / "services" / ".covlint.yaml").write_text("")
    assert project_root(str(inner / "Dockerfile")) == str(tmp_path / "repo" / "services")


def test_an_overlay_replaces_and_adds() -> None:
    files = OverlayFiles(MemoryFiles({"a": "1", "b": "2"}), {"b": b"3", "c": b"4"})
    assert files.paths() == ["a", "b", "c"]
    assert [files.read(path).data for path in files.paths()] == [b"1", b"3", b"4"]


def test_a_broken_git_folder_falls_back_to_walking(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text("")
    assert DiskFiles(str(tmp_path)).paths() == ["Dockerfile"]


def test_git_missing_falls_back_to_walking(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shutil.which("git")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert DiskFiles(str(repository)).paths() == [
        ".gitignore",
        "Dockerfile",
        "ignored/Dockerfile",
    ]
