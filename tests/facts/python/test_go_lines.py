"""``go build`` and ``make`` that Python code runs: what is read, and what fixes write."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.engine import Options, inspect
from covlint.facts.commands.collecting import DataCommand
from covlint.facts.commands.makecalls import MakeCall
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.python.reading import read_python, read_tiltfile
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile

HEAD = "import os\nimport subprocess\n\n"
MODULE = {
    "go.mod": b"module example.com/till\n\ngo 1.24\n",
    "cmd/till/main.go": b"package main\n\nfunc main() {}\n",
    "internal/cart/cart.go": b"package cart\n",
}


def read(body: str) -> tuple[SourceFile, list[object]]:
    source = SourceFile.of_text("e2e/conftest.py", HEAD + body + "\n")
    return source, list(read_python(source)[0])


def builds(body: str) -> tuple[SourceFile, list[GoBuild]]:
    source, facts = read(body)
    return source, [one for one in facts if isinstance(one, GoBuild)]


@pytest.mark.parametrize("call", ["run", "check_call", "check_output", "Popen", "call"])
def test_a_list_is_read_where_its_words_stand(call: str) -> None:
    text = (
        f'subprocess.{call}(["go", "build", "-cover", "-a", "-o", "bin/till", "./cmd/till"], '
        'cwd="service", env={**os.environ, "GOFLAGS": "-mod=mod -race"})'
    )
    source, (build,) = builds(text)
    assert build.directory == "/service"
    assert [flag.name for flag in build.all_flags] == ["mod", "race", "cover", "a", "o"]
    written = [source.slice(flag.span) for flag in build.all_flags]
    assert written == [b"-mod=mod", b"-race", b"-cover", b"-a", b'-o", "bin/till']
    assert source.slice(build.flags[1].removal) == b', "-a"'
    assert source.slice(build.span).decode() == text
    assert build.output is not None
    assert build.output.text == "bin/till"


ENVIRONMENTS = [
    'env={**os.environ, "GOFLAGS": "-cover"}',
    'env=dict(os.environ, GOFLAGS="-cover")',
    'env=os.environ | {"GOFLAGS": "-cover"}',
    'env={**os.environ, "GOFLAGS": "-cover"} if coverage else None',
    "env=environment()",
    "env=changed",
    "env=given",
    "",
]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("command", ['["go", "build", "."]', '"go build .", shell=True'])
def test_goflags_of_the_environment(environment: str, command: str) -> None:
    before = ""
    if environment == "env=changed":
        before = 'changed = os.environ.copy()\nchanged["GOFLAGS"] = "-cover"\n'
    elif environment == "env=given":
        before = 'given = {"GOFLAGS": "-cover"}\n'
    elif not environment:
        before = 'os.environ["GOFLAGS"] = "-cover"\n'
    source, found = builds(f"{before}subprocess.run({command}, {environment})")
    if environment == "env=environment()":
        assert found == []
        return
    (build,) = found
    (goflags,) = build.goflags
    assert goflags.word is not None
    assert b"-cover" in source.slice(goflags.word.span)


@pytest.mark.parametrize(
    "text",
    [
        'subprocess.run(["go", "build", "./cmd/till"])',
        'subprocess.run(["go", "test", "-cover", "./..."])',
        'subprocess.run(["go", "build", "-cover=false", "."])',
        'print(["go", "build", "-cover", "."])',
        'given = {"GOFLAGS": "-cover"}\ngiven.update(x)\nsubprocess.run(["go", "build"], env=given)',
        'subprocess.run(["go", "build"], env={})\nos.environ["GOFLAGS"] = "-cover"\n',
    ],
)
def test_what_is_no_build_with_coverage(text: str) -> None:
    assert builds(f"def step():\n    {text.replace(chr(10), chr(10) + '    ')}")[1] == []


def test_a_value_from_elsewhere_is_read_and_not_edited() -> None:
    text = (
        'FLAGS = "-coverpkg=./internal/..."\nARGS = ["go", "build", FLAGS]\n'
        'cmd = ARGS + ["-o", f"{out}/till"]\ncmd.append("./cmd/till")\nsubprocess.run(cmd)'
    )
    source, (build,) = builds(text)
    flag = build.flag("coverpkg")
    assert flag is not None
    assert source.slice(flag.removal) == b""
    assert build.output is None
    assert [word.literal for word in build.packages] == ["./cmd/till"]


def test_make_and_covdata() -> None:
    source, facts = read(
        'subprocess.run(["make", "image"], env={**os.environ, "GOFLAGS": "-cover"})\n'
        'subprocess.run(["go", "tool", "covdata", "percent", "-i", "data"], env={"PATH": "/bin"})'
    )
    (call,) = (one for one in facts if isinstance(one, MakeCall))
    assert call.targets == ("image",)
    assert ("GOFLAGS", "-cover") in call.environment
    assert source.slice(call.span).startswith(b'subprocess.run(["make"')
    (data,) = (one for one in facts if isinstance(one, DataCommand))
    assert (data.cleared, [one.path for one in data.inputs]) == (True, ["data"])


FIXES = [
    (
        "COV105",
        '["go", "build", "-cover", "-coverpkg=./internal/...", "./cmd/till"]',
        '["go", "build", "-cover", "-coverpkg=./internal/...,./cmd/till", "./cmd/till"]',
    ),
    (
        "COV105",
        "'go build -coverpkg=./internal/... ./cmd/till', shell=True",
        "'go build -coverpkg=./internal/...,./cmd/till ./cmd/till', shell=True",
    ),
    (
        "COV106",
        "[\"go\", \"build\", \"-cover\"], env={**os.environ, 'GOFLAGS': '-coverpkg ./...'}",
        "[\"go\", \"build\", \"-cover\"], env={**os.environ, 'GOFLAGS': '-coverpkg=./...'}",
    ),
    (
        "COV107",
        "['go', 'build',\n    '-cover',  # counters\n    '-trimpath', '-a', './cmd/till']",
        "['go', 'build',\n    '-cover',  # counters\n    '-trimpath', './cmd/till']",
    ),
    ("COV107", '("go build -cover -a ./cmd/till".split())', '("go build -cover ./cmd/till".split())'),
    (
        "COV108",
        '["go", "build", "-cover", "-installsuffix", "cgo", "./cmd/till"]',
        '["go", "build", "-cover", "./cmd/till"]',
    ),
    (
        "COV109",
        "[\"go\", \"build\", \"-cover\", \"-ldflags\", '-extldflags \"-static\"', \".\"]",
        '["go", "build", "-cover", "."]',
    ),
    (
        "COV109",
        '["go", "build", "-cover", "-ldflags=-s -extldflags \\"-static\\" -X a=" + tag, "."]',
        '["go", "build", "-cover", "-ldflags=-s -X a=" + tag, "."]',
    ),
    (
        "COV109",
        "[\"go\", \"build\", \"-cover\", f\"-ldflags=-X a={tag} -extldflags '-static'\", \".\"]",
        '["go", "build", "-cover", f"-ldflags=-X a={tag}", "."]',
    ),
    (
        "COV110",
        '["go", "build", "-cover", "./cmd/till/main.go"]',
        '["go", "build", "-cover", "./cmd/till"]',
    ),
    (
        "COV115",
        '["go", "build", "-cover", "-coverpkg", "./...", "."], cwd="cmd/till"',
        '["go", "build", "-cover", "-coverpkg", "example.com/till/...", "."], cwd="cmd/till"',
    ),
    (
        "COV116",
        '["go", "build", "-cover"], env={**os.environ, "GOEXPERIMENT": "nocoverageredesign"}',
        '["go", "build", "-cover"], env={**os.environ, "GOEXPERIMENT": ""}',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "before", "after"), FIXES)
def test_a_fix_changes_the_words_alone(code: str, before: str, after: str) -> None:
    call = HEAD + 'subprocess.run({}, check=True)  # "quoted"\n'
    files = MemoryFiles({**MODULE, "conftest.py": call.format(before).encode()})
    options = Options(selection=Selection(select=(code,)))
    (change,) = fix(files, Registry.builtin(), options, unsafe=True).changes
    assert change.after.decode() == call.format(after)
    ast.parse(change.after)
    files = MemoryFiles({**MODULE, "conftest.py": change.after})
    assert fix(files, Registry.builtin(), options, unsafe=True).changes == ()


def test_a_list_that_cannot_hold_the_fix_is_reported_alone() -> None:
    body = 'subprocess.run(["go", "build", "-cover"], env={"GOFLAGS": "-ldflags=\'-s -w\'"})\n'
    files = MemoryFiles({**MODULE, "conftest.py": (HEAD + body).encode()})
    options = Options(selection=Selection(select=("COV106",)))
    (found,) = inspect(files, Registry.builtin(), options).report.diagnostics
    assert "quote the whole word" in found.message
    assert found.fix is None


def test_lists_of_a_tiltfile() -> None:
    text = (
        "words = ['go', 'build', '-cover', '-a', '.']\n"
        "local_resource('till', cmd=words, dir='cmd/till', env={'GOFLAGS': '-mod=mod'})\n"
        "local(['go', 'build', '-cover', './cmd/till'])\n"
    )
    facts = read_tiltfile(SourceFile.of_text("dev/Tiltfile", text))[0]
    first, second = (one for one in facts if isinstance(one, GoBuild))
    assert (first.directory, second.directory) == ("/dev/cmd/till", "/dev")
    assert [flag.name for flag in first.all_flags] == ["mod", "cover", "a"]


@settings(deadline=None)
@given(st.integers(0, len(FIXES) - 1), st.integers(0, 120), st.integers(0, 40))
def test_torn_code_is_read_without_an_error(case: int, start: int, length: int) -> None:
    text = f"{HEAD}subprocess.run({FIXES[case][1]})\n"
    text = text[:start] + text[start + length :]
    files = MemoryFiles({**MODULE, "conftest.py": text.encode("utf-8", "replace")})
    assert inspect(files, Registry.builtin(), Options()).report.crashes == ()
