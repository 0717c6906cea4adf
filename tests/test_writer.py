from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from covlint import writer
from covlint.fixer import Change
from covlint.staging import is_temporary
from covlint.swap import exchange, place
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


Between = Callable[[int, Callable[[], None]], None]


@pytest.fixture(params=["exchanged", "renamed"])
def between(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Between:
    """Has something happen right before the n-th file gets its name, on a file system that
    exchanges two names in one step and on one that cannot."""
    happenings: dict[int, Callable[[], None]] = {}
    count = 0

    def then(step: Callable[..., bool | None]) -> Callable[..., bool | None]:
        def counted(*names: str) -> bool | None:
            nonlocal count
            count += 1
            happenings.get(count, lambda: None)()
            return step(*names)

        return counted

    if request.param == "renamed":
        monkeypatch.setattr(writer, "exchange", lambda *_: False)
        monkeypatch.setattr(writer, "place", lambda *_: False)
        monkeypatch.setattr(writer.os, "replace", then(os.replace))
    else:
        monkeypatch.setattr(writer, "exchange", then(exchange))
        monkeypatch.setattr(writer, "place", then(place))
    return happenings.__setitem__


def raises(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_when_one_file_fails_all_are_as_before(
    tmp_path: Path, between: Between, failure: BaseException
) -> None:
    before = {name: b"old " + name.encode() for name in "abc"}
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    between(2, raises(failure))
    changes = [Change(name, before[name], b"new") for name in "abc"]
    with pytest.raises((WriteError, KeyboardInterrupt)):
        write_changes(str(tmp_path), changes)
    assert contents(tmp_path) == before


def test_what_is_written_in_the_first_file_before_the_second_fails_stays(
    tmp_path: Path, between: Between
) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"old")

    def disturb() -> None:
        (tmp_path / "a").write_bytes(b"somebody's")
        raise OSError(5, "Input/output error")

    between(2, disturb)
    with pytest.raises(WriteError, match="Input/output"):
        write_changes(str(tmp_path), [Change(name, b"old", b"new") for name in "ab"])
    assert contents(tmp_path) == {"a": b"somebody's", "b": b"old"}


@pytest.mark.parametrize("other", ["written", "replaced", "link", "folder", "pipe", "gone"])
def test_a_change_at_the_very_last_moment_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """After the last look at the file, and before the names are exchanged."""
    for name in "ab":
        (tmp_path / name).write_bytes(b"old")

    def disturbed(one: str, target: str) -> bool:
        if target.endswith("/b") and not os.path.lexists(tmp_path / "seen"):
            (tmp_path / "seen").touch()
            if other != "written":
                (tmp_path / "b").rename(tmp_path / "former")
            if other in ("written", "replaced"):
                (tmp_path / "b").write_bytes(b"somebody's")
            elif other == "link":
                (tmp_path / "b").symlink_to("former")
            elif other == "folder":
                (tmp_path / "b").mkdir()
            elif other == "pipe":
                os.mkfifo(tmp_path / "b")
        return exchange(one, target)

    monkeypatch.setattr(writer, "exchange", disturbed)
    with pytest.raises(WriteError, match=r"changed meanwhile|No such file"):
        write_changes(str(tmp_path), [Change(name, b"old", b"new") for name in "ab"])
    assert (tmp_path / "a").read_bytes() == b"old"
    found = tmp_path / "b"
    if other in ("written", "replaced"):
        assert found.read_bytes() == b"somebody's"
    else:
        kinds = (found.is_symlink(), found.is_dir(), found.is_fifo(), not os.path.lexists(found))
        assert kinds == tuple(other == kind for kind in ("link", "folder", "pipe", "gone"))
    assert not any(is_temporary(path.name) for path in tmp_path.iterdir())


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="gone: cannot be written: No such file"):
        write_changes(str(tmp_path), [Change("gone", b"", b"new")])


@pytest.mark.parametrize("name", ["x" * 255, "\u20ac" * 85, "a\nb", "-x", "\udcff", ".covlint"])
def test_any_name_can_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"old")
    write_changes(str(tmp_path), [Change(name, b"old", b"new")])
    assert contents(tmp_path) == {name: b"new"}


def refused(folder: Path) -> None:
    with pytest.raises(WriteError, match=r"^f: no new file can be made beside it: "):
        write_changes(str(folder), [Change("f", b"old", b"new")])


def test_a_read_only_folder_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        (folder / "f").write_bytes(b"old")
        folder.chmod(0o555)
        root = os.geteuid() == 0  # for whom permissions do not hold
        if root:
            os.seteuid(65534)
        try:
            refused(folder)
        finally:
            if root:
                os.seteuid(0)
        assert contents(folder) == {"f": b"old"}
        folder.chmod(0o755)


def test_an_immutable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"old")
    if not flagged("+i", tmp_path):
        return  # neither this user nor this file system has it
    try:
        refused(tmp_path)
    finally:
        flagged("-i", tmp_path)
    assert contents(tmp_path) == {"f": b"old"}


def flagged(flag: str, path: Path) -> bool:
    """Whether chattr(1) could set or clear a flag."""
    done = subprocess.run(["chattr", flag, path], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("flag", ["i", "a"])
def test_an_immutable_file_is_told_and_nothing_else_is_written(tmp_path: Path, flag: str) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"old")
    if not flagged(f"+{flag}", tmp_path / "b"):
        return  # neither this user nor this file system has it
    try:
        with pytest.raises(WriteError, match="b: cannot be written: Operation not permitted"):
            write_changes(str(tmp_path), [Change(name, b"old", b"new") for name in "abc"])
    finally:
        flagged(f"-{flag}", tmp_path / "b")
    assert contents(tmp_path) == dict.fromkeys("abc", b"old")


def test_attributes_and_access_lists_stay(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"old")
    target.chmod(0o640)
    # linux/posix_acl_xattr.h: version 2; user rw-, uid 1234 r--, group r--, mask r--, other ---
    entries = ((1, 6, -1), (2, 4, 1234), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    wanted = {"user.note": b"kept", "system.posix_acl_access": access}
    try:
        for name, value in wanted.items():
            os.setxattr(target, name, value)
    except OSError:
        return  # a file system without them
    write_changes(str(tmp_path), [Change("f", b"old", b"new")])
    assert {name: os.getxattr(target, name) for name in wanted} == wanted
    assert target.stat().st_mode & 0o7777 == 0o640


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


def test_new_files_go_when_another_one_cannot_be_written(tmp_path: Path, between: Between) -> None:
    between(2, raises(OSError(28, "No space left on device")))
    changes = [Change("d/one", b"", b"x", created=True), Change("d/two", b"", b"x", created=True)]
    with pytest.raises(WriteError, match="No space"):
        write_changes(str(tmp_path), changes)
    assert os.listdir(tmp_path) == []


def test_a_new_file_replaces_none_that_came_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disturbed(one: str, target: str) -> bool:
        if target.endswith("two"):
            Path(target).write_bytes(b"somebody's")
        return place(one, target)

    monkeypatch.setattr(writer, "place", disturbed)
    changes = [Change("one", b"", b"x", created=True), Change("two", b"", b"x", created=True)]
    with pytest.raises(WriteError, match="two: the file is there already"):
        write_changes(str(tmp_path), changes)
    assert contents(tmp_path) == {"two": b"somebody's"}


def test_a_new_file_does_not_leave_the_project(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "out").symlink_to(tmp_path)
    with pytest.raises(WriteError, match="leads out"):
        write_changes(str(inside), [Change("out/new", b"", b"x", created=True)])
    assert os.listdir(tmp_path) == ["inside"]
