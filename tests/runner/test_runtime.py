"""docker and podman through one adapter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from covlint.runner.command import Processes
from covlint.runner.container.runtime import (
    Box,
    Mount,
    NoRuntime,
    Runtime,
    find_runtime,
    read_state,
    without_debug,
)

PODMAN = Runtime("podman", True, "4.3.1", (1, 28))
DOCKER = Runtime("docker", False, "28.2.2")


def program(folder: Path, name: str, version: str, info: str) -> None:
    """A program that answers as the real one does."""
    path = folder / name
    path.write_text(f'#!/bin/sh\ncase $1 in --version) echo "{version}";; info) {info};; esac\n')
    path.chmod(0o755)


def find(folder: Path, wished: str | None = None) -> Runtime:
    with Processes() as processes:
        return find_runtime(processes, {"PATH": f"{folder}:/usr/bin:/bin"}, wished)


def test_what_does_not_answer_is_passed_over(tmp_path: Path):
    program(
        tmp_path, "docker", "Docker version 28.2.2, build e6534b4", "echo no daemon >&2; exit 1"
    )
    program(tmp_path, "podman", "podman version 4.3.1", "echo 1.28.2")
    found = find(tmp_path)
    assert (found.podman, found.version, found.buildah) == (True, "4.3.1", (1, 28))
    with pytest.raises(NoRuntime, match="docker: no daemon"):
        find(tmp_path, "docker")


def test_docker_may_be_a_link_to_podman(tmp_path: Path):
    program(tmp_path, "docker", "podman version 5.4.0", "echo 1.39.3")
    found = find(tmp_path, "docker")
    assert found.podman
    assert found.reads_heredocs


def test_a_runtime_that_is_not_there_is_named(tmp_path: Path):
    with Processes() as processes, pytest.raises(NoRuntime, match="podman is not installed"):
        find_runtime(processes, {"PATH": str(tmp_path)}, "podman")


def test_buildah_reads_heredocs_from_1_33_on():
    assert not PODMAN.reads_heredocs
    assert Runtime("podman", True, "4.8.0", (1, 33)).reads_heredocs
    assert DOCKER.reads_heredocs


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
