"""What is left on disk when writing is cut off, refused or disturbed."""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from covlint.files import DiskFiles
from covlint.fixer import Change
from covlint.readers import reader_of
from covlint.writer import WriteError, write_changes

NAMES = tuple(f"service{i}/Dockerfile" for i in range(10))
OLD, NEW = b"FROM old\n" * 2000, b"FROM new\n" * 2100
CHANGES = tuple(Change(name, OLD, NEW) for name in NAMES)
#: Moments at which a run is killed; COVLINT_KILLS asks for more of them.
KILLS = int(os.environ.get("COVLINT_KILLS", "25"))
TEMPORARY = re.compile(r"\.Dockerfile\.\w+\.covlint")


def project(folder: Path) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(OLD)


def child(root: Path, changes: Sequence[Change], limit: int | None = None) -> int:
    """A process that writes and says by its status whether it could; its id."""
    process = os.fork()
    if process == 0:
        try:
            if limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            write_changes(str(root), changes)
            os._exit(0)
        except WriteError:
            os._exit(1)
        finally:
            os._exit(2)
    return process


def status(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def left_over(root: Path) -> list[str]:
    return [name for _, _, names in os.walk(root) for name in names if name != "Dockerfile"]


def test_killed_at_any_moment_each_file_is_old_or_new(tmp_path: Path) -> None:
    """The moments are spread over the time that a whole run takes."""
    project(tmp_path)
    start = time.perf_counter()
    assert status(child(tmp_path, CHANGES)) == 0
    whole = time.perf_counter() - start
    chance = random.Random(7)
    killed = mixed = 0
    for moment in range(KILLS):
        project(tmp_path)
        process = child(tmp_path, CHANGES)
        time.sleep(chance.uniform(0, whole) if moment % 2 else chance.uniform(0.8, 1.1) * whole)
        os.kill(process, signal.SIGKILL)
        killed += status(process) == -signal.SIGKILL
        found = [(tmp_path / name).read_bytes() for name in NAMES]
        assert set(found) <= {OLD, NEW}
        mixed += len(set(found)) == 2
        # what is left is known by its name, and no file of the project for the next run
        assert all(TEMPORARY.fullmatch(name) for name in left_over(tmp_path))
        assert {p for p in DiskFiles(str(tmp_path)).paths() if reader_of(p)} == set(NAMES)
    print(f"{KILLS} moments: {killed} runs were killed, {mixed} of them between two files")
    assert killed
    project(tmp_path)
    write_changes(str(tmp_path), CHANGES)
    assert {(tmp_path / name).read_bytes() for name in NAMES} == {NEW}


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """The last file does not fit any more; the limit stands for the disk."""
    project(tmp_path)
    changes = (*CHANGES[:-1], Change(NAMES[-1], OLD, NEW * 10))
    assert status(child(tmp_path, changes, limit=len(NEW) * 2)) == 1
    assert {(tmp_path / name).read_bytes() for name in NAMES} == {OLD}
    assert left_over(tmp_path) == []


def test_a_real_full_disk_changes_nothing(tmp_path: Path) -> None:
    """A file system of 256 KiB, mounted for one process."""
    disk = tmp_path / "disk"
    disk.mkdir()
    process = os.fork()
    if process == 0:
        import ctypes

        code = 2
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(0x00020000 | (0 if os.geteuid() == 0 else 0x10000000)) != 0:
                os._exit(3)
            libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None)  # private, all below
            if libc.mount(b"none", os.fsencode(disk), b"tmpfs", 0, b"size=256k") != 0:
                os._exit(3)
            project(disk)
            try:
                write_changes(str(disk), CHANGES)
            except WriteError as error:
                same = {(disk / name).read_bytes() for name in NAMES} == {OLD}
                code = 0 if same and not left_over(disk) and "No space" in str(error) else 1
        finally:
            os._exit(code)
    code = status(process)
    if code == 3:
        return  # this machine allows no mount; the limit above stands for it
    assert code == 0


def test_a_file_that_is_read_only_keeps_its_mode(tmp_path: Path) -> None:
    """As with sed -i: the folder decides whether a file can be replaced."""
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f").chmod(0o444)
    write_changes(str(tmp_path), [Change("f", b"old", b"new")])
    assert (tmp_path / "f").read_bytes() == b"new"
    assert (tmp_path / "f").stat().st_mode & 0o7777 == 0o444


def test_the_other_name_of_a_hard_link_keeps_the_old_bytes(tmp_path: Path) -> None:
    """A file is replaced, never written into: what else has its bytes is not touched."""
    (tmp_path / "f").write_bytes(b"old")
    os.link(tmp_path / "f", tmp_path / "other")
    write_changes(str(tmp_path), [Change("f", b"old", b"new")])
    assert ((tmp_path / "f").read_bytes(), (tmp_path / "other").read_bytes()) == (b"new", b"old")


def test_two_runs_at_once_leave_whole_files(tmp_path: Path) -> None:
    for _ in range(5):
        project(tmp_path)
        runs = [child(tmp_path, CHANGES), child(tmp_path, CHANGES)]
        ends = [status(run) for run in runs]
        assert set(ends) <= {0, 1}
        assert {(tmp_path / name).read_bytes() for name in NAMES} <= {OLD, NEW}
        assert left_over(tmp_path) == []


@pytest.mark.parametrize("others", [b"FROM somebody\n", OLD[:-9], b""])
def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path, others: bytes) -> None:
    project(tmp_path)
    (tmp_path / NAMES[5]).write_bytes(others)
    with pytest.raises(WriteError, match="changed meanwhile"):
        write_changes(str(tmp_path), CHANGES)
    assert (tmp_path / NAMES[5]).read_bytes() == others
    assert {(tmp_path / n).read_bytes() for n in NAMES if n != NAMES[5]} == {OLD}
