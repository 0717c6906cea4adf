"""Kustomize overlays in a whole project: which chains there are, what is said and fixed where."""

from __future__ import annotations

from collections.abc import Mapping

from covlint.diagnostics import Applicability
from covlint.engine import Inspection, Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry

DOCKERFILE = """\
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
RUN go build -cover -o /till ./cmd/till
FROM debian:12
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: till}
spec:
  template:
    spec:
      containers:
      - name: till
        image: till
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: till}
spec:
  template:
    spec:
      containers:
      - name: till
        env:
        - name: GOCOVERDIR
          value: /coverdata
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "Makefile": "image:\n\tdocker build -t till:cov .\n",
    "base/deployment.yaml": BASE,
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "overlays/e2e/kustomization.yaml": "resources: [../../base]\npatches: [{path: cover.yaml}]\n"
    "images: [{name: till, newTag: cov}]\n",
    "overlays/e2e/cover.yaml": PATCH,
    "overlays/production/kustomization.yaml": "resources: [../../base]\nnamePrefix: live-\n",
}


def inspected(files: Mapping[str, str], *reported: str) -> Inspection:
    options = Options(reported=frozenset(reported), explicit=reported) if reported else Options()
    return inspect(MemoryFiles(files), Registry.with_packs([]), options)


def test_the_overlay_is_a_chain_and_its_fix_is_in_its_patch() -> None:
    inspection = inspected(FILES)
    (found,) = inspection.report.diagnostics
    assert (found.code, found.span.path) == ("COV302", "overlays/e2e/cover.yaml")
    assert found.fix is not None
    assert found.fix.applicability is Applicability.SAFE
    assert {edit.span.path for edit in found.fix.edits} == {"overlays/e2e/cover.yaml"}
    chains = inspection.project.chains()
    assert [chain.plainly_e2e for chain in chains] == [True, False]
    assert chains[0].container is not None
    assert chains[0].container.pod.overlay == "overlays/e2e/kustomization.yaml"


def test_a_patch_of_operations_named_on_its_own_is_reported() -> None:
    operations = (
        "- op: add\n  path: /spec/template/spec/containers/0/env\n"
        "  value: [{name: GOCOVERDIR, value: /coverdata}]\n"
    )
    kustomization = FILES["overlays/e2e/kustomization.yaml"].replace(
        "cover.yaml", "cover.yaml, target: {kind: Deployment}"
    )
    files = {
        **FILES,
        "overlays/e2e/cover.yaml": operations,
        "overlays/e2e/kustomization.yaml": kustomization,
    }
    for path in ("overlays/e2e/cover.yaml", "overlays/e2e/kustomization.yaml"):
        report = inspected(files, path).report
        expected = ["COV302"] if path.endswith("cover.yaml") else []
        assert [d.code for d in report.diagnostics] == expected
    (found,) = inspected(files).report.diagnostics
    assert found.span.path == "overlays/e2e/cover.yaml"
    assert found.fix is not None
    assert found.fix.applicability is Applicability.UNSAFE, "the base is production's as well"


def test_without_coverage_no_kustomization_is_read() -> None:
    files = {
        "Dockerfile": DOCKERFILE.replace("-cover ", ""),
        "k/kustomization.yaml": "resources: [",
    }
    inspection = inspected(files)
    assert inspection.report.unread == ()


def test_a_file_that_cannot_be_read_is_listed_once() -> None:
    files: dict[str, str | bytes] = {
        **FILES,
        "base/deployment.yaml": b"\xff" + BASE.encode(),
    }
    report = inspect(MemoryFiles(files), Registry.with_packs([]), Options()).report
    reasons = [one.reason for one in report.unread if one.path == "base/deployment.yaml"]
    assert reasons == ["not UTF-8 (byte 0 is 0xff)"]
