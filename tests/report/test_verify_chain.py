"""A verdict in the words of reports: which hop broke, and which were not tried."""

from __future__ import annotations

from pathlib import Path

from covlint.chain import Hop
from covlint.covdata.verification import State
from covlint.diagnostics import Symptom
from covlint.engine import Options, inspect
from covlint.files import DiskFiles
from covlint.registry import Registry
from covlint.report.verify_chain import verification_of
from covlint.runner.verdict import Cause, Outcome, StepResult, Unproven, Validation, Verdict

PROJECT = Path(__file__).parents[2] / "fixtures" / "projects" / "datastorage"
CLAIM = Validation("meta-data files exist", Outcome.FAILED, "none", Symptom.NO_META)
OPEN = Validation("every test passed", Outcome.FAILED, "one", required=False)


def verdict(outcome: Outcome, *causes: Cause) -> Verdict:
    steps = (StepResult("build", "go build", 1.5, 0), StepResult("read", "data", 0.5, 1))
    return Verdict(
        "datastorage", "process", outcome, steps, None, (CLAIM, OPEN),
        (Unproven(Hop.IMAGE, "on this host"),), causes, (), "go1.26",
    )  # fmt: skip


def test_the_first_cause_says_which_hop_broke():
    causes = (
        Cause("COV501", "a.yaml", 3, "mounted elsewhere"),
        Cause("COV502", "b.yaml", None, "another path"),
    )
    found = verification_of(verdict(Outcome.FAILED, *causes))
    assert found.broken is not None
    assert (found.broken.name, found.broken.place) == ("mount", "a.yaml:3")
    assert [reason.place for reason in found.reasons] == ["a.yaml:3", "b.yaml"]
    summed = found.summed_up
    assert (summed.verdict, summed.broken, summed.codes) == (
        "failed",
        "mount",
        ("COV501", "COV502"),
    )
    assert [(one.claim, one.symptom) for one in summed.failed] == [(CLAIM.claim, "no-meta")]
    assert [step.failed for step in found.steps] == [False, True]
    assert found.seconds == 2


def test_a_cause_without_a_rule_lies_where_its_symptom_does():
    cause = Cause(None, None, None, "killed", Symptom.KILLED)
    found = verification_of(verdict(Outcome.FAILED, cause))
    assert [(hop.name, hop.state) for hop in found.hops] == [
        ("image", State.UNPROVEN),
        ("container", State.BROKEN),
    ]
    bare = Cause(None, None, None, "who knows")
    assert verification_of(verdict(Outcome.FAILED, bare)).broken is None


def test_the_chain_of_a_repository_in_its_order():
    files = DiskFiles(str(PROJECT))
    inspection = inspect(files, Registry.builtin(), Options())
    (chain,) = (one for one in inspection.project.chains() if one.takes_part)
    source = inspection.project.source

    def locate(span):
        return span.path, source(span.path).line_of(span.start)

    found = verification_of(verdict(Outcome.PASSED), chain, locate)
    assert found.broken is None  # whatever the files seem to say: the run has passed
    states = {hop.name: hop.state for hop in found.hops}
    assert list(states)[:3] == ["build", "image", "workload"]
    assert states["build"] is State.HOLDS
    assert states["image"] is State.UNPROVEN
    build = found.hops[0]
    assert build.place.startswith("docker/datastorage.Dockerfile:")
