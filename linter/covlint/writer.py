"""Changed files, written so that each is whole at every moment: old or new."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence

from covlint.fixer import Change
from covlint.frozen import dataclass


class WriteError(Exception):
    """Nothing was written; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class _Staged:
    change: Change
    target: str
    temporary: str


def write_changes(root: str, changes: Sequence[Change]) -> None:
    """Writes all changes or none, below the folder ``root``.

    Each new content goes to a temporary file beside its target, with the
    target's mode and owner, is synced and then renamed over it. A link is
    written through when it stays inside the project. A new file gets the folders that
    it needs.

    Raises WriteError when a file changed since it was read (a new one: is there),
    lies outside the project or cannot be written; then every file is as it was.
    """
    real_root = os.path.realpath(root)
    staged: list[_Staged] = []
    made: list[str] = []
    written = False
    try:
        for change in changes:
            target = _target(real_root, os.path.join(root, change.path), change.path)
            if change.created:
                _make_folders(os.path.dirname(target), made)
            staged.append(_stage(change, target))
        for item in staged:
            _expect(item.change, item.target)
        _rename_all(staged)
        written = True
    except OSError as error:
        raise WriteError(
            f"{error.filename or 'a file'}: cannot be written: {error.strerror}"
        ) from error
    finally:
        for item in staged:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(item.temporary)
        for folder in reversed([] if written else made):
            with contextlib.suppress(OSError):  # somebody else has put something into it
                os.rmdir(folder)


def _target(real_root: str, location: str, path: str) -> str:
    target = os.path.realpath(location)
    if not target.startswith(real_root.rstrip(os.sep) + os.sep):
        raise WriteError(f"{path}: a symbolic link leads out of the project to {target}")
    return target


def _make_folders(folder: str, made: list[str]) -> None:
    """Makes a folder and those above it, and notes which in ``made``."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(missing):
        os.mkdir(one)
        made.append(one)


def _stage(change: Change, target: str) -> _Staged:
    _expect(change, target)
    # a new file has the owner and the permissions that its folder and the umask give it
    status = None if change.created else os.stat(target)
    try:
        descriptor, temporary = tempfile.mkstemp(
            dir=os.path.dirname(target), prefix=f".{os.path.basename(target)}.", suffix=".covlint"
        )
    except OSError as error:
        raise WriteError(
            f"{change.path}: no new file can be made beside it: {error.strerror}"
        ) from error
    try:
        with open(descriptor, "wb") as stream:
            stream.write(change.after)
            stream.flush()
            if status is None:
                os.fchmod(stream.fileno(), 0o666 & ~_umask())
            else:
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    with contextlib.suppress(PermissionError):  # only root may give files away
                        os.fchown(stream.fileno(), status.st_uid, status.st_gid)
                os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(stream.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return _Staged(change, target, temporary)


def _umask() -> int:
    """The process's own mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _expect(change: Change, target: str) -> None:
    """Raises WriteError unless the file still holds the bytes that were inspected."""
    if change.created:
        if os.path.lexists(target):
            raise WriteError(f"{change.path}: the file is there already; run covlint again")
        return
    with open(target, "rb") as stream:
        if stream.read(len(change.before) + 1) != change.before:
            raise WriteError(f"{change.path}: the file was changed meanwhile; run covlint again")


def _rename_all(staged: Sequence[_Staged]) -> None:
    """Puts the new files in place; when one cannot be, those before it get their old bytes back,
    and new ones go."""
    done: list[_Staged] = []
    try:
        for item in staged:
            done.append(item)
            os.replace(item.temporary, item.target)
    except BaseException:
        for item in done:
            if item.change.created and not os.path.exists(item.target):
                continue
            with open(item.target, "rb") as stream:
                replaced = stream.read() == item.change.after
            if replaced and item.change.created:
                os.unlink(item.target)
            elif replaced:
                back = Change(item.change.path, item.change.after, item.change.before)
                undo = _stage(back, item.target)
                os.replace(undo.temporary, undo.target)
        raise
    for folder in {os.path.dirname(item.target) for item in staged}:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
