"""kustomize and helm, run where the configuration says ``render: true``.

They only print: neither is given a cluster, and plugins stay off. A remote base
or a chart's dependencies make them use the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from covlint.files import DiskFiles, Files
from covlint.source import UnreadableSource

#: Seconds for one kustomization or chart.
TIMEOUT = 60.0


class RenderError(ValueError):
    """The program is missing, fails or takes too long; the message is its last line."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders directories of the tree at ``root`` (given relative to it, posix)."""

    root: str
    timeout: float = TIMEOUT

    def kustomization(self, directory: str) -> bytes:
        """What kustomize builds. Raises RenderError."""
        return self._run(kustomize_command(directory or "."))

    def chart(self, directory: str) -> bytes:
        """What helm makes of a chart with its default values. Raises RenderError."""
        return self._run(helm_command(directory or "."))

    def _run(self, command: tuple[str, ...]) -> bytes:
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
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
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise RenderError(f"{command[0]} fails: {lines[-1] if lines else done.returncode}")
        return done.stdout


def kustomize_command(directory: str) -> tuple[str, ...]:
    """The command line that builds a kustomization. Raises RenderError."""
    if shutil.which("kustomize") is not None:
        return ("kustomize", "build", _path(directory))
    if shutil.which("kubectl") is not None:
        return ("kubectl", "kustomize", _path(directory))
    raise RenderError("neither kustomize nor kubectl is installed")


def helm_command(directory: str) -> tuple[str, ...]:
    """The command line that renders a chart. Raises RenderError."""
    if shutil.which("helm") is None:
        raise RenderError("helm is not installed")
    return ("helm", "template", "release-name", _path(directory))


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
