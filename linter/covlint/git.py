"""git, asked without what a repository's own configuration makes it run (decision 4)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from covlint.programs import find_program

#: Seconds that git may take before its answer is done without.
TIMEOUT = 30.0
#: Seconds without any progress after which git is taken to wait for somebody.
IDLE = 3.0


class Held(Exception):
    """git gave no answer: it waits for a writer of a FIFO among its files, or takes too long."""


def run_git(
    root: str, arguments: Sequence[str], *, switches: Sequence[str] = (), given: bytes = b""
) -> bytes | None:
    """The output of git; None when git is missing, fails or does not end."""
    try:
        return ask_git(root, arguments, switches=switches, given=given)
    except Held:
        return None


def ask_git(
    root: str, arguments: Sequence[str], *, switches: Sequence[str] = (), given: bytes = b""
) -> bytes | None:
    """The output of git, with everything off by which a repository's config runs programs.

    ``switches`` are further settings, as in ``git -c``; ``given`` is its standard input.

    ``GIT_*`` variables of a calling hook are dropped, since they would point git
    at another repository. None when git is missing or fails; raises Held.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(
        GIT_CONFIG_NOSYSTEM="1",
        GIT_NO_LAZY_FETCH="1",
        GIT_OPTIONAL_LOCKS="0",
        GIT_TERMINAL_PROMPT="0",
        LC_ALL="C",
    )
    settings = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.directory=*"]
    settings += ["core.untrackedCache=false", "protocol.allow=never", "diff.external=", *switches]
    git = find_program("git", root)
    if git is None:
        return None
    command = [git, "--no-pager", *(word for item in settings for word in ("-c", item))]
    try:
        with subprocess.Popen(
            [*command, *arguments],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                output = _answer(process, given)
            finally:
                process.kill()  # of no effect on one that has ended
    except OSError:
        return None
    return output if process.returncode == 0 else None


def _answer(process: subprocess.Popen[bytes], given: bytes) -> bytes:
    """What the process prints. Raises Held."""
    waited = 0.0
    progress = _progress(process.pid)
    rest: bytes | None = given
    while True:
        try:
            return process.communicate(rest, timeout=IDLE)[0]
        except subprocess.TimeoutExpired:
            rest = None  # communicate keeps what it was given first
            waited += IDLE
            former, progress = progress, _progress(process.pid)
            if waited >= TIMEOUT or (progress is not None and progress == former):
                raise Held from None


def _progress(process: int) -> tuple[bytes, ...] | None:
    """The processor time of a process that sleeps until something happens; None for one that
    does not, and where the system does not tell.

    proc(5): the state S, which waiting for a disk is not, and the ticks of user and system."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            words = stream.read().rpartition(b") ")[2].split()
    except OSError:
        return None
    return (words[11], words[12]) if words and words[0] == b"S" else None
