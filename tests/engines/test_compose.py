"""Services of compose files in containers, with what they depend on beside them."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.project import DOCKERFILE, MAIN, verify

COMPOSE = """services:
  app:
    build:
      context: .
      args:
        GOFLAGS: -cover
    user: "{user}"
    read_only: true
    stop_grace_period: 3s
    ports:
      - "8080:8080"
    environment:
      GOCOVERDIR: /coverdata
    volumes:
      - {volume}:/coverdata
    depends_on:
      - store
  store:
    image: busybox:1.36
    command: ["sleep", "60"]
    stop_grace_period: 1s
{more}
"""


#: Answers when it finds the service that it depends on, by its name.
CALLER = MAIN.replace(
    "func(w http.ResponseWriter, _ *http.Request) {}",
    """func(w http.ResponseWriter, _ *http.Request) {
		if _, err := net.LookupHost("store"); err != nil {
			http.Error(w, err.Error(), 500)
		}
	}""",
).replace('"log"\n', '"log"\n\t"net"\n')


def written(root: Path, user: str, volume: str, more: str = "") -> Path:
    """The service, what it depends on, and a target for it."""
    target = {
        "engine": "container",
        "dockerfile": "Dockerfile",
        "manifest": "compose.yaml",
        "container": "app",
        "ready": {"http": "http://127.0.0.1:${PORT}/healthz", "timeout": 20},
        "exercise": "true",
    }
    files = {
        "go.mod": "module example.com/app\n\ngo 1.21\n",
        "cmd/app/main.go": CALLER,
        "Dockerfile": DOCKERFILE.format(
            base="gcr.io/distroless/static:nonroot", user="0", entrypoint='ENTRYPOINT ["/app"]'
        ),
        "compose.yaml": COMPOSE.format(user=user, volume=volume, more=more),
        ".covlint.yaml": json.dumps({"targets": {"app": target}}),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path, base_images: Callable[..., None]) -> Callable[..., Path]:
    base_images("golang:1.22-bookworm", "gcr.io/distroless/static:nonroot", "busybox:1.36")

    return functools.partial(written, tmp_path)


def test_a_bound_folder_brings_the_data(project: Callable[..., Path], runtime: str) -> None:
    root = project("0", "./coverdata")
    done = verify(root)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    assert not (root / "coverdata").exists()
    networks = [runtime, "network", "ls", "--format", "{{.Name}}"]
    listed = subprocess.run(networks, capture_output=True, text=True, check=True)
    assert "covlint-" not in listed.stdout


def test_a_folder_that_the_user_owns_takes_his_data(project: Callable[..., Path]) -> None:
    root = project("1001", "./coverdata")
    (root / "coverdata").mkdir()
    (root / "coverdata").chmod(0o777)
    done = verify(root)
    assert done.code == 0, done.shown


def test_a_folder_of_root_refuses_another_user(project: Callable[..., Path]) -> None:
    done = verify(project("1001", "./coverdata"))
    assert done.code == 1
    assert done.verdict["causes"][0]["symptom"] == "permission-denied", done.shown


def test_a_named_volume_is_copied_out(project: Callable[..., Path], runtime: str) -> None:
    done = verify(project("0", "coverage", "volumes:\n  coverage: {}\n"))
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    volumes = [runtime, "volume", "ls", "--format", "{{.Name}}"]
    listed = subprocess.run(volumes, capture_output=True, text=True, check=True)
    assert "covlint-" not in listed.stdout


def test_the_script_starts_both(project: Callable[..., Path], toolchain: object) -> None:
    root = project("0", "./coverdata")
    words = [sys.executable, "-m", "covlint", "verify", "--dry-run"]
    printed = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
    done = subprocess.run(["sh"], input=printed.stdout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "example.com/app/cmd/app" in done.stdout
