"""Pods as the API server tells of them."""

from __future__ import annotations

from typing import Any

import pytest

from covlint.runner.cluster.pods import PodState, not_ready, problem_of, read_pod


def pod(*containers: dict[str, Any], phase: str = "Running", **metadata: Any) -> PodState:
    return read_pod(
        {
            "metadata": {"name": "app-1", **metadata},
            "spec": {"nodeName": "worker"},
            "status": {"phase": phase, "containerStatuses": list(containers)},
        }
    )


def container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "app", "ready": False, "restartCount": 0, "state": state, **more}


RUNNING = container({"running": {}}, ready=True)
ENDED = container({"terminated": {"exitCode": 0, "reason": "Completed"}})


def test_ready_is_every_container_of_a_pod_that_stays():
    assert pod(RUNNING).ready
    assert not pod(RUNNING, ENDED).ready
    assert not pod(RUNNING, deletionTimestamp="2026-11-23T00:00:00Z").ready
    assert not pod().ready


def test_ended_is_every_container_even_while_the_object_lingers():
    assert pod(ENDED, deletionTimestamp="2026-11-23T00:00:00Z").ended
    assert not pod(ENDED, RUNNING, deletionTimestamp="2026-11-23T00:00:00Z").ended
    assert not pod(RUNNING).ended
    assert read_pod({"metadata": {"name": "gone"}}, deleted=True).ended


def test_a_pod_that_never_began_has_ended_when_it_leaves():
    waiting = container({"waiting": {"reason": "ErrImagePull"}})
    assert pod(waiting, deletionTimestamp="2026-11-23T00:00:00Z").ended
    assert not pod(waiting).ended


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        (
            {"waiting": {"reason": "ErrImageNeverPull", "message": "no"}},
            {},
            "ErrImageNeverPull: no",
        ),
        ({"waiting": {"reason": "CreateContainerConfigError"}}, {}, "CreateContainerConfigError"),
        (
            {"waiting": {"reason": "CrashLoopBackOff"}},
            {
                "restartCount": 3,
                "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}},
            },
            "exit code 2 (Error), 3 times restarted",
        ),
    ],
)
def test_what_time_does_not_heal_is_told(state, more, words):
    problem = problem_of([pod(container(state, **more))])
    assert problem is not None
    assert words in problem
    assert "pod app-1, container app" in problem


@pytest.mark.parametrize(
    ("state", "more"),
    [
        ({"waiting": {"reason": "ContainerCreating"}}, {}),
        ({"waiting": {"reason": "ErrImagePull"}}, {}),  # a node's first name look-up may fail
        (
            {"waiting": {"reason": "CrashLoopBackOff"}},
            {"restartCount": 1, "lastState": {"terminated": {"exitCode": 1}}},
        ),
    ],
)
def test_what_time_may_heal_is_waited_for(state, more):
    assert problem_of([pod(container(state, **more))]) is None


def test_an_init_container_that_fails_is_told():
    state = {"terminated": {"exitCode": 1, "reason": "Error"}}
    found = read_pod(
        {
            "metadata": {"name": "app-1"},
            "status": {"initContainerStatuses": [container(state) | {"name": "own"}]},
        }
    )
    assert "container own: the init container ended with exit code 1" in str(problem_of([found]))


def test_what_is_missing_at_the_end_is_told():
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "message": "0/1 nodes are available: 1 node(s) had taint",
    }
    pending = read_pod(
        {"metadata": {"name": "app-1"}, "status": {"phase": "Pending", "conditions": [condition]}}
    )
    words = not_ready([pending], 3)
    assert words.startswith("0 of 3 pods are ready: app-1 is Pending")
    assert "had taint" in words


def test_what_a_kubelet_has_forgotten_is_remembered():
    """Kubernetes 1.20, of three pods at once: waiting, after they had run and ended."""
    forgotten = container({"waiting": {"reason": "ContainerCreating"}})
    leaving = {"deletionTimestamp": "2026-11-23T00:00:00Z"}
    last = pod(forgotten, **leaving).after(pod(ENDED, **leaving)).container("app")
    assert last is not None
    assert (last.started, last.code) == (True, 0)
    untold = pod(forgotten, **leaving).after(pod(RUNNING, **leaving))
    assert untold.ended
    assert [(one.started, one.code) for one in untold.main_containers] == [(True, None)]
    again = pod(forgotten).after(pod(RUNNING)).container("app")
    assert again is not None
    assert again.waiting == "ContainerCreating"
