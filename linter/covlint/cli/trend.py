"""``covlint trend``: runs that are kept, compared, drawn, and held to limits."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import click

from covlint.cli.exits import BROKEN, CLEAN, FINDINGS, Failure, Misuse
from covlint.cli.kept import FOLDER, read_summary, runs_in, store_of, summaries
from covlint.cli.output import FormatFile, wants_colour, write
from covlint.config import Config, ConfigError, load_config, read_config
from covlint.covdata.points import exactly
from covlint.covdata.summary import render
from covlint.files import project_root
from covlint.runner.evidence.checkout import checkout_at, module_root
from covlint.runner.target import TargetError, parse_targets
from covlint.trend.judge import Limits
from covlint.trend.runs import Run, base_of, newest_of, outdated, read_runs, run_of
from covlint.trend.sources import history
from covlint.trend.standing import Outcome, Standing, stand
from covlint.trend.stores import StoreError

FORMATS = ("text", "json", "markdown", "svg")


class _WithAdd(click.Command):
    """``covlint trend add …`` is a command of its own; all else is looked at."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        if args[:1] == ["add"]:
            return add.make_context(f"{info_name} add", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(
    cls=_WithAdd,
    epilog="Runs are kept by `covlint trend add INPUT... [--to FOLDER | --branch NAME]`.",
)
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@click.option("--branch", metavar="NAME", help="The runs are in this branch of the repository.")
@click.option("--series", metavar="NAME", help="Only the runs of this target or name.")
@click.option(
    "--against",
    metavar="REV|FILE",
    help="Compare with the newest run of this revision or before it, or with a file; otherwise "
    "with the newest earlier run whose collection was whole.",
)
@click.option("--no-decrease", metavar="POINTS", type=float, help="How far the total may fall.")
@click.option("--no-decrease-by-package", metavar="POINTS", type=float, help="Each package.")
@click.option(
    "--expect",
    multiple=True,
    metavar="PERCENT|PACKAGE=PERCENT",
    help="A threshold, besides those of the target's `expect:` in .covlint.yaml.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file.")
@click.option(
    "--output-format",
    "others",
    type=FormatFile(FORMATS),
    multiple=True,
    help="Write in this format to this file, too; can be repeated.",
)
@click.option("--config", type=click.Path(dir_okay=False), help="Use this configuration file.")
def trend(
    folder: str | None,
    branch: str | None,
    series: str | None,
    against: str | None,
    no_decrease: float | None,
    no_decrease_by_package: float | None,
    expect: tuple[str, ...],
    form: str,
    output: str | None,
    others: tuple[tuple[str, str], ...],
    config: str | None,
) -> int:
    """Tell how coverage moved: the last run of FOLDER (.covlint/trend) against an earlier one.

    That *coverage fell* is told apart from that its *collection broke*: then no number is
    compared, and the exit code is 4. It is 1 where a limit is not kept, else 0.
    """

    ratchet = [_allowed(value) for value in (no_decrease, no_decrease_by_package)]
    runs = runs_in(store_of(folder, branch), series)
    standings = [
        stand(
            name,
            found,
            _base(found, against),
            _limits(name, ratchet, expect, config),
            os.getcwd(),
        )
        for name, found in runs.items()
    ]
    for name, file in others:
        write(file, _rendered(name, standings))
    if output is not None:
        write(output, _rendered(form, standings))
    elif form == "text":
        _show(standings)
    else:
        click.echo(_rendered(form, standings), nl=False)
    if any(one.outcome is Outcome.BROKE for one in standings):
        return BROKEN
    return FINDINGS if any(one.complaints for one in standings) else CLEAN


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path())
@click.option("--to", "folder", type=click.Path(file_okay=False), help="Keep it in this folder.")
@click.option("--branch", metavar="NAME", help="Keep it in this branch of the repository.")
@click.option("--series", metavar="NAME", help="Runs of one name are compared.  [the target's]")
@click.option("--keep", type=click.IntRange(min=1), help="Of each series, only the newest ones.")
def add(
    inputs: tuple[str, ...], folder: str | None, branch: str | None, series: str | None, keep: int
) -> int:
    """Keep a run: what `covlint verify` left in its folder, a JSON report, or data.

    INPUT is a folder of `covlint verify` (.covlint/TARGET) or a file of `covlint report --format
    json`; otherwise all INPUTs together are one run, as `covlint report` reads them.

    A branch is written without touching the work tree; pushing it is left to you.
    """

    store = store_of(folder, branch)
    added = [run_of(summary, series) for summary in summaries(inputs)]
    new = {run.file: render(run.summary).encode() for run in added}
    try:
        files = store.read() if branch is not None or os.path.isdir(folder or FOLDER) else {}
        removed = outdated(read_runs({**files, **new}), keep) if keep is not None else []
        store.write(
            {name: data for name, data in new.items() if name not in removed},
            [name for name in removed if name in files],
        )
    except StoreError as error:
        raise Failure(str(error)) from error
    for run in added:
        click.echo(f"kept {run.file} in {store}")
    return CLEAN


def _base(runs: Sequence[Run], against: str | None) -> Run | None:

    if against is None:
        return base_of(runs)
    if os.path.isfile(against):
        return run_of(read_summary(against), runs[-1].series)
    revisions = history(os.getcwd(), against)
    if not revisions:
        raise Misuse(f"--against: {against!r} is no file and no revision that git knows here")
    return newest_of(runs, revisions)


def _limits(
    series: str, ratchet: list[Fraction | None], expect: Sequence[str], config: str | None
) -> Limits:
    """The thresholds of the target that the series is of, and those of the command line."""

    root = project_root(os.getcwd())
    try:
        settings = read_config(config) if config else load_config(root) if root else Config()
        targets = {target.name: target for target in parse_targets(settings.targets)}
    except (ConfigError, TargetError) as error:
        raise Misuse(str(error)) from error
    total: Fraction | None = None
    least: dict[str, Fraction | None] = {}
    if series in targets:
        wanted = targets[series].expect
        total = exactly(wanted.total) if wanted.total is not None else None
        least = {_import_path(name): None for name in wanted.packages}
        least |= {_import_path(name): exactly(percent) for name, percent in wanted.least}
    for word in expect:
        name, equals, percent = word.rpartition("=")
        if equals:
            least[_import_path(name)] = _percent(percent)
        else:
            total = _percent(word)
    return Limits(ratchet[0], ratchet[1], total, least)


def _import_path(name: str) -> str:
    """``./x`` is relative to the module of the working directory."""
    if name != "." and not name.startswith("./"):
        return name
    root = module_root(os.getcwd())
    path = checkout_at(root).import_path(os.path.join(root, name)) if root is not None else None
    if path is None:
        raise Misuse(f"{name}: there is no Go module here that it could be relative to")
    return path


def _percent(text: str) -> Fraction:
    try:
        percent = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Misuse(f"--expect: {text!r} is no percentage") from None
    if not 0 <= percent <= 100:
        raise Misuse(f"--expect: {text} is no percentage from 0 to 100")
    return percent


def _allowed(points: float | None) -> Fraction | None:
    if points is None:
        return None
    if not 0 <= points <= 100:
        raise Misuse("--no-decrease is a number of points, from 0 to 100")
    return exactly(points)


def _rendered(form: str, standings: Sequence[Standing]) -> str:
    # Each format is loaded when it is asked for.
    if form == "json":
        from covlint.trend import document

        return document.render(standings)
    if form == "markdown":
        from covlint.trend import markdown

        return markdown.render(standings)
    if form == "svg":
        from covlint.trend import chart

        if len(standings) > 1:
            names = ", ".join(one.series for one in standings)
            raise Misuse(f"a picture shows one series: name it by --series ({names})")
        return chart.svg(standings[0].points, title=f"Coverage of {standings[0].series}")
    from covlint.trend import text

    return "".join(
        ("\n" if number else "") + "".join(line + "\n" for line, _ in text.lines(one, plain=True))
        for number, one in enumerate(standings)
    )


def _show(standings: Sequence[Standing]) -> None:
    from covlint.trend import text

    terminal = sys.stdout.isatty()
    colour = wants_colour(sys.stdout)
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    for number, one in enumerate(standings):
        if number:
            click.echo()
        for line, style in text.lines(one, width=width, plain=not terminal):
            if not colour or not style:
                click.echo(line)
            elif style == "dim":
                click.secho(line, dim=True)
            else:
                click.secho(line, fg=style)
