"""The bundled service on every engine: nothing arrives before `--fix`, everything after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.project import verify

PROJECT = Path(__file__).parents[2] / "fixtures/projects/datastorage"
ENGINES = ["container", "play", "kind"]
#: Seconds for the whole of it in a cluster that is made for it, with an image that is built before.
KIND_LIMIT = 90


@pytest.fixture
def datastorage(tmp_path: Path, base_images: Callable[..., None], kind: str) -> Path:
    base_images("golang:1.22-bookworm", "debian:bookworm-slim")
    root = tmp_path / "datastorage"
    shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns(".covlint", "coverdata"))
    return root


def covlint(root: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "covlint", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_arrives_before_the_fix(
    datastorage: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    words = ["--engine", engine]
    if engine == "kind":
        words += ["--cluster", request.getfixturevalue("cluster")]
    done = verify(datastorage, *words)
    assert (done.code, done.verdict["verdict"]) == (1, "failed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 0
    # GOCOVERDIR beside the mount hides what comes after it: the node path, the user
    assert done.codes == ["COV501"], done.shown


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_arrives_after_the_fix(datastorage: Path, engine: str) -> None:
    assert covlint(datastorage, "--fix", ".").returncode == 1
    begin = time.monotonic()
    done = verify(datastorage, "--engine", engine)
    seconds = time.monotonic() - begin
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["total_percent"] > 60
    assert not (datastorage / "coverdata").exists()  # the run's own folder took its place
    if engine == "kind" and (os.cpu_count() or 1) > 1:
        assert seconds < KIND_LIMIT, done.stderr


def spread(root: Path, user: int) -> None:
    """The project with a worker in its Kind configuration, three replicas, and another user."""
    config = root / "test/infrastructure/kind-datastorage-config.yaml"
    mount = "    extraMounts:\n      - hostPath: ./coverdata\n        containerPath: /coverdata\n"
    config.write_text(f"{config.read_text()}  - role: worker\n{mount}", encoding="utf-8")
    manifest = root / "test/e2e/datastorage/manifests/datastorage.yaml"
    text = manifest.read_text()
    assert "replicas: 1\n" in text
    manifest.write_text(text.replace("replicas: 1\n", "replicas: 3\n"), encoding="utf-8")
    dockerfile = root / "docker/datastorage.Dockerfile"
    text = dockerfile.read_text()
    assert "USER 1001\n" in text
    dockerfile.write_text(text.replace("USER 1001\n", f"USER {user}\n"), encoding="utf-8")


@pytest.mark.parametrize("user", [1001, 0])
def test_the_data_of_three_replicas_on_two_nodes_arrives(
    datastorage: Path, user: int, request: pytest.FixtureRequest
) -> None:
    """As 1001 in a cluster of its own configuration, as root in one that is there."""
    spread(datastorage, user)
    assert covlint(datastorage, "--fix", ".").returncode == 1
    words = ["--cluster", request.getfixturevalue("cluster")] if user == 0 else []
    done = verify(datastorage, "--engine", "kind", *words)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 3, done.shown
    assert done.verdict["profile"]["total_percent"] > 60, done.shown
    claims = {claim["claim"]: claim for claim in done.verdict["validations"]}
    assert claims["every process that started has counters"]["evidence"].startswith("3 started")
    assert claims["every pod has counters"]["verdict"] == "passed", done.shown
    assert claims["every pod has counters"]["evidence"].count("datastorage-") == 3, done.shown
    assert claims["the data is of the binary that was built"]["verdict"] == "passed"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_script_of_a_dry_run_works_by_itself(
    datastorage: Path, toolchain: object, runtime: str, engine: str
) -> None:
    assert covlint(datastorage, "--fix", ".").returncode == 1
    printed = covlint(datastorage, "verify", "--engine", engine, "--dry-run")
    assert printed.returncode == 0, printed.stderr
    done = subprocess.run(
        ["sh"], input=printed.stdout, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "example.com/datastorage/internal/store" in done.stdout
    assert "coverage: 0.0%" not in done.stdout
    listed = subprocess.run(
        [runtime, "ps", "-a", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    numbers = [word for word in done.stdout.split() if word.startswith("localhost/covlint/")]
    assert all(word.rpartition(":")[2] not in listed.stdout for word in numbers)
