"""Labs that only containers and clusters show, run as they stand: docker (or podman), kind, kubectl.

Of those in a cluster two are run here, and all of them by `covlint lab --engines`: each needs
two clusters, and a stopped pod takes its time to go.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from covlint.labs.lab import Lab, LabEngine, load_labs
from covlint.labs.running import Bench, run_lab
from covlint.labs.versions import Installed
from covlint.registry import Registry
from covlint.runner.command import Processes
from covlint.runner.toolchain import Toolchain

FIXTURES = Path(__file__).parents[2] / "fixtures"
_IN_A_CLUSTER = ("COV402", "COV502")
LABS = [
    lab
    for lab in load_labs(FIXTURES)
    if lab.engine is LabEngine.CONTAINER or lab.code in _IN_A_CLUSTER
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Processes() as processes:
        made = Bench(FIXTURES, processes, os.environ)
        yield made
        made.end_all()


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.code)
def test_run_and_rule_agree(
    lab: Lab, toolchain: Toolchain, bench: Bench, base_images: Callable[..., None]
) -> None:
    base_images(*_bases(lab))
    go = Installed(toolchain.label.removeprefix("go"), toolchain)
    row = run_lab(lab, Registry.builtin().rule(lab.code), go, bench)
    assert not row.disagreements, row


def _bases(lab: Lab) -> set[str]:
    """The images that the Dockerfiles of a lab are built on."""
    folders = [*(FIXTURES / base for base in lab.bases), lab.folder]
    texts = [file.read_text() for folder in folders for file in folder.rglob("Dockerfile")]
    return {name for text in texts for name in re.findall(r"^FROM (\S+:\S+)", text, re.MULTILINE)}
