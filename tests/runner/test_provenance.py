"""Counters are led back to the pods that wrote them, as far as that can be known."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from covlint.diagnostics import Symptom
from covlint.runner.cluster.pods import PodState, read_pod
from covlint.runner.cluster.provenance import Share, claim_of, shares
from covlint.runner.verdict import Outcome

EPOCH = 1795587800  # 2026-11-25T06:23:20Z


def stamp(second: int) -> str:
    return f"2026-11-25T06:{23 + (20 + second) // 60:02d}:{(20 + second) % 60:02d}Z"


def ended(start: int, end: int, code: int = 0, name: str = "x") -> dict[str, Any]:
    times = {"startedAt": stamp(start), "finishedAt": stamp(end)}
    return {"terminated": {**times, "exitCode": code, "containerID": f"{name}-{start}"}}


def pod(name: str, *states: dict[str, Any], node: str = "worker") -> PodState:
    known: PodState | None = None
    for state in states:
        status = {"name": "app", "restartCount": 0, "state": state, "containerID": name}
        item = {
            "metadata": {"name": name},
            "spec": {"nodeName": node},
            "status": {"phase": "Running", "containerStatuses": [status]},
        }
        known = read_pod(item).after(known)
    assert known is not None
    return known


def counters(second: float, process: int = 1) -> str:
    return f"covcounters.{'0' * 32}.{process}.{int((EPOCH + second) * 1e9)}"


def told(files: list[str], *pods: PodState, **places: frozenset[str]) -> tuple[Share, ...]:
    return shares(files, pods, "app", {files[int(k[1:])]: v for k, v in places.items()})[0]


def test_pods_that_end_at_different_times_are_told_apart():
    early, late = counters(5.2), counters(9.7)
    found = told([late, early], pod("a", ended(0, 5)), pod("b", ended(0, 9)))
    assert [(one.pods, one.files) for one in found] == [(("a",), (early,)), (("b",), (late,))]
    claim = claim_of(found, ())
    assert claim is not None
    assert (claim.outcome, claim.evidence) == (Outcome.PASSED, "a: 1 file; b: 1 file")


def test_pods_that_end_in_the_same_second_are_counted_only():
    found = told([counters(5.1), counters(5.9)], pod("a", ended(0, 5)), pod("b", ended(1, 5)))
    assert [(one.pods, len(one.files)) for one in found] == [(("a", "b"), 2)]
    claim = claim_of(found, ())
    assert claim is not None
    assert claim.outcome is Outcome.PASSED
    assert "a, b: 2 files, and which is whose nothing tells" in claim.evidence


def test_the_node_that_a_file_lay_on_tells_them_apart():
    one, two = counters(5.1), counters(5.2)
    found = told(
        [one, two],
        pod("a", ended(0, 5), node="n1"),
        pod("b", ended(0, 5), node="n2"),
        _0=frozenset({"n2"}),
        _1=frozenset({"n1"}),
    )
    assert [(each.pods, each.files) for each in found] == [(("a",), (two,)), (("b",), (one,))]


def test_a_pod_that_left_nothing_is_named_with_its_end():
    found = told([counters(5.2)], pod("a", ended(0, 5)), pod("b", ended(0, 40, 137)))
    # the one file may be of either: b ran then, too
    assert [one.pods for one in found] == [("a", "b")]
    claim = claim_of(found, ())
    assert claim is not None
    assert claim.outcome is Outcome.FAILED
    assert claim.evidence == "1 file of a, b (exit code 137)"
    assert claim.symptom is Symptom.META_ONLY
    apart = told([counters(5.2)], pod("a", ended(0, 5)), pod("b", ended(8, 9, 2)))
    claim = claim_of(apart, ())
    assert claim is not None
    assert claim.evidence == "none of b (exit code 2)"


def test_each_life_of_a_pod_that_is_started_again_counts():
    first = ended(0, 5, 2)
    second = ended(6, 9)
    running = {"running": {"startedAt": stamp(6)}}
    second["terminated"]["containerID"] = "a"  # what runs has the id of the status
    both = pod("a", first, running, second)
    container = both.container("app")
    assert container is not None
    assert [life.code for life in container.lives] == [2, 0]
    found = told([counters(9.3)], both)
    assert [(one.pods, len(one.files)) for one in found] == [(("a",), 1)]


def test_a_file_of_another_time_decides_nothing():
    found, foreign = shares([counters(500)], [pod("a", ended(0, 5))], None, {})
    assert len(foreign) == 1
    claim = claim_of(found, foreign)
    assert claim is not None
    assert (claim.outcome, claim.required) == (Outcome.UNKNOWN, False)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), min_size=1, max_size=6),
    st.lists(st.floats(0, 55), max_size=8),
)
def test_every_file_and_every_pod_is_told_once(lives, moments):
    pods = [pod(f"p{n}", ended(start, start + took)) for n, (start, took) in enumerate(lives)]
    files = [counters(moment, n) for n, moment in enumerate(moments)]
    found, foreign = shares(files, pods, None, {})
    assert sorted([*foreign, *(name for one in found for name in one.files)]) == sorted(files)
    assert sorted(name for one in found for name in one.pods) == sorted(p.name for p in pods)
