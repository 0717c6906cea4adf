"""Containers of testcontainers-go, and the images that it builds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.gotext import GoPackage
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.golang.testcontainers import read_testcontainers
from covlint.facts.kubernetes.pod import Container, VolumeKind
from covlint.files import MemoryFiles
from covlint.project import Project
from covlint.source import SourceFile

HEAD = (
    'package e2e\n\nimport "github.com/testcontainers/testcontainers-go"\n\n'
    'const image = "till:e2e"\n\nfunc start(ctx context.Context, t *testing.T) {\n'
)


def read(body: str) -> tuple[SourceFile, list[Container], list[ImageBuild]]:
    source = SourceFile.of_text("test/e2e/a.go", HEAD + body + "}\n")
    facts = list(read_testcontainers(GoPackage([source])))
    containers = [one for one in facts if isinstance(one, Container)]
    return source, containers, [one for one in facts if isinstance(one, ImageBuild)]


REQUEST = (
    "\treq := testcontainers.ContainerRequest{\n\t\tImage: image,\n"
    '\t\tEnv: map[string]string{"GOCOVERDIR": "/cov", "HOST": host},\n\t\tUser: "1000",\n'
    '\t\tMounts: testcontainers.Mounts(testcontainers.BindMount("/tmp/cov", "/cov")),\n'
    '\t\tWaitingFor: wait.ForListeningPort("8080/tcp"),\n\t}\n'
)
BINDS = REQUEST.replace(
    'Mounts: testcontainers.Mounts(testcontainers.BindMount("/tmp/cov", "/cov"))',
    "HostConfigModifier: func(hc *container.HostConfig) {\n"
    '\t\t\thc.Binds = []string{"/tmp/cov:/cov"}\n\t\t}',
)
NESTED = (
    "\tc, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{\n"
    "\t\tContainerRequest: "
    + REQUEST.removeprefix("\treq := ").rstrip()
    + ",\n\t\tStarted: true,\n\t})\n"
)
RUN = (
    "\tc, err := testcontainers.Run(ctx, image,\n"
    '\t\ttestcontainers.WithEnv(map[string]string{"GOCOVERDIR": "/cov", "HOST": host}),\n'
    '\t\ttestcontainers.WithMounts(testcontainers.BindMount("/tmp/cov", "/cov")),\n'
    '\t\ttestcontainers.WithExposedPorts("8080/tcp"))\n'
)


@pytest.mark.parametrize("body", [REQUEST, BINDS, NESTED, RUN])
def test_a_container_is_read(body: str) -> None:
    source, (found,), _ = read(body)
    assert found.image is not None
    assert found.image.text == "till:e2e"
    variables = {one.name.text: one.value.text if one.value else None for one in found.env}
    assert variables == {"GOCOVERDIR": "/cov", "HOST": None}
    assert not found.env_opaque
    assert not found.mounts_opaque
    assert [(one.name.text, one.path.text) for one in found.mounts] == [("/tmp/cov", "/cov")]
    assert [one.kind for one in found.pod.volumes] == [VolumeKind.BIND]
    directory = found.variable("GOCOVERDIR")
    assert directory is not None
    assert directory.value is not None
    assert source.slice(directory.value.span) == b'"/cov"'
    if body is not RUN:
        assert found.identity.user is not None
        assert found.identity.user.text == "1000"


@pytest.mark.parametrize(
    "body",
    [
        REQUEST + '\treq.Env["MORE"] = "x"\n',
        REQUEST + "\treq.Mounts = mounts\n",
        REQUEST.replace("\t\tUser:", "\t\tConfigModifier: modify,\n\t\tUser:"),
        REQUEST.replace('map[string]string{"GOCOVERDIR": "/cov", "HOST": host}', "environment()"),
        RUN.replace("ctx, image,", "ctx, image, more(),"),
    ],
)
def test_what_may_be_changed_elsewhere_is_open(body: str) -> None:
    _, (found,), _ = read(body)
    assert found.env_opaque
    assert found.mounts_opaque


DOCKERFILE = (
    '\tflags := "-cover"\n\treq := testcontainers.ContainerRequest{\n'
    "\t\tFromDockerfile: testcontainers.FromDockerfile{\n"
    '\t\t\tContext: "../..", Dockerfile: "build/Dockerfile",\n'
    '\t\t\tBuildArgs: map[string]*string{"GOFLAGS": &flags},\n\t\t},\n'
    '\t\tEnv: map[string]string{"GOCOVERDIR": "/cov"},\n\t}\n'
)


def test_the_image_that_a_request_builds() -> None:
    _, (found,), (build,) = read(DOCKERFILE)
    assert (build.dockerfile, build.context) == ("build/Dockerfile", ".")
    assert [(one.name, one.value) for one in build.arguments] == [("GOFLAGS", "-cover")]
    assert not build.opaque
    assert found.image is not None
    assert build.tags == (found.image.text,)


def test_the_chain_from_the_dockerfile_to_the_mount() -> None:
    mount = '\t\tMounts: testcontainers.Mounts(testcontainers.BindMount("/tmp/c", "/cov")),\n\t}\n'
    body = DOCKERFILE[:-3] + mount
    files = {
        "build/Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
        "test/e2e/a.go": HEAD + body + "}\n",
    }
    (chain,) = Project(MemoryFiles(files)).chains()
    assert chain.image is not None
    assert chain.container is not None
    assert chain.instrumentation.value == "yes"
    assert chain.coverdir is not None
    assert chain.volume is not None


def test_a_build_whose_context_is_not_seen() -> None:
    _, _, (build,) = read(DOCKERFILE.replace('"../.."', "root(t)"))
    assert (build.dockerfile, build.context) == (None, None)


PIECES = st.sampled_from(
    ["testcontainers.ContainerRequest{", "}", "Env: ", "map[string]string{", '"GOCOVERDIR": "/c"',
     ",\n", "Mounts: ", "testcontainers.Mounts(", 'testcontainers.BindMount("a", "/c")', ")",
     "FromDockerfile: testcontainers.FromDockerfile{", 'Context: "..",', "testcontainers.Run(",
     "HostConfigModifier: func(hc *H) {", "hc.Binds = ", '[]string{"a:/b"}', "é", "(", "&", "{"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=18).map("".join))
def test_any_code_is_read(text: str) -> None:
    source, containers, images = read(text)
    for fact in (*containers, *images):
        assert fact.span.path == source.path
        assert fact.span.end <= len(source.data)
