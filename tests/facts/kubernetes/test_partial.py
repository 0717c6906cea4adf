"""Patches for ``kubectl patch``: what a workload is once they are put in."""

from __future__ import annotations

from covlint.files import MemoryFiles
from covlint.project import Project

BASE = """apiVersion: apps/v1
kind: Deployment
metadata: {name: ferry}
spec:
  selector: {matchLabels: {app: ferry}}
  template:
    metadata: {labels: {app: ferry}}
    spec:
      securityContext: {runAsUser: 1001}
      containers:
        - name: ferry
          image: registry.example.com/ferry:1.2
          env: [{name: FERRY_ADDR, value: ":8080"}]
"""
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: ferry
spec:
  template:
    spec:
      containers:
        - name: ferry
          image: localhost/ferry:coverage
          env:
            - name: GOCOVERDIR
              value: /coverdata
          volumeMounts:
            - name: coverage
              mountPath: /coverdata
      volumes:
        - name: coverage
          hostPath:
            path: /coverdata
"""
DOCKERFILE = """FROM golang:1.22 AS build
ARG GOFLAGS=""
COPY . .
RUN go build -o /out/ferry ./cmd/ferry
FROM scratch
COPY --from=build /out/ferry /ferry
ENTRYPOINT ["/ferry"]
"""
MAKEFILE = "e2e:\n\tdocker build --build-arg GOFLAGS=-cover -t localhost/ferry:coverage .\n"


def chains_of(**files: str):
    paths = {"base": "deploy/ferry.yaml", "patch": "test/e2e/ferry.yaml"}
    contents = {paths.get(name, name): text for name, text in files.items()}
    project = Project(MemoryFiles({"Dockerfile": DOCKERFILE, "Makefile": MAKEFILE, **contents}))
    return [chain for chain in project.chains() if chain.coverdir is not None]


def test_a_patch_has_what_its_workload_says():
    (chain,) = chains_of(base=BASE, patch=PATCH)
    assert chain.container is not None
    assert chain.container.span.path == "test/e2e/ferry.yaml"
    assert chain.container.pod.patched == "deploy/ferry.yaml"
    assert chain.container.identity.user is not None
    assert chain.container.identity.user.text == "1001"
    assert chain.container.variable("FERRY_ADDR") is not None
    assert chain.volume is not None
    assert chain.image is not None
    assert chain.plainly_e2e


def test_without_its_workload_it_stays_as_it_is_written():
    (chain,) = chains_of(patch=PATCH)
    assert chain.container is not None
    assert chain.container.pod.patched is None
    assert chain.container.variable("FERRY_ADDR") is None


def test_a_patch_of_one_of_two_workloads_is_not_guessed():
    (chain,) = chains_of(base=BASE, **{"deploy/second.yaml": BASE}, patch=PATCH)
    assert chain.container is not None
    assert chain.container.pod.patched is None


def test_a_patch_that_does_not_fit_stays_as_it_is_written():
    wrong = PATCH.replace(
        "          env:\n            - name: GOCOVERDIR\n              value: /coverdata\n",
        "          env: [{name: GOCOVERDIR, value: /coverdata}]\n          resources: none\n",
    )
    base = BASE + "          resources: {limits: {cpu: 1}}\n"
    (chain,) = chains_of(base=base, patch=wrong)
    assert chain.container is not None
    assert chain.container.pod.patched is None


def test_of_two_namespaces_the_patch_means_its_own():
    spaced = BASE.replace("{name: ferry}\nspec", "{name: ferry, namespace: harbour}\nspec")
    patch = PATCH.replace("  name: ferry\nspec", "  name: ferry\n  namespace: harbour\nspec")
    (chain,) = chains_of(base=BASE, **{"deploy/second.yaml": spaced}, patch=patch)
    assert chain.container is not None
    assert chain.container.pod.patched == "deploy/second.yaml"
