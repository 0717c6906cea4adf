"""Several targets of one call: one cluster and one image for those that need the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engines.project import MAIN, Layout

#: The same service, and a function that is another's.
OTHER = MAIN + "\nfunc other() bool { return true }\n"
TARGET = {
    "engine": "kind",
    "build_args": {"GOFLAGS": "-cover"},
    "container": "app",
    "ready": {"http": "http://127.0.0.1:${PORT}/healthz", "timeout": 60},
    "exercise": "true",
}


def project(root: Path, engine: str = "kind") -> None:
    """``one`` and ``two`` run the same program, ``three`` another one; all of them write to one
    folder of the nodes, and their manifests name one namespace."""
    layout = Layout("together", host_path="/coverdata")
    layout.write(root)
    manifest = (root / "deploy/app.yaml").read_text()
    dockerfile = (root / "Dockerfile").read_text()
    (root / "cmd/other").mkdir()
    (root / "cmd/other/main.go").write_text(OTHER)
    (root / "other.Dockerfile").write_text(dockerfile.replace("./cmd/app", "./cmd/other"))
    (root / "deploy/app.yaml").unlink()
    targets = {}
    for name, image, program in (
        ("one", "together", "Dockerfile"),
        ("two", "together", "Dockerfile"),
        ("three", "apart", "other.Dockerfile"),
    ):
        text = manifest.replace("localhost/together:e2e", f"localhost/{image}:e2e")
        (root / f"deploy/{name}.yaml").write_text(text)
        files = {"dockerfile": program, "manifest": f"deploy/{name}.yaml"}
        targets[name] = {**TARGET, "engine": engine, **files}
    (root / "Makefile").write_text(
        "images:\n\tpodman build --build-arg GOFLAGS=-cover -t localhost/together:e2e .\n"
        "\tpodman build --build-arg GOFLAGS=-cover -f other.Dockerfile -t localhost/apart:e2e .\n"
    )
    (root / ".covlint.yaml").write_text(json.dumps({"targets": targets}))


def test_targets_share_image_and_cluster_and_no_data(
    tmp_path: Path, base_images: Callable[..., None], kind: str
) -> None:
    base_images("golang:1.22-bookworm", Layout.base)
    project(tmp_path)
    words = os.environ.get("COVLINT_TEST_CLUSTER")
    done = subprocess.run(
        [sys.executable, "-m", "covlint", "verify", "--format", "json"]
        + (["--cluster", words] if words else []),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("["), done.stdout + done.stderr
    verdicts = json.loads(done.stdout)
    shown = json.dumps(verdicts, indent=1) + done.stderr
    assert [one["verdict"] for one in verdicts] == ["passed"] * 3, shown
    assert [one["profile"]["counter_files"] for one in verdicts] == [1, 1, 1], shown
    packages = [list(one["profile"]["packages"]) for one in verdicts]
    assert packages == [["example.com/app/cmd/app"]] * 2 + [["example.com/app/cmd/other"]], shown
    clusters = {one["toolchain"].rpartition(" ")[2] for one in verdicts}
    assert len(clusters) == 1, shown
    builds = [
        step["command"] for one in verdicts for step in one["steps"] if step["name"] == "build"
    ]
    assert sum("is built for another target" in command for command in builds) == 1, shown
    listed = subprocess.run([kind, "get", "clusters"], capture_output=True, text=True, check=False)
    assert words or not clusters & set(listed.stdout.split()), listed.stdout


def built_for_another(verdicts: list[dict[str, Any]]) -> int:
    steps = [
        step["command"] for one in verdicts for step in one["steps"] if step["name"] == "build"
    ]
    return sum("is built for another target" in command for command in steps)


def test_containers_share_an_image(
    tmp_path: Path, base_images: Callable[..., None], runtime: str
) -> None:
    base_images("golang:1.22-bookworm", Layout.base)
    project(tmp_path, "container")
    before = shared_images(runtime)
    words = [sys.executable, "-m", "covlint", "verify", "--format", "json", "one", "two"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    verdicts = json.loads(done.stdout)
    shown = done.stdout + done.stderr
    assert [one["verdict"] for one in verdicts] == ["passed"] * 2, shown
    assert built_for_another(verdicts) == 1, shown
    assert shared_images(runtime) <= before


def shared_images(runtime: str) -> set[str]:
    words = [runtime, "images", "--format", "{{.Repository}}:{{.Tag}}"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split() if "covlint/shared" in name}
