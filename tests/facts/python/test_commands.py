"""What Python code runs: command lines as lists and texts, and libraries."""

from __future__ import annotations

import pytest

from covlint.facts.commands.steps import ImageBuild, Step, StepKind
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.python.reading import read_python
from covlint.source import SourceFile, Span

HEAD = """
import os, subprocess, sys
from pathlib import Path
ROOT = Path(__file__).resolve().parent.parent
TAG = "till:e2e"
"""


def source_of(text: str) -> SourceFile:
    return SourceFile("e2e/conftest.py", (HEAD + text + "\n").encode())


def facts(text: str) -> list[object]:
    return list(read_python(source_of(text))[0])


def sliced(text: str, span: Span) -> str:
    return source_of(text).slice(span).decode()


WORDS = (
    '["docker", "build", "-t", TAG, "-f", "build/Dockerfile", "--build-arg", "GOFLAGS=-cover", "."]'
)
TEXT = 'f"docker build -t {TAG} -f build/Dockerfile --build-arg GOFLAGS=-cover ."'


@pytest.mark.parametrize(
    "text",
    [
        f"subprocess.run({WORDS}, check=True)",
        f"subprocess.check_call(args={WORDS})",
        f"cmd = {WORDS}\nsubprocess.Popen(cmd)",
        (
            'cmd = ["docker", "build", "-t", TAG, "-f", "build/Dockerfile"]\n'
            'if coverage:\n    cmd += ["--build-arg", "GOFLAGS=-cover"]\ncmd.append(".")\nrun(cmd)'
        ),
        (
            'subprocess.run(["docker", "build", "-t", TAG, "-f", "build/Dockerfile"]'
            ' + (["--build-arg", "GOFLAGS=-cover"] if coverage else []) + ["."])'
        ),
        (
            'extra = ["--build-arg", "GOFLAGS=-cover"]\n'
            'run(["docker", "build", "-t", TAG, "-f", "build/Dockerfile", *extra, "."])'
        ),
        f"os.system({TEXT})",
        f"subprocess.run({TEXT}.split())",
        f"subprocess.run(shlex.split({TEXT}))",
        f"cmd = {TEXT}\nc.run(cmd)",
        f"subprocess.run({WORDS}, cwd=ROOT)",
        (
            f"subprocess.run({WORDS.replace('build/', '').replace(chr(34) + '.' + chr(34), chr(34) + '..' + chr(34))}"
            ', cwd=ROOT / "build")'
        ),
        (
            'subprocess.run(["docker", "build", "-t", TAG, "-f", ROOT / "build" / "Dockerfile",'
            ' "--build-arg=GOFLAGS=-cover", str(ROOT)])'
        ),
        f"def sh(cmd):\n    subprocess.run(cmd, shell=True)\nsh({TEXT})",
        (
            'def build(name, flags):\n    subprocess.run(["docker", "build", "-t", f"{name}:e2e", "-f",'
            ' "build/Dockerfile", "--build-arg", f"GOFLAGS={flags}", "."])\nbuild("till", flags="-cover")'
        ),
        (
            'subprocess.run(["sh", "-c", "docker build -t till:e2e -f build/Dockerfile'
            ' --build-arg GOFLAGS=-cover ."])'
        ),
        (
            'client.images.build(path=".", dockerfile="build/Dockerfile", tag=TAG,'
            ' buildargs={"GOFLAGS": "-cover"})  # docker'
        ),
        'docker.build(".", file="build/Dockerfile", tags=[TAG], build_args={"GOFLAGS": "-cover"})',
        (
            'DockerImage(path=".", dockerfile_path="build/Dockerfile", tag=TAG,'
            ' buildargs={"GOFLAGS": "-cover"})  # testcontainers'
        ),
    ],
)
def test_an_image_is_built(text: str) -> None:
    (build,) = (one for one in facts(text) if isinstance(one, ImageBuild))
    assert (build.dockerfile, build.context, build.tags) == ("build/Dockerfile", ".", ("till:e2e",))
    (argument,) = build.arguments
    assert (argument.name, argument.value) == ("GOFLAGS", "-cover")
    assert not build.opaque
    written = sliced(text, argument.span)
    assert "GOFLAGS" in written
    assert len(written) < 90


@pytest.mark.parametrize(
    "text",
    [
        'print("docker build -t x .")',
        'logging.info("docker build -t x .")',
        'mock.assert_called_with(["docker", "build", "-t", "x", "."])',
        'client.V1Container(command=["docker", "build", "."])',
        'parser.add_argument("docker build ")',
        '"""\ndocker build -t x .\n"""',
    ],
)
def test_what_is_not_run_is_no_fact(text: str) -> None:
    assert not facts(text)


@pytest.mark.parametrize(
    ("text", "dockerfile"),
    [
        ('subprocess.run(["docker", "build", "."], cwd=folder)', None),
        ('os.chdir("x")\nsubprocess.run(["docker", "build", "."])', None),
        ('subprocess.run(["docker", "build", folder])', None),
        ('subprocess.run(["docker", "build", "-f", name, "."])', None),
    ],
)
def test_paths_that_are_not_seen(text: str, dockerfile: str | None) -> None:
    (build,) = (one for one in facts(text) if isinstance(one, ImageBuild))
    assert build.dockerfile == dockerfile


def test_options_that_are_not_seen_make_a_build_opaque() -> None:
    (build,) = facts('subprocess.run(["docker", "build", *options, "."])')
    assert isinstance(build, ImageBuild)
    assert build.opaque


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('run(["kind", "load", "docker-image", TAG])', StepKind.LOAD),
        ("kind_cluster.load_docker_image(TAG)  # pytest_kind", StepKind.LOAD),
        ('kind_cluster.kubectl("apply", "-f", "e2e/pod.yaml")', StepKind.APPLY),
        ('run("kubectl scale deployment/till --replicas=0")', StepKind.SCALE),
        ('run(["podman", "cp", f"{node}:/coverdata/.", "out"])', StepKind.COPY),
        ('run("go tool covdata percent -i=out")', StepKind.REPORT),
        ('client.containers.run(TAG, volumes={"/h": {"bind": "/coverdata"}})  # docker',
         StepKind.RUN_CONTAINER),
        (('DockerContainer(TAG).with_env("A", "b").with_volume_mapping("/h", "/coverdata")'
         "  # testcontainers"), StepKind.RUN_CONTAINER),
    ],
)  # fmt: skip
def test_steps(text: str, kind: StepKind) -> None:
    (step,) = (one for one in facts(text) if isinstance(one, Step))
    assert step.kind is kind
    if kind is StepKind.COPY:
        assert step.source == "/coverdata/."
    if kind is StepKind.RUN_CONTAINER:
        assert step.mounts == ("/coverdata",)
    if kind is StepKind.LOAD:
        assert step.operands == ("till:e2e",)


def test_a_go_build_in_a_text_is_read_where_it_stands() -> None:
    text = 'def build():\n    run("CGO_ENABLED=0 go build -cover -o bin/till ./cmd/till")'
    (build,) = (one for one in facts(text) if isinstance(one, GoBuild))
    assert sliced(text, build.span) == "go build -cover -o bin/till ./cmd/till"
    flag = build.flag("cover")
    assert flag is not None
    assert sliced(text, flag.span) == "-cover"


def test_steps_know_their_function() -> None:
    (step,) = facts('def collect():\n    run("podman cp node:/coverdata out")')
    assert isinstance(step, Step)
    assert step.recipe == "collect"


@pytest.mark.parametrize(
    ("line", "kind", "operands"),
    [
        ('shutil.rmtree("coverdata")', StepKind.WIPE, ("coverdata",)),
        ('shutil.rmtree(ROOT / "coverdata", ignore_errors=True)', StepKind.WIPE, ("./coverdata",)),
        ('os.makedirs("coverdata", exist_ok=True)', StepKind.CREATE, ("coverdata",)),
        ('os.chmod("coverdata", 0o777)', StepKind.PERMISSION, ("0777", "coverdata")),
        ('shutil.copytree("coverdata", "out")', StepKind.COPY, ("coverdata", "out")),
        ('shutil.move("coverdata", "out")', StepKind.EDIT, ("coverdata", "out")),
        ('subprocess.run(["rm", "-rf", "coverdata"])', StepKind.WIPE, ("coverdata",)),
        ('subprocess.run("rm -rf coverdata/*", shell=True)', StepKind.WIPE, ("coverdata/*",)),
        ('subprocess.run(["mkdir", "-p", "coverdata"])', StepKind.CREATE, ("coverdata",)),
    ],
)
def test_what_happens_to_the_data_without_a_shell(
    line: str, kind: StepKind, operands: tuple[str, ...]
) -> None:
    text = f'def step():\n    os.environ["GOCOVERDIR"] = "coverdata"\n    {line}'
    (step,) = (one for one in facts(text) if isinstance(one, Step))
    assert (step.kind, step.operands, step.recipe) == (kind, operands, "step")
    assert sliced(text, step.span) in line


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('requests.get("http://localhost:8080/coverage")', "/coverage"),
        ('requests.post(f"http://localhost:{port}/v1/cover/profile")', "/v1/cover/profile"),
        ('urllib.request.urlopen(f"{base}/debug/coverage")', "/debug/coverage"),
        ('subprocess.run(["curl", "-s", "http://127.0.0.1:80/coverage"])', "/coverage"),
    ],
)
def test_the_services_own_coverage_is_pulled(line: str, path: str) -> None:
    (step,) = (one for one in facts(line) if isinstance(one, Step))
    assert (step.kind, step.source) == (StepKind.FETCH, path)


@pytest.mark.parametrize(
    "line",
    [
        'requests.get("https://codecov.io/upload/coverage")',
        'os.environ.get("COVERAGE")',
        'os.remove("coverdata/one")',
        'shutil.copy("a")',
    ],
)
def test_other_calls_are_no_steps(line: str) -> None:
    assert [one for one in facts(f"GOCOVERDIR = 1\n{line}") if isinstance(one, Step)] == []
