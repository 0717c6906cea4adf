"""What a killed run leaves is removed by the next one that writes there, and nothing else."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from covlint import staging
from covlint.cli.main import run
from covlint.files import DiskFiles
from covlint.fixer import Change
from covlint.readers import reader_of
from covlint.staging import at_work, is_temporary, remove_leftovers, stage
from covlint.writer import write_changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "Dockerfile").write_bytes(b"old")
    return tmp_path / "a" / "b"


def left_over(folder: Path) -> Path:
    return Path(stage(str(folder / "Dockerfile"), b"half", None))


def test_a_run_that_writes_beside_it_removes_it(folder: Path) -> None:
    left = left_over(folder)
    elsewhere = left_over(folder.parent)
    assert DiskFiles(str(folder)).paths() == [left.name, "Dockerfile"]
    assert reader_of(left.name) is None
    write_changes(str(folder), [Change("Dockerfile", b"old", b"new")])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"Dockerfile": b"new"}
    assert elsewhere.exists()


def test_a_run_with_nothing_to_fix_removes_them_and_a_look_does_not(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = [left_over(folder), left_over(tmp_path)]
    for words in ([], ["--diff"], ["--fix", "--diff"]):
        assert run(["check", *words, str(tmp_path)]) == 0
        assert all(path.exists() for path in left)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    assert run(["check", "--fix", str(folder / "Dockerfile")]) == 0
    assert [path.exists() for path in left] == [False, True]
    assert run(["check", "--fix", str(tmp_path)]) == 0
    assert not left[1].exists()
    capsys.readouterr()


def test_what_is_not_ours_stays(folder: Path) -> None:
    left = left_over(folder)
    data = bytearray(os.fsencode(left.name))
    data[-9] ^= 1  # a digit of the checksum
    others = [os.fsdecode(bytes(data)), ".Dockerfile.abc.covlint", "x.covlint", f"x{left.name}"]
    for name in others:
        (folder / name).write_text("mine")
    left.unlink()
    for kind in ("folder", "link", "pipe"):
        if kind == "folder":
            left.mkdir()
        elif kind == "link":
            left.symlink_to("Dockerfile")
        else:
            os.mkfifo(left)
        remove_leftovers([str(folder)])
        assert os.path.lexists(left)
        left.rename(folder.parent / kind)
    assert sorted(os.listdir(folder)) == sorted([*others, "Dockerfile"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_another_users_file_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = left_over(folder)
    os.chown(left, 1234, 1234)
    monkeypatch.setattr(staging.os, "geteuid", lambda: 4321)
    remove_leftovers([str(folder)])
    assert left.exists()
    monkeypatch.undo()
    remove_leftovers([str(folder)])
    assert not left.exists()


@contextmanager
def another_run(root: Path) -> Iterator[int]:
    """A process that is at work in ``root``."""
    ready, told = os.pipe()
    process = os.fork()
    if process == 0:
        with at_work(str(root)):
            os.write(told, b"x")
            while True:
                signal.pause()
    os.read(ready, 1)
    try:
        yield process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ready)
        os.close(told)


@pytest.mark.parametrize("root", ["a/b", "a", "."])
def test_a_file_of_a_run_at_work_stays_whatever_root_it_has(
    folder: Path, tmp_path: Path, root: str
) -> None:
    left = left_over(folder)
    with another_run(tmp_path / root):
        write_changes(str(folder), [Change("Dockerfile", b"old", b"new")])
        assert left.exists()
    beside = tmp_path / "beside"
    beside.mkdir()
    with another_run(beside):
        remove_leftovers([str(folder)])
    assert not left.exists()


def test_names_are_known_again(folder: Path) -> None:
    for name in ("Dockerfile", "x" * 255, "a\nb", "\udcff", "\u20ac" * 85, ".", "a.covlint"):
        path = stage(str(folder / name) if name != "." else f"{folder}/.x", b"", None)
        assert is_temporary(os.path.basename(path))
    remove_leftovers([str(folder)])
    assert os.listdir(folder) == ["Dockerfile"]


def test_a_folder_that_another_program_has_locked_is_no_obstacle(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `flock . covlint --fix`."""
    monkeypatch.setattr(staging, "_PATIENCE", 0.05)
    left = left_over(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        write_changes(str(folder), [Change("Dockerfile", b"old", b"new")])
    finally:
        os.close(descriptor)
    assert (folder / "Dockerfile").read_bytes() == b"new"
    assert left.exists()
