"""``covlint trend`` as a user has it: kept runs, exit codes, formats, and two ways to fall."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

import covlint.trend
from covlint.cli.exits import BROKEN
from covlint.cli.main import run as covlint_run
from covlint.covdata.summary import FailedClaim, Summary, render
from covlint.runner.toolchain import Toolchain
from trend.runs import APP, MAIN, run, verified
from trend.test_stores import git

SERVICE = Path(__file__).parents[2] / "fixtures" / "services" / "till"
SCHEMA = json.loads(Path(covlint.trend.__file__).with_name("schema.json").read_text())
HEALTHY = {"cmd/app/main.go": "8/10", "ledger/post.go": "5/10"}


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        document = json.loads(self.out)
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        return document


Call = Callable[..., Result]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Call:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)

    def calling(*arguments: str) -> Result:
        capfd.readouterr()
        code = covlint_run(["trend", *arguments])
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return calling


def keep(call: Call, *summaries: Summary, to: tuple[str, ...] = ("--to", "runs")) -> None:
    """Keeps runs, a minute apart."""
    for number, summary in enumerate(summaries):
        dated = replace(summary, time=f"2026-02-03T04:{number:02}:00Z")
        Path("run.json").write_text(render(dated))
        result = call("add", "run.json", *to)
        assert result.code == 0, result.err
    os.unlink("run.json")


def test_the_first_run_has_nothing_to_be_compared_with(call: Call) -> None:
    keep(call, run(HEALTHY))
    assert os.listdir("runs")[0].startswith("coverage.20260203T040000Z.")
    result = call("runs", "--no-decrease", "0")
    assert result.code == 0
    assert result.out.startswith("coverage: 65.0 %, and no earlier run to compare it with\n")


def test_a_fall_and_its_limits(call: Call) -> None:
    keep(call, run(HEALTHY), run({**HEALTHY, "ledger/post.go": "4/10"}))
    shown = call("runs")
    assert shown.code == 0
    assert "coverage fell by 5.0 points: 65.0 % → 60.0 %" in shown.out
    assert f"{APP}/ledger  50.0 %  40.0 %  -10.0  5/10 → 4/10" in shown.out
    assert call("runs", "--no-decrease", "5").code == 0
    held = call("runs", "--no-decrease", "4.99")
    assert held.code == 1
    assert "✗ the total fell by 5.00 points; 4.99 are allowed" in held.out
    assert call("runs", "--no-decrease-by-package", "5").code == 1
    assert call("runs", "--expect", "60").code == 0
    assert call("runs", "--expect", "60.1").code == 1
    assert call("runs", "--expect", f"{MAIN}=80.5").code == 1


def test_a_broken_collection_is_no_fall_and_no_base(call: Call) -> None:
    claim = FailedClaim("every process that started has counters", "2 started, 1 …", "meta-only")
    broken = run({**HEALTHY, "ledger/post.go": "0/10"}, verified=verified(claim))
    keep(call, run(HEALTHY, verified=verified()), broken)
    result = call("runs", "--no-decrease", "0", "--expect", "99")
    assert result.code == BROKEN
    assert "app: collection broke: the numbers of this run say nothing about the code" in result.out
    assert "✗ not true: every process that started has counters: 2 started, 1 …" in result.out
    assert "fell" not in result.out
    keep(call, run(HEALTHY, verified=verified()), broken, run(HEALTHY, verified=verified()))
    result = call("runs", "--no-decrease", "0")
    assert result.code == 0
    assert "(1 broken run passed over)" in result.out


def test_what_broke_only_beside_the_run_before_is_no_bar_of_the_chart(call: Call) -> None:
    keep(call, run(HEALTHY), run({**HEALTHY, "cmd/app/main.go": "0/10"}))
    result = call("runs")
    assert result.code == BROKEN
    assert f"✗ {MAIN} left no counters: not even its func main has one" in result.out
    assert re.search(r"64\.0 \|# x$", result.out, re.MULTILINE)


def test_series_are_compared_apart(call: Call) -> None:
    keep(call, run(HEALTHY, verified=replace(verified(), target="till")))
    keep(call, run({"cmd/app/main.go": "1/10"}, verified=replace(verified(), target="bell")))
    names = [series["name"] for series in call("runs", "--format", "json").json["series"]]
    assert sorted(names) == ["bell", "till"]
    assert "till" not in call("runs", "--series", "bell").out
    assert call("runs", "--series", "nowhere").code == 2
    assert call("runs", "--format", "svg").code == 2
    assert call("runs", "--format", "svg", "--series", "till").out.startswith("<svg ")


def test_thresholds_of_the_target_hold(call: Call) -> None:
    Path("go.mod").write_text("module example.com/app\n\ngo 1.21\n")
    Path(".covlint.yaml").write_text(
        "targets: {app: {main: ., expect: {total: 70, packages: {./ledger: 60}}}}\n"
    )
    keep(call, run(HEALTHY, verified=verified()))
    result = call("runs")
    assert result.code == 1
    assert "✗ the total is 65.0 %, below 70 %" in result.out
    assert f"✗ {APP}/ledger is 50.0 %, below 60 %" in result.out
    assert call("runs", "--expect", "65", "--expect", "./ledger=50").code == 0


def test_against_a_revision_and_a_file(call: Call) -> None:
    git(Path(), "init", "-q", "-b", "main")
    revisions = []
    for message in ("one", "two", "three"):
        git(Path(), "commit", "-q", "--allow-empty", "-m", message)
        revisions.append(git(Path(), "rev-parse", "HEAD"))
    shares = ("5/10", "6/10", "7/10")
    found = [
        run({"cmd/app/main.go": one}, revision=revision)
        for one, revision in zip(shares, (revisions[0], revisions[2], revisions[2]), strict=True)
    ]
    keep(call, *found, to=("--branch", "runs"))
    assert "60.0 % → 70.0 %" in call("--branch", "runs").out
    assert "50.0 % → 70.0 %" in call("--branch", "runs", "--against", "HEAD~1").out
    Path("base.json").write_text(render(run({"cmd/app/main.go": "9/10"})))
    assert "90.0 % → 70.0 %" in call("--branch", "runs", "--against", "base.json").out
    assert call("--branch", "runs", "--against", "nowhere").code == 2
    assert git(Path(), "status", "--porcelain") == "?? base.json"


def test_only_the_newest_are_kept(call: Call) -> None:
    found = [run({"cmd/app/main.go": f"{number}/10"}) for number in range(1, 6)]
    keep(call, *found, to=("--to", "runs", "--keep", "3"))
    history = call("runs", "--format", "json").json["series"][0]["history"]
    assert [one["covered"] for one in history] == [3, 4, 5]


def test_the_same_run_twice_is_one(call: Call) -> None:
    keep(call, run(HEALTHY))
    keep(call, run(HEALTHY))
    assert len(os.listdir("runs")) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "packages": [], "covered": 0, "statements": Infinity}',
        '{"version": 1, "packages": [], "covered": 0, "statements": NaN}',
        '{"version": 1, "packages": 7, "covered": 0, "statements": 0}',
        '{"version": 2, "packages": [], "covered": 0, "statements": 0}',
        "[" * 100_000,
        "\xff",
        "",
    ],
)
def test_a_damaged_run_is_named(call: Call, text: str) -> None:
    Path("runs").mkdir()
    Path("runs/x.json").write_text(text)
    result = call("runs")
    assert (result.code, "x.json: it" in result.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere",), 3),
        (("add", "nowhere"), 3),
        (("add", "run.txt"), 3),
        (("add", "bad.json"), 3),
        (("runs", "--branch", "x"), 2),
        (("--branch", "x"), 2),
        (("runs", "--no-decrease", "-1"), 2),
        (("runs", "--no-decrease", "nan"), 2),
        (("runs", "--expect", "101"), 2),
        (("runs", "--expect", "./x=1"), 2),
        (("runs", "--expect", "x=y"), 2),
        (("runs", "--output-format", "pdf=x"), 2),
        (("damaged",), 3),
    ],
)
def test_misuse_is_told_and_is_no_fall(call: Call, arguments: tuple[str, ...], code: int) -> None:
    keep(call, run(HEALTHY))
    Path("run.txt").write_text("no profile")
    Path("bad.json").write_text("{}")
    Path("damaged").mkdir()
    Path("damaged/x.json").write_text('{"version": 1, "packages": [], "statements": -1}')
    result = call(*arguments)
    assert (result.code, "Error" in result.err, "internal" in result.err) == (code, True, False)


HOSTILE = "example.com/app/a`|<b>@x\n::error::\x1b[31m"


def test_markdown_is_a_table_whatever_packages_are_called(call: Call) -> None:
    files = {f"{HOSTILE}/a.go": "5/10", "cmd/app/main.go": "5/10"}
    remark = "![x](http://x) <script>alert(1)</script> | `"
    keep(
        call,
        run(files),
        run({**files, f"{HOSTILE}/a.go": "4/10"}, remarks=(f"{remark} is another build of",)),
    )
    result = call("runs", "--no-decrease", "0", "--format", "markdown")
    assert result.code == 1
    assert result.out.startswith("<!-- covlint trend: coverage -->\n### ❌ coverage: coverage fell")
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    shown = parser.render(result.out)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<b>" not in shown
    table = next(token for token in parser.parse(result.out) if token.type == "table_open")
    assert table.map is not None
    rows = result.out.splitlines()[table.map[0] : table.map[1]]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    assert "\x1b" not in result.out


def test_several_formats_at_once(call: Call) -> None:
    keep(call, run(HEALTHY), run(HEALTHY))
    files = {form: f"out.{form}" for form in ("text", "json", "markdown", "svg")}
    others = [
        word for form, file in files.items() for word in ("--output-format", f"{form}={file}")
    ]
    result = call("runs", *others)
    assert result.code == 0
    assert Path("out.text").read_text() == result.out
    for file in files.values():
        assert Path(file).stat().st_size


def test_json_follows_its_schema_and_breaks_it_otherwise(call: Call) -> None:
    keep(call, run(HEALTHY), run({"cmd/app/main.go": "8/10", "web/x.go": "1/1"}))
    document = call("runs", "--format", "json").json
    (series,) = document["series"]
    fates = {row["path"]: row["fate"] for row in series["packages"]}
    assert fates == {MAIN: "same", f"{APP}/ledger": "vanished", f"{APP}/web": "new"}
    series["outcome"] = "sank"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_without_a_terminal_the_chart_is_ascii(call: Call) -> None:
    keep(call, run(HEALTHY), run(HEALTHY))
    assert "67.0 |" in call("runs").out


# -- two real runs -----------------------------------------------------------------

#: Kills the service whose address is that of the exercise.
KILL = """
import os, pathlib, signal, urllib.parse
address = urllib.parse.urlsplit(os.environ["SERVICE_URL"]).netloc
for place in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if f"TILL_ADDR={address}" in (place / "environ").read_text().split("\\0"):
            os.kill(int(place.name), signal.SIGKILL)
    except OSError:
        continue
"""


@pytest.mark.real
def test_fewer_requests_and_a_killed_service_are_told_apart(
    toolchain: Toolchain, tmp_path: Path, call: Call
) -> None:
    project = tmp_path / "till"
    shutil.copytree(SERVICE, project)
    project.chmod(0o755)
    os.chdir(project)
    target = {"main": "./cmd/till", "env": {"TILL_ADDR": "127.0.0.1:${PORT}"}}

    def verify(exercise: str, code: int) -> Result:
        Path(".covlint.yaml").write_text(
            json.dumps({"targets": {"till": {**target, "exercise": exercise}}})
        )
        assert covlint_run(["verify", "till"]) == code
        assert call("add", ".covlint/till", "--to", ".covlint/trend").code == 0
        return call("--no-decrease", "0.5")

    assert verify("python3 exercise.py", 0).code == 0
    text = (project / "exercise.py").read_text()
    fewer = [line for line in text.splitlines() if "cloud" not in line]
    (project / "exercise.py").write_text("\n".join(fewer) + "\n")
    fell = verify("python3 exercise.py", 0)
    assert fell.code == 1
    assert "till: coverage fell by 3.9 points: 72.4 % → 68.4 %" in fell.out
    (project / "kill.py").write_text(KILL)
    broke = verify("python3 exercise.py && python3 kill.py", 1)
    assert broke.code == BROKEN
    assert "till: collection broke" in broke.out
    assert "✗ not true: counters belong to the meta-data" in broke.out
    assert "fell" not in broke.out
