"""The Kind cluster in which the bench runs `make e2e collect`: one for all changes of the project
that leave its configuration alone, with nothing of the run before left in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NAME = "parcels-e2e"
_NAMESPACE = "parcels-e2e"
CONFIG = "test/e2e/kind.yaml"
_PROGRAMS = "tracker|pricer"
#: Seconds for what is deleted to be gone.
_PATIENCE = 90.0
#: What the Makefile waits for a service that never starts, and what is enough to see that here.
_ROLLOUT, _SOON = "--timeout=120s", "--timeout=30s"


@dataclass
class Clusters:
    """``place`` is the project's folder, of which a node mounts ``coverdata``.

    ``environ`` leads to kind, kubectl and ``docker``. Use it as a context manager by :func:`clusters`.
    """

    place: Path
    environ: Mapping[str, str]
    config: str | None = None  # of the cluster that stands
    made: int = field(default=0)

    def run(self, files: Mapping[str, str]) -> tuple[int, str]:
        """`make e2e collect` of a project, in a cluster with its configuration: the exit code, and
        what was printed, with what the pods tell of themselves."""
        files = {**files, "Makefile": files["Makefile"].replace(_ROLLOUT, _SOON)}
        told = ""
        if self.config == files[CONFIG]:
            self._renew()
            self._put(files)
        else:
            self.delete()
            shutil.rmtree(self.place, ignore_errors=True)
            self._put(files)
            self.config = files[CONFIG]
            self.made += 1
            code, told = self._call("make", "cluster")
            if code:
                return code, told
        with self._reaping():
            code, said = self._call("make", "-o", "cluster", "e2e", "collect")
        for words in (
            ("describe", "pods"),
            ("logs", "--prefix", "-l", "app in (tracker, pricer)"),
        ):
            said += self._call("kubectl", "-n", _NAMESPACE, *words)[1]
        return code, told + said

    def delete(self) -> None:
        if self.config is not None:
            self._call("kind", "delete", "cluster", "--name", NAME)
            self.config = None

    def _renew(self) -> None:
        """Neither pods nor images nor data of the run before."""
        delete = ("kubectl", "delete", "--ignore-not-found")
        self._call(*delete, "deployments", "--all", "-n", _NAMESPACE)
        self._call(*delete, "pods", "--all", "-n", _NAMESPACE, "--force", "--grace-period=0")
        self._call(*delete, "namespace", _NAMESPACE, f"--timeout={_PATIENCE:.0f}s")
        for node in self._call("kind", "get", "nodes", "--name", NAME)[1].split():
            # A program that is deleted by force may write its counters yet.
            self._until_gone(node)
            images = "ctr -n k8s.io images"
            line = f"{images} ls -q | grep parcels- | xargs -r {images} rm"
            self._call("docker", "exec", node, "sh", "-c", line)

    @contextmanager
    def _reaping(self) -> Iterator[None]:
        """Pods whose containers have ended go at once: the kubelet of an old cluster keeps them
        for up to a minute, for which the project's own script waits."""
        done = threading.Event()
        ended = (
            "{range .items[?(@.metadata.deletionTimestamp)]}{.metadata.name} "
            '{.status.containerStatuses[*].state.running}{"\\n"}{end}'
        )
        kubectl = ("kubectl", "-n", _NAMESPACE)

        def reap() -> None:
            while not done.wait(1):
                listed = self._call(*kubectl, "get", "pods", "-o", f"jsonpath={ended}")[1]
                for name, *running in map(str.split, listed.splitlines()):
                    if not running and name.startswith(("tracker-", "pricer-")):
                        force = ("--force", "--grace-period=0", "--ignore-not-found")
                        self._call(*kubectl, "delete", "pod", name, *force)

        worker = threading.Thread(target=reap)
        worker.start()
        try:
            yield
        finally:
            done.set()
            worker.join()

    def _until_gone(self, node: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        line = f"pkill -KILL -x '{_PROGRAMS}'; pgrep -x '{_PROGRAMS}'"
        while self._call("docker", "exec", node, "sh", "-c", line)[0] == 0:
            assert time.monotonic() < deadline, "the programs of the run before do not end"

    def _put(self, files: Mapping[str, str]) -> None:
        """The files, and no others. The folder of the data stays the one that is mounted."""
        self.place.mkdir(parents=True, exist_ok=True)
        self.place.chmod(0o755)
        for path in self.place.iterdir():
            if path.name == "coverdata":
                for inner in path.iterdir():
                    shutil.rmtree(inner) if inner.is_dir() else inner.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        for name, text in files.items():
            file = self.place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def _call(self, *words: str) -> tuple[int, str]:
        environ = {**self.environ, "KUBECONFIG": str(self.place.parent / "kubeconfig")}
        done = subprocess.run(
            words,
            cwd=self.place,
            env=environ,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@contextmanager
def clusters(place: Path, environ: Mapping[str, str]) -> Iterator[Clusters]:
    """``environ`` is added to that of this process; ``COVLINT_KIND_NODE_IMAGE`` is the image of
    the nodes, if any."""
    image = os.environ.get("COVLINT_KIND_NODE_IMAGE")
    flags = {"KIND_FLAGS": f"--wait 120s --image {image}"} if image else {}
    place.mkdir(parents=True, exist_ok=True)
    made = Clusters(place, {**os.environ, **environ, **flags})
    try:
        yield made
    finally:
        made.delete()
