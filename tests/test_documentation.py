"""What the documents promise is what the program does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import covlint
from covlint.cli.main import cli, run
from covlint.cli.pages import builtin, measured
from covlint.cli.rule import markdown
from covlint.config import parse_config
from covlint.report.rule_page import index, linked, page
from covlint.rule import Rule
from covlint.runner.target import parse_targets

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_table_of_rules_is_that_of_the_code() -> None:
    """`make docs` writes it."""
    match = re.search(r"<!-- rules -->\n(.*?)\n?<!-- /rules -->", README, re.DOTALL)
    assert match is not None
    assert match[1].splitlines() == list(markdown(builtin()))


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


def test_the_first_example_is_what_the_program_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    match = re.search(r"<!-- example -->\n```console\n(.*?)```", README, re.DOTALL)
    assert match is not None
    folder, command, *expected = match[1].splitlines()
    monkeypatch.chdir(ROOT / folder.removeprefix("$ cd "))
    assert run(command.removeprefix("$ covlint ").split()) == 1
    assert capsys.readouterr().out.rstrip().splitlines() == expected


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
    assert set(re.findall(r"^\$ covlint ([a-z]+)", README, re.MULTILINE)) <= set(commands)


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
