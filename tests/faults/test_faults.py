"""A few of the faults; ``make faults`` has all of them."""

from __future__ import annotations

import os
import subprocess

import pytest

from faults import disks, runs
from faults.calls import writing
from faults.project import COMMAND, NEW, OLD, Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("faults"))
    project.install()
    return project


def test_a_run_that_nobody_disturbs_fixes_all(project: Project) -> None:
    """And the calls that are made to fail are those by which it does."""
    called = [call.name for call in writing(project)]
    assert {name: called.count(name) for name in ("renameat2", "unlink", "write")} == {
        "renameat2": project.files,
        "unlink": project.files,
        "write": project.files + 1,  # and the report
    }
    assert project.left() == type(project.left())(0, project.files, (), ())
    assert OLD != NEW


def test_killed_at_a_call_and_at_any_time(project: Project) -> None:
    tallies = runs.killed(project, moments=6, seed=7)
    assert [tally.wrong for tally in tallies] == [[], []]
    assert sum(tally.runs for tally in tallies) == 6


@pytest.mark.parametrize("after", [False, True])
def test_a_call_that_fails(project: Project, after: bool) -> None:
    """Every 83rd of the faults: other ones of a call, in turn."""
    tally = runs.injected(project, lambda number: number % 83 == 41, after=after)
    assert tally.wrong == []
    assert tally.runs >= 4
    assert after or tally.mixed == 0


def test_a_disk_that_is_full(project: Project) -> None:
    tally = disks.full(project, step=44)
    assert tally.wrong == []
    assert tally.mixed == 0
    if tally.runs:  # where this user may mount a file system
        assert tally.old >= 2
        assert tally.new >= 1


def test_two_runs_at_once(project: Project) -> None:
    assert runs.at_once(project, times=2).wrong == []


@pytest.mark.parametrize("words", [(), ("--format", "json"), ("--fix",), ("--diff",)])
def test_a_report_that_does_not_fit_is_told(project: Project, words: tuple[str, ...]) -> None:
    project.make()
    command = [*COMMAND, "check", *words, "."]
    environment = {**os.environ, "PYTHONPATH": str(project.folder / "covlint")}
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command,
            cwd=project.root,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 3
    said = done.stderr.decode().splitlines()[-1]
    assert said == "covlint: the report cannot be written: No space left on device"
    assert b"Exception" not in done.stderr
