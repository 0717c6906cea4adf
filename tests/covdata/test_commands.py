"""covlint report and covlint why from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from covdata.conftest import Go, only
from runner.test_commands import covlint

pytestmark = pytest.mark.real


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded / "set", tmp_path / "data"))


def test_a_table(data: Path):
    done = covlint(data.parent, "report", "data")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["package", "covered", "statements", "%"]
    assert lines[2].split() == ["example.com/many/internal/shapes", "7", "13", "53.8"]
    assert lines[-1] == "2 processes of 1 build, mode set"


@pytest.mark.parametrize("form", ["percent", "textfmt"])
def test_it_says_what_covdata_says(here: Go, data: Path, form: str):
    assert covlint(data.parent, "report", "data", "--format", form).stdout == here.covdata(
        form, data
    )


def test_several_inputs_are_one(data: Path, recorded: Path, tmp_path: Path):
    for pod in ("one", "two"):
        shutil.copytree(recorded / "atomic", tmp_path / "pods" / pod)
    profile = tmp_path / "unit.txt"
    profile.write_text("mode: set\nexample.com/many/extra/x.go:1.1,2.2 4 1\n")
    done = covlint(tmp_path, "report", "pods", "unit.txt", "pods/one", "--format", "json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["mode"] == "atomic"
    assert [p["path"].removeprefix("example.com/many/") for p in document["packages"]] == [
        "cmd/app",
        "extra",
        "internal/shapes",
    ]
    assert "4 processes of 1 build" in covlint(tmp_path, "report", "pods", "./pods/one/").stdout


def test_a_bad_file_is_named_and_the_others_are_used(data: Path):
    bad = min(data.glob("covcounters.*"))
    bad.write_bytes(bad.read_bytes()[:40])
    done = covlint(data.parent, "report", "data", "--format", "percent", "--output", "out.txt")
    assert done.returncode == 1
    assert done.stderr == f"covlint: data/{bad.name} is cut off after 40 bytes\n"
    assert done.stdout == ""
    assert "example.com/many/cmd/app" in (data.parent / "out.txt").read_text()


def test_mixed_modes_are_told_and_lose_nothing(recorded: Path):
    done = covlint(recorded, "report", "set", "atomic")
    assert done.returncode == 0
    assert "counts in mode" in done.stderr


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_no_coverage_is_no_success(tmp_path: Path, name: str):
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing").write_text("mode: set\n")
    done = covlint(tmp_path, "report", name)
    assert done.returncode == 1
    assert "there is no coverage in it" in done.stderr


def test_what_cannot_be_used(tmp_path: Path, data: Path):
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    for arguments, code, words in (
        (["none"], 3, "no such file or directory: none"),
        (["text"], 3, "text: line 1 is not a block of a profile: hello"),
        (["binary"], 3, "binary: line 1 is not a block of a profile"),
        ([], 2, "Missing argument"),
        (["data", "--output", "no/such/folder"], 3, "no/such/folder: the report cannot be written"),
        (["data", "--format", "tap"], 2, "tap"),
    ):
        done = covlint(tmp_path, "report", *arguments)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr


def test_reports_name_files_as_they_lie_in_the_checkout(here: Go, recorded: Path):
    nested = here.module / "cmd"
    lcov = covlint(nested, "report", str(recorded / "set"), "--format", "lcov").stdout
    assert [line for line in lcov.splitlines() if line.startswith("SF:")] == [
        "SF:cmd/app/main.go",
        "SF:internal/shapes/shapes.go",
        "SF:internal/shapes/é.go",
    ]
    cobertura = covlint(nested, "report", str(recorded / "set"), "--format", "cobertura").stdout
    assert 'filename="internal/shapes/shapes.go"' in cobertura
    assert f"<source>{here.module}</source>" in cobertura
    page = covlint(nested, "report", str(recorded / "set"), "--format", "html").stdout
    assert "func</span>" in page or "func " in page
    assert "source not found" not in page


@pytest.mark.parametrize("form", ["textfmt", "lcov", "html"])
def test_genhtml_and_others_are_given_whole_lines(data: Path, form: str):
    assert covlint(data.parent, "report", "data", "--format", form).stdout.endswith("\n")


def test_why(here: Go, recorded: Path, data: Path):
    done = covlint(here.module / "internal", "why", "./shapes", str(data))
    assert done.returncode == 0
    assert done.stdout.startswith("example.com/many/internal/shapes: covered\n")
    done = covlint(here.module, "why", "./internal/kinds", str(data))
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "example.com/many/internal/kinds: not built in"
    assert done.stdout.splitlines()[-1] == "  the repository has it in internal/kinds"
    only(data, "covmeta.*").unlink()
    assert "unknown" in covlint(here.module, "why", "example.com/many/x", str(data)).stdout


def test_why_as_json(here: Go, recorded: Path):
    done = covlint(
        here.module, "why", "example.com/many/cmd/other", "--format", "json",
        GOCOVERDIR=str(recorded / "set"),
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert (document["version"], document["fate"]) == (1, "not built in")
    assert document["folder"] == "cmd/other"
    assert document["scopes"][0]["program"] == "example.com/many/cmd/app"


def test_why_needs_data_and_a_package(tmp_path: Path):
    for arguments, code, words in (
        (["./x", "."], 2, "./x is in no Go module"),
        (["example.com/x"], 2, "name the folder with the coverage data"),
        (["example.com/x", "none"], 3, "no such file or directory: none"),
    ):
        done = covlint(tmp_path, "why", *arguments)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr


def test_no_go_is_needed(recorded: Path):
    done = covlint(recorded, "report", "set", PATH="/nonexistent")
    assert done.returncode == 0
    done = covlint(recorded, "doctor", "set", PATH="/nonexistent")
    assert done.returncode == 0
    assert "total" in done.stdout
    assert shutil.which("go", path="/nonexistent") is None


def test_thousands_of_problems_do_not_flood(recorded: Path, tmp_path: Path):
    for number in range(300):
        (tmp_path / f"covcounters.{'0' * 32}.{number}.1").write_bytes(b"x")
    done = covlint(tmp_path, "report", ".")
    assert len(done.stderr.splitlines()) == 22
    assert "and 280 more" in done.stderr


def test_a_page_can_be_piped_into_head(recorded: Path):
    done = subprocess.run(
        "covlint report set --format html | head -1", shell=True, cwd=recorded, capture_output=True
    )
    assert b"Traceback" not in done.stderr
