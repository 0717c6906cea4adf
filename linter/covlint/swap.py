"""Names of files, exchanged or given in one step where the system can: renameat2(2).

Linux 3.15 and most local file systems can; elsewhere the caller has to do without.
"""

from __future__ import annotations

import errno
import os

try:
    import ctypes
except ImportError:  # a Python that was built without libffi
    _LIBC = None
else:
    _LIBC = ctypes.CDLL(None, use_errno=True)

_WORKING_FOLDER = -100  # AT_FDCWD
_NO_REPLACE = 1
_EXCHANGE = 2
_CANNOT = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


def exchange(one: str, other: str) -> bool:
    """Whether each name now stands for what the other one stood for; False: the system cannot.

    Raises OSError, as where one of them is not there.
    """
    return _renameat2(one, other, _EXCHANGE)


def place(path: str, target: str) -> bool:
    """Whether ``path`` is now called ``target``; False: the system cannot.

    Raises OSError: FileExistsError where there is a target.
    """
    return _renameat2(path, target, _NO_REPLACE)


def _renameat2(one: str, other: str, flags: int) -> bool:
    call = getattr(_LIBC, "renameat2", None)
    if call is None:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    if call(_WORKING_FOLDER, names[0], _WORKING_FOLDER, names[1], flags) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), other)
