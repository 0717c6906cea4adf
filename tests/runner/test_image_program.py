"""Where in an image the Go program lies, and what it is held to show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from covlint.runner.container.image_program import (
    CommandLine,
    command_line,
    hold_against,
    paths_of,
    take_program,
)
from covlint.runner.steps import Ran
from covlint.runner.verdict import Outcome

PATH = ("/usr/bin", "/bin")


@pytest.mark.parametrize(
    ("words", "outputs", "first"),
    [
        (("/app", "--port", "80"), (), "/app"),
        (("./app",), (), "/srv/app"),
        (("app",), (), "/srv/app"),
        (("sh", "-c", "migrate && exec /out/app --x; true"), ("app",), "/out/app"),
        (("/sbin/tini", "--", "/app"), (), "/app"),
        (("/bin/sh", "-c", "/app"), (), "/app"),
        (("/entrypoint.sh", "server"), ("server",), "/entrypoint.sh"),
        (("/entrypoint.sh",), ("server",), "/entrypoint.sh"),
    ],
)
def test_the_likeliest_place_is_looked_at_first(words, outputs, first):
    found = paths_of(CommandLine(words, PATH, "/srv"), outputs)
    assert found[0] == first
    assert len(found) <= 8
    if outputs:
        assert any(path.endswith("/server") or path == "/out/app" for path in found)


def test_the_command_line_of_a_container():
    told = {"Path": "/app", "Args": ["-v"], "Config": {"Env": ["PATH=/a:/b"], "WorkingDir": "/w"}}
    assert command_line(json.dumps([told])) == CommandLine(("/app", "-v"), ("/a", "/b"), "/w")
    assert command_line("[]") is None
    assert command_line("Error: no such container") is None


def taken(path: Path, folder: Path, outputs: tuple[str, ...] = ()):
    def copy(asked: str, to: Path) -> bool:
        if asked != "/app":
            return False
        shutil.copyfile(path, to)
        return True

    return take_program(CommandLine(("/app",)), outputs, folder, copy)


def test_a_script_is_no_program(tmp_path):
    (tmp_path / "script").write_text("#!/bin/sh\nexec /app\n")
    assert taken(tmp_path / "script", tmp_path) is None
    assert not (tmp_path / "program").exists()


def test_what_is_not_instrumented_is_told_with_what_the_binary_shows(tmp_path, toolchain):
    found = taken(Path(toolchain.go), tmp_path)  # a Go program like any other
    assert found is not None
    assert not found.certain
    ran = Ran()
    assert hold_against(ran, found, arrived=False) is False
    (claim,) = ran.claims
    assert (claim.claim, claim.outcome) == ("the binary is instrumented", Outcome.FAILED)
    assert claim.evidence.startswith("/app was built by go1.")
    assert "does not hold 'GOCOVERDIR not set'" in claim.evidence


def test_what_only_starts_the_service_need_not_be_instrumented(tmp_path, toolchain):
    ran = Ran()
    found = taken(Path(toolchain.go), tmp_path)
    assert hold_against(ran, found, arrived=True) is None
    assert (ran.claims, ran.program) == ([], None)
    service = taken(Path(toolchain.go), tmp_path, ("app",))
    hold_against(ran, service, arrived=True)
    assert ran.program == tmp_path / "program"
    assert [claim.outcome for claim in ran.claims] == [Outcome.FAILED]
