"""Where a Go program crashed, from the stack that it left in its log."""

from __future__ import annotations

import re
from collections.abc import Callable

#: A frame: the function, then a tab and the file as it lay where it was built.
_FRAME = re.compile(r"^(?:created by )?(\S+?)(?:\(.*| in .*)?\n\t(/\S+\.go):(\d+)", re.MULTILINE)
_BEGIN = re.compile(r"^(?:panic: |fatal error: |SIG[A-Z]+: )", re.MULTILINE)


def crash_site(log: str, exists: Callable[[str], bool]) -> tuple[str, int] | None:
    """The file and 1-based line of the first frame that lies in the project.

    Its path is that of the building machine or stage, so that the longest end of
    it that ``exists`` in the checkout is taken. Frames of the standard library are
    passed over: their files may be called as one of the project.
    """
    begin = _BEGIN.search(log)
    if begin is None:
        return None
    for function, file, line in _FRAME.findall(log, begin.end()):
        if _standard(function):
            continue
        parts = file.strip("/").split("/")
        ends = ("/".join(parts[first:]) for first in range(len(parts)))
        path = next((end for end in ends if exists(end)), None)
        if path is not None:
            return path, int(line)
    return None


def _standard(function: str) -> bool:
    """A package of a module has a host before its first slash; only main has no slash at all."""
    host, slash, _ = function.partition("/")
    return "." not in host if slash else not function.startswith("main.")
