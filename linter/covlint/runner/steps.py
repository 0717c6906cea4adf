"""What the engines share: steps are begun, timed, recorded and told about."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from covlint.runner.command import (
    CannotStart,
    Command,
    Completed,
    Processes,
    last_words,
)
from covlint.runner.diagnosis.diagnose import Observation
from covlint.runner.diagnosis.symptoms import Ending
from covlint.runner.evidence.binary import RUNTIME_MARK
from covlint.runner.evidence.validate import exercise_claim
from covlint.runner.target import Ready
from covlint.runner.verdict import StepResult, Validation

_BUILDING = threading.Lock()
#: What a worker has to do, and a service must not.
ENDS_ALONE = "the service ends by itself"
_CRASH_MARKS = ("\npanic: ", "\nfatal error: ", "\nSIGQUIT: ", "\nSIGABRT: ")


class Progress(Protocol):
    """Told what a run is going to start (step and command), then about each step as it happens."""

    def announce(self, commands: Sequence[tuple[str, str]]) -> None: ...

    def begin(self, step: str, detail: str) -> None: ...

    def end(self, result: StepResult) -> None: ...


@dataclass
class Ran:
    """What an engine hands over: steps, what was seen, and the claims about the exercise."""

    steps: list[StepResult] = field(default_factory=list)
    claims: list[Validation] = field(default_factory=list)
    observation: Observation | None = None
    data: Path | None = None
    started: int | None = None  # how many processes were seen to start
    processes: tuple[int, ...] = ()  # the ids that they have for themselves, as far as known
    program: Path | None = None  # a copy of the binary that ran in an image
    notes: tuple[str, ...] = ()


@dataclass
class Recorder:
    """Runs the steps of one verification; ``run`` is the folder that their logs go to."""

    processes: Processes
    progress: Progress
    ran: Ran
    run: Path

    def command(self, command: Command) -> Completed | str:
        """Run a step to its end; what cannot be started is told in words."""
        shown = shown_command(command)
        # A build takes every core, and the next one finds in the cache what it has compiled.
        with _BUILDING if command.why == "build" else nullcontext():
            begin = self.begin(command.why, shown)
            log = self.run / f"{command.why}.log"
            try:
                outcome: Completed | str = self.processes.run(replace(command, log=log))
            except CannotStart as error:
                outcome = str(error)
        code = outcome.code if isinstance(outcome, Completed) else None
        said = outcome if isinstance(outcome, str) else ""
        self.end(command.why, shown, begin, code, said, failed=bool(said))
        return outcome

    def exercise(self, command: Command, *, required: bool) -> None:
        """Run what drives the service, and claim that it passed."""
        outcome = self.command(command)
        problem = failure("the exercise", outcome)
        seconds = outcome.seconds if isinstance(outcome, Completed) else 0.0
        evidence = problem or f"exit code 0 after {seconds:.1f} s"
        self.ran.claims.append(exercise_claim(problem is None, evidence, required))

    def begin(self, step: str, detail: str) -> float:
        """When the step began, for :meth:`end`."""
        self.progress.begin(step, detail)
        return time.monotonic()

    def end(
        self,
        step: str,
        command: str,
        begin: float,
        code: int | None,
        detail: str = "",
        *,
        failed: bool = False,
    ) -> None:
        result = StepResult(step, command, time.monotonic() - begin, code, detail, failed)
        self.ran.steps.append(result)
        self.progress.end(result)


def failure(what: str, outcome: Completed | str) -> str | None:
    """Why a command did not succeed, with the line that says most."""
    if isinstance(outcome, str):
        return outcome
    if outcome.timed_out:
        return f"{what} took longer than its time-out ({outcome.seconds:.0f} s)"
    if outcome.code == 0:
        return None
    return f"{what} failed ({exit_words(outcome.code)}){last_words(outcome.output)}"


def exit_words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def ending_of(code: int, log: str, *, asked: bool, killed: bool) -> Ending:
    if any(mark in f"\n{log}" for mark in _CRASH_MARKS) and code != 0:
        return Ending.CRASHED
    if killed:
        return Ending.KILLED
    if asked and code == -signal.SIGTERM:
        return Ending.TERMINATED
    return Ending.KILLED if code == -signal.SIGKILL else Ending.EXITED


def condition(ready: Ready) -> str:
    if ready.http is not None:
        return f"GET {ready.http}"
    if ready.tcp is not None:
        return f"connect {ready.tcp}"
    return f"log {ready.log!r}" if ready.log is not None else str(ready.command)


def shown_command(command: Command) -> str:
    words: Sequence[str] = command.argv
    if len(words) == 3 and words[:2] == ("sh", "-c"):
        return " ".join(words[2].replace("\\\n", " ").split())
    return " ".join(words)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def holds_runtime(program: Path) -> bool:
    """Whether a binary can emit counters."""
    return RUNTIME_MARK in program.read_bytes()
