"""Waiting for a service: ready, gone, or too slow, and each told apart.

A log is looked at when something was written to it. That an address answers, or that a command
would succeed by now, nothing tells: these are tried again, at growing distances.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Executor
from covlint.runner.file_events import Growth, growth_of
from covlint.runner.process.listening import listening_port
from covlint.runner.target import Ready

#: Seconds between two looks: short at first, so that a quick service costs nothing.
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.25
#: Seconds for one answer: a first connection may be lost on a network that is being made.
_FIRST_LOOK = 0.5
_LONGEST_LOOK = 5.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a look may need: the service's log, and how shell commands are run."""

    log: Path
    executor: Executor
    cwd: Path
    env: Mapping[str, str]


def wait_until_ready(
    ready: Ready, exited: Callable[[], int | None], around: Surroundings
) -> str | None:
    """None when the service is ready, else why it is not.

    ``exited`` gives the service's exit code once it has ended.
    """
    deadline = time.monotonic() + ready.timeout
    pause = _FIRST_PAUSE
    patience = _FIRST_LOOK
    watched = growth_of(around.log) if ready.log is not None else nullcontext(Growth(None))
    with watched as growth:
        while True:
            code = exited()
            if code is not None:
                return _gone(code, around.log)
            if _look(ready, around, patience, deadline):
                # What answers may be another program that has the port.
                code = exited()
                return None if code is None else _gone(code, around.log)
            if time.monotonic() + pause > deadline:
                return f"not ready after {ready.timeout:g} seconds ({describe(ready)})"
            growth.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            patience = min(patience * 2, _LONGEST_LOOK)


def describe(ready: Ready) -> str:
    """The condition in words."""
    if ready.http is not None:
        return f"GET {ready.http} does not answer below 500"
    if ready.tcp is not None:
        return f"{ready.tcp} accepts no connection"
    if ready.log is not None:
        return f"no line of the log matches {ready.log!r}"
    if ready.command is not None:
        return f"`{ready.command}` does not succeed"
    return "no condition"


def address_of(ready: Ready) -> tuple[str, int] | None:
    """Host and port that the service will listen on, as far as ``ready`` says.

    Raises ValueError for an address that cannot be read.
    """
    if ready.http is not None:
        parts = urlsplit(ready.http)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"ready.http: {ready.http!r} is not an http or https URL")
        return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    if ready.tcp is not None:
        host, _, port = ready.tcp.rpartition(":")
        if not port.isdigit():
            raise ValueError(f"ready.tcp: {ready.tcp!r} is not host:port")
        return host.strip("[]") or "127.0.0.1", int(port)
    return None


def accepts(address: tuple[str, int], timeout: float = 1.0) -> bool:
    """Something listens at ``address``."""
    try:
        with socket.create_connection(address, timeout=timeout):
            return True
    except OSError:
        return False


def _look(ready: Ready, around: Surroundings, patience: float, deadline: float) -> bool:
    left = max(0.1, deadline - time.monotonic())
    patience = min(patience, left)
    if ready.http is not None:
        return _answers(ready.http, patience)
    if ready.tcp is not None:
        address = address_of(ready)
        return address is not None and accepts(address, patience)
    if ready.log is not None:
        try:
            text = around.log.read_text(encoding="utf-8", errors="replace")
        except OSError:  # nothing was written so far
            return False
        return re.search(ready.log, text, re.MULTILINE) is not None
    if ready.command is not None:
        command = Command(("sh", "-c", ready.command), around.cwd, around.env, "ready", left)
        try:
            return around.executor.run(command).code == 0
        except CannotStart:
            return False
    return True


def wait_until_listening(
    processes: Callable[[], tuple[int, ...]], exited: Callable[[], int | None], timeout: float
) -> int | None:
    """The port on which one of the processes comes to listen; None when they have ended,
    or when ``timeout`` (seconds) has passed: it may be a worker."""
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while exited() is None and time.monotonic() < deadline:
        ports = (listening_port(process) for process in processes())
        port = next((port for port in ports if port is not None), None)
        if port is not None:
            return port
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return None


def _answers(url: str, timeout: float) -> bool:
    # Slow to import, and needed only here.
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(url)
    address = address_of(Ready(http=url))
    assert address is not None
    if parts.scheme == "https":
        import ssl

        context = ssl.create_default_context()
        context.check_hostname = False  # a test certificate is as good: nothing secret is sent
        context.verify_mode = ssl.CERT_NONE
        connection: HTTPConnection = HTTPSConnection(*address, timeout=timeout, context=context)
    else:
        connection = HTTPConnection(*address, timeout=timeout)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _gone(code: int, log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if re.search(r"address already in use", text, re.IGNORECASE):
        return f"the port is in use: {_last_line(text)}"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    last = _last_line(text)
    return f"the service ended before it was ready ({how}){f': {last}' if last else ''}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
