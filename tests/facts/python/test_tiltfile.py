"""What Tiltfiles build, run and deploy."""

from __future__ import annotations

from covlint.engine import Options, inspect
from covlint.facts.commands.steps import ImageBuild, Step, StepKind
from covlint.facts.kubernetes.workload import Container
from covlint.facts.python.reading import read_tiltfile
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.source import SourceFile


def facts(text: str, path: str = "Tiltfile") -> list[object]:
    found, unread = read_tiltfile(SourceFile(path, text.encode()))
    assert not unread
    return list(found)


def only_build(text: str, path: str = "Tiltfile") -> ImageBuild:
    (build,) = (one for one in facts(text, path) if isinstance(one, ImageBuild))
    return build


def test_docker_build() -> None:
    text = (
        "load('ext://restart_process', 'docker_build_with_restart')\n"
        "docker_build('example/till', '.', build_args={'GOFLAGS': '-cover'}, target='e2e')\n"
    )
    build = only_build(text)
    assert (build.dockerfile, build.context, build.target) == ("Dockerfile", ".", "e2e")
    assert build.tags == ("example/till",)
    assert [(one.name, one.value) for one in build.arguments] == [("GOFLAGS", "-cover")]
    assert text.encode()[build.span.start : build.span.end].startswith(b"docker_build('example")


def test_paths_count_from_the_tiltfile() -> None:
    text = "docker_build('a', 'src', dockerfile='build/D')\n"
    build = only_build(text, "deploy/Tiltfile")
    assert (build.dockerfile, build.context) == ("deploy/build/D", "deploy/src")
    build = only_build("docker_build('a', '../src')\n", "deploy/Tiltfile")
    assert (build.dockerfile, build.context) == ("src/Dockerfile", "src")


def test_what_is_not_seen() -> None:
    assert only_build("docker_build('a', '.', build_args=args())\n").opaque
    assert only_build("docker_build('a', '.', **more)\n").opaque
    assert only_build("docker_build('a', '.', dockerfile_contents=x)\n").dockerfile is None
    assert only_build("docker_build('a', '.', target=t)\n").opaque


def test_custom_build_gives_its_reference_to_the_command() -> None:
    text = (
        "custom_build('a', 'docker build -t $EXPECTED_REF --build-arg GOFLAGS=-cover .', ['.'])\n"
    )
    build = only_build(text)
    assert build.tags == ("a",)
    assert build.arguments[0].value == "-cover"
    assert build.dockerfile == "Dockerfile"


def test_a_custom_build_by_something_else_is_known_and_not_resolved() -> None:
    build = only_build("custom_build('a', 'bazel run //:image', ['.'])\n")
    assert (build.dockerfile, build.tags, build.opaque) == (None, ("a",), True)


def test_local_resources() -> None:
    text = (
        "local_resource('cov', cmd='kubectl cp till:/coverdata ./out')\n"
        "local(['docker', 'cp', 'node:/coverdata', 'out'])\n"
    )
    steps = [one for one in facts(text) if isinstance(one, Step)]
    assert [one.kind for one in steps] == [StepKind.COPY, StepKind.COPY]
    assert [one.source for one in steps] == ["/coverdata", "/coverdata"]


def test_k8s_yaml() -> None:
    text = "k8s_yaml(['a.yaml', 'b.yaml'])\nk8s_yaml(kustomize('overlay'))\nk8s_yaml(x)\n"
    steps = [one for one in facts(text, "deploy/Tiltfile") if isinstance(one, Step)]
    assert [one.operands for one in steps] == [
        ("deploy/a.yaml", "deploy/b.yaml"),
        ("deploy/overlay",),
    ]


def test_yaml_in_a_blob() -> None:
    text = (
        'k8s_yaml(blob("""\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: till\n'
        '    env:\n    - name: GOCOVERDIR\n      value: /coverdata\n"""))\n'
    )
    (container,) = (one for one in facts(text) if isinstance(one, Container))
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    span = variable.value.span
    assert text.encode()[span.start : span.end] == b"/coverdata"


def test_a_broken_tiltfile_is_said() -> None:
    found, unread = read_tiltfile(SourceFile("Tiltfile", b"docker_build('a'\n"))
    assert not found
    assert unread[0].reason.startswith("invalid Tiltfile: line ")


def test_cov301_by_an_image_that_a_tiltfile_builds() -> None:
    files = {
        "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nRUN go build -o /till .\n",
        "Tiltfile": "docker_build('example/till', '.', build_args={'GOFLAGS': '-cover'})\n"
        "k8s_yaml('till.yaml')\n",
        "till.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: till\n"
        "    image: example/till\n",
    }
    report = inspect(MemoryFiles(files), Registry.builtin(), Options()).report
    assert not report.crashes
    assert ("COV301", "till.yaml") in [(one.code, one.span.path) for one in report.diagnostics]
