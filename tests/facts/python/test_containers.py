"""Containers that Python code runs: the docker SDK and testcontainers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.facts.kubernetes.pod import Container, VolumeKind
from covlint.facts.python.reading import read_python
from covlint.files import MemoryFiles
from covlint.project import Project
from covlint.source import SourceFile

HEAD = 'import docker, testcontainers\nTAG = "till:e2e"\nCOV = "/cov"\n'


def containers(text: str) -> tuple[SourceFile, list[Container]]:
    source = SourceFile.of_text("test/e2e.py", HEAD + text)
    facts, unread = read_python(source)
    assert not unread
    return source, [one for one in facts if isinstance(one, Container)]


SDK = (
    'client.containers.run(TAG, name="t", environment={"GOCOVERDIR": COV, "A": x}, user=1000,\n'
    '    volumes={"/tmp/cov": {"bind": "/cov", "mode": "rw"}}, read_only=True)\n'
)
SDK_LISTS = (
    'client.containers.create(image=TAG, name="t", user="1000", environment=["GOCOVERDIR=/cov",\n'
    '    "A"], volumes=["/tmp/cov:/cov"], read_only=True)\n'
)
BOUND = (
    'volumes = {"/tmp/cov": {"bind": COV}}\nenv = {"GOCOVERDIR": COV}\nenv["A"] = x\n'
    'def f():\n    client.containers.run(TAG, name="t", volumes=volumes, environment=env,\n'
    "        user=1000, read_only=True)\n"
)
CHAIN = (
    'with (DockerContainer(TAG).with_name("t").with_env("GOCOVERDIR", COV).with_env("A", x)\n'
    '      .with_volume_mapping("/tmp/cov", "/cov", mode="rw")\n'
    "      .with_kwargs(user=1000, read_only=True)) as c:\n    pass\n"
)
NAMED = (
    'def f():\n    c = DockerContainer(image=TAG)\n    c.with_name("t").with_envs(GOCOVERDIR=COV, A=x)\n'
    '    c.with_volume_mapping("/tmp/cov", COV, "rw")\n'
    "    c.with_kwargs(user=1000, read_only=True)\n    c.start()\n"
)


@pytest.mark.parametrize("text", [SDK, SDK_LISTS, BOUND, CHAIN, NAMED])
def test_a_container_is_read(text: str) -> None:
    source, (found,) = containers(text)
    assert found.name is not None
    assert found.image is not None
    assert (found.name.text, found.image.text) == ("t", "till:e2e")
    variables = {one.name.text: one.value.text if one.value else None for one in found.env}
    assert variables == {"GOCOVERDIR": "/cov", "A": None}
    assert not found.env_opaque
    assert not found.mounts_opaque
    (mount,) = found.mounts
    assert (mount.name.text, mount.path.text, mount.read_only) == ("/tmp/cov", "/cov", None)
    assert [volume.kind for volume in found.pod.volumes] == [VolumeKind.BIND]
    assert found.identity.user is not None
    assert found.identity.user.text == "1000"
    assert found.read_only_root is not None
    assert b"till:e2e" in source.slice(found.image.span) or b"TAG" in source.slice(found.image.span)
    directory = found.variable("GOCOVERDIR")
    assert directory is not None
    assert directory.value is not None
    assert source.slice(directory.value.span) in (b"COV", b'"/cov"', b"/cov", b'"GOCOVERDIR=/cov"')


@pytest.mark.parametrize(
    "text",
    [
        "client.containers.run(TAG, **options)\n",
        "client.containers.run(TAG, environment=make(), volumes=volumes)\n",
        'def f():\n    return DockerContainer(TAG).with_env("GOCOVERDIR", COV)\n',
        "start(DockerContainer(TAG))\n",
        "c = DockerContainer(TAG)\nc.with_kwargs(**more)\n",
        "with DockerContainer(TAG).with_env(*pair) as c:\n    pass\n",
    ],
)
def test_what_may_be_configured_elsewhere_is_open(text: str) -> None:
    _, (found,) = containers(text)
    assert found.env_opaque
    assert found.mounts_opaque


def test_testcontainers_mounts_read_only_when_nothing_is_said() -> None:
    text = 'with DockerContainer(TAG).with_volume_mapping("/tmp/cov", "/cov") as c:\n    pass\n'
    source, (found,) = containers(text)
    (mount,) = found.mounts
    assert mount.read_only is not None
    assert source.slice(mount.read_only.span) == b"with_volume_mapping"


def test_a_tmpfs_is_ephemeral() -> None:
    _, (found,) = containers('client.containers.run(TAG, tmpfs={"/cov": "size=1m"})\n')
    assert [(one.path.text) for one in found.mounts] == ["/cov"]
    assert [one.kind for one in found.pod.volumes] == [VolumeKind.EMPTY_DIR]


def test_it_joins_the_image_that_the_same_file_builds() -> None:
    files = {
        "Dockerfile": "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\n",
        "test/e2e.py": HEAD + 'client.images.build(path=".", tag=TAG)\n' + SDK,
    }
    (chain,) = Project(MemoryFiles(files)).chains()
    assert chain.container is not None
    assert chain.image is not None
    assert chain.coverdir is not None
    assert chain.volume is not None


def test_no_edit_of_a_compose_file_is_offered_for_code() -> None:
    _, (found,) = containers(SDK)
    assert found.pod.set_user(1) == ()
    assert found.pod.set_grace_period(3) == ()


PIECES = st.sampled_from(
    ["DockerContainer(", "TAG", ")", ".with_env(", '"GOCOVERDIR"', ", ", ".with_volume_mapping(",
     "client.containers.run(", "volumes=", "{", "}", '"a": ', "environment=", "[", "]", "**x",
     "\n", "c = ", "c", "tmpfs=", "user=1", "é"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_code_is_read(text: str) -> None:
    source = SourceFile.of_text("e2e.py", "import docker\n" + text)
    for fact in read_python(source)[0]:
        assert fact.span.path == "e2e.py"
        assert fact.span.end <= len(source.data)
