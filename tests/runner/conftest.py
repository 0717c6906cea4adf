"""Real runs of real Go programs, with one build cache for all of them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from covlint.files import DiskFiles
from covlint.project import Project
from covlint.runner.candidates import chain_of, with_build_arguments
from covlint.runner.command import Processes
from covlint.runner.target import parse_target
from covlint.runner.toolchain import Toolchain, go_environment
from covlint.runner.verdict import StepResult, Verdict
from covlint.runner.verification import Surrounding, verify

FIXTURES = Path(__file__).parents[2] / "fixtures"
MODULE = "module example.com/app\n\ngo 1.21\n"


@dataclass
class Steps:
    """Progress that is only remembered."""

    announced: list[tuple[str, str]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    ended: list[StepResult] = field(default_factory=list)

    def announce(self, commands: Sequence[tuple[str, str]]) -> None:
        self.announced += commands

    def begin(self, step: str, detail: str) -> None:
        self.begun.append(step)

    def end(self, result: StepResult) -> None:
        self.ended.append(result)


@dataclass(frozen=True)
class Prover:
    """Verifies a target of the project at ``root``."""

    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def prove(self, **entries: object) -> Verdict:
        project = Project(DiskFiles(str(self.root)))
        chain = chain_of(parse_target("app", entries), project.chains())
        target = with_build_arguments(parse_target("app", entries), chain)
        around = Surrounding(
            root=self.root,
            out=self.root / ".covlint" / "app",
            environ=os.environ,
            read=project.source,
            locate=lambda span: (span.path, project.source(span.path).line_of(span.start)),
            chain=chain,
        )
        with Processes() as processes:
            verdict = verify(target, around, processes, Steps())
            assert processes.live == []
        return verdict

    @property
    def log(self) -> str:
        return (self.root / ".covlint" / "app" / "service.log").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, toolchain: Toolchain) -> Prover:
    """An empty folder in which programs can be written and verified."""
    tmp_path.chmod(0o755)
    return Prover(tmp_path)


@pytest.fixture
def service(tmp_path: Path, toolchain: Toolchain) -> Callable[[str], Prover]:
    """A copy of one of the fixture services."""

    def copied(name: str) -> Prover:
        shutil.copytree(FIXTURES / "services" / name, tmp_path / name)
        return Prover(tmp_path / name)

    return copied


@pytest.fixture
def program(project: Prover) -> Callable[[str], Prover]:
    """A module whose main package, cmd/app, is the given Go text."""

    def written(main: str) -> Prover:
        project.write({"go.mod": MODULE, "cmd/app/main.go": main})
        return project

    return written


def go(toolchain: Toolchain, folder: Path, *words: str, **env: str) -> None:
    """Run ``go`` in ``folder``; it must succeed."""
    from covlint.runner.command import Command

    environment = go_environment(toolchain, os.environ, folder / "cache") | env
    with Processes() as processes:
        done = processes.run(Command((str(toolchain.go), *words), folder, environment, "go", 300))
    assert done.code == 0, done.output


def alive(process: int) -> bool:
    """It runs; one that only waits for its parent to take note does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + 5
    while alive(process):
        assert time.monotonic() < deadline, f"{process} still runs"
        time.sleep(0.02)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A temporary folder that every user can reach, as covlint wants it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
