"""Builds that skaffold, bake, goreleaser and ko describe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.yaml import open_yaml
from covlint.facts.builds.bake import read_bake
from covlint.facts.builds.image_tools import read_goreleaser, read_ko, read_skaffold
from covlint.source import SourceFile


def test_skaffold() -> None:
    source = SourceFile.of_text(
        "deploy/skaffold.yaml",
        "apiVersion: skaffold/v4beta1\nkind: Config\nbuild:\n  artifacts:\n"
        "  - image: till\n    context: ../svc\n"
        "    docker: {dockerfile: e2e.Dockerfile, buildArgs: {GOFLAGS: -cover, V: '{{.X}}'}}\n"
        "  - {image: other, ko: {}}\n"
        "profiles:\n- name: e2e\n  build: {artifacts: [{image: third, docker: {target: e2e}}]}\n",
    )
    till, other, third = read_skaffold(open_yaml(source))
    assert (till.dockerfile, till.context, till.tags) == ("svc/e2e.Dockerfile", "svc", ("till",))
    assert [(one.name, one.value) for one in till.arguments] == [("GOFLAGS", "-cover"), ("V", None)]
    assert (other.dockerfile, other.builder, other.opaque) == (None, "ko", True)
    assert (third.dockerfile, third.target) == ("deploy/Dockerfile", "e2e")


def test_bake_hcl() -> None:
    source = SourceFile.of_text(
        "docker-bake.hcl",
        'variable "V" { default = "x" }\n# target "no" {}\n'
        'target "till" {\n  context = "svc"\n  dockerfile = "e2e.Dockerfile"\n'
        '  args = {\n    GOFLAGS = "-cover"\n    V = "${V}, A = b"\n  }\n'
        '  tags = ["till:e2e", "${V}"]\n}\n'
        'target "child" { inherits = ["till"] }\n',
    )
    till, child = read_bake(source)
    assert (till.dockerfile, till.tags, till.opaque) == ("svc/e2e.Dockerfile", ("till:e2e",), True)
    assert [(one.name, one.value) for one in till.arguments] == [("GOFLAGS", "-cover"), ("V", None)]
    assert source.slice(till.arguments[0].span) == b'GOFLAGS = "-cover"'
    assert (child.dockerfile, child.builder) == (None, "bake")


def test_bake_json() -> None:
    text = '{"target": {"a": {"context": ".", "args": {"GOFLAGS": "-cover"}}, "b": {"tags": []}}}'
    first, second = read_bake(SourceFile.of_text("docker-bake.json", text))
    assert (first.dockerfile, first.arguments[0].value) == ("Dockerfile", "-cover")
    assert second.opaque


def test_goreleaser_and_ko() -> None:
    text = "dockers:\n- dockerfile: build/Dockerfile\nkos:\n- repositories: [x]\n"
    image, ko = read_goreleaser(open_yaml(SourceFile.of_text(".goreleaser.yaml", text)))
    assert (image.dockerfile, image.context, image.builder) == (
        "build/Dockerfile",
        None,
        "goreleaser",
    )
    assert ko.builder == "ko"
    (own,) = read_ko(open_yaml(SourceFile.of_text(".ko.yaml", "defaultBaseImage: x\n")))
    assert (own.builder, own.opaque) == ("ko", True)


@given(
    st.lists(
        st.sampled_from(
            ["target", ' "a"', " {", "}", "args", " = ", ": ", '"x"', '"${', "[", "]", "\n", "#",
             "/*", "*/", '"target"', ",", "\\", '"', "tags", "context"]
        ),
        max_size=40,
    ).map("".join),
    st.sampled_from(["docker-bake.hcl", "docker-bake.json"]),
)  # fmt: skip
def test_any_bake_file_is_read(text: str, path: str) -> None:
    for fact in read_bake(SourceFile.of_text(path, text)):
        assert 0 <= fact.span.start <= fact.span.end <= len(text)


def test_names_that_templates_leave() -> None:
    text = (
        "dockers:\n- image_templates: ['{{ .Env.REPO }}/till:{{ .Tag }}-amd64', 'x/desk:latest']\n"
        "dockers_v2:\n- images: ['ghcr.io/shop/bell']\n- images: ['{{ .Env.NAME }}']\n"
        "kos:\n- repository: ghcr.io/shop/gate\n"
    )
    found = read_goreleaser(open_yaml(SourceFile.of_text(".goreleaser.yaml", text)))
    assert [one.names for one in found] == [("till", "desk"), ("bell",), (), ("gate",)]
    source = SourceFile.of_text(
        "docker-bake.hcl",
        'target "a" { tags = ["${REPO}/till:${TAG}"] }\n'
        'target "b" {\n  tags = named(target.m.tags, "desk")\n}\n'
        'target "c" {\n  tags = named([], "${target.c.name}")\n  target = "e2e"\n}\n',
    )
    assert [one.names for one in read_bake(source)] == [("till",), ("desk",), ("c",)]
