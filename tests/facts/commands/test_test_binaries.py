"""``go test -c -cover`` in scripts, and programs that run with GOCOVERDIR."""

from __future__ import annotations

import pytest

from covlint.engine import Options, inspect
from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.steps import Step, StepKind
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile

BUILD = "go test -c -cover -o till.test ./cmd/till\n"
MAIN = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
}


def steps(script: str, kind: StepKind) -> list[Step]:
    facts = read_script_steps(SourceFile.of_text("e2e.sh", script))
    return [fact for fact in facts if isinstance(fact, Step) and fact.kind is kind]


@pytest.mark.parametrize(
    ("line", "name", "package"),
    [
        (BUILD, "till.test", "cmd/till"),
        ("go test -c -coverpkg=./... -o=bin/till ./cmd/till", "till", "cmd/till"),
        ("go test -covermode=atomic -c ./cmd/till/", "till.test", "cmd/till"),
        ("go test -c -cover ./cmd/till -o bin/e2e.test", "e2e.test", "cmd/till"),
        ("cd cmd/till && go test -cover -c", "till.test", "cmd/till"),
        ('P=./cmd/till\nCGO_ENABLED=0 go test -c -cover "$P"', "till.test", "cmd/till"),
        ('go test -c -cover -o "$(mktemp -d)/till.test" ./cmd/till', "till.test", "cmd/till"),
    ],
)
def test_a_test_binary_that_is_built(line: str, name: str, package: str) -> None:
    (step,) = steps(line, StepKind.TEST_BUILD)
    assert (step.operands, step.destination) == ((name,), package)


@pytest.mark.parametrize(
    "line",
    [
        "go test -c ./cmd/till",
        "go test -c -cover=false ./cmd/till",
        "go test -cover ./cmd/till",
        "go test -c -cover ./...",
        "go test -c -cover ./cmd/till ./cmd/kasse",
        'go test -c -cover "$PACKAGE"',
        "go test -c -cover example.com/till/cmd/till",
        'go test -c -cover -o "$OUT" ./cmd/till',
        "go test -c -cover -o bin/ ./cmd/till",
        "go test $FLAGS -c -cover .",
    ],
)
def test_what_is_no_test_binary_or_not_seen(line: str) -> None:
    assert steps(line, StepKind.TEST_BUILD) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("GOCOVERDIR=cov ./till.test -test.v", ("till.test", "-test.v")),
        ("export GOCOVERDIR=cov\nexec bin/till.test", ("till.test",)),
        ('GOCOVERDIR=cov timeout 5 ./till.test "$FLAG"', ("till.test", None)),
        ('GOCOVERDIR=cov "$dir/till.test"', ("till.test",)),
    ],
)
def test_a_program_that_runs_with_gocoverdir(line: str, words: tuple[str | None, ...]) -> None:
    (step,) = steps(BUILD + line, StepKind.TEST_RUN)
    assert step.words == words


@pytest.mark.parametrize("line", ["./till.test", "GOCOVERDIR=cov go test ./...", "GOCOVERDIR=cov"])
def test_what_runs_no_program_with_gocoverdir(line: str) -> None:
    assert steps(BUILD + line, StepKind.TEST_RUN) == []


def test_elsewhere_a_run_is_no_fact() -> None:
    assert steps("GOCOVERDIR=cov ./till\n", StepKind.TEST_RUN) == []


def found(files: dict[str, str]) -> list[str]:
    options = Options(selection=Selection(select=("COV114",)))
    report = inspect(MemoryFiles({**MAIN, **files}), Registry.builtin(), options).report
    assert report.crashes == ()
    return [one.span.path for one in report.diagnostics]


GO = (
    'package till\n\nimport (\n\t"os"\n\t"os/exec"\n\t"path/filepath"\n\t"testing"\n)\n\n'
    "func TestTill(t *testing.T) {\n"
    '\tprogram := filepath.Join(t.TempDir(), "till.test")\n'
    '\texec.Command("go", "test", "-c", "-cover", "-o", program, "./cmd/till").Run()\n'
    '\tcmd := exec.Command(program, "-test.v")\n'
    '\tcmd.Env = append(os.Environ(), "GOCOVERDIR=cov")\n\tcmd.Start()\n}\n'
)


@pytest.mark.parametrize(
    ("changed", "speaks"),
    [
        (GO, True),
        (GO.replace('"-test.v"', '"-test.gocoverdir=cov"'), False),
        (GO.replace('"-test.v"', '"-test.coverprofile", "c.out"'), False),
        (GO.replace('"-test.v"', "flags()..."), False),
        (GO.replace('"-cover", ', ""), False),
        (GO.replace("GOCOVERDIR=cov", "LANG=C"), False),
    ],
)
def test_go_code_that_starts_its_test_binary(changed: str, speaks: bool) -> None:
    assert found({"e2e_test.go": changed}) == ["e2e_test.go"] * speaks


PYTHON = (
    "import os\nimport subprocess\n\n\ndef test_till():\n"
    "    subprocess.run(['go', 'test', '-c', '-cover', '-o', 'till.test', './cmd/till'])\n"
    "    process = subprocess.Popen(['./till.test', '-test.v'],"
    " env={**os.environ, 'GOCOVERDIR': 'cov'})\n    process.wait()\n"
)


@pytest.mark.parametrize(
    ("changed", "speaks"),
    [
        (PYTHON, True),
        (PYTHON.replace("'-test.v'", "'-test.gocoverdir=cov'"), False),
        (PYTHON.replace("'-test.v'", "*flags()"), False),
        (PYTHON.replace("'GOCOVERDIR'", "'LANG'"), False),
    ],
)
def test_python_code_that_starts_its_test_binary(changed: str, speaks: bool) -> None:
    assert found({"conftest.py": changed}) == ["conftest.py"] * speaks


def test_recipes_of_one_makefile() -> None:
    text = "till.test:\n\tgo test -c -cover -o $@ ./cmd/till\n\nrun: till.test\n\tGOCOVERDIR=cov ./till.test\n"
    assert found({"Makefile": text}) == ["Makefile"]
    assert found({"Makefile": text.replace("./till.test", "./other.test")}) == []
