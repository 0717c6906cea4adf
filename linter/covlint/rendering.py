"""kustomize and helm, run where the configuration says ``render: true``.

They only print: neither is given a cluster or the network, plugins stay off, and only
programs of the user's are run (decision 17). A remote base is left unread.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from covlint.files import DiskFiles, Files
from covlint.frozen import dataclass
from covlint.programs import find_program
from covlint.source import UnreadableSource

#: Seconds for one kustomization or chart.
TIMEOUT = 60.0


#: What keeps Go programs and the git that kustomize runs from the network: no protocol, and a
#: proxy that nobody is (the port of the discard service).
_OFFLINE = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    **{
        name: "http://127.0.0.1:9"
        for one in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        for name in (one, one.lower())
    },
    "NO_PROXY": "",
    "no_proxy": "",
}

#: helm's words for a chart whose kubeVersion is another than its own.
_KUBERNETES = re.compile(r"chart requires kubeVersion: \D*(\d+\.\d+(?:\.\d+)?)")
#: ``E1123 03:16:47.5 1 run.go:72] "command failed" err="…"``.
_LOGGED = re.compile(r'\] "command failed" err="(.*)"$')


#: Where a program of this name is; None: nowhere.
Find = Callable[[str], str | None]


class RenderError(ValueError):
    """The program is missing, fails or takes too long; the message is what it says."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders directories of the tree at ``root`` (given relative to it, posix)."""

    root: str
    timeout: float = TIMEOUT

    def kustomization(self, directory: str) -> bytes:
        """What kustomize builds. Raises RenderError."""
        return self._run(kustomize_command(directory or ".", self._find))

    def chart(
        self, directory: str, toggles: Iterable[str] = (), options: Sequence[str] = ()
    ) -> bytes:
        """What helm makes of a chart with its default values, but for ``options`` (``--set``
        and what it sets) and ``toggles`` (``a.b``), which are true: the variant for coverage,
        and without them where that fails.

        A chart for a Kubernetes that helm does not know is rendered for the one it asks for.
        Raises RenderError.
        """
        listed = [word for one in sorted(toggles) for word in ("--set", f"{one}=true")]
        for words in dict.fromkeys(((*listed, *options), tuple(options))):
            try:
                return self._chart(directory, words)
            except RenderError:
                if not words:
                    raise
        return self._chart(directory, ())

    def _chart(self, directory: str, options: Sequence[str]) -> bytes:
        try:
            return self._run(helm_command(directory or ".", options, find=self._find))
        except RenderError as error:
            wanted = _KUBERNETES.search(str(error))
            if wanted is None:
                raise
            return self._run(helm_command(directory or ".", options, wanted[1], self._find))

    def _find(self, name: str) -> str | None:
        return find_program(name, self.root)

    def _run(self, command: tuple[str, ...]) -> bytes:
        try:
            done = subprocess.run(
                [self._find(command[0]) or command[0], *command[1:]],
                cwd=self.root,
                env={**os.environ, **_OFFLINE},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RenderError(f"{command[0]} takes more than {self.timeout:g} seconds") from error
        except OSError as error:
            raise RenderError(f"{command[0]} cannot be run: {error.strerror}") from error
        if done.returncode != 0:
            said = _said(done.stderr.decode("utf-8", "replace"))
            raise RenderError(f"{command[0]} fails: {said or done.returncode}")
        return done.stdout


def kustomize_command(directory: str, find: Find = shutil.which) -> tuple[str, ...]:
    """The command line that builds a kustomization. Raises RenderError."""
    if find("kustomize") is not None:
        return ("kustomize", "build", _path(directory))
    if find("kubectl") is not None:
        return ("kubectl", "kustomize", _path(directory))
    raise RenderError("neither kustomize nor kubectl is installed")


def helm_command(
    directory: str,
    options: Sequence[str] = (),
    kubernetes: str | None = None,
    find: Find = shutil.which,
) -> tuple[str, ...]:
    """The command line that renders a chart; ``options`` set values. Raises RenderError."""
    if find("helm") is None:
        raise RenderError("helm is not installed")
    if kubernetes is not None:
        options = (*options, "--kube-version", kubernetes)
    return ("helm", "template", "release-name", _path(directory), *options)


def _said(text: str) -> str:
    """Why a program failed: the line that begins with ``Error:`` and those below it, else the
    last one, without what kubectl's log puts around it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if line.startswith("Error:")), None)
    if first is not None:
        told = [line for line in lines[first:] if not line.startswith("Use --debug")]
        return " ".join(told).removeprefix("Error:").strip()
    logged = _LOGGED.search(lines[-1]) if lines else None
    return logged[1] if logged is not None else lines[-1] if lines else ""


@contextmanager
def renderer(files: Files) -> Iterator[Renderer]:
    """A renderer of the files as they are here: of a folder in place, of anything else (fixes
    that are not written yet) in a copy that is removed again."""
    if isinstance(files, DiskFiles):
        yield Renderer(files.root)
        return
    with tempfile.TemporaryDirectory(prefix="covlint-") as folder:
        for path in files.paths():
            try:
                data = files.read(path).data
            except UnreadableSource:
                continue
            location = os.path.join(folder, path)
            os.makedirs(os.path.dirname(location), exist_ok=True)
            with open(location, "wb") as stream:
                stream.write(data)
        yield Renderer(folder)


def _path(directory: str) -> str:
    """A directory that cannot be taken for an option."""
    return f"./{directory}" if directory.startswith("-") else directory
