"""``covlint demo``: the whole story on a bundled service whose coverage comes back empty."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from covlint.cli.bundled import fixtures
from covlint.cli.exits import CLEAN, FINDINGS

PROJECT = "projects/datastorage"


@click.command()
@click.option("--keep", is_flag=True, help="Keep the temporary folder.")
def demo(keep: bool) -> int:
    """Show the whole story on a bundled broken service, in a temporary folder.

    It is inspected, run (its coverage is empty), fixed, and run again. Needs
    Go 1.20 or later, from PATH or from `pip install 'covlint[go]'`.
    """
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="covlint-demo-"))
    try:
        project = folder / "datastorage"
        shutil.copytree(
            fixtures(PROJECT) / PROJECT,
            project,
            ignore=shutil.ignore_patterns(".covlint", "coverdata"),
        )
        with _inside(project):
            told = _story()
    finally:
        if keep:
            click.echo(f"The service is still in {folder}", err=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - begin
    if told:
        _say(f"From an empty folder to counters, proven by a run, in {seconds:.0f} seconds.")
        return CLEAN
    _say("The story did not go as it should; please report it.")
    return FINDINGS


def _story() -> bool:
    _say(
        "A team runs the e2e suite of `datastorage` in Kind. The image is built with -cover, the "
        "tests pass, and the coverage is empty. covlint reads its files:"
    )
    inspected = _covlint(".")
    _say("A real run agrees: the service starts, is exercised, is stopped, and nothing arrives.")
    before = _covlint("verify")
    _say("These are the fixes:")
    _covlint("--fix", "--diff", ".")
    _say("They are applied:")
    _covlint("--fix", ".")
    _say("And the same run once more:")
    after = _covlint("verify")
    return inspected == FINDINGS and before == FINDINGS and after == CLEAN


def _covlint(*arguments: str) -> int:
    """One command of the story, through the same door as from a shell."""
    from covlint.cli.main import run

    click.secho(f"\n$ covlint {' '.join(arguments)}", bold=True)
    code = run(arguments)
    if code == 130:
        raise KeyboardInterrupt
    return code


def _say(text: str) -> None:
    click.echo("\n" + click.wrap_text(text, 100))


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    former = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(former)
