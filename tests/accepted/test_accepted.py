"""docs/formats.md says who accepted what covlint writes; here they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from accepted.outputs import Outputs, written
from accepted.table import FILES, PAGE, ROOT, ROWS, File, Row, updated
from covlint.cli.main import cli
from covlint.cli.output import FormatFile
from covlint.runner.toolchain import Toolchain

ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.command}-{row.form}")
FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)


@pytest.fixture(scope="module")
def outputs(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    return written(tmp_path_factory.mktemp("formats"), toolchain.go)


@pytest.fixture(scope="module")
def spoiled(outputs: Outputs) -> Outputs:
    """The same with every file spoiled as its row says."""
    folder = outputs.folder.parent / "spoiled"
    folder.mkdir()
    for row in ROWS:
        good = outputs.file(row.command, row.form)
        (folder / good.name).write_bytes(row.spoil(good.read_bytes()))
    return replace(outputs, folder=folder)


@pytest.mark.real
@ROW
def test_it_is_accepted(row: Row, outputs: Outputs) -> None:
    row.check(outputs.file(row.command, row.form), outputs)


@pytest.mark.real
@ROW
def test_what_is_spoiled_is_refused(row: Row, outputs: Outputs, spoiled: Outputs) -> None:
    refused(lambda: row.check(spoiled.file(row.command, row.form), outputs))


@FILE
def test_a_file_is_accepted(file: File) -> None:
    file.check(ROOT / file.path)


@FILE
def test_a_spoiled_file_is_refused(file: File, tmp_path: Path) -> None:
    place = tmp_path / Path(file.path).name
    place.write_bytes(file.spoil((ROOT / file.path).read_bytes()))
    refused(lambda: file.check(place))


def refused(check: Callable[[], None]) -> None:
    """A skip or a missing tool is no refusal."""
    with pytest.raises(Exception) as caught:  # each validator has its own
        check()
    assert not isinstance(caught.value, OSError)


def test_the_table_has_every_format_of_every_command() -> None:
    context = cli.make_context("covlint", ["--help-not"], resilient_parsing=True)
    offered = set()
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            if "--format" in parameter.opts and isinstance(parameter.type, click.Choice):
                offered |= {(name, form) for form in parameter.type.choices}
            if isinstance(parameter.type, FormatFile):
                offered |= {(name, form) for form in parameter.type.formats}
            if {"--diff", "--dry-run"} & set(parameter.opts):
                offered.add((name, parameter.opts[0].removeprefix("--")))
    assert {(row.command, row.form) for row in ROWS} == offered


def test_the_page_has_the_table() -> None:
    """`make docs` writes it."""
    assert PAGE.read_text() == updated(PAGE.read_text())
