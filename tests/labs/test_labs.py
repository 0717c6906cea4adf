"""Every lab, run on the Go of this machine: what a rule claims is what is seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from covlint.labs.lab import Lab, load_labs
from covlint.labs.running import Bench, run_lab
from covlint.labs.versions import Installed
from covlint.registry import Registry
from covlint.runner.command import Processes
from covlint.runner.toolchain import Toolchain

FIXTURES = Path(__file__).parents[2] / "fixtures"
LABS = load_labs(FIXTURES)


@pytest.mark.real
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.code)
def test_run_and_rule_agree(lab: Lab, toolchain: Toolchain):
    go = Installed(toolchain.label.removeprefix("go"), toolchain)
    rule = Registry.builtin().rule(lab.code)
    with Processes() as processes:
        row = run_lab(lab, rule, go, Bench(FIXTURES, processes, os.environ))
    assert not row.disagreements, row
