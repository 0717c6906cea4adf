"""Changed files, written so that each is whole at every moment: old or new (decision 16)."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence

from covlint.fixer import Change
from covlint.frozen import dataclass
from covlint.staging import at_work, remove_leftovers, stage
from covlint.swap import exchange, place


class WriteError(Exception):
    """Nothing was written; the message names the file and the reason."""

    consequence = "nothing was written"


class HalfWritten(WriteError):
    """A part was written, and could not be taken back; the message names the files."""

    consequence = "only a part was written"


@dataclass(frozen=True, slots=True)
class _Staged:
    """``temporary``: the new bytes, and after an exchange what the target was."""

    change: Change
    target: str
    temporary: str


def write_changes(root: str, changes: Sequence[Change]) -> None:
    """Writes all changes or none, below the folder ``root``.

    Each new content goes to a temporary file beside its target, with the target's mode,
    owner and attributes, is synced and then exchanged with it in one step. A link is
    written through when it stays inside the project. A new file gets the folders that
    it needs.

    Raises WriteError when a file changed since it was read (a new one: is there),
    lies outside the project or cannot be written; then every file is as it was.
    HalfWritten when even that cannot be brought about.
    """
    real_root = os.path.realpath(root)
    targets = [_target(real_root, os.path.join(root, one.path), one.path) for one in changes]
    remove_leftovers({os.path.dirname(target): None for target in targets})
    staged: list[_Staged] = []
    made: list[str] = []
    needed: set[str] = set()
    written = False
    try:
        with at_work(real_root):
            try:
                for change, target in zip(changes, targets, strict=True):
                    if change.created:
                        _make_folders(os.path.dirname(target), made)
                    staged.append(_stage(change, target))
                for item in staged:
                    _expect(item.change, item.target)
                _put_all(staged, needed)
                written = True
            finally:
                _clean_up([one.temporary for one in staged if one.temporary not in needed])
                _remove_folders([] if written else made)
    except OSError as error:
        raise WriteError(
            f"{error.filename or 'a file'}: cannot be written: {error.strerror}"
        ) from error


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
    status = None if change.created else os.stat(target)
    try:
        return _Staged(change, target, stage(target, change.after, status))
    except OSError as error:
        raise WriteError(
            f"{change.path}: no new file can be made beside it: {error.strerror}"
        ) from error


def _expect(change: Change, target: str) -> None:
    """Raises WriteError unless the file still holds the bytes that were inspected."""
    if change.created and os.path.lexists(target):
        raise WriteError(f"{change.path}: the file is there already; run covlint again")
    if not change.created and not _holds(target, change.before):
        raise WriteError(f"{change.path}: the file was changed meanwhile; run covlint again")


def _holds(path: str, content: bytes) -> bool:
    """Whether this is a regular file, and no link to one, with exactly these bytes.

    Raises FileNotFoundError and PermissionError."""
    try:
        # Not blocking: by now it may be a FIFO.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        return False
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return False
    with open(descriptor, "rb") as stream:
        return stream.read(len(content) + 1) == content


def _put_all(staged: Sequence[_Staged], needed: set[str]) -> None:
    """Puts the new files in place; when one cannot be, those before it are taken back.

    ``needed`` gets the temporary files that hold the only copy of somebody's bytes then.
    """
    done: list[_Staged] = []
    try:
        for item in staged:
            done.append(item)
            _put(item)
        for folder in {os.path.dirname(item.target): None for item in staged}:
            _sync(folder)
    except BaseException as cause:
        stuck = []
        for item in reversed(done):
            try:
                _take_back(item)
            except OSError as error:
                needed.add(item.temporary)
                stuck.append(
                    f"{item.change.path}: cannot be put back: {error.strerror}; "
                    f"what it was may be in {item.temporary}"
                )
        if stuck:
            raise HalfWritten("; ".join(stuck)) from cause
        raise


def _put(item: _Staged) -> None:
    """Gives the new file the name of its target. What was changed at the very last moment
    shows after the exchange, when it can still be put back."""
    change = item.change
    if change.created:
        try:
            if not place(item.temporary, item.target):
                _expect(change, item.target)
                os.replace(item.temporary, item.target)
        except FileExistsError:
            _expect(change, item.target)
            raise
    elif exchange(item.temporary, item.target):
        _expect(change, item.temporary)
    else:
        _expect(change, item.target)
        os.replace(item.temporary, item.target)


def _take_back(item: _Staged) -> None:
    """What somebody else wrote in the meantime stays."""
    change = item.change
    there = _exists(item.temporary)
    if change.created:
        if not there and _exists(item.target) and _holds(item.target, change.after):
            os.unlink(item.target)
    elif there:
        if _holds(item.temporary, change.after):
            return
        exchange(item.temporary, item.target)
        if _holds(item.temporary, change.after):
            return
        exchange(item.temporary, item.target)
        if not _holds(item.temporary, change.before):  # and neither is what somebody had before
            raise OSError(errno.EBUSY, "it is changed again and again", item.target)
    elif _exists(item.target) and _holds(item.target, change.after):
        os.replace(stage(item.target, change.before, os.stat(item.target)), item.target)


def _exists(path: str) -> bool:
    """As ``os.path.lexists``, which takes every error for no. Raises OSError."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clean_up(temporary: Sequence[str]) -> None:
    for path in temporary:
        with contextlib.suppress(OSError):  # the next run removes it
            os.unlink(path)


def _remove_folders(made: Sequence[str]) -> None:
    for folder in reversed(made):
        with contextlib.suppress(OSError):  # somebody else has put something into it
            os.rmdir(folder)
