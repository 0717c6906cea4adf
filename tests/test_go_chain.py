"""Chains that run through Go test code, from the Dockerfile to the report."""

from __future__ import annotations

from covlint.chain import Certainty, Hop
from covlint.files import MemoryFiles
from covlint.project import Project
from gocode import WHOLE

DOCKERFILE = (
    "FROM golang:1.25 AS build\nARG GOFLAGS\nWORKDIR /src\nCOPY . .\n"
    'RUN if [ "$GOFLAGS" = "-cover" ]; then go build -cover -o /app ./cmd/{name}; '
    "else go build -o /app ./cmd/{name}; fi\n"
    'FROM alpine:3.22\nCOPY --from=build /app /app\nENTRYPOINT ["/app"]\n'
)  # fmt: skip
SUITE = """\
package e2e

import "os/exec"

func build(file string) error {
	return exec.Command("docker", "build", "--build-arg", "GOFLAGS=-cover", "-f", file, "../..").Run()
}

func setup() {
	build("../../docker/till.Dockerfile")
	build("../../docker/desk.Dockerfile")
}

func collect(node string) {
	exec.Command("docker", "cp", node+":/coverdata/.", "out").Run()
	exec.Command("go", "tool", "covdata", "percent", "-i="+node).Run()
}
"""


def project(manifest: str = WHOLE) -> Project:
    files = {
        "go.mod": "module example.com/shop\n\ngo 1.25\n",
        "docker/till.Dockerfile": DOCKERFILE.replace("{name}", "till"),
        "docker/desk.Dockerfile": DOCKERFILE.replace("{name}", "desk"),
        "test/e2e/suite_test.go": SUITE,
    }
    return Project(MemoryFiles(files | {"test/e2e/manifest.go": manifest}))


def test_a_workload_in_go_runs_the_image_of_its_name() -> None:
    chain = next(one for one in project().chains() if one.container is not None)
    hops = {link.hop: link for link in chain.links}
    assert chain.image is not None
    assert chain.image.dockerfile == "docker/till.Dockerfile"
    assert chain.image_certainty is Certainty.ASSUMED
    assert hops[Hop.BUILD].label == "instrumented"
    assert hops[Hop.NODE_PATH].label == "/coverdata"
    assert hops[Hop.EXTRACTION].label == "copied by docker"
    assert hops[Hop.REPORT].certainty is Certainty.ASSUMED
    assert chain.gap is None
    desk = next(one for one in project().chains() if one.container is None)
    assert desk.image is not None
    assert desk.image.dockerfile == "docker/desk.Dockerfile"


def test_names_that_fit_no_image_leave_the_workload_apart() -> None:
    found = project(WHOLE.replace("name: till", "name: shop"))
    chain = next(one for one in found.chains() if one.container is not None)
    assert chain.image is None


def test_vendored_go_code_is_not_read() -> None:
    files = {"vendor/example.com/x/manifest.go": WHOLE}
    assert Project(MemoryFiles(files)).chains() == ()


def test_the_one_container_of_a_pod_for_coverage_is_joined_without_gocoverdir() -> None:
    unset = WHOLE.replace("GOCOVERDIR", "COVERDIR")
    chain = next(one for one in project(unset).chains() if one.container is not None)
    assert chain.image is not None
    assert chain.gap is not None
    assert chain.gap.missing is Hop.COVERDIR
    sidecar = unset.replace("  volumes:", "  - name: proxy\n    image: proxy\n  volumes:")
    assert not any(one.container for one in project(sidecar).chains())
