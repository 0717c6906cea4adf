"""``go build``, covdata, make and library calls in Go code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.documents.gotext import GoPackage
from covlint.engine import Options, inspect
from covlint.facts.commands.collecting import DataCommand
from covlint.facts.commands.makecalls import MakeCall
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.facts.golang.commands import read_commands
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile

HEAD = 'package e2e\n\nimport "os/exec"\n\n'


def read(body: str, path: str = "test/e2e/a_test.go") -> tuple[SourceFile, list[object]]:
    source = SourceFile.of_text(path, f"{HEAD}func step(dir string) {{\n{body}}}\n")
    return source, list(read_commands(GoPackage([source])))


def builds(body: str, path: str = "test/e2e/a_test.go") -> tuple[SourceFile, list[GoBuild]]:
    source, facts = read(body, path)
    return source, [fact for fact in facts if isinstance(fact, GoBuild)]


def test_a_build_with_environment_and_directory() -> None:
    source, (build,) = builds(
        '\tcmd := exec.Command("go", "build", "-cover", "-a",\n\t\t"-o", "bin/till", "./cmd/till")\n'
        '\tcmd.Dir = "../.."\n'
        '\tcmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -race", "GOTOOLCHAIN=go1.21")\n'
    )
    assert build.instrumentation is Instrumentation.YES
    assert build.directory == "/"
    assert [flag.name for flag in build.all_flags] == ["mod", "race", "cover", "a", "o"]
    assert [word.literal for word in build.packages] == ["./cmd/till"]
    assert build.toolchain is not None
    assert source.slice(build.toolchain.span) == b"go1.21"
    assert source.slice(build.span).startswith(b'exec.Command("go", "build"')
    written = [source.slice(flag.span) for flag in build.all_flags]
    assert written == [b"-mod=mod", b"-race", b"-cover", b"-a", b'-o", "bin/till']


RUN = '\texec.Command("go", "build", "-o", "till", "./cmd/till").Run()\n'


@pytest.mark.parametrize(
    "body",
    [
        '\tos.Setenv("GOFLAGS", "-cover")\n' + RUN,
        '\tt.Setenv("GOFLAGS", "-cover -a")\n\tcmd := ' + RUN.strip() + "\n",
        '\tif err := os.Setenv("GOFLAGS", "-cover"); err != nil {\n\t\tpanic(err)\n\t}\n' + RUN,
        '\tos.Setenv("GOFLAGS", "-race")\n\tos.Setenv("GOFLAGS", "-cover")\n' + RUN,
    ],
)
def test_what_the_process_sets_is_inherited(body: str) -> None:
    source, (build,) = builds(body)
    assert build.instrumentation is Instrumentation.YES
    written = [source.slice(flag.span) for flag in build.all_flags]
    assert b"-cover" in written
    assert b"GOFLAGS" not in b"".join(written)


@pytest.mark.parametrize(
    "body",
    [
        RUN + '\tos.Setenv("GOFLAGS", "-cover")\n',
        '\tif fast() {\n\t\tos.Setenv("GOFLAGS", "-cover")\n\t}\n' + RUN,
        '\tos.Setenv("GOFLAGS", "-cover")\n\tos.Setenv("GOFLAGS", other())\n' + RUN,
        '\tos.Setenv("GOFLAGS", "-cover")\n\tos.Unsetenv("GOFLAGS")\n' + RUN,
        '\tos.Setenv("GOFLAGS", "-cover")\n\tif fast() {\n\t\tos.Unsetenv("GOFLAGS")\n\t}\n' + RUN,
        '\tdefer func() { os.Setenv("GOFLAGS", "-cover") }()\n' + RUN,
        '\tos.Setenv("GOFLAGS", "-cover")\n\tcmd := '
        + RUN.replace(".Run()", "").strip()
        + "\n\tcmd.Env = clean()\n",
    ],
)
def test_what_the_process_may_not_have_set_is_unknown(body: str) -> None:
    assert builds(body)[1] == []


def test_goflags_of_the_environment_instrument() -> None:
    _, (build,) = builds(
        '\tcmd := exec.CommandContext(ctx, "go", "build", "-o", dir, "./cmd/till")\n'
        '\tcmd.Env = append(cmd.Environ(), "GOFLAGS=-cover")\n'
    )
    assert build.directory == "/test/e2e"
    assert build.output is None


def test_the_directory_is_not_known_where_the_code_changes_it() -> None:
    _, (build,) = builds('\tos.Chdir("..")\n\texec.Command("go", "build", "-cover", ".").Run()\n')
    assert build.directory == "\0"


@pytest.mark.parametrize(
    "body",
    [
        '\texec.Command("go", "build", "./cmd/till").Run()\n',
        '\texec.Command("go", "test", "-cover", "./...").Run()\n',
        '\texec.Command("go", "build", "-cover=false", "./cmd/till").Run()\n',
        '\tcmd := exec.Command("go", "build", ".")\n\tother.Env = []string{"GOFLAGS=-cover"}\n',
        '\tfmt.Println("go", "build", "-cover", ".")\n',
    ],
)
def test_what_is_no_build_with_coverage(body: str) -> None:
    assert builds(body)[1] == []


def test_flags_that_a_slice_holds() -> None:
    source, (build,) = builds(
        '\targs := []string{"build", "-a", "-o", "till"}\n'
        '\tif os.Getenv("E2E_COVERAGE") == "true" {\n\t\targs = append(args, "-cover")\n\t}\n'
        '\tcmd := exec.Command("go", append(args, "./cmd/till")...)\n\tcmd.Dir = projectRoot\n'
    )
    assert build.directory == "/"
    assert source.slice(build.flags[0].removal) == b', "-a"'
    assert build.with_flag("-covermode=atomic") is None


def test_a_flag_goes_with_its_quotes_and_comma() -> None:
    text = (
        f'{HEAD}func step() {{\n\tcmd := exec.Command("go", "build", "-cover", "-a",\n'
        '\t\t"-installsuffix", "cgo", "-ldflags=-extldflags \'-static\'", "./cmd/till")\n'
        '\tcmd.Env = append(os.Environ(), "GOFLAGS=-a -mod=mod")\n}\n'
    )
    files = {"e2e/a_test.go": text.encode(), "go.mod": b"module example.com/till\n"}
    select = Options(selection=Selection(select=("COV107", "COV108")))
    (change,) = fix(MemoryFiles(files), Registry.builtin(), select).changes
    assert change.after.decode() == text.replace(', "-a"', "").replace(
        '\n\t\t"-installsuffix", "cgo",', ""
    ).replace("-a -mod=mod", "-mod=mod")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"-ldflags", "-extldflags \\"-static\\"", "."', '"."'),
        ('"-ldflags=-s -extldflags \\"-static\\" -X v=" + v, "."', '"-ldflags=-s -X v=" + v, "."'),
        ("`-ldflags=-s -extldflags '-static -lm'`, \".\"", "`-ldflags=-s -extldflags '-lm'`, \".\""),
        ('fmt.Sprintf("-ldflags=-X v=%s -extldflags=-static", v)', 'fmt.Sprintf("-ldflags=-X v=%s", v)'),
    ],
)  # fmt: skip
def test_a_flag_of_the_linker_goes_alone(before: str, after: str) -> None:
    text = f'{HEAD}func step() {{\n\texec.Command("go", "build", "-cover", %s).Run()\n}}\n'
    files = {"e2e/a_test.go": (text % before).encode(), "go.mod": b"module example.com/till\n"}
    select = Options(selection=Selection(select=("COV109",)))
    (change,) = fix(MemoryFiles(files), Registry.builtin(), select, unsafe=True).changes
    assert change.after.decode() == text % after


def test_a_further_flag_is_an_argument() -> None:
    source, (build,) = builds('\texec.Command("go", "build", "-cover", ".").Run()\n')
    edit = build.with_flag("-covermode=atomic")
    assert edit is not None
    data = source.data
    changed = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    assert b'"go", "build", "-covermode=atomic", "-cover", "."' in changed


def test_covdata_is_a_data_command_and_a_step() -> None:
    source, facts = read(
        '\texec.Command("go", "tool", "covdata", "textfmt", "-i="+dir, "-o", "cover.out").Run()\n'
        '\texec.Command("go", "tool", "covdata", "percent", "-i=../../data").Run()\n'
    )
    first, second = (fact for fact in facts if isinstance(fact, DataCommand))
    assert (first.kind, first.subcommand, first.output) == (
        "covdata",
        "textfmt",
        "test/e2e/cover.out",
    )
    assert [one.text for one in first.inputs] == [None]
    assert [one.path for one in second.inputs] == ["data"]
    assert second.inputs[0].value is not None
    assert source.slice(second.inputs[0].value) == b"../../data"
    assert source.slice(second.span).startswith(b'exec.Command("go", "tool"')
    kinds = [fact.kind for fact in facts if isinstance(fact, Step)]
    assert kinds == [StepKind.REPORT, StepKind.REPORT]


def test_make_is_called_with_its_variables() -> None:
    _, facts = read('\texec.Command("make", "-C", "../..", "image", "GOFLAGS=-cover").Run()\n')
    (call,) = (fact for fact in facts if isinstance(fact, MakeCall))
    assert (call.directory, call.targets) == (".", ("image",))
    assert call.given == (("GOFLAGS", "-cover"),)


def test_a_script_in_a_string() -> None:
    source, (build,) = builds(
        '\texec.Command("sh", "-c", `cd ../.. && GOFLAGS=-cover go build -a ./cmd/till`).Run()\n'
    )
    assert build.directory == "/"
    assert [source.slice(flag.removal) for flag in build.flags] == [b" -a"]


@pytest.mark.parametrize(
    ("line", "kind", "operands"),
    [
        ('os.RemoveAll("coverdata")', StepKind.WIPE, ("coverdata",)),
        ('os.MkdirAll("coverdata", 0o777)', StepKind.CREATE, ("coverdata",)),
        ('os.Chmod("coverdata", 0o777)', StepKind.PERMISSION, ("0777", "coverdata")),
        ('os.Rename("a/coverdata", "b")', StepKind.EDIT, ("a/coverdata", "b")),
        ('exec.Command("rm", "-rf", "coverdata").Run()', StepKind.WIPE, ("coverdata",)),
        ('exec.Command("cp", "-r", "a", "b").Run()', StepKind.COPY, ("a", "b")),
    ],
)
def test_library_calls_are_steps(line: str, kind: StepKind, operands: tuple[str, ...]) -> None:
    _, facts = read(f"\t{line}\n")
    (step,) = (fact for fact in facts if isinstance(fact, Step))
    assert (step.kind, step.operands, step.recipe) == (kind, operands, "step")


def test_what_is_deferred_is_no_part_of_the_sequence() -> None:
    _, facts = read('\tdefer os.RemoveAll("coverdata")\n')
    (step,) = (fact for fact in facts if isinstance(fact, Step))
    assert (step.kind, step.recipe) == (StepKind.WIPE, None)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('http.Get("http://localhost:8080/coverage/profile")', "/coverage/profile"),
        ('http.Get(fmt.Sprintf("http://localhost:%d/debug/cover", port))', "/debug/cover"),
        ('client.Post(baseURL+"/v1/cover/profile", "text/plain", nil)', "/v1/cover/profile"),
        ('client.R().SetOutput("covmeta.1").Get("/coverage/meta")', "/coverage/meta"),
        ('http.NewRequest(http.MethodGet, "http://127.0.0.1:9095/coverage", nil)', "/coverage"),
    ],
)
def test_the_services_own_coverage_is_pulled(line: str, path: str) -> None:
    _, facts = read(f"\t{line}\n")
    (step,) = (fact for fact in facts if isinstance(fact, Step))
    assert (step.kind, step.source) == (StepKind.FETCH, path)


@pytest.mark.parametrize(
    "line",
    [
        'http.Get("https://codecov.io/upload/coverage")',
        'http.Get("http://localhost:8080/discovery")',
        "cache.Get(name)",
        'router.Get("/coverage", serve)',
    ],
)
def test_other_requests_are_no_steps(line: str) -> None:
    assert read(f"\t{line}\n")[1] == []


def test_builds_of_go_code_join_their_main_package() -> None:
    files = {
        "go.mod": b"module example.com/till\n",
        "cmd/till/main.go": b"package main\n\nfunc main() {}\n",
        "e2e/a_test.go": (
            f'{HEAD}func step() {{\n\tcmd := exec.Command("go", "build", "-cover",\n'
            '\t\t"-coverpkg=./internal/...", "./cmd/till")\n\tcmd.Dir = ".."\n}\n'
        ).encode(),
    }
    options = Options(selection=Selection(select=("COV105",)))
    (found,) = inspect(MemoryFiles(files), Registry.builtin(), options).report.diagnostics
    assert re.search(
        r"does not match the main package \(example.com/till/cmd/till\)", found.message
    )
    assert Path(found.span.path).name == "a_test.go"


@pytest.mark.parametrize(
    ("environment", "codes"),
    [
        ('[]string{"PATH=/usr/bin"}', ["COV705"]),
        ('[]string{"PATH=/usr/bin", "HOME=/root"}', []),
        ('append(os.Environ(), "LANG=C")', []),
        ('[]string{}\n\tcmd.Env = append(cmd.Env, "LANG=C")', ["COV705"]),
        ("[]string{}\n\tcmd.Env = append(cmd.Env, os.Environ()...)", []),
        ("environment", []),
    ],
)
def test_an_environment_without_a_cache_for_covdata(environment: str, codes: list[str]) -> None:
    files = {
        "go.mod": b"module example.com/till\n\ngo 1.25\n",
        "a_test.go": (
            f'{HEAD}func step() {{\n\tcmd := exec.Command("go", "tool", "covdata", "percent", '
            f'"-i=data")\n\tcmd.Env = {environment}\n}}\n'
        ).encode(),
    }
    found = inspect(MemoryFiles(files), Registry.builtin(), Options()).report.diagnostics
    assert [one.code for one in found] == codes


WHOLE = (
    'func step(dir string) {\n\targs := []string{"build", "-a", "-cover"}\n'
    '\tcmd := exec.Command("go", append(args, "-o", dir+"/till", "./cmd/till")...)\n'
    '\tcmd.Dir, cmd.Env = "..", nil\n\tcmd.Env = append(os.Environ(), "GOFLAGS="+flags, `A=b c`)\n'
    '\texec.Command("sh", "-c", fmt.Sprintf("cd %s && go tool covdata percent -i=%q", dir, dir))\n'
    '\tos.Chmod(filepath.Join(dir, "data"), 0o777)\n\thttp.Get(base + "/coverage")\n'
    '\texec.Command("make", "-C", dir, "image", "GOFLAGS=-cover")\n}\n'
)


@settings(deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 60))
def test_torn_code_is_read_without_an_error(start: int, length: int) -> None:
    source = SourceFile.of_text("a_test.go", HEAD + WHOLE[:start] + WHOLE[start + length :])
    files = MemoryFiles({"a_test.go": source.data, "go.mod": b"module example.com/till\n"})
    report = inspect(files, Registry.builtin(), Options()).report
    assert report.crashes == ()


def test_the_path_of_coverage_may_stand_in_another_file() -> None:
    one = SourceFile.of_text("e2e/a.go", "package e2e\n\nfunc pull() { http.Get(base + path) }\n")
    constants = 'const base = "http://localhost:8080"\nconst path = "/coverage"\n'
    other = SourceFile.of_text("e2e/b.go", f"package e2e\n\n{constants}")
    (step,) = read_commands(GoPackage([one, other]))
    assert isinstance(step, Step)
    assert (step.kind, step.source) == (StepKind.FETCH, "/coverage")
