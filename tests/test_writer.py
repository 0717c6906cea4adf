from __future__ import annotations

import os
from pathlib import Path

import pytest

from covlint import writer
from covlint.fixer import Change
from covlint.writer import WriteError, write_changes


def test_content_mode_and_neighbours(tmp_path: Path) -> None:
    target = tmp_path / "run.sh"
    target.write_bytes(b"old")
    target.chmod(0o750)
    write_changes(str(tmp_path), [Change("run.sh", b"old", b"new\r\n")])
    assert target.read_bytes() == b"new\r\n"
    assert target.stat().st_mode & 0o7777 == 0o750
    assert os.listdir(tmp_path) == ["run.sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"old")
    os.chown(tmp_path / "f", 1234, 1235)
    write_changes(str(tmp_path), [Change("f", b"old", b"new")])
    status = (tmp_path / "f").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1235)


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_changes(str(tmp_path), [Change("link", b"old", b"new")])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside").write_bytes(b"old")
    (project / "link").symlink_to("../outside")
    with pytest.raises(WriteError, match="leads out of the project"):
        write_changes(str(project), [Change("link", b"old", b"new")])
    assert (tmp_path / "outside").read_bytes() == b"old"


def test_a_file_that_changed_meanwhile_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").write_bytes(b"edited by somebody")
    with pytest.raises(WriteError, match="b: the file was changed meanwhile"):
        write_changes(str(tmp_path), [Change("a", b"old", b"new"), Change("b", b"old", b"new")])
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_when_one_file_fails_all_are_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"old " + name.encode())
    real = os.replace

    def replace(source: str, target: str) -> None:
        if target.endswith("/b") and "undo" not in source:
            monkeypatch.setattr(os, "replace", real)
            raise failure
        real(source, target)

    monkeypatch.setattr(writer.os, "replace", replace)
    changes = [Change(name, b"old " + name.encode(), b"new") for name in "abc"]
    with pytest.raises((WriteError, KeyboardInterrupt)):
        write_changes(str(tmp_path), changes)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == {
        "a": b"old a",
        "b": b"old b",
        "c": b"old c",
    }


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="gone: cannot be written: No such file"):
        write_changes(str(tmp_path), [Change("gone", b"", b"new")])


def test_a_folder_that_takes_no_new_file_is_told_by_the_file(tmp_path: Path) -> None:
    # longer than a name may be, once the temporary file's ending is added
    name = "x" * 250
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(WriteError, match=f"^{name}: no new file can be made beside it: File name"):
        write_changes(str(tmp_path), [Change(name, b"old", b"new")])
    assert (tmp_path / name).read_bytes() == b"old"


def test_a_new_file_gets_its_folders(tmp_path: Path) -> None:
    write_changes(str(tmp_path), [Change("a/b/new.yaml", b"", b"x: 1\n", created=True)])
    target = tmp_path / "a" / "b" / "new.yaml"
    assert target.read_bytes() == b"x: 1\n"
    assert target.stat().st_mode & 0o600 == 0o600
    assert os.listdir(target.parent) == ["new.yaml"]


def test_a_new_file_replaces_none(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"mine")
    changes = [Change("c/new", b"", b"x", created=True), Change("there", b"", b"x", created=True)]
    with pytest.raises(WriteError, match="there already"):
        write_changes(str(tmp_path), changes)
    assert os.listdir(tmp_path) == ["there"]
    assert (tmp_path / "there").read_bytes() == b"mine"


def test_new_files_go_when_another_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.replace, []

    def failing(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", target)
        real(source, target)

    monkeypatch.setattr(writer.os, "replace", failing)
    changes = [Change("d/one", b"", b"x", created=True), Change("d/two", b"", b"x", created=True)]
    with pytest.raises(WriteError, match="No space"):
        write_changes(str(tmp_path), changes)
    assert os.listdir(tmp_path) == []


def test_a_new_file_does_not_leave_the_project(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "out").symlink_to(tmp_path)
    with pytest.raises(WriteError, match="leads out"):
        write_changes(str(inside), [Change("out/new", b"", b"x", created=True)])
    assert os.listdir(tmp_path) == ["inside"]
