"""`covlint init` on a service without coverage, and then a real Kind cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.project import verify
from engines.test_kind_engine import provider
from initial.flavours import ferry, written


@pytest.fixture
def begun(tmp_path: Path, base_images: Callable[..., None], kind: str) -> Callable[[str], Path]:
    """A repository of a flavour, with what `covlint init` writes."""
    base_images("golang:1.22-bookworm", "gcr.io/distroless/static-debian12:nonroot")

    def make(flavour: str) -> Path:
        root = written(ferry(flavour), tmp_path / flavour)
        command = [sys.executable, "-m", "covlint", "init", "--yes"]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        return root

    return make


def test_verify_passes_on_kind(begun: Callable[[str], Path]) -> None:
    done = verify(begun("plain"), "--engine", "kind")
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert done.verdict["profile"]["counter_files"] == 2, done.shown  # one for each replica
    assert done.verdict["profile"]["packages"]["example.com/ferry/internal/dock"] > 50


def test_the_script_of_a_dry_run_patches_the_workload(begun: Callable[[str], Path]) -> None:
    command = [sys.executable, "-m", "covlint", "verify", "--engine", "kind", "--dry-run"]
    done = subprocess.run(command, cwd=begun("plain"), capture_output=True, text=True, check=True)
    assert 'cp test/e2e/coverage/ferry.yaml "$run/patched/patch.yaml"' in done.stdout
    assert "patchesStrategicMerge: [patch.yaml]" in done.stdout


def test_the_target_of_the_makefile_collects(
    begun: Callable[[str], Path],
    kind: str,
    runtime: str,
    helm: str,
    tmp_path: Path,
) -> None:
    root = begun("chart")
    tools = tmp_path / "tools"
    tools.mkdir()
    image = os.environ.get("COVLINT_KIND_NODE_IMAGE")
    if image is not None:  # a user's kind takes its own
        wrapper = (
            f'#!/bin/sh\ncase "$1 $2" in "create cluster") set -- "$@" --image {image} ;; esac\n'
        )
        (tools / "kind").write_text(f'{wrapper}exec {kind} "$@"\n')
        (tools / "kind").chmod(0o755)
    makefile = root / "Makefile"
    name = f"ferry-coverage-{os.getpid()}"
    makefile.write_text(makefile.read_text().replace("--name ferry-coverage", f"--name {name}"))
    path = os.pathsep.join([str(tools), helm, os.environ["PATH"]])
    env = {**provider(runtime), "PATH": path, "KUBECONFIG": str(tmp_path / "kubeconfig")}
    try:
        done = subprocess.run(
            ["make", "e2e-coverage", f"CONTAINER_TOOL={runtime}"],
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        words = [kind, "delete", "cluster", "--name", name]
        subprocess.run(words, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "total:" in done.stdout
    profile = (root / "e2e-coverage.txt").read_text()
    assert profile.startswith("mode: atomic\n")
    assert "example.com/ferry/internal/timetable/timetable.go" in profile


def test_a_chart_renders_what_it_rendered(tmp_path: Path, helm: str) -> None:
    root = written(ferry("chart"), tmp_path / "ferry")
    shutil.copytree(root / "charts", tmp_path / "before")
    command = [sys.executable, "-m", "covlint", "init", "--yes"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)

    def rendered(chart: Path, *words: str) -> str:
        line = [f"{helm}/helm", "template", "ferry", str(chart), *words]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout

    for words in ([], ["--set", "env[0].name=A,env[0].value=b"], ["--set", "replicaCount=3"]):
        before = rendered(tmp_path / "before" / "ferry", *words)
        assert rendered(root / "charts" / "ferry", *words) == before
        assert "GOCOVERDIR" not in before
    values = str(root / "test/e2e/coverage/ferry-values.yaml")
    covered = rendered(root / "charts" / "ferry", "--values", values)
    assert "name: GOCOVERDIR" in covered
    assert 'image: "localhost/ferry:coverage"' in covered
