"""A small service without coverage, deployed in three ways: what it is given, and that it works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from covlint.engine import Options, inspect
from covlint.files import DiskFiles
from covlint.initial.proposal import Proposal, propose
from covlint.initial.survey import survey
from covlint.patch import unified_diff
from covlint.registry import Registry
from covlint.writer import write_changes
from initial.flavours import FLAVOURS, contents, ferry

GOLDEN = Path(__file__).parent / "golden"


def proposed(root: Path) -> Proposal:
    files = DiskFiles(str(root))
    return propose(files, survey(files))


def patch(proposal: Proposal) -> str:
    changes = (piece.change for piece in proposal.pieces)
    parts = (unified_diff(c.path, c.before, c.after, created=c.created) for c in changes)
    return b"".join(parts).decode()


def begun(root: Path) -> Proposal:
    """What is proposed, and written."""
    proposal = proposed(root)
    write_changes(str(root), [piece.change for piece in proposal.pieces])
    return proposal


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_patch_is_the_one_that_was_read(tmp_path: Path, flavour: str) -> None:
    proposal = proposed(ferry(flavour, tmp_path / "ferry"))
    golden = GOLDEN / f"{flavour}.diff"
    if os.environ.get("COVLINT_WRITE_GOLDEN"):  # then read the diff of it
        golden.write_text(patch(proposal), encoding="utf-8")
    assert patch(proposal) == golden.read_text(encoding="utf-8")
    assert proposal.notes == ()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_is_missing_afterwards(tmp_path: Path, flavour: str) -> None:
    root = ferry(flavour, tmp_path / "ferry")
    assert begun(root).pieces
    after = contents(root)
    assert proposed(root).pieces == ()
    assert contents(root) == after


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_was_there_is_still_there(tmp_path: Path, flavour: str) -> None:
    root = ferry(flavour, tmp_path / "ferry")
    before = contents(root)
    begun(root)
    for path, data in contents(root).items():
        old = before.get(path, b"").splitlines()
        new = iter(data.splitlines())
        if path == "charts/ferry/templates/deployment.yaml":
            old.remove(b"          {{- with .Values.env }}")  # it is made a part of a condition
        assert all(line in new for line in old), path


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_covlint_has_nothing_to_say(tmp_path: Path, flavour: str) -> None:
    root = ferry(flavour, tmp_path / "ferry")
    begun(root)
    found = inspect(
        DiskFiles(str(root)), Registry.builtin(), Options(targets=frozenset(["Dockerfile"]))
    )
    assert found.report.diagnostics == ()
    (chain,) = found.project.chains()
    assert chain.takes_part
    assert chain.gap is None


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_half_of_it_is_completed_and_not_doubled(tmp_path: Path, flavour: str) -> None:
    whole = ferry(flavour, tmp_path / "whole")
    changes = [piece.change for piece in begun(whole).pieces]
    for missing in changes:
        root = ferry(flavour, tmp_path / missing.path.replace("/", "-"))
        write_changes(str(root), [one for one in changes if one != missing])
        again = begun(root)
        assert proposed(root).pieces == (), missing.path
        if missing.path in (".gitignore", ".dockerignore"):
            continue  # they follow from a target of the Makefile
        paths = {piece.change.path for piece in again.pieces}
        assert paths <= {missing.path}, (missing.path, paths)


@pytest.mark.real
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_data_arrives(tmp_path: Path, flavour: str, toolchain: object, free_port: int) -> None:
    root = ferry(flavour, tmp_path / "ferry")
    written = covlint(root, "init", "--yes")
    assert written.returncode == 0, written.stderr
    config = root / ".covlint.yaml"
    text = config.read_text()
    if "port: 8080" in text:  # something else may have it on this machine
        at = f"port: {free_port}\n    env: {{FERRY_ADDR: '127.0.0.1:${{PORT}}'}}"
        config.write_text(text.replace("port: 8080", at))
    done = covlint(root, "verify", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["verdict"] == "passed"
    assert verdict["profile"]["packages"]["example.com/ferry/internal/timetable"] > 0


def covlint(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "covlint", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
