"""``covlint report``: coverage of data folders and text profiles, in any format."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from datetime import datetime, timezone

import click

from covlint.cli.exits import CLEAN, FINDINGS, Failure
from covlint.cli.inputs import Inputs, parse_input, read_inputs
from covlint.cli.output import FormatFile, wants_colour, write
from covlint.covdata.lines import TooManyLines
from covlint.covdata.summary import Summary, summary_of
from covlint.report import coverage
from covlint.runner.evidence.checkout import module_root
from covlint.runner.evidence.sources import Sources
from covlint.terminal import visible

FORMATS = ("text", *coverage.FORMATS)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="[FLAG=]INPUT...", type=click.Path())
@click.option("--format", "form", type=click.Choice(FORMATS), default="text")
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file.")
@click.option(
    "--output-format",
    "outputs",
    type=FormatFile(FORMATS),
    multiple=True,
    help="Write in this format to this file, too; can be repeated.",
)
@click.option("--by-service", is_flag=True, help="Tell the programs in data folders apart.")
@click.option(
    "--trend",
    type=click.Path(exists=True, file_okay=False),
    metavar="FOLDER",
    help="Draw the runs that `covlint trend add` has kept there into the page.",
)
def report(
    inputs: tuple[str, ...],
    form: str,
    output: str | None,
    outputs: tuple[tuple[str, str], ...],
    by_service: bool,
    trend: str | None,
) -> int:
    """Report the coverage of every INPUT together: data folders, text profiles, or both.

    A folder (GOCOVERDIR) stands for all data files in it and below it, a file for a profile
    of `go test -coverprofile`. All are laid over one another: the same block counts once,
    and is covered when any of them covers it. A FLAG keeps its inputs apart as well:
    `unit=cover.out e2e=covdata/`.

    No Go toolchain is needed. A bad file is named and left out, and makes the exit code 1.
    """
    sources = Sources(lambda: module_root("."))
    read = read_inputs([parse_input(word) for word in inputs], by_service, sources.fits)
    for remark in read.remarks:
        click.echo(f"covlint: {remark}", err=True)
    summary = _summary(read)
    chart = _chart(trend, summary)
    for name, file in outputs:
        write(file, _rendered(read, summary, sources, name, chart))
    text = _rendered(read, summary, sources, form, chart, terminal=output is None)
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, text)
    covered = bool(read.coverage.total.packages)
    if not covered:
        click.echo("covlint: there is no coverage in it", err=True)
    return CLEAN if covered and read.lossless else FINDINGS


def _summary(read: Inputs) -> Summary:
    return replace(
        summary_of(read.coverage),
        time=now(),
        revision=revision("."),
        processes=read.processes,
        programs=read.programs,
        remarks=read.remarks,
    )


def _chart(folder: str | None, summary: Summary) -> str | None:
    if folder is None:
        return None
    from covlint.cli.history import drawn  # only who asks for it pays for it

    return drawn(folder, summary)


def now() -> str:
    # To the millisecond: runs of a small service follow one another within a second.
    return f"{datetime.now(timezone.utc).isoformat(timespec='milliseconds')[:-6]}Z"


def revision(folder: str) -> str | None:
    """The commit that is checked out around ``folder``; None without git or a repository."""
    from covlint.git import run_git

    said = run_git(os.path.abspath(folder), ["rev-parse", "--verify", "-q", "HEAD^{commit}"])
    return said.decode("ascii", "replace").strip() or None if said is not None else None


def _rendered(
    read: Inputs,
    summary: Summary,
    sources: Sources,
    form: str,
    chart: str | None,
    *,
    terminal: bool = False,
) -> str:
    if form == "text":
        return _table(read, summary, terminal)
    try:
        return coverage.rendered(form, read.coverage, summary, sources, trend_svg=chart)
    except TooManyLines as error:
        raise Failure(str(error)) from error


def _table(read: Inputs, summary: Summary, terminal: bool) -> str:
    from covlint.covdata.bars import Look, table

    look = Look()
    if terminal and sys.stdout.isatty():
        width = shutil.get_terminal_size((100, 24)).columns
        plain = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
        look = Look(width, wants_colour(sys.stdout), plain)
    shown = {part.path: visible(part.path) for part in summary.packages}
    mode = f", mode {summary.mode}" if summary.mode is not None else ""
    builds = sum(len(dataset.builds) for dataset in read.datasets)
    said = f"{_count(read.processes or 0, 'process', 'es')} of {_count(builds, 'build', 's')}{mode}"
    return f"{table(summary, look, shown=shown)}\n{said}\n"


def _count(number: int, noun: str, plural: str) -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"
