"""``fixes.permissions``: the ways in which COV304 lets a user write."""

from __future__ import annotations

import pytest

from covlint.diagnostics import Applicability, Diagnostic
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.rule import Invalid
from covlint.selection import Selection
from covlint.testing import run_case
from covlint_rules.workload.non_root_coverdir import _GO, NonRootCoverdir

POD = """\
apiVersion: v1
kind: Pod
spec:
  securityContext:
    runAsNonRoot: true
  containers:
    - name: till
      image: till
      env:
        - name: GOCOVERDIR
          value: /coverdata
      volumeMounts:
        - name: coverage
          mountPath: /coverdata
  volumes:
    - name: coverage
      hostPath:
        path: «/coverdata»
"""
KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: ./build/coverdata
        containerPath: /coverdata
"""


def found(files: dict[str, str], way: str) -> Diagnostic:
    contents = {path: text.encode() for path, text in files.items()}
    options = Options(selection=Selection(select=("COV304",)), settings={"permissions": way})
    (one,) = inspect(MemoryFiles(contents), Registry.builtin(), options).report.diagnostics
    return one


@pytest.mark.parametrize(("folder", "safe"), [("e2e", True), ("deploy", False)])
def test_root_in_what_is_plainly_for_e2e_only(folder: str, safe: bool) -> None:
    root = "      securityContext:\n        runAsUser: 0\n        runAsNonRoot: false\n"
    plain = POD.replace("«", "").replace("»", "")
    fixed = plain.replace("  volumes:\n", root + "  volumes:\n")
    case = Invalid({f"{folder}/pod.yaml": POD}, {f"{folder}/pod.yaml": fixed}, safe=safe)
    run_case(NonRootCoverdir, case, {"permissions": "root"})


@pytest.mark.parametrize(
    ("files", "advice"),
    [
        ({"kind.yaml": KIND}, "is created: mkdir -p ./build/coverdata && chmod 0777 ./build/"),
        ({}, "is created on the node: mkdir -p /coverdata && chmod 0777 /coverdata"),
    ],
)
def test_host_mode_is_for_the_one_who_makes_the_cluster(files: dict[str, str], advice: str) -> None:
    pod = POD.replace("«", "").replace("»", "")
    fix = found({"e2e/pod.yaml": pod, **files}, "host-mode").fix
    assert fix is not None
    assert fix.applicability is Applicability.DISPLAY
    assert advice in fix.title


def test_a_second_init_container_of_that_name_gets_another() -> None:
    other = "  initContainers:\n    - name: coverage-permissions\n      image: busybox\n"
    pod = POD.replace("«", "").replace("»", "").replace("  containers:", other + "  containers:")
    fix = found({"e2e/pod.yaml": pod}, "init-container").fix
    assert fix is not None
    assert b"name: coverage-permissions-2\n" in fix.edits[0].replacement


@pytest.mark.parametrize(
    ("way", "written"),
    [("auto", "RunAsUser: ptr.To[int64](0)"), ("init-container", "InitContainers: ")],
)
def test_what_is_asked_for_wins_over_a_condition_of_the_code(way: str, written: str) -> None:
    files = {
        "e2e/pod.go": _GO.replace("«", "").replace("»", ""),
        "Dockerfile": "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\nUSER 1001\n",
        "build.sh": "docker build -t till .\n",
    }
    fix = found(files, way).fix
    assert fix is not None
    assert any(written in edit.replacement.decode() for edit in fix.edits)
