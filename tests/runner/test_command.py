"""Processes are started, timed out, interrupted, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covlint.runner.command import CannotStart, Command, Processes, last_words
from runner.conftest import alive, wait_until_gone


def shell(script: str, folder: Path, **options: object) -> Command:
    return Command(("sh", "-c", script), folder, dict(os.environ), "test", **options)  # type: ignore[arg-type]


def test_output_and_exit_code(tmp_path):
    with Processes() as processes:
        done = processes.run(shell("echo out; echo err >&2; exit 3", tmp_path))
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_a_log_has_both_streams_and_only_this_run_is_returned(tmp_path):
    log = tmp_path / "deep" / "x.log"
    with Processes() as processes:
        processes.run(shell("echo one", tmp_path, log=log))
        done = processes.run(shell("echo two; echo three >&2", tmp_path, log=log))
    assert done.stdout == "two\nthree\n"
    assert log.read_text() == "one\ntwo\nthree\n"


def test_a_program_that_is_not_there(tmp_path):
    with Processes() as processes, pytest.raises(CannotStart, match="no-such-program"):
        processes.run(Command(("no-such-program",), tmp_path, dict(os.environ), "test"))


def test_a_time_out_ends_the_whole_group(tmp_path):
    with Processes() as processes:
        done = processes.run(shell("sleep 60 & echo $!; wait", tmp_path, timeout=0.3))
    assert done.timed_out
    assert done.code == -signal.SIGTERM
    wait_until_gone(int(done.stdout))


def test_background_children_of_a_command_that_is_done_are_ended(tmp_path):
    with Processes() as processes:
        done = processes.run(shell("sleep 60 & echo $!", tmp_path))
        assert done.code == 0
        assert done.seconds < 30
        wait_until_gone(int(done.stdout))


def test_leaving_the_context_ends_what_was_started(tmp_path):
    with Processes() as processes:
        running = processes.start(shell("sleep 60", tmp_path, log=tmp_path / "log"))
        assert alive(running.process.pid)
    assert not alive(running.process.pid)


HOLD = """
import os, sys
from pathlib import Path
from covlint.runner.command import Command, Processes
try:
    with Processes() as processes:
        running = processes.start(
            Command(("sh", "-c", "sleep 60 & echo $!; wait"), Path("/"), dict(os.environ), "x", log=Path(sys.argv[1]))
        )
        print(running.process.pid, flush=True)
        processes.run(Command(("sleep", "60"), Path("/"), dict(os.environ), "y"))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_the_children(tmp_path, number):
    log = tmp_path / "log"
    runner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(log)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert runner.stdout is not None
    child = int(runner.stdout.readline())
    deadline = time.monotonic() + 10
    while not log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    grandchild = int(log.read_text())
    runner.send_signal(number)
    assert runner.wait(10) == 130
    runner.stdout.close()
    wait_until_gone(child)
    wait_until_gone(grandchild)


def test_an_interrupt_is_held_back_while_nothing_may_interrupt():
    done = []
    with pytest.raises(KeyboardInterrupt), Processes() as processes:
        with processes.uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            done.append("clean-up")
        done.append("not reached")
    assert done == ["clean-up"]


def test_a_second_interrupt_does_not_cut_a_clean_up_short(tmp_path):
    processes = Processes()
    done = []
    with pytest.raises(KeyboardInterrupt), processes, processes.uninterrupted():
        processes.run(Command(("true",), tmp_path, {}, "clean"))
        os.kill(os.getpid(), signal.SIGINT)
        processes.run(Command(("true",), tmp_path, {}, "clean"))
        done.append("cleaned")
    assert done == ["cleaned"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_what_covlint_was_started_to_ignore_it_neither_heeds_nor_hands_on(tmp_path, number):
    """nohup, or a shell's ``&``: a service of Go that is asked to end by it would go on."""
    former = signal.signal(number, signal.SIG_IGN)
    try:
        with Processes() as processes:
            os.kill(os.getpid(), number)
            asked = processes.run(shell(f"kill -{number.value} $$; exit 7", tmp_path))
        assert asked.code == -number
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, former)


@pytest.mark.parametrize(
    "pointer", ["Run 'docker run --help' for more information", "See 'docker run --help'."]
)
def test_the_last_words_of_docker_are_its_error(pointer: str) -> None:
    said = f"docker: Error response from daemon: no such image\n\n{pointer}\n"
    assert last_words(said) == ": docker: Error response from daemon: no such image"
