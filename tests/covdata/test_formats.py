"""The report formats: checked against a small program whose numbers are counted by hand."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from covlint.covdata import cobertura, func, lcov, percent
from covlint.covdata import json as as_json
from covlint.covdata.flags import Coverage
from covlint.covdata.layout import Mode
from covlint.covdata.lines import TooManyLines, line_hits
from covlint.covdata.meta import Unit
from covlint.covdata.profile import FunctionName, Profile, make_profile
from covlint.covdata.summary import summary_of
from covlint.covdata.textfmt import parse

FILE = "example.com/app/a.go"
PROFILE = make_profile(
    Mode.COUNT,
    {
        "example.com/app": {
            FunctionName(FILE, "Sign", False): {
                Unit(3, 25, 4, 11, 1): 5,
                Unit(4, 11, 4, 26, 1): 0,
                Unit(5, 2, 5, 12, 1): 5,
            },
            FunctionName(FILE, "(*T).Never", False): {Unit(8, 21, 10, 2, 1): 0},
            FunctionName(FILE, "func1", True): {Unit(12, 22, 12, 35, 1): 1},
        },
        "example.com/app/none": {},
    },
)
PATHS = {FILE: "src/a.go"}


def test_percent():
    assert percent.render(PROFILE) == (
        "\texample.com/app\t\tcoverage: 60.0% of statements\n\texample.com/app/none\t\t"
    )


def test_func():
    assert func.render(PROFILE) == (
        f"{FILE}:3:\tSign\t\t66.7%\n{FILE}:8:\t(*T).Never\t0.0%\ntotal:\t\t\t(statements)\t60.0%\n"
    )
    assert func.render(Profile(None, ())) == ""


LINES = {3: 5, 4: 5, 5: 5, 8: 0, 9: 0, 10: 0, 12: 1}


def test_a_line_counts_as_its_best_block():
    counts = [item for f in PROFILE.packages[0].functions for item in f.counts.items()]
    assert line_hits(counts) == LINES


def test_a_block_is_not_on_a_line_that_it_ends_before():
    assert line_hits([(Unit(1, 5, 3, 1, 2), 1)]) == {1: 1, 2: 1}
    assert line_hits([(Unit(1, 5, 3, 4, 0), 1)]) == {}


def test_lcov():
    text = lcov.render(PROFILE, PATHS)
    assert text.splitlines() == [
        "TN:",
        "SF:src/a.go",
        "FN:3,Sign",
        "FN:8,(*T).Never",
        "FNDA:5,Sign",
        "FNDA:0,(*T).Never",
        "FNF:2",
        "FNH:1",
        *(f"DA:{line},{count}" for line, count in LINES.items()),
        "LF:7",
        "LH:4",
        "end_of_record",
    ]
    assert f"SF:{FILE}\n" in lcov.render(PROFILE)


def test_cobertura():
    text = cobertura.render(PROFILE, PATHS, source="/src", timestamp=7)
    root = ET.fromstring(text)
    assert root.attrib == {
        "line-rate": "0.5714",
        "lines-covered": "4",
        "lines-valid": "7",
        "branches-covered": "0",
        "branches-valid": "0",
        "branch-rate": "0",
        "complexity": "0",
        "version": "covlint",
        "timestamp": "7",
    }
    assert root.findtext("sources/source") == "/src"
    (package,) = root.findall("packages/package")
    assert package.get("name") == "example.com/app"
    (unit,) = package.findall("classes/class")
    assert (unit.get("filename"), unit.get("line-rate")) == ("src/a.go", "0.5714")
    found = {
        int(line.get("number") or 0): int(line.get("hits") or -1)
        for line in unit.findall("lines/line")
    }
    assert found == LINES
    methods = {m.get("name"): m.get("line-rate") for m in unit.findall("methods/method")}
    assert methods == {"Sign": "1.0000", "(*T).Never": "0.0000"}


@pytest.mark.parametrize("name", ['<&">', "a\x00b", "\ud800", "]]>", "é\n\t"])
def test_any_name_makes_good_xml(name: str):
    profile = make_profile(
        Mode.SET, {name: {FunctionName(f"{name}/a.go", name, False): {Unit(1, 1, 2, 2, 1): 1}}}
    )
    ET.fromstring(cobertura.render(profile).encode())


def test_json():
    document = json.loads(as_json.render(PROFILE, summary_of(Coverage(PROFILE))))
    assert (document["version"], document["mode"]) == (1, "count")
    assert (document["covered"], document["statements"], document["percent"]) == (3, 5, 60.0)
    app, none = document["packages"]
    assert none == {
        "path": "example.com/app/none",
        "covered": 0,
        "statements": 0,
        "percent": 0.0,
        "flags": {},
        "files": [],
    }
    (file,) = app["files"]
    assert (file["path"], file["covered"], file["statements"]) == (FILE, 3, 5)
    assert file["functions"] == [
        {"name": "Sign", "line": 3, "covered": 2, "statements": 3, "percent": 66.7},
        {"name": "(*T).Never", "line": 8, "covered": 0, "statements": 1, "percent": 0.0},
    ]


def test_a_profile_that_would_fill_the_disk():
    profile = parse("mode: set\n" + "".join(f"p/{n}.go:1.1,16000000.1 1 1\n" for n in range(2)))
    for render in (lcov.render, cobertura.render):
        with pytest.raises(TooManyLines):
            render(profile)
