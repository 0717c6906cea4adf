"""A small service without coverage, deployed in three ways: what it is given, and that it works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import Change
from covlint.initial.proposal import Proposal, propose
from covlint.initial.survey import survey
from covlint.patch import unified_diff
from covlint.registry import Registry
from initial.flavours import FLAVOURS, ferry, written

GOLDEN = Path(__file__).parent / "golden"
Contents = dict[str, bytes]


def proposed(contents: Contents) -> Proposal:
    files = MemoryFiles(contents)
    return propose(files, survey(files))


def patch(proposal: Proposal) -> str:
    changes = (piece.change for piece in proposal.pieces)
    parts = (unified_diff(c.path, c.before, c.after, created=c.created) for c in changes)
    return b"".join(parts).decode()


def changed(contents: Contents, changes: Iterable[Change]) -> Contents:
    return {**contents, **{change.path: change.after for change in changes}}


def changes_of(contents: Contents) -> list[Change]:
    return [piece.change for piece in proposed(contents).pieces]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_patch_is_the_one_that_was_read(flavour: str) -> None:
    proposal = proposed(ferry(flavour))
    golden = GOLDEN / f"{flavour}.diff"
    if os.environ.get("COVLINT_WRITE_GOLDEN"):  # then read the diff of it
        golden.write_text(patch(proposal), encoding="utf-8")
    assert patch(proposal) == golden.read_text(encoding="utf-8")
    assert proposal.notes == ()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_is_missing_afterwards(flavour: str) -> None:
    before = ferry(flavour)
    again = proposed(changed(before, changes_of(before)))
    assert (again.pieces, again.notes) == ((), ())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_was_there_is_still_there(flavour: str) -> None:
    before = ferry(flavour)
    for change in changes_of(before):
        old, new = change.before.splitlines(), iter(change.after.splitlines())
        if change.path == "charts/ferry/templates/deployment.yaml":
            old.remove(b"          {{- with .Values.env }}")  # it is made a part of a condition
        assert all(line in new for line in old), change.path


@pytest.mark.parametrize("flavour", ["plain", "kustomize"])
def test_what_production_deploys_is_not_touched(flavour: str) -> None:
    for change in changes_of(ferry(flavour)):
        assert change.created or not change.path.startswith("deploy/"), change.path


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_covlint_has_nothing_to_say(flavour: str) -> None:
    before = ferry(flavour)
    files = MemoryFiles(changed(before, changes_of(before)))
    found = inspect(files, Registry.builtin(), Options(targets=frozenset(["Dockerfile"])))
    assert found.report.diagnostics == ()
    (chain,) = found.project.chains()
    assert chain.takes_part
    assert chain.gap is None


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_half_of_it_is_completed_and_not_doubled(flavour: str) -> None:
    before = ferry(flavour)
    changes = changes_of(before)
    for missing in changes:
        partly = changed(before, (one for one in changes if one != missing))
        again = changes_of(partly)
        assert changes_of(changed(partly, again)) == [], missing.path
        if missing.path in (".gitignore", ".dockerignore"):
            continue  # they follow from the target of the Makefile
        assert [change.path for change in again] == [missing.path]


@pytest.mark.parametrize(
    ("flavour", "file", "schema"),
    [
        ("plain", ".github/workflows/e2e-coverage.yaml", "github-workflows"),
        ("kustomize", ".gitlab-ci.yml", "gitlab-ci"),
    ],
)
def test_the_job_keeps_to_the_schema(tmp_path: Path, flavour: str, file: str, schema: str) -> None:
    before = ferry(flavour)
    (tmp_path / "job.yaml").write_bytes(changed(before, changes_of(before))[file])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, tmp_path / "job.yaml"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.real
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_data_arrives(tmp_path: Path, flavour: str, toolchain: object, free_port: int) -> None:
    root = written(ferry(flavour), tmp_path / "ferry")
    done = covlint(root, "init", "--yes")
    assert done.returncode == 0, done.stderr
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
