"""The process engine: the service as a child of covlint, in folders that play its container."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass, replace

from covlint.runner.command import (
    CannotStart,
    Completed,
    Processes,
    Running,
)
from covlint.runner.container.endings import ending_of_container
from covlint.runner.diagnosis.diagnose import Observation
from covlint.runner.diagnosis.killed import FirstShell, shell_of
from covlint.runner.diagnosis.symptoms import Ending
from covlint.runner.evidence.binary import TEST_BINARY, NotGo, can_emit, is_test, opened
from covlint.runner.evidence.folder import read_folder
from covlint.runner.process.namespaces import (
    InnerRunning,
    enclosed,
    executable,
    processes_of,
    refusal,
)
from covlint.runner.process.namespaces import start as start_enclosed
from covlint.runner.process.plan import ProcessPlan, container_path
from covlint.runner.readiness import (
    Surroundings,
    accepts,
    describe,
    wait_until_listening,
    wait_until_ready,
)
from covlint.runner.steps import (
    ENDS_ALONE,
    Progress,
    Ran,
    Recorder,
    condition,
    ending_of,
    exit_words,
    failure,
    read_text,
)
from covlint.runner.verdict import Outcome, Validation


class Refused(Exception):
    """This host does not let the service have its namespaces; the message says why."""


def run_process(plan: ProcessPlan, processes: Processes, progress: Progress) -> Ran:
    """Build, run, exercise and stop the service of ``plan``.

    Whatever fails is part of the result; the folder of the run stays until the
    caller removes it. Raises Refused where the plan's namespaces cannot be made.
    """
    run = _Run(plan, Recorder(processes, progress, Ran(), plan.run))
    if run.build():
        run.prepare()
        run.serve()
    return run.steps.ran


@dataclass
class _Run:
    plan: ProcessPlan
    steps: Recorder
    instrumented: bool | None = None
    test_binary: bool = False
    port: int | None = None  # found by looking, when the target does not say
    shell: FirstShell | None = None  # what PID 1 was, if that was a shell

    def build(self) -> bool:
        plan = self.plan
        (plan.run / "bin").mkdir(parents=True, exist_ok=True)
        outcome = self.steps.command(plan.build.command)
        problem = failure("the build", outcome)
        if problem is None and not plan.build.binary.is_file():
            problem = f"the build left no {plan.build.binary.name} behind"
        if problem is not None:
            output = outcome.output if isinstance(outcome, Completed) else ""
            self.steps.ran.claims.append(Validation("the service builds", Outcome.FAILED, problem))
            self.observe(problem, output, Ending.UNKNOWN)
            return False
        try:
            with opened(plan.build.binary) as data:
                self.instrumented = can_emit(data)
                self.test_binary = is_test(data)
        except NotGo:
            self.instrumented = False
        if plan.program != plan.build.binary:
            # The service's user may not be able to reach the project.
            shutil.copy2(plan.build.binary, plan.program)
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
        shown = " ".join(plan.service.argv)
        begin = self.steps.begin("start", shown)
        try:
            service = self.start()
        except CannotStart as error:
            self.steps.end(
                "start", " ".join(plan.service.argv), begin, None, str(error), failed=True
            )
            self.fail(str(error))
            return
        self.steps.end("start", shown, begin, None)
        self.steps.ran.started = 1
        problem = self.wait(service)
        if plan.inside is not None and service.poll() is not None:
            refused = refusal(plan.run)
            if refused is not None:
                raise Refused(refused)
        if problem is None:
            self.exercise()
        ending = self.stop(service, ready=problem is None)
        log = read_text(plan.log)
        if problem is not None:
            self.steps.ran.claims.append(
                Validation("the service gets ready", Outcome.FAILED, self.shown(problem))
            )
        self.observe(problem, log, ending)

    def start(self) -> Running:
        service, processes = self.plan.service, self.steps.processes
        if self.plan.inside is None:
            return processes.start(service)
        return start_enclosed(enclosed(service, self.plan.inside), processes)

    def wait(self, service: Running) -> str | None:
        plan = self.plan
        if not plan.ready.given:
            begin = self.steps.begin("ready", "wait until it listens or ends")
            self.port = wait_until_listening(
                lambda: service.inner, service.poll, plan.ready.timeout if plan.lasting else 5.0
            )
            found = f"it listens on port {self.port}" if self.port else "it listens on no port"
            self.steps.end("ready", found, begin, None)
            return None
        begin = self.steps.begin("ready", describe(plan.ready))
        around = Surroundings(plan.log, self.steps.processes, plan.root, plan.build.command.env)
        problem = wait_until_ready(plan.ready, service.poll, around)
        self.steps.end(
            "ready",
            condition(plan.ready),
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
        self.steps.exercise(command, required=plan.target.require_exercise)

    def stop(self, service: Running, *, ready: bool) -> Ending:
        """SIGTERM, the grace period, SIGKILL; a service that neither waits to be
        ready nor to be exercised is a worker, and is given time to end by itself."""
        plan = self.plan
        worker = ready and plan.exercise is None and not plan.ready.given and self.port is None
        worker = worker and not plan.lasting
        asks = plan.stop_signal.name
        begin = self.steps.begin("stop", "wait for its end" if worker else asks)
        code = service.wait(plan.target.timeout) if worker else service.poll()
        asked = code is None
        self.look(service)
        if asked:
            with suppress(ProcessLookupError):
                service.signal(plan.stop_signal)
            code = service.wait(plan.grace)
        killed = code is None
        service.kill_group()
        if code is None:
            service.process.wait()
            code = -signal.SIGKILL  # `unshare` may see its PID 1 killed first, and exit with 1
        judge = ending_of_container if isinstance(service, InnerRunning) else ending_of
        ending = judge(code, read_text(plan.log), asked=asked, killed=killed)
        detail = f"SIGKILL after {plan.grace:g} s" if killed else ""
        self.steps.end("stop", asks if asked else "it ended by itself", begin, code, detail)
        if worker or (not asked and ready):
            self.ended_alone(code, asked=asked)
        return ending

    def look(self, service: Running) -> None:
        """Which processes are there before they are asked to end: each has to leave counters.

        What a process calls itself is in the names of its files. One that has ended by now
        is not seen; the service itself is known all the same, unless a shell started it.
        """
        plan, ran = self.plan, self.steps.ran
        if plan.inside is None:
            ran.processes = service.inner
            return
        pids = service.inner
        self.shell = shell_of(executable(pids[0])) if pids else None
        own = processes_of(plan.program, pids)
        ran.processes = own or (() if plan.service.argv[0] != str(plan.program) else (1,))

    def ended_alone(self, code: int, *, asked: bool) -> None:
        claim = ENDS_ALONE
        if asked:
            waited = f"not after {self.plan.target.timeout:g} seconds; it was stopped"
            self.steps.ran.claims.append(Validation(claim, Outcome.FAILED, waited, required=False))
        elif code != 0:
            self.steps.ran.claims.append(
                Validation(
                    claim,
                    Outcome.FAILED,
                    f"it ended with {exit_words(code)}",
                    required=self.plan.target.require_exercise,
                )
            )
        elif self.plan.exercise is None:
            self.steps.ran.claims.append(Validation(claim, Outcome.PASSED, "exit code 0"))

    def fail(self, problem: str) -> None:
        self.steps.ran.claims.append(Validation("the service gets ready", Outcome.FAILED, problem))
        self.observe(problem, "", Ending.UNKNOWN)

    def observe(self, problem: str | None, log: str, ending: Ending) -> None:
        plan = self.plan
        place = plan.stand_in
        folder = read_folder(plan.arrives / _inner(place.folder))
        self.steps.ran.data = folder.path
        self.steps.ran.observation = Observation(
            folder=folder,
            log=self.shown(log),
            ending=ending,
            instrumented=self.instrumented,
            problem=self.shown(problem) if problem else None,
            thrown_away=place.lost,
            read_only=place.read_only,
            shell=self.shell,
            silent=TEST_BINARY if self.test_binary else None,
        )

    def shown(self, text: str) -> str:
        return container_path(self.plan, text)


def _inner(folder: str) -> str:
    base, _, rest = folder.partition("/")
    return rest if base == "host" else ""
