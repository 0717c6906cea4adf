"""Images into the nodes of a cluster, and coverage data out of nodes, claims and pods."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from covlint.facts.commands.extraction import StepKind
from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.cluster.pods import PodState
from covlint.runner.command import CannotStart, Command, Completed
from covlint.runner.container.image_program import ImageProgram, command_line, take_program
from covlint.runner.evidence.folder import read_folder
from covlint.runner.ledger import PREFIX, Ledger
from covlint.runner.steps import Recorder, failure

_SHORT = 60.0
_LOAD = 300.0
#: Seconds that a program has for writing its counters when it is told to.
_SNAPSHOT = 5.0


class NodeData:
    """Works through the container runtime for Kind's nodes, through kubectl for any other."""

    def __init__(self, plan: ClusterPlan, kubectl: Kubectl, steps: Recorder) -> None:
        self.plan = plan
        self.kubectl = kubectl
        self.steps = steps
        self._names: list[str] | None = None
        #: The nodes, or the pods, that each file was taken from.
        self.places: dict[str, frozenset[str]] = {}

    @property
    def nodes(self) -> list[str]:
        """The containers that are the nodes of a Kind cluster."""
        if self._names is None:
            name = self.plan.cluster.name.removeprefix("kind-")
            done = self.quietly("kind", "get", "nodes", "--name", name)
            listed = done.stdout.split() if done is not None and done.code == 0 else []
            self._names = listed if self.plan.cluster.kind else []
        return self._names

    def save_image(self) -> str | None:
        """Pack the built image for the nodes; why that failed."""
        plan = self.plan
        words = [plan.runtime.program, "save", "-o", str(self._archive)]
        words += ["--format", "docker-archive"] if plan.runtime.podman else []
        begin = self.steps.begin("save", plan.tag)
        problem = failure("saving the image", self._told((*words, plan.tag)))
        self.steps.end("save", problem or plan.tag, begin, None, failed=problem is not None)
        return problem

    @property
    def _archive(self) -> Path:
        return self.plan.run / "image.tar"

    def load_image(self) -> str | None:
        """Bring it into every node, under the name that the manifest has for it."""
        plan = self.plan
        name = plan.cluster.name.removeprefix("kind-")
        begin = self.steps.begin("load", f"{plan.tag} into {name}")
        words: tuple[str, ...] = ("kind", "load", "image-archive", str(self._archive))
        problem = failure("kind load", self._told((*words, "--name", name)))
        for node in self.nodes if problem is None else ():
            tag = ("ctr", "-n", "k8s.io", "images", "tag", "--force", plan.tag)
            if plan.image_name is not None:
                words = (plan.runtime.program, "exec", node, *tag, full_name(plan.image_name))
                problem = problem or failure("naming the image", self._told(words))
        self._archive.unlink(missing_ok=True)
        told = problem or f"{plan.image_name} on {len(self.nodes)} nodes"
        self.steps.end("load", told, begin, None, failed=problem is not None)
        return problem

    def take_program(self, ledger: Ledger) -> ImageProgram | None:
        """A copy of what the workload runs, out of a container that is never started."""
        plan = self.plan
        name = f"{PREFIX}{plan.name}-look"
        ledger.note("container", name, plan.runtime.program)
        made = self.quietly(*plan.runtime.create(name, plan.tag, plan.name))
        if made is None or made.code != 0:
            return None
        shown = self.quietly(*plan.runtime.inspect(name))
        line = command_line(shown.stdout) if shown is not None else None
        if line is None:
            return None
        container = plan.container
        own = tuple(w.text for w in (*(container.command or ()), *(container.arguments or ())))

        def copy(path: str, to: Path) -> bool:
            copied = self.quietly(plan.runtime.program, "cp", f"{name}:{path}", str(to))
            return copied is not None and copied.code == 0

        line = replace(line, words=(*own, *line.words))
        return take_program(line, plan.sources.outputs, plan.run, copy)

    def copy_from_pods(self, pods: dict[str, PodState]) -> None:
        """What a script copies out of living pods: an emptyDir is gone when they have ended."""
        plan = self.plan
        steps = [step for step in plan.extraction if step.through == "kubectl"]
        if plan.place.lost is not None or plan.node_path or plan.claim or not steps:
            return
        plan.arrives.mkdir(exist_ok=True)
        signals = [s.source for s in plan.extraction if s.kind is StepKind.SIGNAL and s.source]
        for pod in pods.values():
            before = len(read_folder(plan.arrives).counters)
            where = ("-n", plan.namespace, pod.name, *self._container())
            for number in signals:
                self.kubectl.ask("exec", *where, "--", "kill", f"-{number}", "1")
            words = ("exec", *where, "--", "tar", "cf", "-", "-C", plan.place.path, ".")
            begin = self.steps.begin("collect", f"copy {plan.place.path} from {pod.name}")
            known = self._arrived()
            deadline = time.monotonic() + _SNAPSHOT
            pause = 0.05
            while self._untar(words, pod.name) and signals:
                # The program writes when it comes to it: a signal has no answer.
                counted = len(read_folder(plan.arrives).counters)
                if counted > before or time.monotonic() > deadline:
                    break
                time.sleep(pause)
                pause *= 2
            self._place(self._arrived() - known, pod.name)
            self.steps.end("collect", f"{plan.place.path} of pod {pod.name}", begin, None)

    def collect(self, pods: dict[str, PodState]) -> None:
        """Bring together what arrived, and take out what the project itself copies out."""
        plan = self.plan
        plan.arrives.mkdir(exist_ok=True)
        if plan.cluster.config is not None:
            for _, folder in plan.cluster.config.folders:
                if folder != plan.arrives and folder.is_dir():
                    shutil.copytree(folder, plan.arrives, dirs_exist_ok=True)
        source = plan.copied_from
        if plan.claim is not None:
            source = self._claimed()
        if source is not None:
            begin = self.steps.begin("collect", f"copy {source} from the nodes")
            copied = [node for node in self.nodes if self._copy(node, source)]
            self.steps.end("collect", f"{source} of {', '.join(copied) or 'no node'}", begin, None)
        elif plan.node_path is not None and not plan.cluster.create:
            self._mounted(plan.node_path)
        if plan.needs_helper(bool(self.nodes)):
            self._by_helper(pods)

    def left_behind(self) -> str | None:
        """Coverage files on a node that did not come to the host, in words."""
        plan = self.plan
        if plan.node_path is None:
            return None
        for node in self.nodes:
            words = (plan.runtime.program, "exec", node, "ls", "-1", plan.node_path)
            done = self.quietly(*words)
            if done is None or done.code != 0:
                continue
            files = [name for name in done.stdout.split() if name.startswith("cov")]
            if files:
                return (
                    f"{len(files)} coverage files lie in {plan.node_path} of node "
                    f"{node.removeprefix(plan.cluster.name + '-')}, and nothing brings them to the "
                    "host"
                )
        return None

    # -- ways out

    def _container(self) -> tuple[str, ...]:
        word = self.plan.container.name
        return ("-c", word.text) if word is not None else ()

    def _copy(self, node: str, source: str) -> bool:
        folder = self.plan.run / f"from-{node}"
        folder.mkdir(exist_ok=True)
        done = self.quietly(*self.plan.runtime.copy_out(node, source, str(folder)))
        self._bring(folder, node)
        return done is not None and done.code == 0

    def _bring(self, folder: Path, place: str) -> None:
        self._place({file.name for file in read_folder(folder).counters}, place)
        shutil.copytree(folder, self.plan.arrives, dirs_exist_ok=True)

    def _place(self, files: set[str], place: str) -> None:
        for name in files:
            self.places[name] = self.places.get(name, frozenset()) | {place}

    def _arrived(self) -> set[str]:
        return {file.name for file in read_folder(self.plan.arrives).counters}

    def _claimed(self) -> str | None:
        """The node's folder behind a claim, where its volume says so."""
        plan = self.plan
        claim = self.kubectl.object("pvc", plan.claim or "", "-n", plan.namespace)
        name = (claim or {}).get("spec", {}).get("volumeName")
        volume = self.kubectl.object("pv", name) if name else None
        spec: dict[str, Any] = (volume or {}).get("spec", {})
        place = spec.get("hostPath") or spec.get("local") or {}
        path = place.get("path")
        return str(path) if path else None

    def _mounted(self, path: str) -> None:
        """In a Kind cluster that was there before: the folder of the host that a node mounts."""
        for node in self.nodes:
            done = self.quietly(*self.plan.runtime.inspect(node))
            source = self.plan.runtime.mounted(done.stdout, path) if done is not None else None
            if source is not None and Path(source).is_dir():
                self._bring(Path(source), node)

    def _by_helper(self, pods: dict[str, PodState]) -> None:
        """A pod of covlint's own on the volume, where no runtime reaches the nodes."""
        plan = self.plan
        nodes = (
            sorted({pod.node for pod in pods.values() if pod.node}) if plan.node_path else [None]
        )
        for number, node in enumerate(nodes):
            name = f"covlint-helper-{number}"
            file = plan.run / f"{name}.json"
            file.write_text(plan.helper(name, node), encoding="utf-8")
            begin = self.steps.begin("collect", f"helper pod on {node or 'the claim'}")
            self.kubectl.ask("apply", "-f", str(file))
            known: dict[str, PodState] = {}
            ready = self.kubectl.watch_pods(
                plan.namespace,
                f"fieldSelector=metadata.name%3D{name}",
                known,
                lambda pods: any(pod.ready for pod in pods.values()),
                plan.rollout,
            )
            words = ("exec", "-n", plan.namespace, name, "--", "tar", "cf", "-", "-C", "/data", ".")
            before = self._arrived()
            problem = None if ready and self._untar(words, name) else "the data was not copied"
            if node is not None:
                self._place(self._arrived() - before, node)
            self.steps.end("collect", f"helper pod {name}", begin, None, problem or "")
            self.kubectl.ask("delete", "-f", str(file), "--wait=false", "--grace-period=1")

    def _untar(self, words: tuple[str, ...], name: str) -> bool:
        archive = self.plan.run / f"{name}.tar"
        self.plan.arrives.mkdir(exist_ok=True)
        command = self.kubectl.command("copy", *words, timeout=_LOAD)
        try:
            with (
                self.steps.processes.streaming(command) as stream,
                archive.open("wb") as out,
                open(stream, "rb", closefd=False) as source,
            ):
                shutil.copyfileobj(source, out)
            with tarfile.open(archive) as tar:
                for member in tar:
                    base = Path(member.name).name
                    if member.isfile() and base.startswith("cov"):
                        data = tar.extractfile(member)
                        if data is not None:
                            kept = self.plan.arrives / base
                            kept.write_bytes(data.read())
                            os.utime(kept, (member.mtime, member.mtime))
        except (CannotStart, OSError, tarfile.TarError):
            return False
        return bool(read_folder(self.plan.arrives).meta)

    def _told(self, words: tuple[str, ...]) -> Completed | str:
        try:
            return self.steps.processes.run(
                Command(words, self.plan.root, self.plan.env, "load", _LOAD)
            )
        except CannotStart as error:
            return str(error)

    def quietly(self, *words: str) -> Completed | None:
        try:
            return self.steps.processes.run(
                Command(words, self.plan.root, self.plan.env, "node", _SHORT)
            )
        except CannotStart:
            return None


def full_name(image: str) -> str:
    """The name by which a node knows an image: with registry and tag."""
    first, _, rest = image.partition("/")
    if not rest:
        image = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        image = f"docker.io/{image}"
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
