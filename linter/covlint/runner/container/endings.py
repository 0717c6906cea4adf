"""How the program of a container came to its end, from its exit code."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from covlint.runner.cluster.pods import PodState
from covlint.runner.diagnosis.symptoms import Ending
from covlint.runner.steps import ending_of


def ending_of_container(code: int, log: str, *, asked: bool, killed: bool) -> Ending:
    """PID 1 without a handler exits with 2 up to Go 1.26, with 143 in 1.27 (facts, part A)."""
    if asked and code in (128 + signal.SIGTERM, 128 + signal.SIGINT):
        return Ending.TERMINATED
    ending = ending_of(code, log, asked=asked, killed=killed)
    if asked and code == 2 and ending is Ending.EXITED:
        return Ending.TERMINATED
    return Ending.KILLED if code == 128 + signal.SIGKILL else ending


def worst_ending(pods: Iterable[PodState], container: str | None, log: str) -> Ending:
    """Of the service's container over all pods that have ended; the first one for None."""
    endings: list[Ending] = []
    for pod in pods:
        one = pod.container(container)
        if one is not None and one.code is not None:
            killed = one.code == 128 + signal.SIGKILL
            endings.append(ending_of_container(one.code, log, asked=True, killed=killed))
    order = (Ending.CRASHED, Ending.KILLED, Ending.TERMINATED, Ending.EXITED)
    return next((worst for worst in order if worst in endings), Ending.UNKNOWN)
