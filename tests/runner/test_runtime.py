"""docker and podman through one adapter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from covlint.runner.command import Processes
from covlint.runner.container.builder import Builder, BuilderKind, builder_of_docker
from covlint.runner.container.runtime import (
    Box,
    Mount,
    NoRuntime,
    Runtime,
    find_runtime,
    read_state,
    without_debug,
)

PODMAN = Runtime("podman", True, "4.3.1", Builder(BuilderKind.BUILDAH, (4, 3)))
DOCKER = Runtime("docker", False, "28.2.2", Builder(BuilderKind.BUILDKIT))

#: An old client of a newer service.
PODMAN_SAYS = """echo '{"Client": {"Version": "4.2.0"}, "Server": {"Version": "4.3.1"}}'"""


def program(folder: Path, name: str, version: str, info: str) -> None:
    """A program that answers as the real one does."""
    path = folder / name
    path.write_text(
        f'#!/bin/sh\ncase $1 in --version) echo "{version}";; info | version) {info};; esac\n'
    )
    path.chmod(0o755)


def find(folder: Path, wished: str | None = None) -> Runtime:
    with Processes() as processes:
        return find_runtime(processes, {"PATH": f"{folder}:/usr/bin:/bin"}, wished)


def test_what_does_not_answer_is_passed_over(tmp_path: Path):
    program(
        tmp_path, "docker", "Docker version 28.2.2, build e6534b4", "echo no daemon >&2; exit 1"
    )
    program(tmp_path, "podman", "podman version 4.3.1", PODMAN_SAYS)
    found = find(tmp_path)
    assert (found.podman, found.version) == (True, "4.3.1")
    assert found.builder == Builder(BuilderKind.BUILDAH, (4, 3))
    with pytest.raises(NoRuntime, match="docker: no daemon"):
        find(tmp_path, "docker")


def test_docker_may_be_a_link_to_podman(tmp_path: Path):
    program(tmp_path, "docker", "podman version 5.4.0", PODMAN_SAYS)
    found = find(tmp_path, "docker")
    assert found.podman
    assert found.builder.kind is BuilderKind.BUILDAH


def test_a_runtime_that_is_not_there_is_named(tmp_path: Path):
    with Processes() as processes, pytest.raises(NoRuntime, match="podman is not installed"):
        find_runtime(processes, {"PATH": str(tmp_path)}, "podman")


def test_an_old_client_tells_of_a_missing_daemon_with_exit_code_0(tmp_path: Path):
    said = '{"ServerErrors":["Cannot connect to the Docker daemon"],"ClientInfo":{"Plugins":[]}}'
    program(tmp_path, "docker", "Docker version 20.10.24, build 297e128", f"echo '{said}'")
    with pytest.raises(NoRuntime, match="docker: Cannot connect to the Docker daemon"):
        find(tmp_path, "docker")


@pytest.mark.parametrize(
    ("client", "server", "plugins", "wish", "builder"),
    [
        ("28.2.2", "28.2.2", ("buildx",), "", Builder(BuilderKind.BUILDKIT)),
        ("28.2.2", "28.2.2", ("buildx",), "0", Builder(BuilderKind.CLASSIC)),
        ("28.2.2", "20.10.24+dfsg1", (), "", Builder(BuilderKind.CLASSIC)),
        ("20.10.24", "20.10.24+dfsg1", (), "", Builder(BuilderKind.CLASSIC)),
        ("20.10.24", "20.10.24+dfsg1", (), "1", Builder(BuilderKind.BUILDKIT, (20, 10))),
        ("20.10.24", "24.0.1", (), "", Builder(BuilderKind.BUILDKIT, (24, 0))),
        ("20.10.24", "24.0.1", (), "0", Builder(BuilderKind.CLASSIC)),
    ],
)
def test_client_plugin_and_variable_decide_what_builds(
    client: str, server: str, plugins: tuple[str, ...], wish: str, builder: Builder
):
    environ = {"DOCKER_BUILDKIT": wish} if wish else {}
    assert builder_of_docker(client, server, plugins, environ) == builder


@pytest.mark.parametrize(
    ("builder", "syntax", "refused"),
    [
        (Builder(BuilderKind.BUILDAH, (4, 3)), None, "from 4.8 on"),
        (Builder(BuilderKind.BUILDAH, (4, 3)), "docker/dockerfile:1", "from 4.8 on"),
        (Builder(BuilderKind.BUILDAH, (4, 8)), None, None),
        (Builder(BuilderKind.CLASSIC), "docker/dockerfile:1", "classic builder"),
        (Builder(BuilderKind.BUILDKIT, (20, 10)), None, "from docker 23 on"),
        (Builder(BuilderKind.BUILDKIT, (20, 10)), "docker/dockerfile:1", None),
        (Builder(BuilderKind.BUILDKIT, (23, 0)), None, None),
        (Builder(BuilderKind.BUILDKIT), None, None),
    ],
)
def test_heredocs_are_refused_where_they_are_known_to_fail(
    builder: Builder, syntax: str | None, refused: str | None
):
    said = builder.refuses_heredocs(syntax)
    assert (said is None) if refused is None else (said is not None and refused in said)


def test_nothing_is_pulled_and_everything_is_labelled():
    for runtime in (PODMAN, DOCKER):
        build = runtime.build("Dockerfile", ".", "tag", "run1", [("GOFLAGS", "-cover")], "final")
        start = runtime.start(Box("name", "image"), "run1")
        assert any(word.startswith("--pull") for word in build)
        assert "never" in " ".join(start)
        for words in (build, start, runtime.make_volume("v", "run1")):
            assert "dev.covlint.run=run1" in words
        assert build[build.index("--target") :][:2] == ("--target", "final")
        assert build[-1] == "."


def test_a_box_is_what_its_manifest_says():
    box = Box(
        "name",
        "image",
        env=(("GOCOVERDIR", "/coverdata"),),
        mounts=(Mount("/host", "/coverdata"), Mount("volume", "/x", read_only=True)),
        ports=((12345, 8080),),
        user="1001",
        read_only=True,
        dropped=("ALL",),
        no_new_privileges=True,
        command=("/app", "serve"),
        arguments=("--port", "8080"),
        stop_signal="SIGINT",
    )
    words = PODMAN.start(box, "run1")
    text = " ".join(words)
    for part in (
        "--env GOCOVERDIR=/coverdata",
        "--volume /host:/coverdata",
        "--volume volume:/x:ro",
        "--publish 127.0.0.1:12345:8080",
        "--user 1001",
        "--read-only --read-only-tmpfs=false",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--entrypoint /app",
        "--stop-signal SIGINT",
    ):
        assert part in text
    assert words[-4:] == ("image", "serve", "--port", "8080")
    assert "--read-only-tmpfs" not in " ".join(DOCKER.start(box, "run1"))


def test_a_fraction_of_a_second_is_a_whole_grace_period():
    assert PODMAN.stop("name", 0.4)[-2] == "1"
    assert PODMAN.stop("name", 30.0)[-2] == "30"


def test_the_state_is_read_from_the_answer():
    answer = {
        "Path": "/app",
        "State": {
            "ExitCode": 137,
            "OOMKilled": True,
            "Error": "",
            "StartedAt": "2026-11-23T00:00Z",
        },
    }
    state = read_state(json.dumps([answer]))
    assert state is not None
    assert (state.code, state.out_of_memory, state.program, state.started) == (
        *(137, True, "/app"),
        True,
    )
    assert read_state("[]") is None
    assert read_state("no JSON") is None


def test_the_deepest_mount_holds_a_path():
    answer = [
        {
            "Mounts": [
                {"Destination": "/", "Source": "/root"},
                {"Destination": "/cov", "Source": "/outer"},
                {"Destination": "/cov/data", "Source": "/inner"},
            ]
        }
    ]
    text = json.dumps(answer)
    assert PODMAN.mounted(text, "/cov/data/app") == "/inner/app"
    assert PODMAN.mounted(text, "/coverage") is None
    assert PODMAN.mounted("", "/cov") is None


def test_a_log_for_people_is_without_debugging():
    log = 'time="2026-11-23T02:45:05Z" level=debug msg="Container ID: 0618"\nSTEP 1/7: FROM x\n'
    assert without_debug(log) == "STEP 1/7: FROM x\n"
