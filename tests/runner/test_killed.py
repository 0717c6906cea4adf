"""Ends of containers that no grace period has to do with, from what an API server answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.cluster.pods import read_pod
from covlint.runner.diagnosis.diagnose import Observation, signs_of
from covlint.runner.diagnosis.killed import OUT_OF_MEMORY, FirstShell, killed_by_cluster, shell_of
from covlint.runner.evidence.folder import read_folder


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    one = {"name": "app", "state": state, "lastState": last or {}, "restartCount": 1 if last else 0}
    return {
        "metadata": {"name": "app-1"},
        "status": {"phase": "Running", "containerStatuses": [one], **status},
    }


OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
EVICTED = pod(
    {"terminated": {"exitCode": 137, "reason": "Error"}},
    phase="Failed",
    reason="Evicted",
    message="Usage of EmptyDir volume exceeds the limit",
)


def test_the_end_of_a_container_names_the_kernel() -> None:
    assert killed_by_cluster([read_pod(pod(OOM))], "app") == OUT_OF_MEMORY
    assert killed_by_cluster([read_pod(pod({"running": {}}, OOM))], None) == OUT_OF_MEMORY
    assert killed_by_cluster([read_pod(pod(OOM))], "sidecar") is None


def test_the_end_of_a_pod_names_the_kubelet() -> None:
    found = killed_by_cluster([read_pod(EVICTED)], "app")
    assert found is not None
    assert "Usage of EmptyDir" in found.words
    ended = {"terminated": {"exitCode": 137, "reason": "Error"}}
    assert killed_by_cluster([read_pod(pod(ended))], "app") is None


def test_an_evicted_pod_is_over_although_nobody_deletes_it() -> None:
    assert read_pod(EVICTED).over
    ended = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    assert not read_pod(pod(ended)).over  # it may be started again
    assert not read_pod(pod({"running": {}})).over


@pytest.mark.parametrize(
    ("first", "shell"),
    [
        ("/bin/dash\n", "dash"),
        ("/usr/bin/bash", "bash"),
        ("/bin/busybox\n", "busybox"),
        ("/app\n", None),
        ("/usr/bin/tini-static\n", None),
        ("/usr/bin/tini\n/app\n", None),
        ("/app\n/bin/dash\n", None),
        ("", None),
    ],
)
def test_a_shell_is_told_by_its_program(first: str, shell: str | None) -> None:
    assert shell_of(first) == (FirstShell(shell) if shell is not None else None)


def test_a_shell_behind_an_init_program_gets_its_signals() -> None:
    assert shell_of("/usr/bin/tini\n/usr/bin/dash\n") == FirstShell("dash", "tini")


def test_who_killed_it_says_more_than_that_it_never_got_ready(tmp_path: Path) -> None:
    problem = "pod app-1: CrashLoopBackOff: it ended with exit code 137 (OOMKilled)"
    seen = Observation(read_folder(tmp_path), problem=problem, killed_by=OUT_OF_MEMORY)
    first, *rest = signs_of(seen, [])
    assert (first.symptom, first.codes) == (Symptom.KILLED, ())
    assert "memory limit" in first.remedy
    assert Symptom.NEVER_STARTED not in {sign.symptom for sign in rest}
