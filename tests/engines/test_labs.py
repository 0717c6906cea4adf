"""Labs that only containers and clusters show, run as they stand: docker (or podman), kind, kubectl.

Of those in a cluster, the ones are run here that one cluster is enough for; all of them by
`covlint lab --engines`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from covlint.labs.evidence import Row, read_evidence
from covlint.labs.lab import Lab, LabEngine, load_labs
from covlint.labs.running import Bench
from covlint.labs.schedule import running
from covlint.labs.variants import bases_of
from covlint.labs.versions import Installed
from covlint.runner.command import Processes
from covlint.runner.toolchain import Toolchain

FIXTURES = Path(__file__).parents[2] / "fixtures"
_IN_A_CLUSTER = ("COV302", "COV305", "COV308", "COV502", "COV504")
LABS = {
    lab.code: lab
    for lab in load_labs(FIXTURES)
    if lab.engine is LabEngine.CONTAINER or lab.code in _IN_A_CLUSTER
}
RECORDED = {
    (row.code, row.go): row for row in read_evidence(FIXTURES / "labs" / "evidence.json").rows
}


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, toolchain: Toolchain, base_images: Callable[..., None]
) -> Iterator[dict[str, Future[Row]]]:
    """The labs that were asked for, side by side: most of the time they wait."""
    go = Installed(toolchain.label.removeprefix("go"), toolchain)
    labs = [
        item.callspec.params["lab"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == test_run_rule_and_evidence_agree.__name__
        and item.path == Path(__file__)
    ]
    base_images(*set().union(*(bases_of(lab, FIXTURES, go.number) for lab in labs)))
    with Processes() as processes:
        bench = Bench(FIXTURES, processes, os.environ)
        try:
            with running([(lab, go) for lab in labs], 2, bench) as started:
                yield {lab.code: run for lab, run in zip(labs, started, strict=True)}
        finally:
            bench.end_all()


@pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.code)
def test_run_rule_and_evidence_agree(lab: Lab, runs: dict[str, Future[Row]]) -> None:
    row = runs[lab.code].result()
    assert not row.disagreements, row
    recorded = RECORDED.get((lab.code, row.go))
    if recorded is not None:
        before = recorded.before
        seen = (row.before.state, row.before.symptoms[:1], row.before.lines, row.after.state)
        assert seen == (before.state, before.symptoms[:1], before.lines, recorded.after.state)
