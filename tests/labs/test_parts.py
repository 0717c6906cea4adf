"""The parts that labs are made of: their files, versions, reports, and the sandbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from covlint.cli.main import run
from covlint.diagnostics import Symptom
from covlint.labs.lab import GoRange, LabEngine, LabError, load_labs, read_lab
from covlint.labs.reports import BadReport, read_report, signs_of_report
from covlint.labs.versions import NoVersion, install, wanted
from covlint.runner.command import Processes
from covlint.runner.evidence.folder import read_folder
from covlint.runner.evidence.profile import Profile
from covlint.runner.process.namespaces import unavailable as available

FIXTURES = Path(__file__).parents[2] / "fixtures"


def lab(tmp_path: Path, text: str, name: str = "COV999") -> Path:
    folder = tmp_path / "labs" / name
    folder.mkdir(parents=True)
    (folder / "lab.yaml").write_text(text)
    (tmp_path / "base").mkdir()
    return folder


def test_a_lab_is_read(tmp_path: Path) -> None:
    text = (
        "shows: >-\n  What it\n  shows.\nbase: [base]\nengine: sandbox\nsymptom: killed\n"
        "go: '>=1.25'\nneeds: [root]\nbuilders: {x: '1.19'}\n"
    )
    found = read_lab(lab(tmp_path, text), tmp_path)
    assert (found.code, found.shows, found.bases) == ("COV999", "What it shows.", ("base",))
    assert (found.engine, found.symptom) == (LabEngine.SANDBOX, Symptom.KILLED)
    assert found.programs == ("root", "unshare")
    assert found.builders == (("x", "1.19"),)
    assert found.is_for((1, 25))
    assert not found.is_for((1, 24))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shows: x\nbase: [nowhere]\n", "there is no base nowhere"),
        ("base: [base]\n", "`shows` says in one sentence"),
        ("shows: x\nbase: [base]\nengin: kind\n", "unknown key `engin`"),
        ("shows: x\nbase: [base]\nengine: moon\n", "'moon' is not a valid"),
        ("shows: x\nbase: [base]\ngo: new\n", "is no range such as"),
        ("shows: x\nbase: [base]\nscript: {run: x}\n", "expected `run`, `data`"),
        ("shows: [\n", "while parsing"),
        ("- x\n", "expected a mapping"),
    ],
)
def test_what_is_wrong_with_a_lab_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LabError, match=said.replace("[", r"\[")):
        read_lab(lab(tmp_path, text), tmp_path)


@pytest.mark.parametrize(
    ("text", "holds", "fails"),
    [
        (">=1.25", (1, 27), (1, 24)),
        ("<1.25", (1, 24), (1, 25)),
        ("1.24", (1, 24), (1, 25)),
        (">1.21, <=1.26", (1, 26), (1, 27)),
    ],
)
def test_ranges(text: str, holds: tuple[int, int], fails: tuple[int, int]) -> None:
    assert GoRange(text).holds(holds)
    assert not GoRange(text).holds(fails)


def test_versions_that_are_asked_for() -> None:
    assert wanted(("1.24",)) == ("1.24.11",)
    assert wanted(("path", "1.21.13", "path")) == ("path", "1.21.13")
    assert wanted(("usual",)) == ("path", "1.21.13", "1.24.11", "1.27.3")
    assert set(wanted(("all",))) > set(wanted(("usual",)))
    with pytest.raises(NoVersion, match="'newest' is no Go version"):
        wanted(("newest",))


def test_a_version_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"}
    with Processes() as processes, pytest.raises(NoVersion, match=r"Go 1\.21\.99: pip could not"):
        install("1.21.99", processes, environ)
    assert [path.name for path in (tmp_path / ".cache/covlint/go").iterdir()] == []


MODE = "mode: set\n"
BLOCK = "example.com/x/a/a.go:3.10,5.2 2 {}\n"


def test_a_report_is_added_up(tmp_path: Path) -> None:
    file = tmp_path / "cover.out"
    file.write_text(MODE + BLOCK.format(0) + BLOCK.format(1) + "/src/main.go:1.1,2.2 1 0\n")
    assert read_report(file) == {
        "example.com/x/a": (2, 2),
        "command-line-arguments": (0, 1),
    }


@pytest.mark.parametrize("line", [MODE, "nonsense\n", "a.go:1.1,2.2 x 1\n"])
def test_a_report_that_go_tool_cover_would_refuse(tmp_path: Path, line: str) -> None:
    file = tmp_path / "cover.out"
    file.write_text(MODE + BLOCK.format(1) + line)
    with pytest.raises(BadReport, match="line 3"):
        read_report(file)


def test_a_report_that_was_not_made(tmp_path: Path) -> None:
    profile = Profile(read_folder(tmp_path), None, (), 0.0)
    (sign,) = signs_of_report(tmp_path / "cover.out", profile, [], "")
    assert (sign.symptom, sign.evidence) == (
        Symptom.NOT_EXTRACTED,
        "cover.out was not made, and the data is there",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux")
def test_the_sandbox_can_be_made_here() -> None:
    with Processes() as processes:
        assert available(processes) is None


def test_every_file_of_a_lab_is_used() -> None:
    """An overlay that changes nothing, or a base that no lab names, is a mistake."""
    labs = load_labs(FIXTURES)
    bases = {base for one in labs for base in one.bases if base.startswith("labs/bases/")}
    assert {path.name for path in (FIXTURES / "labs/bases").iterdir()} == {
        Path(base).name for base in bases
    }
    for one in labs:
        for name in ("broken", "fixed", "healthy"):
            for file in (one.folder / name).rglob("*"):
                below = file.relative_to(one.folder / name)
                for base in reversed(one.bases):
                    if file.is_file() and (FIXTURES / base / below).is_file():
                        same = (FIXTURES / base / below).read_bytes() == file.read_bytes()
                        assert not same, f"{file} is that of its base"
                        break


def test_a_code_without_a_lab_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "COV110x"]) == 2
    assert "there is no lab for COV110x; did you mean COV110?" in capsys.readouterr().err


@pytest.mark.real
def test_the_command_tells_what_it_saw(
    capsys: pytest.CaptureFixture[str], toolchain: object
) -> None:
    assert run(["lab", "cov116"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("COV116  go")
    assert "lost not-instrumented" in out[0]
    assert "complete     --fix" in out[0]
    assert out[1] == "Labs run: 1. Run and rule disagree: 0."
