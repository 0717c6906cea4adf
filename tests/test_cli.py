"""The command-line contract, as a user sees it, with the built-in rules."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import covlint
from covlint.cli.main import run
from covlint.registry import OWN_CODES, Registry

#: An instrumented build with a forced rebuild: COV107, a warning with a safe fix.
DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -cover -a -o /till ./cmd/till

FROM gcr.io/distroless/static
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
FIXED = DOCKERFILE.replace(" -a ", " ")


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        return [item["code"] for item in self.json["diagnostics"]]


Call = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(DOCKERFILE)
    (project / ".covlint.yaml").write_text("select: [COV107, COV001]\n")
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def call(folder: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    def calling(*arguments: str) -> Result:
        capfd.readouterr()
        code = run(arguments)
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return calling


# -- reporting ---------------------------------------------------------------------


def test_text_shows_place_code_frame_fix_and_summary(call: Call) -> None:
    result = call()
    assert result.code == 1
    assert result.out.startswith("Dockerfile:4:21: warning COV107 forced-rebuild: ")
    assert "    4 | RUN go build -cover -a -o /till ./cmd/till\n" in result.out
    assert "      |                     ^^\n" in result.out
    assert "(--fix)" in result.out
    assert "Found 1 warning (2 files read); 1 fixable with --fix" in result.out
    assert result.err == ""


@pytest.mark.parametrize("arguments", [[], ["."], ["check"], ["check", "."], ["Dockerfile"]])
def test_check_is_the_default_command(call: Call, arguments: list[str]) -> None:
    assert call(*arguments, "--format", "json").codes == ["COV107"]


def test_json_follows_its_schema(call: Call) -> None:
    result = call("--format", "json")
    schema = json.loads(Path(covlint.__file__).parent.joinpath("report", "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(result.json, schema)
    (found,) = result.json["diagnostics"]
    at = DOCKERFILE.index("-a ")
    assert found["start"] == {"line": 4, "column": 21, "byte": at}
    assert found["end"] == {"line": 4, "column": 23, "byte": at + 2}
    assert found["path"] == "Dockerfile"
    assert (found["severity"], found["evidence"]) == ("warning", "refuted")
    assert found["fix"]["applicability"] == "safe"
    assert result.json["summary"] == {
        "files": 2,
        "errors": 0,
        "warnings": 1,
        "notices": 0,
        "fixed": 0,
    }
    jsonschema.validate(call("--fix", "--format", "json").json, schema)


def test_paths_are_relative_to_the_root_wherever_covlint_is_called(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    (found,) = call("..", "--format", "json").json["diagnostics"]
    assert found["path"] == "Dockerfile"
    assert call("--format", "json").codes == []  # the folder deep holds nothing


def test_output_goes_to_files(call: Call, folder: Path) -> None:
    result = call("--output", "a.txt", "--output-format", "json=b.json")
    assert result.out == ""
    assert "COV107" in (folder / "a.txt").read_text()
    assert json.loads((folder / "b.json").read_text())["version"] == 1
    assert "cannot be written" in call("--output", "no/such/folder/x").err


def test_several_formats_in_one_run(call: Call, folder: Path) -> None:
    names = ("sarif", "github", "gitlab", "junit", "rdjson", "json", "text")
    wanted = [word for name in names for word in ("--output-format", f"{name}=out.{name}")]
    assert call(*wanted, "--format", "github").out == (folder / "out.github").read_text()
    for name in names:
        assert "COV107" in (folder / f"out.{name}").read_text(), name
    assert "Remove -a" in (folder / "out.sarif").read_text()
    assert "text, json, sarif" in call("--output-format", "xml=x").err
    call("--fix", "--output", "left.github", "--format", "github")
    assert (folder / "left.github").read_text() == ""


def test_forges_get_paths_from_the_repository_s_root(call: Call, folder: Path) -> None:
    (folder.parent / ".git").mkdir()
    assert "file=project/Dockerfile," in call("--format", "github").out
    (issue,) = json.loads(call("--format", "gitlab").out)
    assert issue["location"]["path"] == "project/Dockerfile"
    assert call("--format", "json").json["diagnostics"][0]["path"] == "Dockerfile"


def test_select_ignore_and_exit_codes(call: Call) -> None:
    assert call("--ignore", "COV107").code == 0
    assert call("--select", "COV1", "--ignore", "COV107", "--format", "json").codes == []
    assert call("--fail-on", "error").code == 0
    assert call("--exit-zero").code == 0
    assert call("--proven").code == 0
    assert "COV107  forced-rebuild" in call("--statistics").out


def test_strict_counts_what_cannot_be_read(call: Call, folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"FROM golang\nRUN go build -cover .\n\xff\n")
    relaxed = call()
    assert relaxed.code == 0
    assert "note: Dockerfile was not read: not UTF-8" in relaxed.out
    assert call("--strict").code == 1


def test_control_characters_do_not_reach_the_terminal(call: Call, folder: Path) -> None:
    (folder / "Dockerfile").write_text(
        DOCKERFILE.replace("/till ./cmd", "/\x1b[31m\u202etill ./cmd")
    )
    out = call().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[31m\\u202etill" in out


def test_an_unknown_key_of_a_target_is_told_before_it_is_run(call: Call, folder: Path) -> None:
    (folder / ".covlint.yaml").write_text("targets: {till: {exercse: make smoke}}\n")
    result = call()
    assert result.code == 2
    assert "targets.till: unknown key `exercse`; did you mean `exercise`?" in result.err
    assert ".covlint.yaml" in result.err


def test_carets_stand_below_the_text_of_every_line(call: Call, folder: Path) -> None:
    (folder / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: till\n      image: till\n"
        "      env: [{name: GOCOVERDIR, value: /coverdata}]\n"
        "      volumeMounts: [{name: config, mountPath: /coverdata}]\n"
        "  volumes:\n    - name: config\n      configMap:\n        name: till\n"
    )
    out = call("--select", "COV303").out
    assert "   11 |       configMap:\n      |       ^^^^^^^^^^\n" in out
    assert "   12 |         name: till\n      |         ^^^^^^^^^^\n" in out


def test_suppressed(call: Call, folder: Path) -> None:
    (folder / "Dockerfile").write_text(
        DOCKERFILE.replace("RUN go", "# covlint: ignore[COV107] cache is cold\nRUN go")
    )
    result = call()
    assert result.code == 0
    assert "No problems found (2 files read, 1 suppressed)" in result.out


def test_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "Dockerfile").write_text(FIXED)

    def piped(*arguments: str, text: str = DOCKERFILE) -> subprocess.CompletedProcess[bytes]:
        return spawn(folder, *arguments, stdin=text.encode())

    found = piped("--stdin-filename", "Dockerfile", "-", "--format", "json")
    assert [item["code"] for item in json.loads(found.stdout)["diagnostics"]] == ["COV107"]
    fixed = piped("--stdin-filename", "Dockerfile", "--fix", "-")
    assert fixed.stdout.decode() == FIXED
    assert (folder / "Dockerfile").read_text() == FIXED
    assert piped("-").returncode == 2
    assert b"--stdin-filename" in piped("-").stderr


def spawn(
    folder: Path, *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    paths = os.pathsep.join(
        str(Path(sys.modules[name].__file__ or "").parents[1])
        for name in ("covlint", "covlint_rules")
        if name in sys.modules
    )
    return subprocess.run(
        [sys.executable, "-m", "covlint", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )


# -- fixing ------------------------------------------------------------------------


def test_fix_speaks_of_what_is_left(call: Call, folder: Path) -> None:
    result = call("--fix")
    assert result.code == 0
    assert (folder / "Dockerfile").read_text() == FIXED
    assert "fixed Dockerfile:4:21: warning COV107" in result.out
    assert "No problems left (2 files read, 1 fixed)" in result.out
    again = call("--fix", "--format", "json").json
    assert again["summary"]["fixed"] == 0


def test_fixed_findings_are_in_the_json(call: Call) -> None:
    result = call("--fix", "--format", "json")
    assert [(item["code"], item["fixed"]) for item in result.json["diagnostics"]] == [
        ("COV107", True)
    ]
    assert result.json["summary"]["warnings"] == 0


def test_diff_writes_nothing_and_git_takes_it(call: Call, folder: Path) -> None:
    result = call("--diff")
    assert result.code == 0
    assert (folder / "Dockerfile").read_text() == DOCKERFILE
    assert "COV107" in result.err
    subprocess.run(["git", "apply", "-"], input=result.out.encode(), cwd=folder, check=True)
    assert (folder / "Dockerfile").read_text() == FIXED


def test_a_file_that_cannot_be_written_is_named(call: Call, folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / "Dockerfile").rename(outside)
    (folder / "inner").write_text(outside.read_text())
    (folder / "Dockerfile").symlink_to("inner")
    assert call("--fix", "Dockerfile").code == 0
    assert (folder / "inner").read_text() == FIXED
    assert (folder / "Dockerfile").is_symlink()


def test_unsafe_fixes_need_fix(call: Call) -> None:
    assert call("--unsafe-fixes").code == 2


# -- bad input ---------------------------------------------------------------------


def test_a_missing_path_is_exit_3(call: Call) -> None:
    result = call("nope", "Dockerfile")
    assert (result.code, result.out) == (3, "")
    assert "no such file or directory: nope" in result.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selct: []", "selct is not a setting; did you mean select?"),
        ("select: [COV1000]", "no rule is called 'COV1000'"),
        ("a: [", "invalid YAML"),
    ],
)
def test_a_bad_configuration_is_exit_2(call: Call, folder: Path, text: str, expected: str) -> None:
    (folder / ".covlint.yaml").write_text(text)
    result = call()
    assert (result.code, result.out) == (2, "")
    assert expected in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--select", "NOPE"],
        ["--format", "xml"],
        ["--output-format", "xml=f"],
        ["--output-format", "json"],
        ["--no-such-option"],
        ["--config", "missing.yaml"],
        ["--config", "."],
        ["--since", "no-such-revision"],
        ["--baseline", "missing.json"],
        ["--write-baseline", "b.json", "--fix"],
        ["rule", "COV9999"],
    ],
)
def test_usage_errors_are_exit_2(call: Call, arguments: list[str]) -> None:
    result = call(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err


def test_paths_of_two_projects(call: Call, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".covlint.yaml").write_text("")
    result = call(".", str(other))
    assert result.code == 2
    assert "several projects" in result.err


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\xfe", b"FROM", b"RUN \\", b"\xef\xbb\xbf"])
def test_no_content_ends_in_a_traceback(call: Call, folder: Path, data: bytes) -> None:
    for name in ("Dockerfile", "x.yaml", "Makefile", "x.sh", "main.go", "go.mod"):
        (folder / name).write_bytes(data)
    result = call("--format", "json")
    assert result.code == 0
    assert result.json["crashes"] == []


def test_a_named_pipe_is_a_note(call: Call, folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    result = call("pipe.yaml")
    assert result.code == 0
    assert "pipe.yaml was not read: not a regular file" in result.out


def test_a_failure_inside_is_one_line(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import covlint.cli.check

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(covlint.cli.check, "inspect", fail)
    result = call()
    assert result.code == 3
    assert result.err.startswith("covlint: internal error: RuntimeError: unforeseen")
    assert "Traceback" not in result.err


def test_interrupted_is_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import covlint.cli.check

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(covlint.cli.check, "inspect", interrupt)
    assert call().code == 130


# -- other commands ----------------------------------------------------------------


def test_version_and_help(call: Call) -> None:
    assert call("--version").out == f"covlint {covlint.__version__}\n"
    text = call("--help").out
    for command in ("check", "verify", "doctor", "demo", "graph", "rule"):
        assert f"\n  {command} " in text


def test_the_table_of_rules(call: Call) -> None:
    lines = call("rule").out.splitlines()
    rows = [line for line in lines if line.startswith("COV")]
    assert rows[2].startswith("COV101  uninstrumented-build")
    assert len(rows) == len({*Registry.builtin().codes, *OWN_CODES})
    assert any(line.startswith("workload: ") for line in lines)


@pytest.mark.parametrize("words", ["image", "COV2", "cov2"])
def test_the_rules_of_a_family(call: Call, words: str) -> None:
    listed = re.findall(r"^COV\d+", call("rule", words).out, re.MULTILINE)
    assert listed == [code for code in Registry.builtin().codes if code.startswith("COV2")]
    data = call("rule", words, "--format", "json").json
    assert [rule["code"] for rule in data["rules"]] == listed


def test_a_rule_as_json(call: Call) -> None:
    (rule,) = call("rule", "COV107", "--format", "json").json["rules"]
    assert (rule["name"], rule["family"], rule["fix"]) == ("forced-rebuild", "build", True)
    assert {offer["applicability"] for offer in rule["fixes"]} <= {"safe", "unsafe", "display"}
    assert any(" -a " in text for text in rule["example"]["files"].values())
    assert "COV107 forced-rebuild" in rule["example"]["says"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("COV21", "COV201"), ("cov2O3", "COV203"), ("shell-exec", "shell"), ("imag", "image")],
)
def test_an_unknown_rule_is_told_what_is_near(call: Call, word: str, meant: str) -> None:
    result = call("rule", word)
    assert result.code == 2
    assert f"did you mean {meant}" in result.err


def test_a_page_for_what_covlint_reports_itself(call: Call) -> None:
    assert call("rule", "COV001").out.startswith("# COV001 unused-suppression\n")


def test_pages_cannot_be_written_over_a_file(call: Call, folder: Path) -> None:
    result = call("rule", "COV107", "--output-dir", "Dockerfile/pages")
    assert result.code == 3
    assert "Dockerfile/pages: cannot be written to" in result.err


@pytest.mark.parametrize("name", ["COV107", "cov107", "forced-rebuild"])
def test_the_page_of_a_rule(call: Call, name: str) -> None:
    page = call("rule", name).out
    assert page.startswith("# COV107 forced-rebuild\n\n")
    assert "*refuted*" in page


def test_graph(call: Call) -> None:
    assert call("graph").code == 0
    assert call("graph", "--format", "json").json["version"] == 1
    assert call("graph", "--format", "mermaid").out.startswith("flowchart LR\n")


# -- terminal and start-up ---------------------------------------------------------


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_only_on_a_terminal(folder: Path, no_color: str, coloured: bool) -> None:
    paths = os.pathsep.join(
        str(Path(covlint.__file__).parents[1 + up]) + tail for up, tail in ((0, ""), (1, "/rules"))
    )
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "covlint"],
        cwd=folder,
        stdout=follower,
        env={**os.environ, "PYTHONPATH": paths, "NO_COLOR": no_color, "TERM": "xterm"},
    )
    assert process.wait(60) == 1
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert ("\x1b[" in shown) is coloured
    assert "COV107" in shown


SLOW = {"rich", "ruamel", "msgspec", "subprocess", "libcst", "pathspec", "importlib.metadata"} | {
    f"covlint.{name}"
    for name in ("documents.golang", "documents.yaml", "facts.shutdown", "facts.pod", "facts.steps")
}


@pytest.mark.parametrize("arguments", [["--version"], ["Dockerfile"]])
def test_what_start_up_does_not_import(folder: Path, arguments: list[str]) -> None:
    (folder / ".covlint.yaml").unlink()
    (folder / ".git").mkdir()
    (folder / "Dockerfile").write_text("FROM golang:1.22\nRUN go build -o /x ./cmd/x\n")
    program = (
        "import sys, click; known = set(sys.modules);"  # click brings subprocess on Python 3.10
        "from covlint.cli.main import run; code = run(sys.argv[1:]);"
        "print(*sorted(set(sys.modules) - known), file=sys.stderr); sys.exit(code)"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert completed.returncode == 0, completed.stderr
    assert not SLOW & set(completed.stderr.split())


@pytest.mark.parametrize(
    "text",
    [
        DOCKERFILE.replace("\n", "\r\n"),
        DOCKERFILE.rstrip("\n"),
        "\ufeff" + DOCKERFILE,
        DOCKERFILE.replace("RUN go", "RUN --mount=type=cache,target=/root/.cache \\\n    go"),
    ],
    ids=["crlf", "no-final-newline", "byte-order-mark", "continued"],
)
def test_the_diff_is_what_fix_writes(call: Call, folder: Path, text: str) -> None:
    target = folder / "Dockerfile"
    target.write_bytes(text.encode())
    patch = spawn(folder, "--diff").stdout
    assert call("--fix").code == 0
    fixed = target.read_bytes()
    assert fixed == text.replace(" -a ", " ").encode()
    target.write_bytes(text.encode())
    subprocess.run(["git", "apply", "-"], input=patch, cwd=folder, check=True)
    assert target.read_bytes() == fixed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(folder: Path, shell: str) -> None:
    script = spawn(folder, _COVLINT_COMPLETE=f"{shell}_source")
    assert b"covlint" in script.stdout
    answer = spawn(
        folder, _COVLINT_COMPLETE="bash_complete", COMP_WORDS="covlint ru", COMP_CWORD="1"
    )
    assert answer.stdout == b"plain,rule\n"


# -- completion ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("covlint check --select COV20", "COV203"),
        ("covlint check --ignore COV101,cov20", "COV101,COV203"),
        ("covlint rule COV20", "COV203"),
    ],
)
def test_the_shell_completes_codes(folder: Path, words: str, expected: str) -> None:
    listed = words.split(" ")
    environment = {
        **os.environ,
        "_COVLINT_COMPLETE": "zsh_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(listed) - 1),
    }
    completed = subprocess.run(
        [sys.executable, "-m", "covlint"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert expected in completed.stdout.splitlines(), completed.stderr


def test_fixed_findings_come_in_the_order_of_the_file(call: Call, folder: Path) -> None:
    build = "RUN CGO_ENABLED=0 go build -cover -a -ldflags '-extldflags \"-static\"' -o /till ./cmd/till\n"
    text = DOCKERFILE.replace("RUN go build -cover -a -o /till ./cmd/till\n", build * 2)
    (folder / "Dockerfile").write_text(text)
    (folder / ".covlint.yaml").write_text("select: [COV107, COV109]\n")
    out = call("--fix").out
    fixed = [line.split(":")[1:3] for line in out.splitlines() if line.startswith("fixed ")]
    places = [(int(line), int(column)) for line, column in fixed]
    assert len(places) == 4
    assert places == sorted(places)
