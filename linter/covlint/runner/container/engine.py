"""The container engine: the service in a container of docker or podman, as its manifest has it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from covlint.runner.command import CannotStart, Command, Completed, Processes, Running
from covlint.runner.commons import Commons
from covlint.runner.container.endings import ending_of_container
from covlint.runner.container.image_making import build_image
from covlint.runner.container.image_program import (
    ImageProgram,
    command_line,
    hold_against,
    take_program,
)
from covlint.runner.container.plan import ContainerPlan
from covlint.runner.container.runtime import State, read_state
from covlint.runner.diagnosis.diagnose import Observation
from covlint.runner.diagnosis.killed import FIRST_PROCESS, OUT_OF_MEMORY, FirstShell, shell_of
from covlint.runner.diagnosis.symptoms import Ending
from covlint.runner.evidence.folder import Folder, read_folder
from covlint.runner.ledger import Ledger
from covlint.runner.readiness import Surroundings, describe, wait_until_ready
from covlint.runner.steps import (
    ENDS_ALONE,
    Progress,
    Ran,
    Recorder,
    condition,
    exit_words,
    failure,
    read_text,
)
from covlint.runner.verdict import Outcome, Validation

#: Seconds for what a runtime does at once.
_SHORT = 60.0
#: Seconds that a stop may take beyond the grace period.
_BEYOND = 30.0
_PLAYED = "podman-default-kube-network"


def run_container(
    plan: ContainerPlan,
    processes: Processes,
    progress: Progress,
    ledger: Ledger,
    common: Commons | None = None,
) -> Ran:
    """Build, run, exercise and stop the service in a container, and take its data out.

    What is created is noted in ``ledger``, from which the caller removes it; images are in
    ``common`` with other targets.
    """
    run = _Run(plan, Recorder(processes, progress, Ran(), plan.run), ledger, common)
    if run.build():
        run.prepare()
        run.serve()
    return run.steps.ran


class _Run:
    def __init__(
        self, plan: ContainerPlan, steps: Recorder, ledger: Ledger, common: Commons | None
    ) -> None:
        self.plan = plan
        self.steps = steps
        self.ledger = ledger
        self.common = common
        self.shell: FirstShell | None = None
        self.program: ImageProgram | None = None

    def build(self) -> bool:
        plan = self.plan
        output = ""
        for tag, command in ((plan.tag, plan.build), *plan.companion_builds):
            problem, output = build_image(
                command, tag, plan.runtime, self.steps, self.ledger, self.common
            )
            if problem is not None:
                break
        else:
            return True
        self.steps.ran.claims.append(Validation("the image builds", Outcome.FAILED, problem))
        self.observe(problem, output, Ending.UNKNOWN, None)
        return False

    def prepare(self) -> None:
        """Folders that play node and volumes, with the permissions that they would have."""
        for place in self.plan.mounts.places:
            place.folder.mkdir(parents=True, exist_ok=True)
            if os.getuid() == 0:
                os.chown(place.folder, place.owner, place.owner)
            place.folder.chmod(place.mode)
        runtime = self.plan.runtime
        for name in self.plan.mounts.volumes:
            self.ledger.note("volume", name, runtime.program)
            self.quietly(runtime.make_volume(name, self.plan.name), "volume")
        if self.plan.box.network is not None:
            self.ledger.note("network", self.plan.box.network, runtime.program)
            self.quietly(runtime.make_network(self.plan.box.network, self.plan.name), "network")

    def companions(self) -> str | None:
        """Start what the service depends on; why that failed."""
        runtime = self.plan.runtime
        for box in self.plan.companions:
            begin = self.steps.begin("start", box.image)
            self.ledger.note("container", box.name, runtime.program)
            words = runtime.start(box, self.plan.name, detached=True)
            done = self.quietly(words, "start")
            problem = failure(f"starting {box.name}", done if done is not None else "no runtime")
            self.steps.end("start", box.name, begin, None, problem or "", failed=bool(problem))
            if problem is not None:
                return problem
        return None

    def serve(self) -> None:
        plan = self.plan
        begin = self.steps.begin("start", plan.box.image)
        refused = self.play() if plan.play is not None else self.companions()
        if refused is not None:
            self.steps.end("start", plan.box.image, begin, None, refused, failed=True)
            self.fail(refused)
            return
        argv = plan.runtime.start(plan.box, plan.name)
        if plan.play is not None:
            argv = (plan.runtime.program, "logs", "-f", plan.box.name)
        self.ledger.note("container", plan.box.name, plan.runtime.program)
        try:
            service = self.steps.processes.start(
                Command(argv, plan.root, plan.env, "service", log=plan.log)
            )
        except CannotStart as error:
            self.steps.end("start", plan.box.image, begin, None, str(error), failed=True)
            self.fail(str(error))
            return
        self.steps.end("start", f"{plan.box.name} of {plan.box.image}", begin, None)
        problem = self.wait(service)
        self.program = self.take_program()
        if problem is None:
            self.exercise()
        ending, state = self.stop(service, ready=problem is None)
        log = read_text(plan.log)
        if problem is not None:
            self.steps.ran.claims.append(
                Validation("the service gets ready", Outcome.FAILED, problem)
            )
        self.collect()
        self.observe(problem, log, ending, state)

    def play(self) -> str | None:
        """Start the pod; why it did not start."""
        plan = self.plan
        file = plan.run / "pod.yaml"
        file.write_text(plan.play or "", encoding="utf-8")
        # podman makes one network for all pods that are played, and leaves it.
        known = self.quietly((plan.runtime.program, "network", "inspect", _PLAYED), "network")
        if known is None or known.code != 0:
            self.ledger.note("shared network", _PLAYED, plan.runtime.program)
        self.ledger.note("play", str(file), plan.runtime.program)
        words = (plan.runtime.program, "kube", "play", str(file))
        done = self.quietly(words, "play", plan.target.timeout)
        return failure("podman kube play", done if done is not None else "podman is gone")

    def wait(self, service: Running) -> str | None:
        ready = self.plan.ready
        if not ready.given:
            return None
        begin = self.steps.begin("ready", describe(ready))
        around = Surroundings(self.plan.log, self.steps.processes, self.plan.root, self.plan.env)
        problem = wait_until_ready(ready, lambda: self.exit_code(service), around)
        self.steps.end(
            "ready", condition(ready), begin, None, problem or "", failed=problem is not None
        )
        return problem

    def exercise(self) -> None:
        command = self.plan.exercise
        if command is None:
            return
        self.steps.exercise(command, required=self.plan.target.require_exercise)

    def stop(self, service: Running, *, ready: bool) -> tuple[Ending, State | None]:
        """As ``docker stop`` does it; a container without exercise may end by itself."""
        plan = self.plan
        worker = ready and plan.exercise is None and not plan.ready.given and not plan.lasting
        begin = self.steps.begin("stop", "wait for its end" if worker else "stop the container")
        code = service.wait(plan.target.timeout) if worker else service.poll()
        asked = code is None
        if asked:
            first = self.quietly(
                (plan.runtime.program, "exec", plan.box.name, *FIRST_PROCESS), "look"
            )
            self.shell = shell_of(first.stdout) if first is not None else None
            words = plan.runtime.stop(plan.box.name, plan.grace)
            self.quietly(words, "stop", plan.grace + _BEYOND)
            code = service.wait(_SHORT)
        state = self.state()
        if state is not None:
            self.steps.ran.started = int(state.started)
        if code is None:
            service.kill_group()
            code = service.process.wait()
        if state is not None:
            code = state.code
        killed = asked and code == 128 + signal.SIGKILL
        ending = ending_of_container(code, read_text(plan.log), asked=asked, killed=killed)
        detail = f"SIGKILL after {plan.grace:g} s" if killed else ""
        self.steps.end("stop", "stop" if asked else "it ended by itself", begin, code, detail)
        if worker or (not asked and ready):
            self.ended_alone(code, asked=asked)
        return ending, state

    def ended_alone(self, code: int, *, asked: bool) -> None:
        claims = self.steps.ran.claims
        if asked:
            waited = f"not after {self.plan.target.timeout:g} seconds; it was stopped"
            claims.append(Validation(ENDS_ALONE, Outcome.FAILED, waited, required=False))
        elif code != 0:
            required = self.plan.target.require_exercise
            words = f"it ended with {exit_words(code)}"
            claims.append(Validation(ENDS_ALONE, Outcome.FAILED, words, required=required))
        elif self.plan.exercise is None:
            claims.append(Validation(ENDS_ALONE, Outcome.PASSED, "exit code 0"))

    def exit_code(self, service: Running) -> int | None:
        """Of a played container only the end of its log is seen at once."""
        code = service.poll()
        if code is None or self.plan.play is None:
            return code
        state = self.state()
        return state.code if state is not None else code

    def state(self) -> State | None:
        words = self.plan.runtime.inspect(self.plan.box.name)
        done = self.quietly(words, "inspect")
        return read_state(done.stdout) if done is not None else None

    def collect(self) -> None:
        """What is on no folder of the host is copied out of the stopped container.

        What lies on no mount would die with the container; it is copied all the
        same, to tell data that was never written from data that is thrown away.
        """
        plan = self.plan
        if plan.written_to is not None:
            return
        folder = plan.run / "lost" if plan.place.lost is not None else plan.arrives
        folder.mkdir(parents=True, exist_ok=True)
        words = plan.runtime.copy_out(plan.box.name, plan.place.path, str(folder))
        begin = self.steps.begin("collect", " ".join(words[1:]))
        done = self.quietly(words, "collect")
        self.steps.end("collect", " ".join(words[1:]), begin, done.code if done else None)

    def fail(self, problem: str) -> None:
        self.steps.ran.claims.append(Validation("the service gets ready", Outcome.FAILED, problem))
        self.observe(problem, "", Ending.UNKNOWN, None)

    def observe(self, problem: str | None, log: str, ending: Ending, state: State | None) -> None:
        plan = self.plan
        seen = plan.written_to
        kept = seen is not None and plan.arrives in (seen, *seen.parents)
        arrived = read_folder(seen if seen is not None and kept else plan.arrives)
        self.steps.ran.data = arrived.path
        self.steps.ran.observation = Observation(
            folder=arrived,
            log=log,
            ending=ending,
            instrumented=hold_against(self.steps.ran, self.program, arrived=_written(arrived)),
            problem=problem,
            thrown_away=self.thrown_away(arrived),
            read_only=plan.place.read_only,
            shell=self.shell,
            killed_by=OUT_OF_MEMORY if state is not None and state.out_of_memory else None,
        )

    def thrown_away(self, arrived: Folder) -> str | None:
        """Why nothing arrives, where counters are seen that no one brings out."""
        plan = self.plan
        if plan.place.lost is None or _written(arrived):
            return None
        found = read_folder(plan.written_to or plan.run / "lost")
        return plan.place.lost if _written(found) else None

    def take_program(self) -> ImageProgram | None:
        """A copy of what the container runs."""
        plan = self.plan
        done = self.quietly(plan.runtime.inspect(plan.box.name), "inspect")
        line = command_line(done.stdout) if done is not None else None
        if line is None:
            return None

        def copy(path: str, to: Path) -> bool:
            words = (plan.runtime.program, "cp", f"{plan.box.name}:{path}", str(to))
            copied = self.quietly(words, "inspect")
            return copied is not None and copied.code == 0

        return take_program(line, plan.sources.outputs, plan.run, copy)

    def quietly(
        self, words: tuple[str, ...], why: str, timeout: float = _SHORT
    ) -> Completed | None:
        """A command of the runtime that is no step of its own."""
        try:
            return self.steps.processes.run(
                Command(words, self.plan.root, self.plan.env, why, timeout)
            )
        except CannotStart:
            return None


def _written(folder: Folder) -> bool:
    return bool(folder.meta or folder.counters)
