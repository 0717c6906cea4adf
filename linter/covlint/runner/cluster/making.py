"""The cluster of a run: made by Kind beside the build of the image, or there already."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.command import CannotStart, Command, Running
from covlint.runner.commons import Commons
from covlint.runner.ledger import Ledger
from covlint.runner.steps import Ran, Recorder, failure, read_text
from covlint.runner.verdict import StepResult

#: Seconds for a cluster to be created.
_CREATION = 600.0
_SHORT = 60.0


class ClusterMaking:
    """``begin`` returns at once; ``finish`` waits until the cluster is there."""

    def __init__(
        self,
        plan: ClusterPlan,
        steps: Recorder,
        ledger: Ledger,
        shared: SharedCluster | None = None,
    ) -> None:
        self.plan = plan
        self.steps = steps
        self.ledger = ledger
        self.shared = shared
        self.creating: Running | None = None
        self.refused = "kind could not be started"

    def begin(self) -> None:
        plan = self.plan
        cluster = plan.cluster
        if not cluster.create or cluster.config is None:
            return
        for _, folder in cluster.config.folders:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(plan.host_mode)
        config = plan.run / "kind.json"
        config.write_text(cluster.config.data, encoding="utf-8")
        words = ["kind", "create", "cluster", "--name", cluster.name, "--config", str(config)]
        words += ["--kubeconfig", str(plan.kubeconfig)]
        words += ["--image", cluster.node_image] if cluster.node_image else []
        self._note()
        log = plan.run / "cluster.log"
        try:
            self.creating = self.steps.processes.start(
                Command(tuple(words), plan.root, plan.env, "cluster", log=log)
            )
        except CannotStart as error:
            self.refused = str(error)

    def finish(self) -> str | None:
        """Why there is no cluster; None when there is."""
        if self.shared is not None:
            begin = self.steps.begin("cluster", "one for several targets")
            problem = self.shared.finish()
            name = f"kind create cluster --name {self.plan.cluster.name}, for several targets"
            self.steps.end("cluster", name, begin, None, problem or "", failed=bool(problem))
            if problem is not None:
                return problem
        if self.creating is None:
            return self._connect()
        begin = self.steps.begin("cluster", "kind create cluster")
        code = self.creating.wait(_CREATION)
        if code is None:
            self.creating.kill_group()
        lines = read_text(self.plan.run / "cluster.log").strip().splitlines()
        detail = "" if code == 0 else " ".join(lines[-1:])[:300]
        name = f"kind create cluster --name {self.plan.cluster.name}"
        self.steps.end("cluster", name, begin, code, detail, failed=code != 0)
        self.steps.processes.forget(self.creating)
        return None if code == 0 else f"the cluster could not be created: {detail}"

    def _note(self) -> None:
        """What has to be removed; Kind's network only where this run has it made."""
        plan = self.plan
        words = (plan.runtime.program, "network", "inspect", "kind")
        try:
            known = self.steps.processes.run(Command(words, plan.root, plan.env, "node", _SHORT))
        except CannotStart:
            known = None
        if known is None or known.code != 0:
            self.ledger.note("shared network", "kind", plan.runtime.program)
        provider = plan.env.get("KIND_EXPERIMENTAL_PROVIDER", "")
        by = f"env KIND_EXPERIMENTAL_PROVIDER={provider} kind"
        self.ledger.note("cluster", plan.cluster.name, by, "--kubeconfig", str(plan.kubeconfig))

    def _connect(self) -> str | None:
        """The kubeconfig of a Kind cluster that is there already."""
        plan = self.plan
        if plan.cluster.create:
            return self.refused
        if plan.kubeconfig is None:
            return None
        name = plan.cluster.name.removeprefix("kind-")
        target = ("--kubeconfig", str(plan.kubeconfig))
        words = ("kind", "export", "kubeconfig", "--name", name, *target)
        command = Command(words, plan.root, plan.env, "cluster", _SHORT)
        return failure("kind", self.steps.command(command))


class SharedCluster:
    """A cluster that one target has made, for all that need one like it."""

    def __init__(self, plan: ClusterPlan, common: Commons) -> None:
        plan.run.mkdir(exist_ok=True)
        self.name = plan.cluster.name
        recorder = Recorder(common.processes, _Silent(), Ran(), plan.run)
        self._making = ClusterMaking(plan, recorder, common.ledger)
        self._lock = Lock()
        self._told: list[str | None] = []
        self._making.begin()

    def finish(self) -> str | None:
        """Wait until it is there; why it is not."""
        with self._lock:
            if not self._told:
                self._told.append(self._making.finish())
            return self._told[0]


class _Silent:
    """The progress of what is told of as a step of each target."""

    def announce(self, commands: Sequence[tuple[str, str]]) -> None:
        pass

    def begin(self, step: str, detail: str) -> None:
        pass

    def end(self, result: StepResult) -> None:
        pass
