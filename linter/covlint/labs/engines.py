"""The container engine and the clusters of this machine, as the labs of one command share them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from covlint.labs.builders import LabProcesses
from covlint.labs.image_registry import PROGRAM as REGISTRY
from covlint.labs.image_registry import NoRegistry, name_on, serve
from covlint.labs.lab import Lab, LabEngine, LabError
from covlint.labs.place import Names, Place, names_of, rename_in_manifests
from covlint.labs.shared_clusters import (
    NoCluster,
    SharedCluster,
    SharedClusters,
    can_be_shared,
    host_paths,
)
from covlint.labs.shims import (
    Programs,
    on_path,
    which,
    write_docker,
    write_kind,
    write_shared_kind,
)
from covlint.labs.variants import Prepared
from covlint.runner.cleanup import Cleaner
from covlint.runner.command import Command, Processes
from covlint.runner.ledger import Ledger, new_run, open_ledger

#: A node image that is there already, for machines that cannot pull kind's own.
NODE_IMAGE = "COVLINT_KIND_NODE_IMAGE"
_PROVIDER = "KIND_EXPERIMENTAL_PROVIDER"
_SHORT = 60.0  # seconds
_PULL = 600.0
_CONFIG = "kind.yaml"


@dataclass
class Engines:
    """Made before it is known whether a lab needs them: nothing is looked at until one does."""

    environ: Mapping[str, str]
    processes: LabProcesses = field(default_factory=LabProcesses)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _ledger: Ledger | None = None
    _programs: Programs | None = None
    _clusters: SharedClusters | None = None
    _registry: str | None = None

    @contextmanager
    def place(
        self,
        lab: Lab,
        prepared: Prepared,
        go: str,
        env: Mapping[str, str],
        out: Path,
        processes: Processes,
    ) -> Iterator[Place]:
        """Where the script of one run finds its container engine, and its cluster if it makes
        one. Raises LabError."""
        names = names_of(lab, prepared, go)
        ledger, programs, bin_ = self._opened(), self.programs(), out / "bin"
        env = {**on_path(env, bin_), "KUBECONFIG": str(out / "kubeconfig")}
        config = prepared.root / _CONFIG
        text = config.read_text(encoding="utf-8") if lab.engine is LabEngine.KIND else None
        shared = text is not None and can_be_shared(text)
        image = rename_in_manifests(prepared.root, names, shared=shared)
        write_docker(bin_, programs, names, ledger.folder, None)
        if text is None or not shared:
            write_kind(bin_, programs, names, ledger.folder)
            own = names.container if text is not None else None
            yield Place(names, env, out, own_cluster=own)
            return
        try:
            with self.clusters().using(text) as cluster:
                folders = dict(_folders(prepared.root, text, cluster, names))
                write_shared_kind(bin_, programs, names, ledger.folder, cluster.name, folders)
                if REGISTRY in lab.needs:
                    registry = self._served(cluster)
                    write_docker(bin_, programs, names, ledger.folder, registry)
                with self._namespace(cluster, names, env, processes):
                    yield Place(names, env, out, cluster.nodes, manifest_image=image)
        except (NoCluster, NoRegistry) as error:
            raise LabError(f"{lab.code}: {error}") from error

    def missing_images(self, names: Iterable[str]) -> list[str]:
        """Base images that are neither here nor can be pulled."""
        docker = self.programs().docker
        return [
            name
            for name in names
            if self._run((docker, "image", "inspect", name), _SHORT) != 0
            and self._run((docker, "pull", "-q", name), _PULL) != 0
        ]

    def programs(self) -> Programs:
        """docker, or podman where no docker answers."""
        with self.lock:
            if self._programs is None:
                docker, podman = which("docker", self.environ), which("podman", self.environ)
                chosen = self.environ.get(_PROVIDER) == "podman"  # for the nodes of clusters
                if podman and (
                    chosen or docker is None or self._run((docker, "info"), _SHORT) != 0
                ):
                    docker = podman
                self._programs = Programs(
                    docker or "docker",
                    which("kind", self.environ),
                    self.environ.get(NODE_IMAGE),
                    which("flock", self.environ),
                )
            return self._programs

    def clusters(self) -> SharedClusters:
        ledger, programs = self._opened(), self.programs()
        with self.lock:
            if self._clusters is None:
                self._clusters = SharedClusters(ledger, programs, self.environ, self.processes)
            return self._clusters

    def close(self) -> None:
        """Remove the clusters, the registry and the images that the labs have made."""
        with self.lock:
            ledger, self._ledger, self._clusters = self._ledger, None, None
        if ledger is None:
            return
        self.processes.end_all()
        images = ledger.folder / "images"
        if images.is_file() and self._programs is not None:
            for image in dict.fromkeys(images.read_text(encoding="utf-8").split()):
                ledger.note("image", image, self._programs.docker)
        with Processes() as processes, processes.uninterrupted():
            Cleaner(processes, self.environ).finish(ledger)

    def _opened(self) -> Ledger:
        with self.lock:
            if self._ledger is None:
                self._ledger = open_ledger(new_run())
            return self._ledger

    def _served(self, cluster: SharedCluster) -> str:
        """The address of the registry, which the nodes of ``cluster`` have been told."""
        docker, ledger = self.programs().docker, self._opened()
        with self.lock:
            if self._registry is None:
                folder = ledger.folder / "registry"
                self._registry = serve(
                    cluster.nodes[0], docker, folder, self.environ, self.processes
                )
        name_on(cluster.nodes, self._registry, docker, self.environ, self.processes)
        return self._registry

    @contextmanager
    def _namespace(
        self, cluster: SharedCluster, names: Names, env: Mapping[str, str], processes: Processes
    ) -> Iterator[None]:
        """A namespace of the run, which kubectl takes by itself: it stands in the kubeconfig."""
        kubeconfig = Path(env["KUBECONFIG"])
        kubeconfig.write_bytes(cluster.kubeconfig.read_bytes())
        kubeconfig.chmod(0o600)
        try:
            for words in (
                ("create", "namespace", names.container),
                ("config", "set-context", "--current", f"--namespace={names.container}"),
            ):
                command = Command(("kubectl", *words), Path("/"), env, "cluster", _SHORT)
                answer = processes.run(command)
                if answer.code != 0:
                    raise NoCluster(f"kubectl {words[0]}: {answer.output.strip()}")
            yield
        finally:
            with processes.cleaning():
                gone = ("kubectl", "delete", "namespace", names.container, "--wait=false")
                processes.run(Command(gone, Path("/"), env, "cluster", _SHORT))

    def _run(self, words: tuple[str, ...], seconds: float) -> int:
        return self.processes.run(Command(words, Path("/"), self.environ, "look", seconds)).code


def _folders(
    root: Path, text: str, cluster: SharedCluster, names: Names
) -> Iterator[tuple[Path, Path]]:
    for written, mounted in zip(host_paths(text), cluster.folders, strict=True):
        own = mounted / names.run
        own.mkdir()
        yield root / written, own
