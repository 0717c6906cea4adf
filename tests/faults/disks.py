"""Disks that are full: a tmpfs of a few pages, mounted for one process."""

from __future__ import annotations

import ctypes
import json
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

from faults.project import OLD, Project
from faults.runs import Tally, told_wrong

PAGE = 4096
_PAGES = -(-len(OLD) // PAGE)  # of one file
_PRIVATE = 0x40000 | 0x4000  # MS_PRIVATE, MS_REC
_REMOUNT = 0x20
_PLENTY = "size=64m,nr_inodes=10000"
_NEW_MOUNTS, _NEW_USER = 0x20000, 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER


def full(project: Project, step: int) -> Tally:
    """A run for each size of the disk: from no free page to enough, ``step`` pages apart; and
    one with no free inode. No run at all where this user may mount nothing."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        code = 1
        try:
            with open(writing, "w") as stream:
                if _mounted(project.root):
                    json.dump(list(_runs(project, step)), stream)
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading) as stream:
        said = stream.read()
    tally = Tally("a full disk (tmpfs)")
    if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != 0:
        tally.wrong.append("the process that mounts has failed")
    for what, old, new, wrong in json.loads(said or "[]"):
        tally.runs += 1
        tally.old += new == 0
        tally.new += old == 0
        tally.wrong += [f"{what}: {one}" for one in wrong]
    return tally


def _runs(project: Project, step: int) -> Iterator[tuple[str, int, int, list[str]]]:
    root = project.root
    for free in (*range(0, project.files * _PAGES + step, step), -1):
        _limit(root, _PLENTY)
        project.make()
        status = os.statvfs(root)
        if free < 0:
            _limit(root, f"nr_inodes={status.f_files - status.f_ffree}")
        else:
            _limit(root, f"size={(status.f_blocks - status.f_bfree + free) * PAGE}")
        code, said = project.run()
        left = project.left()
        wrong = [*told_wrong(code, said, left, after=False), *left.odd, *left.temporary]
        if left.new == 0 and "No space left" not in said:
            wrong.append(said)
        yield f"{free} pages free", left.old, left.new, wrong


def _mounted(folder: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS | (0 if os.geteuid() == 0 else _NEW_USER)) != 0:
        return False
    libc.mount(b"none", b"/", None, _PRIVATE, None)
    return libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, _PLENTY.encode()) == 0


def _limit(folder: Path, options: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", os.fsencode(folder), b"tmpfs", _REMOUNT, options.encode()) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), options)
