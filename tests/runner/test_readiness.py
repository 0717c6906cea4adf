"""A service is waited for by what it writes, and by what its address answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from covlint.runner.command import Processes
from covlint.runner.file_events import growth_of
from covlint.runner.readiness import Surroundings, wait_until_ready
from covlint.runner.target import Ready


def waited(ready: Ready, log: Path) -> tuple[str | None, float]:
    begin = time.monotonic()
    problem = wait_until_ready(
        ready, lambda: None, Surroundings(log, Processes(), Path("/"), {"PATH": "/usr/bin:/bin"})
    )
    return problem, time.monotonic() - begin


def test_what_is_written_ends_the_wait_at_once(tmp_path: Path) -> None:
    with growth_of(tmp_path / "log") as growth:
        threading.Timer(0.2, (tmp_path / "log").write_text, ["up\n"]).start()
        begin = time.monotonic()
        growth.wait(30)
    assert 0.1 < time.monotonic() - begin < 10


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    log = tmp_path / "log"
    threading.Timer(0.3, log.write_text, ["listening on :80\n"]).start()
    problem, seconds = waited(Ready(log="listening", timeout=30), log)
    assert problem is None
    assert seconds < 10
    problem, _ = waited(Ready(log="never", timeout=0.3), log)
    assert problem == "not ready after 0.3 seconds (no line of the log matches 'never')"


def test_a_command_is_tried_until_it_succeeds(tmp_path: Path) -> None:
    threading.Timer(0.2, (tmp_path / "there").touch).start()
    ready = Ready(command=f"test -e {tmp_path}/there", timeout=30)
    assert waited(ready, tmp_path / "log")[0] is None


@contextmanager
def silent_at_first(answer: bytes) -> Iterator[int]:
    """A port whose first connection leads nowhere, like one that is set up just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            first, _ = server.accept()
            second, _ = server.accept()
            second.recv(1000)
            second.sendall(answer)
            second.close()
            first.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_a_connection_that_leads_nowhere_is_not_waited_for_long(tmp_path: Path) -> None:
    with silent_at_first(b"HTTP/1.0 200 OK\r\n\r\n") as port:
        ready = Ready(http=f"http://127.0.0.1:{port}/", timeout=30)
        problem, seconds = waited(ready, tmp_path / "log")
    assert problem is None
    assert seconds < 3


class Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(0.8)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.filterwarnings("ignore")
def test_an_answer_that_takes_its_time_is_an_answer(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        ready = Ready(http=f"http://127.0.0.1:{server.server_address[1]}/", timeout=30)
        assert waited(ready, tmp_path / "log")[0] is None
    finally:
        server.shutdown()
        server.server_close()
