"""Kind clusters that labs share: one for each configuration, made when a lab first needs it.

What a configuration says of nodes and mounts is kept; the mounted folders are those of the
cluster, and each run has one of its own below them. Two clusters stand at a time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from covlint.labs.shims import Programs
from covlint.runner.cleanup import removal
from covlint.runner.cluster.kind_config import kind_config
from covlint.runner.command import Command, Completed, Processes
from covlint.runner.ledger import Created, Ledger

_CREATION = 600.0  # seconds
_SHORT = 60.0
#: How many stand at a time: each is a node or two, and a control plane.
_MOST = 2
#: What the labs' configurations have besides: a pod that has ended is gone in seconds instead of
#: within a minute (the kubelet looks once in a sync period), and a registry may be named later.
_PATCHES = {
    "kubeadmConfigPatches": [
        "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nsyncFrequency: 2s\n"
    ],
    "containerdConfigPatches": [
        '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"'
    ],
}


class NoCluster(Exception):
    """A cluster could not be made; the message says why."""


@dataclass
class SharedCluster:
    """``folders`` are mounted, in the order in which :func:`host_paths` has them."""

    name: str
    config: str
    folders: tuple[Path, ...]
    kubeconfig: Path
    nodes: tuple[str, ...] = ()
    made: bool = False
    refused: str | None = None
    users: int = 0
    uses: int = 0
    noted: Created | None = None


@dataclass
class SharedClusters:
    """Hands clusters out to the threads that run labs."""

    ledger: Ledger
    programs: Programs
    env: Mapping[str, str]
    processes: Processes
    alive: dict[str, SharedCluster] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    number: int = 0

    @contextmanager
    def using(self, text: str) -> Iterator[SharedCluster]:
        """A cluster of the configuration ``text``. Raises NoCluster."""
        cluster = self._taken(_key(text), text)
        try:
            if cluster.refused is not None:
                raise NoCluster(cluster.refused)
            yield cluster
        finally:
            with self.changed:
                cluster.users -= 1
                self.changed.notify_all()

    def _taken(self, key: str, text: str) -> SharedCluster:
        with self.changed:
            while key not in self.alive and len(self.alive) >= _MOST:
                idle = self._idle()
                if idle is None:
                    self.changed.wait()
                else:
                    self._delete(idle)
            known = self.alive.get(key)
            if known is None:
                known = self.alive[key] = self._planned(text)
                known.users, known.uses = 1, 1
                mine = True
            else:
                known.users += 1
                known.uses += 1
                mine = False
            while not mine and not known.made:
                self.changed.wait()
        if mine:
            try:
                known.refused = self._create(known)
            finally:
                with self.changed:
                    known.made = True
                    self.changed.notify_all()
        return known

    def _idle(self) -> str | None:
        """One that nobody uses; the one that most have used is kept for those to come, while
        others are at work."""
        idle = {key: one for key, one in self.alive.items() if not one.users}
        most = max(self.alive, key=lambda key: self.alive[key].uses)
        if len(idle) < len(self.alive):
            idle.pop(most, None)
        return min(idle, key=lambda key: idle[key].uses, default=None)

    def _planned(self, text: str) -> SharedCluster:
        self.number += 1
        folder = self.ledger.folder / f"cluster-{self.number}"
        config = kind_config(text, folder, folder, frozenset(host_paths(text)), None)
        folders = tuple(mounted for _, mounted in config.folders)
        for mounted in (folder, *folders):
            mounted.mkdir()
        return SharedCluster(
            f"covlint-lab-{self.ledger.run}-{self.number}",
            json.dumps(json.loads(config.data) | _PATCHES),
            folders,
            folder / "kubeconfig",
        )

    def _create(self, cluster: SharedCluster) -> str | None:
        """Why there is no cluster; None when there is."""
        file = cluster.kubeconfig.with_name("kind.json")
        file.write_text(cluster.config, encoding="utf-8")
        kind = self.programs.kind or "kind"
        provider = self.env.get("KIND_EXPERIMENTAL_PROVIDER", "")
        more = ("--kubeconfig", str(cluster.kubeconfig))
        cluster.noted = self.ledger.note(
            "cluster", cluster.name, f"env KIND_EXPERIMENTAL_PROVIDER={provider} {kind}", *more
        )
        image = ("--image", self.programs.node_image) if self.programs.node_image else ()
        words = ("create", "cluster", "--name", cluster.name, "--config", str(file), *more, *image)
        answer = self._run((kind, *words), _CREATION)
        if answer.code != 0:
            said = answer.output.strip().splitlines()
            return f"kind create cluster: {said[-1] if said else 'no answer'}"
        names = self._run((kind, "get", "nodes", "--name", cluster.name), _SHORT)
        cluster.nodes = tuple(names.stdout.split())
        return None

    def _delete(self, key: str) -> None:
        cluster = self.alive.pop(key)
        words = removal(cluster.noted) if cluster.noted is not None else None
        if cluster.noted is not None and words is not None and self._run(words, _SHORT).code == 0:
            self.ledger.done(cluster.noted)

    def _run(self, words: tuple[str, ...], seconds: float) -> Completed:
        return self.processes.run(Command(words, Path("/"), self.env, "cluster", seconds))


def host_paths(text: str) -> tuple[str, ...]:
    """The folders of the host that a configuration mounts, as it writes them, each once."""
    # Slow to import, and needed only for a cluster.
    from ruamel.yaml import YAML

    config = YAML(typ="safe").load(text)
    return tuple(
        dict.fromkeys(
            str(mount["hostPath"])
            for node in config.get("nodes") or ()
            for mount in node.get("extraMounts") or ()
        )
    )


def can_be_shared(text: str) -> bool:
    """Whether all that a configuration mounts are folders of the project, named plainly."""
    return all(
        not path.startswith(("/", "~")) and "$" not in path and ".." not in path
        for path in host_paths(text)
    )


def _key(text: str) -> str:
    """The same for configurations that differ in comments and the names of folders only."""
    return kind_config(text, Path(), Path(), frozenset(host_paths(text)), None).data
