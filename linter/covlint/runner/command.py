"""Processes: started in groups of their own, logged to files, never left behind."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Protocol

from covlint.frozen import dataclass

_SAYS_NOTHING = re.compile(r"#|Run 'docker .* --help' for more information|See 'docker .* --help'")
#: Seconds between SIGTERM and SIGKILL for a command that ran into its time-out.
KILL_AFTER = 3.0
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: What nohup and a shell's ``&`` have ignored; a program would inherit that.
_IGNORED = (*_INTERRUPTS, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. ``timeout`` is in seconds; ``why`` is the step's name.

    With ``log`` both output streams go to that file as they come. ``user`` is
    the numeric user (and group) to run as, which only root can ask for.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    why: str
    timeout: float | None = None
    log: Path | None = None
    user: int | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended. ``code`` is negative for a signal, as in ``subprocess``."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class CannotStart(Exception):
    """The program of a command could not be started; the message says why."""


class Executor(Protocol):
    """Runs commands; the real one is :class:`Processes`."""

    def run(self, command: Command) -> Completed:
        """Run to the end. Raises CannotStart."""
        ...

    def start(self, command: Command) -> Running:
        """Start and return at once. Raises CannotStart."""
        ...


@dataclass
class Running:
    """A process that has been started, and the group that it leads."""

    command: Command
    process: subprocess.Popen[bytes]
    started: float

    @property
    def inner(self) -> tuple[int, ...]:
        """The process ids of the program itself."""
        return (self.process.pid,)

    def poll(self) -> int | None:
        return self.process.poll()

    def wait(self, seconds: float | None) -> int | None:
        """The exit code, or None when it still runs after ``seconds``."""
        if _ended_by_event(self.process.pid, seconds):
            seconds = 0
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Signal the process itself, as a container engine signals PID 1."""
        self.process.send_signal(number)

    def kill_group(self) -> None:
        """SIGKILL whatever is left of the group, also after its leader has ended."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Processes:
    """The real executor; as a context manager it ends what still runs on the way out.

    While it is entered, SIGTERM and SIGHUP interrupt covlint like Ctrl-C does,
    so that every way out passes through the clean-up. An interrupt that comes
    between fork and registration is held back until the child is known.

    A signal that covlint was started to ignore it does not heed, and does not hand on as
    ignored either: Go's runtime heeds it then no more than covlint.
    """

    live: list[Running] = field(default_factory=list)
    mark: Mapping[str, str] = field(default_factory=dict)  # added to every environment
    _former: dict[signal.Signals, object] = field(default_factory=dict)
    _held: bool = False
    _pending: bool = False
    _stopped: bool = False

    def __enter__(self) -> Processes:  # noqa: PYI034 - Self came with Python 3.11
        if threading.current_thread() is not threading.main_thread():
            return self  # the caller handles signals
        for number in _IGNORED:
            if signal.getsignal(number) is signal.SIG_IGN:
                # A handler, unlike SIG_IGN, is not inherited by what is started.
                self._former[number] = signal.signal(number, _unheard)
            elif number in _INTERRUPTS:
                self._former[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held = True  # a second Ctrl-C must not cut the clean-up short
        self.end_all()
        for number, former in self._former.items():
            signal.signal(number, former)  # type: ignore[arg-type]
        self._former.clear()
        self._held = False

    def end_all(self) -> None:
        """Kill what still runs, and wait until it is gone."""
        for running in self.live:
            running.kill_group()
        for running in self.live:
            running.process.wait()
        self.live.clear()

    def stop(self) -> None:
        """End what runs, from another thread; what its user starts next is refused with
        KeyboardInterrupt, until the user cleans up (:meth:`cleaning`)."""
        self._stopped = True
        for running in tuple(self.live):
            running.kill_group()

    @contextmanager
    def cleaning(self) -> Iterator[None]:
        """Hold an interrupt back, and let also a user that was stopped run commands."""
        with self.uninterrupted():
            self._stopped = False
            yield

    def forget(self, running: Running) -> None:
        """A process that has ended needs no clean-up any more."""
        if running.process.poll() is not None and running in self.live:
            self.live.remove(running)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
            return
        raise KeyboardInterrupt

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """Hold an interrupt back until the block is done."""
        outer = self._held  # a clean-up runs commands of its own, each held back by itself
        self._held = True
        try:
            yield
        finally:
            self._held = outer
        if self._pending and not outer:
            self._pending = False
            raise KeyboardInterrupt

    def start(self, command: Command) -> Running:
        with _sink(command) as sink, self.uninterrupted():
            return self._spawn(command, sink, subprocess.STDOUT)

    def run(self, command: Command) -> Completed:
        # Files instead of pipes: a background child that keeps a pipe open
        # would hold the runner up for as long as it lives.
        with _sink(command) as out, tempfile.TemporaryFile() as err:
            begin = out.tell()
            with self.uninterrupted():
                running = self._spawn(command, out, subprocess.STDOUT if command.log else err)
            timed_out = False
            code = running.wait(command.timeout)
            if code is None:
                timed_out = True
                running.signal(signal.SIGTERM)
                code = running.wait(KILL_AFTER)
            running.kill_group()
            if code is None:
                code = running.process.wait()
            self.live.remove(running)
            seconds = time.monotonic() - running.started
            return Completed(code, _text(out, begin), _text(err, 0), seconds, timed_out)

    @contextmanager
    def streaming(self, command: Command) -> Iterator[int]:
        """Start a command whose output is read as it comes: the descriptor of its pipe.

        It is ended with the block. Raises CannotStart.
        """
        with self.uninterrupted():
            running = self._spawn(command, subprocess.PIPE, subprocess.DEVNULL)
        assert running.process.stdout is not None
        try:
            yield running.process.stdout.fileno()
        finally:
            with self.uninterrupted():
                running.kill_group()
                running.process.wait()
                running.process.stdout.close()
                self.live.remove(running)

    def _spawn(self, command: Command, out: IO[bytes] | int, err: IO[bytes] | int) -> Running:
        if self._stopped:
            raise KeyboardInterrupt
        options: dict[str, object] = {}
        if command.user is not None:
            options = {"user": command.user, "group": command.user, "extra_groups": []}
        try:
            process = subprocess.Popen(  # type: ignore[call-overload]
                command.argv,
                cwd=command.cwd,
                env={**command.env, **self.mark},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                **options,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotStart(f"cannot start {command.argv[0]}: {reason}") from error
        running = Running(command, process, time.monotonic())
        self.live.append(running)
        if self._stopped:  # meanwhile
            running.kill_group()
        return running


def _unheard(number: int, frame: FrameType | None) -> None:
    """What covlint does about a signal that it was started to ignore."""


def _ended_by_event(process: int, seconds: float | None) -> bool:
    """Wait for the end of a child without looking again and again, as ``subprocess`` does for
    want of a portable way; False where the kernel has no such event."""
    try:
        handle = os.pidfd_open(process)
    except (OSError, AttributeError):
        return False
    try:
        watch = select.poll()
        watch.register(handle, select.POLLIN)
        watch.poll(None if seconds is None else seconds * 1000)
    finally:
        os.close(handle)
    return True


@contextmanager
def _sink(command: Command) -> Iterator[IO[bytes]]:
    if command.log is None:
        with tempfile.TemporaryFile() as file:
            yield file
        return
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("a+b") as file:
        file.seek(0, os.SEEK_END)
        yield file


def _text(file: IO[bytes], begin: int) -> str:
    file.seek(begin)
    return file.read().decode("utf-8", "replace")


def last_words(output: str) -> str:
    """The last line of an output, behind a colon; the headings of ``go build`` and docker's
    pointer to its help do not count."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if not _SAYS_NOTHING.match(line)]
    return f": {telling[-1][:300]}" if telling else ""
