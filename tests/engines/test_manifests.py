"""Every manifest of the fixtures before a real API server, and every Kind config before kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.documents import Document, Sort, collected
from manifests.judgement import Judgement, judged
from manifests.kind_config import Kind
from manifests.projects import of_breakit, projects
from manifests.server import Server

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: till}\nspec:\n  containers: [{name: till, image: till}]\n"
CLUSTER = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
MOUNTS = (
    "  extraMounts:\n  - {hostPath: a, containerPath: /c}\n  - {hostPath: b, containerPath: /c}\n"
)


@pytest.fixture(scope="module")
def documents(helm: str) -> Iterator[list[Document]]:
    """Those of charts, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join((os.environ["PATH"], helm)))
        yield collected([*projects(), *of_breakit()])


@pytest.fixture(scope="module")
def server(elsewhere: Path) -> Server:
    return Server.of(elsewhere)


@pytest.fixture(scope="module")
def kind_config(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Kind:
    return Kind.beside(kind, tmp_path_factory.mktemp("kind"))


@pytest.fixture(scope="module")
def by_server(documents: list[Document], server: Server) -> Judgement:
    """Of the kinds that the server knows; ``make test`` has newer ones against schemas."""
    known = server.resources()
    asked = [one for one in documents if (one.version, one.kind) in known]
    with server.namespaces({one.text for one in asked}):
        return judged(asked, server.errors)


@pytest.fixture(scope="module")
def by_kind(documents: list[Document], kind_config: Kind) -> Judgement:
    configs = [one for one in documents if one.sort is Sort.KIND]
    return judged(configs, lambda texts: [kind_config.refusal(text) for text in texts])


def test_there_are_as_many_as_there_were(by_server: Judgement, by_kind: Judgement) -> None:
    assert by_server.texts >= 250
    assert by_kind.texts >= 40


def test_charts_are_among_them(documents: list[Document]) -> None:
    assert any(one.place == "charts/ferry, rendered" for one in documents)


@pytest.mark.parametrize("validator", ["by_server", "by_kind"])
def test_nothing_is_refused_without_a_reason(
    validator: str, request: pytest.FixtureRequest
) -> None:
    assert request.getfixturevalue(validator).unexplained() == []


@pytest.mark.parametrize("validator", ["by_server", "by_kind"])
def test_no_fix_makes_anything_less_valid(validator: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(validator).worse() == []


def test_a_server_refuses_what_is_spoiled(server: Server) -> None:
    mount = "image: till, volumeMounts: [{name: gone, mountPath: /c}]"
    spoiled = [
        POD,
        POD.replace("image: till", mount),
        POD.replace("image:", "imagine:"),
        POD.replace("name: till}\n", "name: Till}\n"),
    ]
    said = server.errors(spoiled)
    assert said[0] is None
    for error, word in zip(said[1:], ("Not found", "imagine", "RFC 1123"), strict=True):
        assert error is not None
        assert word in error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CLUSTER.replace("nodes", "nods"), "field nods not found"),
        (CLUSTER.replace("control-plane", "worker"), "at least one control-plane"),
        (CLUSTER + "  extraPortMappings: [{hostPort: 77777, containerPort: 80}]\n", "77777"),
        (CLUSTER + MOUNTS, "two mounts at /c"),
    ],
)
def test_kind_refuses_what_is_spoiled(text: str, said: str, kind_config: Kind) -> None:
    assert kind_config.refusal(CLUSTER) is None
    refusal = kind_config.refusal(text)
    assert refusal is not None
    assert said in refusal
