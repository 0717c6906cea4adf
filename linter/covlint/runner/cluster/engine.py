"""The kind and context engines: the service in a real cluster, from its own manifests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.making import ClusterMaking, SharedCluster
from covlint.runner.cluster.node_data import NodeData
from covlint.runner.cluster.objects import Applier
from covlint.runner.cluster.own_data import keep_own
from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.cluster.pods import Life, PodState
from covlint.runner.cluster.provenance import claim_of, shares
from covlint.runner.cluster.rollout import roll_out
from covlint.runner.cluster.service_port import Door, service_door
from covlint.runner.cluster.workload import Workload, find_workload
from covlint.runner.command import CannotStart, Processes, Running
from covlint.runner.commons import Commons, Writer
from covlint.runner.container.endings import worst_ending
from covlint.runner.container.image_making import build_image
from covlint.runner.container.image_program import ImageProgram, hold_against
from covlint.runner.diagnosis.diagnose import Observation
from covlint.runner.diagnosis.killed import FirstShell, first_shell, killed_by_cluster
from covlint.runner.diagnosis.symptoms import signs_in_log
from covlint.runner.evidence.folder import Folder, read_folder
from covlint.runner.ledger import Ledger
from covlint.runner.readiness import Surroundings, describe, wait_until_ready
from covlint.runner.service import exercise_of, ready_at
from covlint.runner.steps import Progress, Ran, Recorder, condition, failure, read_text
from covlint.runner.verdict import Outcome, Validation

#: Seconds that the end of a pod may take beyond its grace period.
_BEYOND = 60.0
#: Seconds for the log of a container that has ended to be whole.
_LOGS = 10.0


def run_cluster(
    plan: ClusterPlan,
    processes: Processes,
    progress: Progress,
    ledger: Ledger,
    common: Commons | None = None,
    shared: SharedCluster | None = None,
) -> Ran:
    """Build, load, apply, exercise and stop the service in a cluster, and take its data out.

    What is created is noted in ``ledger``, from which the caller removes it. With ``common``
    other targets are at work beside this one, in a ``shared`` cluster, it may be.
    """
    run = _Run(plan, Recorder(processes, progress, Ran(), plan.run), ledger, common, shared)
    problem = run.prepare()
    if problem is not None:
        run.observe(problem)
    else:
        with run.turn():
            run.serve()
    return run.steps.ran


class _Run:
    def __init__(
        self,
        plan: ClusterPlan,
        steps: Recorder,
        ledger: Ledger,
        common: Commons | None,
        shared: SharedCluster | None,
    ) -> None:
        self.plan = plan
        self.steps = steps
        self.ledger = ledger
        self.common = common
        self.shared = shared
        self.pods: dict[str, PodState] = {}
        self.followed: list[Running] = []
        self.kubectl = Kubectl(
            steps.processes, plan.env, plan.root, plan.kubeconfig, plan.cluster.context
        )
        self.nodes = NodeData(plan, self.kubectl, steps)
        self.output = ""
        self.shell: FirstShell | None = None
        self.program: ImageProgram | None = None

    # -- cluster and image

    def prepare(self) -> str | None:
        """A cluster with the image in it; why there is none."""
        plan = self.plan
        making = ClusterMaking(plan, self.steps, self.ledger, self.shared)
        making.begin()
        problem: str | None = None
        if plan.cluster.kind:
            problem, self.output = build_image(
                plan.build, plan.tag, plan.runtime, self.steps, self.ledger, self.common
            )
        if problem is not None:
            self.claim("the image builds", problem)
            return problem
        if plan.cluster.kind:
            self.program = self.nodes.take_program(self.ledger)
            problem = self.nodes.save_image()  # while the cluster is being made
        problem = problem or making.finish()
        if problem is None and plan.cluster.kind:
            problem = self.nodes.load_image()
        if problem is not None:
            self.claim("the cluster is there", problem)
        return problem

    # -- the service

    @property
    def writer(self) -> Writer:
        program = self.program
        known = program is not None and program.certain
        digest = hashlib.sha256(program.file.read_bytes()) if program and known else None
        name = digest.hexdigest() if digest is not None else None
        return Writer(self.plan.cluster.name, self.plan.node_path, name)

    def turn(self) -> AbstractContextManager[None]:
        """Other targets may write to the same folder of a node meanwhile, or not."""
        return self.common.turn(self.writer) if self.common is not None else nullcontext()

    def serve(self) -> None:
        plan = self.plan
        applier = Applier(plan, self.kubectl, self.steps, self.ledger)
        problem = applier.apply()
        workload = None
        if problem is None:
            workload = find_workload(self.kubectl, plan.workload, plan.namespace)
            if workload is None:
                problem = f"there is no {' '.join(plan.workload)} in namespace {plan.namespace}"
        if problem is not None or workload is None:
            self.claim("the manifests are accepted", problem or "")
            self.observe(problem)
            return
        problem = self.roll_out(workload)
        door = service_door(plan, self.kubectl, self.steps) if problem is None else None
        problem = problem or self.answer(door)
        if problem is not None:
            self.claim("the service gets ready", problem)
        else:
            self.exercise(door)
        self.nodes.copy_from_pods(self.pods)
        self.stop(workload)
        self.nodes.collect(self.pods)
        self.lead_back()
        self.observe(problem)

    def roll_out(self, workload: Workload) -> str | None:
        begin = self.steps.begin("ready", f"{workload.wanted} pods of {workload.name}")

        problem = roll_out(
            self.kubectl, self.plan.namespace, workload, self.pods, self.plan.rollout
        )
        nodes = sorted({pod.node for pod in self.pods.values() if pod.node})
        told = f"{len(self.pods)} pods on {', '.join(nodes) or 'no node'}"
        self.steps.end("ready", told, begin, None, problem or "", failed=problem is not None)
        self.follow()
        return problem

    def follow(self) -> None:
        """The logs of every pod, from their beginning to their end."""
        for pod in self.pods.values():
            if pod.deleted:
                continue
            words = ("logs", "-f", "--all-containers", "-n", self.plan.namespace, pod.name)
            command = replace(
                self.kubectl.command("logs", *words, timeout=None),
                log=self.plan.run / f"pod-{pod.name}.log",
            )
            try:
                self.followed.append(self.steps.processes.start(command))
            except CannotStart:
                continue

    def answer(self, door: Door | None) -> str | None:
        """Beyond the pods' own readiness: what the target asks for, of every pod where it speaks
        of their logs."""
        wanted = self.plan.target.ready
        ready = ready_at(wanted, door.port if door is not None else 0)
        if not ready.given or (door is None and ready != wanted):
            return None  # there is no port to ask at
        logs = [self.plan.run / "service.log"]
        if ready.log is not None:
            logs = [self.plan.run / f"pod-{pod.name}.log" for pod in self.pods.values()]
        begin = self.steps.begin("answers", describe(ready))
        problem: str | None = None
        for log in logs:
            around = Surroundings(log, self.steps.processes, self.plan.root, self.environment)
            problem = problem or wait_until_ready(ready, lambda: None, around)
        self.steps.end(
            "answers", condition(ready), begin, None, problem or "", failed=bool(problem)
        )
        return problem

    @property
    def environment(self) -> dict[str, str]:
        env = dict(self.plan.env)
        if self.plan.kubeconfig is not None:
            env["KUBECONFIG"] = str(self.plan.kubeconfig)
        env["NAMESPACE"] = self.plan.namespace
        return env

    def exercise(self, door: Door | None) -> None:
        plan = self.plan
        port = door.port if door is not None else 0
        ready = ready_at(plan.target.ready, port)
        command = exercise_of(plan.target, plan.root, self.environment, port, ready)
        if command is None:
            return
        self.steps.exercise(command, required=plan.target.require_exercise)

    # -- the end

    def stop(self, workload: Workload) -> None:
        """Scale to zero, or delete: with the pods' own grace period, until each container ended."""
        plan = self.plan
        self.shell = first_shell(self.kubectl, plan.namespace, self.pods.values(), self.name)
        words = workload.stop(plan.namespace)
        begin = self.steps.begin("stop", " ".join(words))
        asked = self.kubectl.ask(*words)
        grace = workload.grace or plan.grace

        def done(pods: dict[str, PodState]) -> bool:
            return all(pod.over for pod in pods.values())

        ended = self.kubectl.watch_pods(
            plan.namespace, workload.selector, self.pods, done, grace + _BEYOND
        )
        problem = failure("stopping", asked)
        if problem is None and not ended:
            problem = f"not every container has ended {grace + _BEYOND:g} seconds later"
        codes = [str(c.code) for pod in self.pods.values() for c in pod.main_containers if c.ended]
        detail = problem or f"exit codes {', '.join(codes) or 'unknown'}"
        self.steps.end("stop", " ".join(words), begin, None, detail, failed=problem is not None)
        for running in self.followed:
            running.wait(_LOGS)
            running.kill_group()
            self.steps.processes.forget(running)
        if problem is not None:
            self.claim("every container ends", problem)

    def lead_back(self) -> None:
        """Leave out what is not of this run, and tell the pods apart."""
        plan, program = self.plan, self.program
        if not plan.cluster.create:
            begun = [life.started for life in self.lives() if life.started is not None]
            own = program.file if program is not None and program.certain else None
            alone = self.common is None or self.common.alone(self.writer)
            left = keep_own(plan.arrives, min(begun, default=None), own, alone=alone)
            if left:
                self.steps.ran.notes += (f"{left} files of other runs are left out",)
        files = [file.name for file in read_folder(plan.arrives).counters]
        found, foreign = shares(files, self.pods.values(), self.name, self.nodes.places)
        claim = claim_of(found, foreign)
        if claim is not None and files:
            self.steps.ran.claims.append(claim)

    def lives(self) -> Iterator[Life]:
        for pod in self.pods.values():
            container = pod.container(self.name)
            yield from container.lives if container is not None else ()

    def observe(self, problem: str | None) -> None:
        log = self.log()
        arrived = read_folder(self.plan.arrives)
        self.steps.ran.data = arrived.path
        self.steps.ran.observation = Observation(
            folder=arrived,
            log=log or self.output,
            ending=worst_ending(self.pods.values(), self.name, log),
            instrumented=hold_against(self.steps.ran, self.program, arrived=_written(arrived)),
            problem=problem,
            thrown_away=self.thrown_away(arrived, log),
            read_only=None,
            shell=self.shell,
            killed_by=killed_by_cluster(self.pods.values(), self.name),
        )
        self.steps.ran.started = self.started()

    def started(self) -> int:
        """How many times the service's container was started, over all pods."""
        found = [pod.container(self.name) for pod in self.pods.values()]
        return sum(1 + one.restarts for one in found if one is not None and one.started)

    @property
    def name(self) -> str | None:
        word = self.plan.container.name
        return word.text if word is not None else None

    def log(self) -> str:
        """The logs of all pods, told apart by a line before each; kept as service.log too."""
        parts: list[str] = []
        for file in sorted(self.plan.run.glob("pod-*.log")):
            text = read_text(file)
            parts.append(text if text.endswith("\n") or not text else f"{text}\n")
        text = "".join(parts)
        if text:
            (self.plan.run / "service.log").write_text(text, encoding="utf-8")
        return text

    def thrown_away(self, arrived: Folder, log: str) -> str | None:
        if _written(arrived) or not self.pods:
            return None
        seen = self.nodes.left_behind()
        if seen is not None:
            return seen
        refused = any(sign.evidence for sign in signs_in_log(log))
        return None if refused else self.plan.place.lost

    def claim(self, claim: str, problem: str) -> None:
        self.steps.ran.claims.append(Validation(claim, Outcome.FAILED, problem))


def _written(folder: Folder) -> bool:
    return bool(folder.meta or folder.counters)
