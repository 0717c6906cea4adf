"""``fixes.paths``: which of two paths wins where COV501 and COV502 find them different."""

from __future__ import annotations

import pytest

from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.rule import Invalid
from covlint.testing import run_case, unmarked
from covlint_rules.wiring.mismatched_coverdir import MismatchedCoverdir
from covlint_rules.wiring.mismatched_node_path import MismatchedNodePath

POD = """\
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: till
      image: till
      env:
        - name: GOCOVERDIR
          value: {coverdir}
      volumeMounts:
        - name: coverage
          mountPath: {mount}
  volumes:
    - name: coverage
      hostPath:
        path: {node}
"""
KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: ./build/coverdata
        containerPath: {path}
  - role: worker
    extraMounts:
      - hostPath: ./build/coverdata
        containerPath: {path}
"""


def pod(coverdir: str = "/coverdata", mount: str = "/coverdata", node: str = "/coverdata") -> str:
    return POD.format(coverdir=coverdir, mount=mount, node=node)


@pytest.mark.parametrize(
    ("way", "path"), [("kind-config", "/coverdata"), ("workload", "/var/coverage")]
)
def test_the_node_path_and_the_kind_config(way: str, path: str) -> None:
    files = {
        "e2e/pod.yaml": pod(node="«/var/coverage»"),
        "kind.yaml": KIND.format(path="/coverdata"),
    }
    fixed = {"e2e/pod.yaml": pod(node=path), "kind.yaml": KIND.format(path=path)}
    # another workload may use the path of the Kind config as well
    case = Invalid(files, fixed, safe=way == "kind-config")
    run_case(MismatchedNodePath, case, {"paths": way})


@pytest.mark.parametrize(
    ("way", "path"), [("kind-config", "/coverdata"), ("workload", "/tmp/coverage")]
)
@pytest.mark.parametrize(("folder", "safe"), [("e2e", True), ("deploy", False)])
def test_gocoverdir_and_the_mount(way: str, path: str, folder: str, safe: bool) -> None:
    files = {f"{folder}/pod.yaml": pod(coverdir="«/tmp/coverage»")}
    fixed = {f"{folder}/pod.yaml": pod(coverdir=path, mount=path)}
    run_case(
        MismatchedCoverdir,
        Invalid(files, fixed, safe=safe or way == "kind-config"),
        {"paths": way},
    )


@pytest.mark.parametrize("way", ["kind-config", "workload"])
def test_both_end_in_one_path(way: str) -> None:
    """Each hop names another directory: all rules together leave a chain without a gap."""
    contents, _ = unmarked(
        {
            "e2e/pod.yaml": pod("/tmp/coverage", "/coverdata", "/var/coverage"),
            "kind.yaml": KIND.format(path="/coverdata"),
        }
    )
    options = Options(settings={"paths": way})
    outcome = fix(MemoryFiles(contents), Registry.builtin(), options, unsafe=True)
    assert outcome.converged
    changed = {change.path: change.after for change in outcome.changes}
    (chain,) = inspect(
        MemoryFiles({**contents, **changed}), Registry.builtin(), options
    ).project.chains()
    assert chain.gap is None
    assert len(chain.extra_mounts) == 2
    assert ("kind.yaml" in changed) is (way == "workload")
