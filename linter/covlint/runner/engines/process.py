"""The process engine: the service as a child of covlint, in folders that play its container."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from covlint.runner.command import (
    CannotStart,
    Command,
    Completed,
    Processes,
    Running,
    last_words,
)
from covlint.runner.diagnose import Observation
from covlint.runner.folder import read_folder
from covlint.runner.plan import ProcessPlan, container_path
from covlint.runner.readiness import (
    Surroundings,
    accepts,
    describe,
    wait_until_listening,
    wait_until_ready,
)
from covlint.runner.symptoms import Ending
from covlint.runner.target import Ready
from covlint.runner.validate import exercise_claim
from covlint.runner.verdict import Outcome, StepResult, Validation

#: In every binary that can emit counters, also when stripped (facts, part E; Go 1.21 to 1.27).
_RUNTIME_MARK = b"GOCOVERDIR not set"
#: What a worker has to do, and a service must not.
ENDS_ALONE = "the service ends by itself"
_CRASH_MARKS = ("\npanic: ", "\nfatal error: ", "\nSIGQUIT: ", "\nSIGABRT: ")


class Progress(Protocol):
    """Told about each step as it happens."""

    def begin(self, step: str, detail: str) -> None: ...

    def end(self, result: StepResult) -> None: ...


@dataclass
class Ran:
    """What an engine hands over: steps, what was seen, and the claims about the exercise."""

    steps: list[StepResult] = field(default_factory=list)
    claims: list[Validation] = field(default_factory=list)
    observation: Observation | None = None
    data: Path | None = None


def run_process(plan: ProcessPlan, processes: Processes, progress: Progress) -> Ran:
    """Build, run, exercise and stop the service of ``plan``.

    Whatever fails is part of the result; the folder of the run stays until the
    caller removes it.
    """
    run = _Run(plan, processes, progress, Ran())
    if run.build():
        run.prepare()
        run.serve()
    return run.ran


@dataclass
class _Run:
    plan: ProcessPlan
    processes: Processes
    progress: Progress
    ran: Ran
    instrumented: bool | None = None
    port: int | None = None  # found by looking, when the target does not say

    def build(self) -> bool:
        plan = self.plan
        (plan.run / "bin").mkdir(parents=True, exist_ok=True)
        outcome = self.command(plan.build.command)
        problem = _failure("the build", outcome)
        if problem is None and not plan.build.binary.is_file():
            problem = f"the build left no {plan.build.binary.name} behind"
        if problem is not None:
            output = outcome.output if isinstance(outcome, Completed) else ""
            self.ran.claims.append(Validation("the service builds", Outcome.FAILED, problem))
            self.observe(problem, output, Ending.UNKNOWN)
            return False
        self.instrumented = _RUNTIME_MARK in plan.build.binary.read_bytes()
        program = Path(plan.service.argv[0])
        if program != plan.build.binary:
            # The service's user may not be able to reach the project.
            shutil.copy2(plan.build.binary, program)
        return True

    def prepare(self) -> None:
        for folder in self.plan.folders:
            folder.path.mkdir(parents=True, exist_ok=True)
        for folder in reversed(self.plan.folders):
            if folder.owner is not None:
                os.chown(folder.path, folder.owner, folder.owner)
            folder.path.chmod(folder.mode)

    def serve(self) -> None:
        plan = self.plan
        if plan.address is not None and accepts(plan.address):
            host, port = plan.address
            self.fail(
                f"the port is in use: something answers at {host}:{port} before the service was "
                "started; stop it, or use ${PORT} in the target for a free port"
            )
            return
        begin = self.begin("start", " ".join(plan.service.argv))
        try:
            service = self.processes.start(plan.service)
        except CannotStart as error:
            self.end("start", " ".join(plan.service.argv), begin, None, str(error), failed=True)
            self.fail(str(error))
            return
        self.end("start", " ".join(plan.service.argv), begin, None)
        problem = self.wait(service)
        if problem is None:
            self.exercise()
        ending = self.stop(service, ready=problem is None)
        log = _read(plan.log)
        if problem is not None:
            self.ran.claims.append(
                Validation("the service gets ready", Outcome.FAILED, self.shown(problem))
            )
        self.observe(problem, log, ending)

    def wait(self, service: Running) -> str | None:
        plan = self.plan
        if not plan.ready.given:
            begin = self.begin("ready", "wait until it listens or ends")
            self.port = wait_until_listening(
                service.process.pid, service.poll, plan.ready.timeout if plan.lasting else 5.0
            )
            found = f"it listens on port {self.port}" if self.port else "it listens on no port"
            self.end("ready", found, begin, None)
            return None
        begin = self.begin("ready", describe(plan.ready))
        around = Surroundings(plan.log, self.processes, plan.root, plan.build.command.env)
        problem = wait_until_ready(plan.ready, service.poll, around)
        self.end(
            "ready",
            _condition(plan.ready),
            begin,
            None,
            self.shown(problem or ""),
            failed=problem is not None,
        )
        return problem

    def exercise(self) -> None:
        plan = self.plan
        if plan.exercise is None:
            return
        command = plan.exercise
        if self.port is not None:
            url = f"http://127.0.0.1:{self.port}"
            command = replace(command, env={**command.env, "SERVICE_URL": url})
        outcome = self.command(command)
        problem = _failure("the exercise", outcome)
        seconds = outcome.seconds if isinstance(outcome, Completed) else 0.0
        self.ran.claims.append(
            exercise_claim(
                problem is None,
                problem or f"exit code 0 after {seconds:.1f} s",
                plan.target.require_exercise,
            )
        )

    def stop(self, service: Running, *, ready: bool) -> Ending:
        """SIGTERM, the grace period, SIGKILL; a service that neither waits to be
        ready nor to be exercised is a worker, and is given time to end by itself."""
        plan = self.plan
        worker = ready and plan.exercise is None and not plan.ready.given and self.port is None
        worker = worker and not plan.lasting
        begin = self.begin("stop", "wait for its end" if worker else "SIGTERM")
        code = service.wait(plan.target.timeout) if worker else service.poll()
        asked = code is None
        if asked:
            with suppress(ProcessLookupError):
                service.signal(signal.SIGTERM)
            code = service.wait(plan.grace)
        killed = code is None
        service.kill_group()
        if code is None:
            code = service.process.wait()
        ending = _ending(code, _read(plan.log), asked=asked, killed=killed)
        detail = f"SIGKILL after {plan.grace:g} s" if killed else ""
        self.end("stop", "SIGTERM" if asked else "it ended by itself", begin, code, detail)
        if worker or (not asked and ready):
            self.ended_alone(code, asked=asked)
        return ending

    def ended_alone(self, code: int, *, asked: bool) -> None:
        claim = ENDS_ALONE
        if asked:
            waited = f"not after {self.plan.target.timeout:g} seconds; it was stopped"
            self.ran.claims.append(Validation(claim, Outcome.FAILED, waited, required=False))
        elif code != 0:
            self.ran.claims.append(
                Validation(
                    claim,
                    Outcome.FAILED,
                    f"it ended with {_exit(code)}",
                    required=self.plan.target.require_exercise,
                )
            )
        elif self.plan.exercise is None:
            self.ran.claims.append(Validation(claim, Outcome.PASSED, "exit code 0"))

    def fail(self, problem: str) -> None:
        self.ran.claims.append(Validation("the service gets ready", Outcome.FAILED, problem))
        self.observe(problem, "", Ending.UNKNOWN)

    def observe(self, problem: str | None, log: str, ending: Ending) -> None:
        plan = self.plan
        place = plan.stand_in
        folder = read_folder(plan.arrives / _inner(place.folder))
        self.ran.data = folder.path
        self.ran.observation = Observation(
            folder=folder,
            log=self.shown(log),
            ending=ending,
            instrumented=self.instrumented,
            problem=self.shown(problem) if problem else None,
            thrown_away=place.lost,
            read_only=place.read_only,
        )

    def command(self, command: Command) -> Completed | str:
        shown = _shown(command)
        begin = self.begin(command.why, shown)
        log = self.plan.run / f"{command.why}.log"
        try:
            outcome: Completed | str = self.processes.run(replace(command, log=log))
        except CannotStart as error:
            outcome = str(error)
        code = outcome.code if isinstance(outcome, Completed) else None
        said = outcome if isinstance(outcome, str) else ""
        self.end(command.why, shown, begin, code, said, failed=bool(said))
        return outcome

    def begin(self, step: str, detail: str) -> float:
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

    def shown(self, text: str) -> str:
        return container_path(self.plan, text)


def _failure(what: str, outcome: Completed | str) -> str | None:
    """Why a command did not succeed, with the line that says most."""
    if isinstance(outcome, str):
        return outcome
    if outcome.timed_out:
        return f"{what} took longer than its time-out ({outcome.seconds:.0f} s)"
    if outcome.code == 0:
        return None
    return f"{what} failed ({_exit(outcome.code)}){last_words(outcome.output)}"


def _exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _ending(code: int, log: str, *, asked: bool, killed: bool) -> Ending:
    if any(mark in f"\n{log}" for mark in _CRASH_MARKS) and code != 0:
        return Ending.CRASHED
    if killed:
        return Ending.KILLED
    if asked and code == -signal.SIGTERM:
        return Ending.TERMINATED
    return Ending.KILLED if code == -signal.SIGKILL else Ending.EXITED


def _condition(ready: Ready) -> str:
    if ready.http is not None:
        return f"GET {ready.http}"
    if ready.tcp is not None:
        return f"connect {ready.tcp}"
    return f"log {ready.log!r}" if ready.log is not None else str(ready.command)


def _shown(command: Command) -> str:
    words: Sequence[str] = command.argv
    if len(words) == 3 and words[:2] == ("sh", "-c"):
        return " ".join(words[2].replace("\\\n", " ").split())
    return " ".join(words)


def _inner(folder: str) -> str:
    base, _, rest = folder.partition("/")
    return rest if base == "host" else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
