"""Every format is taken by somebody who did not write it."""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import html5lib
import jsonschema
import lxml.etree
import pytest

from covdata import pages
from covdata.conftest import Go
from covlint.covdata import badge, cobertura, lcov, markdown, summary
from covlint.covdata import json as as_json
from covlint.covdata.bars import Look, table
from covlint.covdata.flags import Coverage
from covlint.covdata.profile import Profile
from covlint.covdata.summary import Part, Share, Summary, summary_of
from covlint.covdata.textfmt import parse
from runner.test_commands import covlint

SCHEMA = json.loads((files("covlint.covdata") / "coverage.schema.json").read_text())
DTD = lxml.etree.DTD(str(Path(__file__).with_name("cobertura.dtd")))
OF = pages.coverage()
RUN = summary_of(OF)


def test_json_is_of_its_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for run in (
        RUN,
        Summary(Share(0, 0)),
        summary.parse(summary.render(RUN)),
        Summary(Share(1, 2), time="2026-01-02T03:04:05Z", verified=pages.FAILED.summed_up),
    ):
        jsonschema.validate(json.loads(summary.render(run)), SCHEMA)
    whole = json.loads(as_json.render(OF.total, RUN))
    jsonschema.validate(whole, SCHEMA)
    assert summary.parse(json.dumps(whole)) == RUN
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**whole, "covered": -1}, SCHEMA)


@pytest.mark.parametrize("of", [OF, Coverage(Profile(None, ()))], ids=["some", "none"])
def test_cobertura_is_of_its_dtd(of: Coverage):
    tree = lxml.etree.fromstring(cobertura.render(of.total, timestamp=1).encode())
    assert DTD.validate(tree), DTD.error_log


def test_genhtml_reads_the_trace_file(tmp_path: Path):
    genhtml = shutil.which("genhtml")
    if genhtml is None:
        pytest.skip("there is no genhtml (lcov)")
    paths = {}
    for file, text in pages.SOURCES.items():
        paths[file] = file.removeprefix("example.com/app/")
        place = tmp_path / paths[file]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)
    (tmp_path / "lcov.info").write_text(lcov.render(OF.total, paths))
    done = subprocess.run(
        [genhtml, "lcov.info", "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "lines......: 63.2% (12 of 19 lines)" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("percent", [None, 0.0, 0.2, 12.0, 49.9, 75.0, 89.99, 99.9, 100.0])
def test_a_badge_is_svg_and_says_what_it_shows(percent: float | None):
    root = ET.fromstring(badge.render(percent))
    space = "{http://www.w3.org/2000/svg}"
    shown = root.findall(f".//{space}text")
    value = "unknown" if percent is None else badge.told(percent)
    assert [text.text for text in shown] == ["coverage", value]
    assert root.findtext(f"{space}title") == root.get("aria-label") == f"coverage: {value}"
    right = root.findall(f".//{space}g/{space}rect")[1]
    assert _contrast_with_white(right.get("fill") or "") >= 4.5
    whole = float(root.get("width") or 0)
    assert float(right.get("x") or 0) + float(right.get("width") or 0) == whole
    assert "http" not in badge.render(percent).replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("percent", "shown"), [(0, "0%"), (0.1, "1%"), (99.9, "99%"), (100, "100%")]
)
def test_nothing_and_everything_are_exact(percent: float, shown: str):
    assert badge.told(percent) == shown


def test_any_label_makes_a_badge():
    assert ET.fromstring(badge.render(50, '<e2e & "x">')).get("aria-label") == '<e2e & "x">: 50%'


def _contrast_with_white(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_markdown():
    text = markdown.render(RUN)
    assert text.startswith("### Coverage: 75.0 %\n")
    assert "| **together** | 6 | 8 | 75.0 | ████████░░ |" in text
    assert "| `unit` | 3 | 6 | 50.0 | █████░░░░░ |" in text
    assert "| package | covered | statements | % | | `unit` | `e2e` |" in text
    assert "| `example.com/app/cmd/app` | 1 | 2 | 50.0 | █████░░░░░ | – | 50.0 |" in text
    _balanced(text)


def test_markdown_of_a_failed_verification():
    text = markdown.render(Summary(Share(0, 0)), pages.FAILED)
    assert text.startswith("### ❌ covlint verify `till`: failed\n")
    assert "build ✓ → image ? → workload · → **mount ✗**" in text
    assert "- `COV302` `pod.yaml:9` nothing is mounted at /coverdata" in text
    assert "the folder &#60;is&#62; empty" in text
    assert "### Coverage" not in text  # of nothing
    _balanced(text)


def test_markdown_stays_below_what_a_comment_may_be():
    packages = tuple(
        Part(f"example.com/{'long/' * 60}p{n}", Share(n % 7, 7), {"unit": Share(1, 7)})
        for n in range(3000)
    )
    for remarks in ((), ("x" * 90_000,)):
        run = Summary(Share(1, 7), packages, packages, {"a": Share(1, 7)}, remarks=remarks)
        text = markdown.render(run)
        assert len(text) < 65_536
        _balanced(text)
    assert "more packages have fewer uncovered statements" in markdown.render(
        Summary(Share(1, 7), packages, packages)
    )


@pytest.mark.parametrize(
    "name", ["a|b", "`x`", "</details>", "@user", "#12", "[x](http://y)", "a\nb", "<!--"]
)
def test_markdown_of_hostile_names(name: str):
    part = Part(f"p/{name}", Share(0, 2))
    text = markdown.render(Summary(Share(0, 2), (part,), (part, part), remarks=(f"{name} is bad",)))
    rows = [line for line in text.splitlines() if line.startswith("| ") and " 0.0 |" in line]
    assert rows
    assert {row.replace("\\|", "").count("|") for row in rows} <= {5, 6}
    (remark,) = (line for line in text.splitlines() if line.endswith(" is bad<br>"))
    assert name not in remark
    _balanced(text)


def _balanced(text: str) -> None:
    outside = "".join(text.split("`")[::2])
    assert outside.count("<details>") == outside.count("</details>")


def test_a_table_with_bars_fits_the_terminal():
    for width in (60, 80, 200):
        lines = table(RUN, Look(width)).splitlines()
        assert max(map(len, lines)) <= width
        assert ("█" in lines[1]) is (width > 60)
    assert "█" not in table(RUN, Look())
    coloured = table(RUN, Look(100, colour=True))
    assert "\x1b[33m" in coloured
    plain = table(RUN, Look(100, ascii=True))
    assert plain.isascii()
    assert "#" in plain
    long = Summary(Share(1, 2), (Part("example.com/" + "x" * 300, Share(1, 2)),))
    assert max(map(len, table(long, Look(80)).splitlines())) <= 80


@pytest.mark.real
def test_the_command_with_flags(here: Go, recorded: Path, tmp_path: Path):
    shutil.copytree(here.module, tmp_path / "module")
    shutil.copytree(recorded / "set", tmp_path / "module" / "cov")
    there = tmp_path / "module"
    (there / "cover.out").write_text(
        "mode: set\nexample.com/many/internal/shapes/é.go:3.20,3.48 1 1\n"
    )
    done = covlint(
        there, "report", "unit=cover.out", "e2e=cov",
        *(f"--output-format={form}=out.{form}" for form in ("html", "json", "markdown", "badge")),
    )  # fmt: skip
    assert done.stdout.splitlines()[0].split() == [
        *("package", "covered", "statements", "%", "unit", "e2e")
    ]
    run = summary.parse((there / "out.json").read_text())
    assert list(run.flags) == ["unit", "e2e"]
    assert run.processes == 2
    assert run.programs == ("example.com/many/cmd/app",)
    assert "only unit" in (there / "out.html").read_text()
    assert "`e2e`" in (there / "out.markdown").read_text()
    ET.parse(there / "out.badge")


@pytest.mark.real
def test_programs_are_told_apart(recorded: Path, tmp_path: Path):
    for name in ("set", "other"):
        shutil.copytree(recorded / name, tmp_path / "cov" / name)
    done = covlint(tmp_path, "report", "cov", "--by-service")
    assert done.stdout.splitlines()[0].split()[4:] == ["app", "other"]
    assert covlint(tmp_path, "report", "e2e=cov", "--by-service").stdout.split()[4:6] == [
        "e2e/app",
        "e2e/other",
    ]


def test_runs_that_are_kept_are_drawn(tmp_path: Path):
    (tmp_path / "a.out").write_text(pages.UNIT)
    former = replace(RUN, time="2026-01-02T03:04:05Z", revision="f" * 40)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "one.json").write_text(summary.render(former))
    arguments = ("report", "a.out", "--format", "html", "--trend")
    page = covlint(tmp_path, *arguments, "runs").stdout
    html5lib.HTMLParser(strict=True).parse(page)
    assert "2 runs: 75.0 % at first, 50.0 % at last" in page
    (tmp_path / "none").mkdir()
    assert 'id="trend"' not in covlint(tmp_path, *arguments, "none").stdout
    (tmp_path / "runs" / "bad.json").write_text("{}")
    done = covlint(tmp_path, *arguments, "runs")
    assert (done.returncode, "bad.json" in done.stderr) == (3, True)


def test_other_sources_are_told_and_are_no_success(tmp_path: Path):
    (tmp_path / "a.out").write_text(pages.UNIT)
    (tmp_path / "b.out").write_text(pages.E2E.replace(":9.14,12.2", ":10.14,13.2"))
    done = covlint(tmp_path, "report", "a=a.out", "b=b.out")
    assert done.returncode == 1
    assert "example.com/app/a.go has other blocks in b than in a" in done.stderr
    assert done.stdout.splitlines()[-3].split()[1:3] == ["5", "8"]


def test_a_flag_is_no_path_and_a_path_is_no_flag(tmp_path: Path):
    (tmp_path / "x=a.out").write_text(pages.UNIT)
    assert covlint(tmp_path, "report", "x=a.out").returncode == 0
    done = covlint(tmp_path, "report", "y=none.out")
    assert (done.returncode, "no such file or directory: none.out" in done.stderr) == (3, True)


def test_the_job_summary_is_added_to(tmp_path: Path):
    (tmp_path / "a.out").write_text(pages.UNIT)
    summary_file = tmp_path / "summary.md"
    summary_file.write_text("of another step\n")
    for _ in range(2):
        covlint(
            tmp_path, "report", "a.out", f"--output-format=markdown={summary_file}",
            GITHUB_STEP_SUMMARY=str(summary_file),
        )  # fmt: skip
    text = summary_file.read_text()
    assert text.startswith("of another step\n### Coverage")
    assert text.count("### Coverage") == 2
    assert parse(pages.UNIT).covered == 3
