"""docker, where the other modules take podman: its daemon, both of its builders, its compose files.

``COVLINT_TEST_DOCKER_HOST`` names a daemon that only these tests ask; else the one that answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from covlint.runner.command import Processes
from covlint.runner.container.builder import BuilderKind
from covlint.runner.container.runtime import NoRuntime, Runtime, find_runtime
from covlint.runner.toolchain import Toolchain
from engines.base_images import CannotMake, Maker
from engines.container_failures import IN_A_CONTAINER
from engines.failures import Failure, complaint
from engines.healthy import engines_of
from engines.project import Layout, Verified, verify
from engines.shell_failures import SHELLS
from engines.test_cleanup import Point, clean, ended, nothing_is_left, points
from engines.test_compose import written
from engines.test_container_engine import BROKEN
from engines.test_datastorage import PROJECT, covlint
from engines.test_overhead import compared

BASES = ("golang:1.22-bookworm", "debian:bookworm-slim")
#: One for each way in which an engine takes part: user, program, mount, build, PID 1.
FAILURES = {
    name: {**IN_A_CONTAINER, **SHELLS}[name]
    for name in (
        "a directory of the image that root owns",
        "a stop signal that is not handled",
        "a base image that is not there",
        "a build that fails",
        'dash: sh -c "echo start; app"',
    )
}
SEEN = ("a read-only mount", "an emptyDir", "a program that is not there")
HEALTHY = {
    name: layout
    for name, (_, layout) in engines_of().items()
    if name.endswith(("a shell with a trap", "with a read-only root", "in a folder that is his"))
}


@pytest.fixture(scope="module", autouse=True)
def docker() -> Iterator[str]:
    """The daemon, for everything that these tests start."""
    with pytest.MonkeyPatch.context() as patch:
        if host := os.environ.get("COVLINT_TEST_DOCKER_HOST"):
            patch.setenv("DOCKER_HOST", host)
        runtime = answering(os.environ)
        if isinstance(runtime, str):
            pytest.skip(runtime)
        try:
            Maker("docker").ensure(*BASES)
        except CannotMake as error:
            pytest.fail(str(error))
        yield "docker"


def answering(environ: Mapping[str, str]) -> Runtime | str:
    """The docker that an environment leads to; why there is none."""
    with Processes() as processes:
        try:
            found = find_runtime(processes, environ, "docker")
        except NoRuntime as error:
            return str(error)
    return "docker is podman here" if found.podman else found


@pytest.fixture(params=[BuilderKind.CLASSIC, BuilderKind.BUILDKIT], ids=["classic", "BuildKit"])
def builder(request: pytest.FixtureRequest) -> tuple[BuilderKind, dict[str, str]]:
    """A builder of docker, and the environment in which ``docker build`` takes it."""
    wish = {"DOCKER_BUILDKIT": str(int(request.param is BuilderKind.BUILDKIT))}
    for folder in os.environ["PATH"].split(os.pathsep):
        if shutil.which("docker", path=folder) is not None:
            environ = {**wish, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
            found = answering({**os.environ, **environ})
            if isinstance(found, Runtime) and found.builder.kind is request.param:
                return request.param, environ
    pytest.skip(f"no docker client here builds with {request.param.value}")


@pytest.fixture
def datastorage(tmp_path: Path) -> Path:
    root = tmp_path / "datastorage"
    shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns(".covlint", "coverdata"))
    return root


def by_docker(root: Path, **environ: str) -> Verified:
    return verify(root, "--engine", "container", "--runtime", "docker", **environ)


def test_nothing_arrives_before_the_fix_and_everything_after_it(
    datastorage: Path, toolchain: Toolchain
) -> None:
    done = by_docker(datastorage)
    assert (done.code, done.codes) == (1, ["COV501"]), done.shown
    covlint(datastorage, "--fix", ".")
    done = by_docker(datastorage)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["total_percent"] > 60
    words = ("--engine", "container", "--runtime", "docker", "--dry-run")
    printed = covlint(datastorage, "verify", *words)
    script = subprocess.run(
        ["sh"], input=printed.stdout, cwd="/", capture_output=True, text=True, check=False
    )
    assert script.returncode == 0, script.stdout + script.stderr
    assert "example.com/datastorage/internal/store" in script.stdout
    assert "coverage: 0.0%" not in script.stdout


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_docker_loses_it(tmp_path: Path, failure: Failure) -> None:
    Maker("docker").ensure(failure.layout.base)
    failure.layout.write(tmp_path)
    before = containers()
    done = by_docker(tmp_path)
    wrong = complaint(failure, done, tmp_path)
    assert wrong is None, f"{wrong}\n{done.shown}"
    assert containers() <= before  # the classic builder would leave that of a step that fails


@pytest.mark.parametrize("name", SEEN)
def test_what_is_broken_is_named(tmp_path: Path, name: str) -> None:
    layout, symptom, code = BROKEN[name]
    Maker("docker").ensure(layout.base)
    layout.write(tmp_path)
    first = by_docker(tmp_path).verdict["causes"][0]
    assert (first["symptom"], first["code"]) == (symptom, code)


@pytest.mark.parametrize("layout", HEALTHY.values(), ids=HEALTHY.keys())
def test_nothing_is_lost(tmp_path: Path, layout: Layout) -> None:
    Maker("docker").ensure(layout.base)
    layout.write(tmp_path)
    done = by_docker(tmp_path)
    assert done.code == 0, done.shown
    assert not done.verdict["causes"], done.shown


@pytest.mark.parametrize("volume", ["./coverdata", "coverage"])
def test_a_compose_service_runs_beside_what_it_depends_on(tmp_path: Path, volume: str) -> None:
    Maker("docker").ensure("busybox:1.36", "gcr.io/distroless/static:nonroot")
    root = written(tmp_path, "0", volume, "volumes: {coverage: {}}\n")
    done = by_docker(root)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    for kind in ("network", "volume"):
        words = ["docker", kind, "ls", "--format", "{{.Name}}"]
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        assert "covlint-" not in listed


def test_each_builder_makes_the_image(
    tmp_path: Path, builder: tuple[BuilderKind, dict[str, str]]
) -> None:
    kind, environ = builder
    Layout("builder").write(tmp_path)
    done = by_docker(tmp_path, **environ)
    assert done.code == 0, done.shown
    log = (tmp_path / ".covlint/app/build.log").read_text(encoding="utf-8")
    assert ("Step 1/" in log) is (kind is BuilderKind.CLASSIC), log


def test_heredocs_are_built_or_refused_in_words(
    tmp_path: Path, builder: tuple[BuilderKind, dict[str, str]]
) -> None:
    _, environ = builder
    base = "debian:bookworm-slim"
    Layout("heredoc", base=base, entrypoint='RUN <<EOF\ntrue\nEOF\nENTRYPOINT ["/app"]').write(
        tmp_path
    )
    words = ["verify", "--runtime", "docker"]
    done = covlint(tmp_path, *words, **environ)
    refused = "Dockerfile:11: a heredoc: " in done.stderr
    assert done.returncode == (2 if refused else 0), done.stdout + done.stderr


#: Builds, starts and stops are cut short, by SIGKILL and by Ctrl-C.
POINTS = (*points(3, 6, 1.0), Point(0, 1.5, points(1, 1, 1.0)[0].signal))


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_nothing_is_left(tmp_path: Path, point: Point) -> None:
    layout = Layout("ended", slow="1s", user=str(1000 + point.steps))
    Maker("docker").ensure(layout.base)
    layout.write(tmp_path)
    (tmp_path / "cmd/app/stamp.go").write_text(f"package main\n\nvar _ = `{point}`\n")
    before = containers()
    own = ended(tmp_path, "container", point, "--runtime", "docker")
    clean(tmp_path)
    nothing_is_left("docker", own)
    assert containers() <= before  # those of a build have no label and no name of ours


def containers() -> set[str]:
    words = ["docker", "ps", "-aq", "--no-trunc"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def test_a_container_costs_little_more_than_its_script(
    tmp_path: Path, toolchain: Toolchain, record_property: Callable[[str, object], None]
) -> None:
    layout = Layout("cost")
    Maker("docker").ensure(layout.base)
    layout.write(tmp_path)
    by_docker(tmp_path)  # the layers of the image are there for both
    compared(tmp_path, "container", record_property)
