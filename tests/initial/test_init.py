"""``covlint init`` as a user meets it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from covlint.cli.main import run
from initial.flavours import PROJECTS, ferry, written


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = written(ferry("plain"), tmp_path / "ferry")
    monkeypatch.chdir(root)
    return root


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_without_a_terminal_it_only_shows(plain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = files(plain)
    assert run(["init"]) == 1
    out = capfd.readouterr().out
    assert "ferry: cmd/ferry, built by Dockerfile; Deployment ferry in deploy/ferry.yaml" in out
    assert "  test/e2e/coverage/ferry.yaml (new)\n" in out
    assert '+ARG GOFLAGS=""' in out
    assert "covlint init --yes" in out
    assert files(plain) == before


def test_a_patch_alone_is_what_git_applies(plain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--diff"]) == 1
    patch = capfd.readouterr().out
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=plain, check=True)
    by_git = files(plain)
    subprocess.run(["git", "apply", "-R", "-"], input=patch, text=True, cwd=plain, check=True)
    assert run(["init", "--yes"]) == 0
    assert files(plain) == by_git
    assert "Next: covlint verify" in capfd.readouterr().out
    assert run(["init"]) == 0
    assert "Nothing is missing." in capfd.readouterr().out
    assert run(["init", "--diff"]) == 0
    assert run(["check"]) == 0


@pytest.mark.parametrize(("answer", "code"), [("", 1), ("y", 0)])
def test_on_a_terminal_it_asks_once(plain: Path, answer: str, code: int) -> None:
    before = files(plain)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "covlint", "init"],
        cwd=plain,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(slave)
    os.write(master, f"{answer}\n".encode())
    shown = process.communicate(timeout=60)[0].decode()
    os.close(master)
    assert process.returncode == code, shown
    assert shown.count("Write these files?") == 1
    assert (files(plain) == before) is (code == 1)


def test_services_are_named_or_meant_by_paths(
    plain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--service", "fery"]) == 2
    assert "did you mean ferry?" in capfd.readouterr().err
    assert run(["init", "--service", "ferry"]) == 1
    assert run(["init", "deploy"]) == 1
    assert run(["init", "internal"]) == 0  # nothing there belongs to a service's build
    assert run(["init", "--yes", "--diff"]) == 2


def test_files_that_somebody_changes_meanwhile_stay(
    plain: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from covlint.cli import init

    real = init.propose

    def slow(*words: object) -> object:
        proposal = real(*words)  # type: ignore[arg-type]
        (plain / "Dockerfile").write_text("FROM scratch\n")
        return proposal

    monkeypatch.setattr(init, "propose", slow)
    assert run(["init", "--yes"]) == 3
    assert "nothing was written: Dockerfile: the file was changed" in capfd.readouterr().err
    assert not (plain / "test/e2e/coverage").exists()
    assert (plain / "Dockerfile").read_text() == "FROM scratch\n"


def test_what_is_there_and_broken_is_left_to_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    source = PROJECTS / "datastorage"
    contents = {
        str(path.relative_to(source)): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file()
    }
    monkeypatch.chdir(written(contents, tmp_path / "datastorage"))
    assert run(["init"]) == 0
    out = capfd.readouterr().out
    assert "Nothing is missing." in out
    assert "COV501, COV502" in out
    assert "covlint --fix" in out


def test_a_program_that_is_killed_is_said_with_a_patch(
    plain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (plain / "cmd/ferry/main.go").write_text(
        'package main\n\nimport "net/http"\n\nfunc main() {\n'
        '\thttp.ListenAndServe(":8080", nil)\n}\n'
    )
    assert run(["init"]) == 1
    out = capfd.readouterr().out
    assert "The data will not arrive before this is done, too:" in out
    assert "cmd/ferry/main.go:5: COV601 this program never handles SIGTERM" in out
    assert "+    signal.Notify(signals, syscall.SIGTERM)" in out
    assert '+import "os/signal"' in out


def test_a_folder_without_anything_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    assert "No service is found" in capfd.readouterr().out


def test_programs_without_a_dockerfile_are_verified_as_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    main = (
        'package main\n\nimport "net/http"\n\nfunc main() {\n\thttp.ListenAndServe(":80", nil)\n}\n'
    )
    contents = {"go.mod": b"module example.com/ears\n\ngo 1.21\n", "main.go": main.encode()}
    root = written(contents, tmp_path / "ears")
    monkeypatch.chdir(root)
    assert run(["init", "--yes"]) == 0
    out = capfd.readouterr().out
    assert "ears: ., no Dockerfile is seen to build it" in out
    assert "main.go:5: SIGTERM is not handled (COV601)" in out
    assert "  ears:\n    main: .\n" in (root / ".covlint.yaml").read_text()
    assert (root / ".gitignore").read_text() == "/.covlint/\n"
    assert not (root / "Makefile").exists()
