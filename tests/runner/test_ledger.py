"""What a run creates is written down before, and removed by that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from covlint.runner.cleanup import end_processes, removal
from covlint.runner.ledger import (
    MARK,
    PREFIX,
    Created,
    Ledger,
    abandoned,
    born,
    processes_of,
)
from runner.conftest import alive, wait_until_gone


def test_what_was_created_last_is_removed_first(tmp_path: Path):
    ledger = Ledger("aa", tmp_path)
    ledger.note("image", "one", "podman")
    ledger.note("container", "two", "podman")
    assert [created.name for created in ledger.created()] == ["two", "one"]


def test_what_came_to_its_own_end_is_not_removed(tmp_path: Path):
    ledger = Ledger("aa", tmp_path)
    build = ledger.note("build", "log", "podman")
    ledger.note("container", "log", "podman")
    ledger.done(build)
    assert ledger.created() == (Created("container", "log", "podman"),)


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path):
    ledger = Ledger("aa", tmp_path)
    ledger.note("container", "one", "podman")
    with (tmp_path / "created.jsonl").open("a") as file:
        file.write('["container", "tw')
    assert [created.name for created in ledger.created()] == ["one"]


def owner(folder: Path, process: int, birth: str | None) -> None:
    folder.mkdir()
    worker = {"run": folder.name.removeprefix(PREFIX), "pid": process, "born": birth}
    (folder / "owner.json").write_text(json.dumps(worker))


def test_a_run_is_abandoned_when_its_covlint_is_no_more(tmp_path: Path):
    owner(tmp_path / f"{PREFIX}mine", os.getpid(), born(os.getpid()))
    owner(tmp_path / f"{PREFIX}dead", 2**22 + 1, "1")
    owner(tmp_path / f"{PREFIX}reused", os.getpid(), "1")  # the pid is another process now
    (tmp_path / f"{PREFIX}broken").mkdir()
    (tmp_path / f"{PREFIX}broken" / "owner.json").write_text("{")
    assert [ledger.run for ledger in abandoned([tmp_path])] == ["dead", "reused"]


def test_processes_are_found_by_their_mark_and_ended():
    run = "0f0f0f0f"
    sleeper = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: run})
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal,time; signal.signal(15, 1); print(1, flush=True); time.sleep(60)",
        ],
        env={**os.environ, MARK: run},
        stdout=subprocess.PIPE,
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    try:
        assert set(processes_of(run)) == {sleeper.pid, stubborn.pid}

        def living() -> list[int]:
            return [process for process in processes_of(run) if alive(process)]

        end_processes(living)
        wait_until_gone(sleeper.pid)
        wait_until_gone(stubborn.pid)
    finally:
        for child in (sleeper, stubborn):
            child.kill()
            child.wait()
        stubborn.stdout.close()


def test_every_kind_has_its_command():
    assert removal(Created("container", "a", "podman")) == ("podman", "rm", "-f", "-v", "a")
    assert removal(Created("cluster", "a", "env X=1 kind", ("--kubeconfig", "k"))) == (
        *("env", "X=1", "kind", "delete", "cluster", "--name", "a"),
        *("--kubeconfig", "k"),
    )
    assert removal(Created("namespace", "a", "kubectl", ("--context=c",)))[:2] == (
        "kubectl",
        "--context=c",
    )
    assert removal(Created("what", "a", "b")) is None
