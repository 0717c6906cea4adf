"""How the program of a container came to its end, from its exit code."""

from __future__ import annotations

import signal

from covlint.runner.steps import ending_of
from covlint.runner.symptoms import Ending


def ending_of_container(code: int, log: str, *, asked: bool, killed: bool) -> Ending:
    """PID 1 without a handler exits with 2 up to Go 1.26, with 143 in 1.27 (facts, part A)."""
    if asked and code in (128 + signal.SIGTERM, 128 + signal.SIGINT):
        return Ending.TERMINATED
    ending = ending_of(code, log, asked=asked, killed=killed)
    if asked and code == 2 and ending is Ending.EXITED:
        return Ending.TERMINATED
    return Ending.KILLED if code == 128 + signal.SIGKILL else ending
