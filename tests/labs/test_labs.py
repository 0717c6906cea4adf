"""Every lab that needs no container engine, run on the Go of this machine: what a rule claims
is what is seen, and what is seen is what the evidence says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from covlint.labs.evidence import read_evidence
from covlint.labs.lab import Lab, load_labs
from covlint.labs.running import Bench, run_lab
from covlint.labs.versions import Installed, NoVersion, install
from covlint.registry import Registry
from covlint.runner.command import Processes
from covlint.runner.toolchain import Toolchain

FIXTURES = Path(__file__).parents[2] / "fixtures"
LABS = [lab for lab in load_labs(FIXTURES) if not lab.heavy]
RECORDED = {
    (row.code, row.go): row for row in read_evidence(FIXTURES / "labs" / "evidence.json").rows
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One for all labs: projects that are the same are run once."""
    with Processes() as processes:
        made = Bench(FIXTURES, processes, os.environ)
        yield made
        made.end_all()


@pytest.mark.real
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.code)
def test_run_rule_and_evidence_agree(lab: Lab, toolchain: Toolchain, bench: Bench) -> None:
    if "root" in lab.needs and os.getuid() != 0:
        pytest.skip("another uid can only be played by root")
    go = Installed(toolchain.label.removeprefix("go"), toolchain)
    if not lab.is_for(toolchain.version):
        pytest.fail(f"{lab.code} is for other versions of Go than {go.number}")
    for _, number in lab.builders:
        try:
            install(number, bench.processes, os.environ)
        except NoVersion as error:
            pytest.skip(str(error))
    row = run_lab(lab, Registry.builtin().rule(lab.code), go, bench)
    assert not row.disagreements, row
    recorded = RECORDED.get((lab.code, go.number))
    if recorded is not None:
        seen = (row.before.state, row.before.symptoms[:1], row.before.lines, row.after.state)
        before = recorded.before
        assert seen == (before.state, before.symptoms[:1], before.lines, recorded.after.state)
