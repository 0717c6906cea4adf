"""Temporary files beside those that they are to replace, and what killed runs left of them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import time
import zlib
from collections.abc import Iterable, Iterator

#: How the name of a temporary file ends.
SUFFIX = ".covlint"
#: What a temporary file is called: a dot, the name of the other one, chance, a checksum of both.
_NAME = re.compile(
    rb"\.(?P<name>.{1,200})\.(?P<chance>[0-9a-f]{8})(?P<sum>[0-9a-f]{8})\.covlint", re.DOTALL
)
#: Seconds to wait for a run that is just looking for leftovers.
_PATIENCE = 1.0
#: Extended attributes that are the user's: access lists, labels, notes. Others are the kernel's
#: (a checksum of the content, say).
_ATTRIBUTES = ("user.", "system.posix_acl_access", "security.selinux")


def stage(target: str, content: bytes, like: os.stat_result | None) -> str:
    """A new file beside ``target`` with these bytes, synced; its path.

    ``like``: what the target is; the new file gets its mode, its attributes and, as far as the
    user may give files away, its owner. None: those that the folder and the umask give.

    Raises OSError; nothing is left then.
    """
    descriptor, path = _create(target)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if like is None:
                os.fchmod(stream.fileno(), 0o666 & ~_umask())
            else:
                _resemble(stream.fileno(), target, like)
            os.fsync(stream.fileno())
    except BaseException:
        os.unlink(path)
        raise
    return path


@contextlib.contextmanager
def at_work(root: str) -> Iterator[None]:
    """While this lasts, other runs see that files staged below ``root`` are somebody's."""
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:  # a folder that cannot be listed, only gone through
        yield
        return
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                # Whoever keeps it for himself (`flock . covlint --fix`) keeps it from those
                # who look for leftovers, too.
                if time.monotonic() < end:
                    time.sleep(0.01)
                    continue
            except OSError:  # a file system without locks
                pass
            break
        yield
    finally:
        with contextlib.suppress(OSError):  # what was written is written
            os.close(descriptor)


def remove_leftovers(folders: Iterable[str]) -> None:
    """Removes the files that a run left in these folders when it was killed.

    They are known by their name, and by their owner; root takes those of anybody. A file of
    a run that is still at work is left alone: that one has locked a folder above the file.
    Raises nothing: what cannot be removed stays.
    """
    found: dict[str, list[str]] = {}
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            own = [entry.path for entry in entries if _is_own(entry)]
            if own:
                found[folder] = own
    for folder, paths in found.items():
        with contextlib.ExitStack() as locks:
            if all(_alone(above, locks) for above in _with_those_above(folder)):
                for path in paths:
                    with contextlib.suppress(OSError):
                        os.unlink(path)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one of ours."""
    match = _NAME.fullmatch(os.fsencode(name))
    return match is not None and match["sum"] == _checksum(match["name"], match["chance"])


def _create(target: str) -> tuple[int, str]:
    folder, name = os.path.split(os.fsencode(target))
    name = name[:200]  # a name has 255 bytes at most
    while True:
        chance = os.urandom(4).hex().encode()
        own = b".%s.%s%s.covlint" % (name, chance, _checksum(name, chance))
        path = os.path.join(folder, own)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags, 0o600), os.fsdecode(path)


def _checksum(name: bytes, chance: bytes) -> bytes:
    return b"%08x" % zlib.crc32(name + chance)


def _is_own(entry: os.DirEntry[str]) -> bool:
    if not is_temporary(entry.name) or not entry.is_file(follow_symlinks=False):
        return False
    return os.geteuid() in (0, entry.stat(follow_symlinks=False).st_uid)


def _with_those_above(folder: str) -> Iterator[str]:
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _alone(folder: str, locks: contextlib.ExitStack) -> bool:
    """Whether no run is at work in ``folder``; none begins before ``locks`` are closed."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        return True  # no run of this user could lock it either
    except OSError:
        return False
    locks.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # taken, or no locks here: nobody can tell
        return False
    return True


def _resemble(descriptor: int, target: str, status: os.stat_result) -> None:
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except PermissionError:  # only root may give files away; a group of his anybody may
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, -1, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    if not hasattr(os, "listxattr"):  # Linux only
        return
    with contextlib.suppress(OSError):  # a file system without attributes
        for name in os.listxattr(target):
            if name.startswith(_ATTRIBUTES):
                with contextlib.suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(target, name))


def _umask() -> int:
    """The process's own mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
