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
def test_nothing_arrives_before_the_fix(datastorage: Path, engine: str) -> None:
    done = verify(datastorage, "--engine", engine)
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
