"""Programs that Go code runs."""

from __future__ import annotations

import pytest

from covlint.documents.gotext import GoPackage
from covlint.facts.commands.steps import ImageBuild, Step, StepKind
from covlint.facts.golang.commands import read_commands
from covlint.source import SourceFile

HEAD = 'package e2e\n\nimport "os/exec"\n\n'


def read(body: str, path: str = "test/e2e/a.go") -> list[ImageBuild | Step]:
    facts = read_commands(GoPackage([SourceFile.of_text(path, HEAD + body)]))
    return [fact for fact in facts if isinstance(fact, (ImageBuild, Step))]


def only(body: str, path: str = "test/e2e/a.go") -> ImageBuild | Step:
    (fact,) = read(body, path)
    return fact


def test_a_build_with_arguments_added_for_coverage() -> None:
    fact = only(
        "func build(root string) error {\n"
        '\targs := []string{"build", "-t", "till:e2e"}\n'
        '\tif os.Getenv("E2E_COVERAGE") == "true" {\n'
        '\t\targs = append(args, "--build-arg", "GOFLAGS=-cover")\n\t}\n'
        '\targs = append(args, "-f", filepath.Join(projectRoot, "docker", "till.Dockerfile"))\n'
        '\treturn exec.Command("podman", append(args, projectRoot)...).Run()\n}\n'
    )
    assert isinstance(fact, ImageBuild)
    assert fact.dockerfile == "docker/till.Dockerfile"
    assert fact.context == "."
    assert fact.tags == ("till:e2e",)
    assert [(one.name, one.value) for one in fact.arguments] == [("GOFLAGS", "-cover")]
    assert not fact.opaque
    assert fact.recipe == "build"


def test_arguments_under_a_condition_that_is_not_known() -> None:
    fact = only(
        "func build(fast bool) error {\n"
        '\targs := []string{"build", "-t", "till"}\n\tif fast {\n'
        '\t\targs = append(args, "--build-arg", "GOFLAGS=-cover")\n\t}\n'
        '\treturn exec.Command("docker", append(args, ".")...).Run()\n}\n'
    )
    assert isinstance(fact, ImageBuild)
    assert fact.opaque


def test_a_function_that_builds_for_every_configuration() -> None:
    facts = read(
        "type config struct {\n\tName, File string\n}\n\n"
        "func build(cfg config) error {\n"
        '\treturn exec.Command("docker", "build", "--build-arg", "GOFLAGS=-cover",\n'
        '\t\t"-f", filepath.Join(getProjectRoot(), cfg.File), getProjectRoot()).Run()\n}\n\n'
        'var all = []config{{Name: "till", File: "till.Dockerfile"}}\n\n'
        'func other() {\n\tcfg := config{Name: "b", File: "docker/b.Dockerfile"}\n\tbuild(cfg)\n}\n'
    )
    builds = {one.dockerfile: one for one in facts if isinstance(one, ImageBuild)}
    assert set(builds) == {"till.Dockerfile", "docker/b.Dockerfile"}
    assert builds["docker/b.Dockerfile"].recipe == "other"


def test_a_function_that_builds_for_every_caller() -> None:
    facts = read(
        "func build(name, file string) error {\n"
        '\treturn exec.CommandContext(ctx, "docker", "build", "-t", name, "-f", file, ".").Run()\n}\n'
        'func a() { build("till:1", "../../docker/till.Dockerfile") }\n',
        "test/e2e/a_test.go",
    )
    (fact,) = facts
    assert isinstance(fact, ImageBuild)
    assert fact.tags == ("till:1",)
    assert fact.dockerfile == "docker/till.Dockerfile"
    assert fact.recipe == "a"


@pytest.mark.parametrize(
    ("call", "kind", "source", "through"),
    [
        (
            'exec.Command(runtime, "cp", node+":/coverdata/.", dir)',
            StepKind.COPY,
            "/coverdata/.",
            "docker",
        ),
        (
            'exec.Command("kubectl", "cp", "e2e/till:/coverdata", "out")',
            StepKind.COPY,
            "/coverdata",
            "kubectl",
        ),
        (
            'exec.Command("go", "tool", "covdata", "percent", "-i=coverdata")',
            StepKind.REPORT,
            "coverdata",
            None,
        ),
        (
            'exec.Command("kind", "create", "cluster", "--config", projectRoot+"/kind.yaml")',
            StepKind.CREATE_CLUSTER,
            "kind.yaml",
            "kind",
        ),
        (
            'exec.Command("sh", "-c", "docker cp "+node+":/coverdata/. out")',
            StepKind.COPY,
            "/coverdata/.",
            "docker",
        ),
        (
            'run(ctx, "kind", "create", "cluster", "--config="+repoRoot+"/kind.yaml")',
            StepKind.CREATE_CLUSTER,
            "kind.yaml",
            "kind",
        ),
        ('exec.Command("kubectl", "scale", "deploy/till")', StepKind.SCALE, None, "kubectl"),
    ],
)
def test_steps(call: str, kind: StepKind, source: str | None, through: str | None) -> None:
    body = f"func step(runtime, node, dir string) {{\n\t{call}\n}}\n"
    fact = only(body)
    assert isinstance(fact, Step)
    assert (fact.kind, fact.source, fact.through) == (kind, source, through)
    written = (HEAD + body).encode()[fact.span.start : fact.span.end].decode()
    assert written == call


def test_permissions() -> None:
    fact = only('func open() {\n\tos.Chmod(filepath.Join(projectRoot, "coverdata"), 0o777)\n}\n')
    assert isinstance(fact, Step)
    assert (fact.kind, fact.operands) == (StepKind.PERMISSION, ("0777", "./coverdata"))


def test_words_that_are_no_command() -> None:
    assert read('func log() {\n\tfmt.Println("docker", "build", ".")\n}\n') == []
    assert read('func find() {\n\texec.LookPath("docker")\n}\n') == []
