"""``covlint report``: coverage of data folders and text profiles, in any format."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

import click

from covlint.cli.exits import CLEAN, FINDINGS, Failure
from covlint.covdata import textfmt
from covlint.covdata.dataset import Dataset, Problem, Trouble, data_folders, read_dataset, read_file
from covlint.covdata.layout import BadFile
from covlint.covdata.lines import TooManyLines
from covlint.covdata.profile import Profile, merged, profile_of

FORMATS = ("text", "func", "percent", "textfmt", "cobertura", "lcov", "json", "html")
#: What is true of the data and still loses none of it.
_REMARKS = frozenset({Trouble.SEVERAL_BUILDS, Trouble.MIXED_MODES})
_SHOWN = 20  # problems


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path())
@click.option("--format", "form", type=click.Choice(FORMATS), default="text")
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file.")
def report(inputs: tuple[str, ...], form: str, output: str | None) -> int:
    """Report the coverage of every INPUT together: data folders, text profiles, or both.

    A folder (GOCOVERDIR) stands for all data files in it and below it, a file for a profile
    of `go test -coverprofile`. All are laid over one another: the same block counts once,
    and is covered when any of them covers it.

    No Go toolchain is needed. A bad file is named and left out, and makes the exit code 1.
    """
    dataset, profile = read_inputs(inputs)
    for line in complaints(dataset.problems):
        click.echo(line, err=True)
    try:
        text = _rendered(profile, dataset, form)
    except TooManyLines as error:
        raise Failure(str(error)) from error
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    lossless = all(problem.trouble in _REMARKS for problem in dataset.problems)
    if not profile.packages:
        click.echo("covlint: there is no coverage in it", err=True)
    return CLEAN if profile.packages and lossless else FINDINGS


def read_inputs(inputs: Sequence[str]) -> tuple[Dataset, Profile]:
    """The data of all folders, and the profile of everything.

    Raises Failure for what does not exist and for a file that is no text profile.
    """
    missing = [path for path in inputs if not os.path.lexists(path)]
    if missing:
        raise Failure("no such file or directory: " + ", ".join(missing))
    dataset = read_folders(path for path in inputs if os.path.isdir(path))
    texts = [_text_profile(path) for path in inputs if not os.path.isdir(path)]
    return dataset, merged([profile_of(dataset), *texts])


def read_folders(folders: Iterable[str]) -> Dataset:
    """The data in and below all of them; a folder that is named twice counts once."""
    found = {os.path.realpath(inner): inner for folder in folders for inner in data_folders(folder)}
    return read_dataset(list(found.values()))


def complaints(problems: Sequence[Problem]) -> list[str]:
    """A line for each problem; of very many the first ones."""
    if not problems:
        return []
    from covlint.report.text import visible  # brings the engine along, which nothing else needs

    lines = [f"covlint: {visible(problem.path)} {visible(problem.reason)}" for problem in problems]
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"covlint: and {more} more"] if more > 0 else [])]


def _text_profile(path: str) -> Profile:
    try:
        return textfmt.parse(read_file(path).decode("utf-8", "replace"))
    except (textfmt.BadProfile, BadFile) as error:
        raise Failure(f"{path}: {error}") from error
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}") from error


def _rendered(profile: Profile, dataset: Dataset, form: str) -> str:
    # Each format is loaded when it is asked for.
    if form == "text":
        return _table(profile, dataset)
    if form == "textfmt":
        return textfmt.render(profile)
    if form == "func":
        from covlint.covdata import func

        return func.render(profile)
    if form == "percent":
        from covlint.covdata import percent

        return percent.render(profile)
    if form == "json":
        from covlint.covdata import json

        return json.render(profile)
    return _with_sources(profile, form)


def _with_sources(profile: Profile, form: str) -> str:
    """The formats that name files as they lie in the checkout around the working directory."""
    from covlint.runner.evidence.checkout import checkout_at, module_root

    root = module_root(".")
    places: dict[str, str] = {}
    if root is not None:
        checkout = checkout_at(root)
        found = ((file, checkout.find(file)) for file in profile.files())
        places = {file: place for file, place in found if place is not None}
    paths = {
        file: os.path.relpath(place, root).replace(os.sep, "/") for file, place in places.items()
    }
    if form == "lcov":
        from covlint.covdata import lcov

        return lcov.render(profile, paths)
    if form == "cobertura":
        from covlint.covdata import cobertura

        stamp = int(time.time() * 1000)
        return cobertura.render(profile, paths, source=root or ".", timestamp=stamp)
    from covlint.covdata import html

    sources: dict[str, bytes] = {}
    for file, place in places.items():
        try:
            sources[file] = read_file(place)
        except (BadFile, OSError):
            continue  # listed as not found
    return html.render(profile, sources)


def _table(profile: Profile, dataset: Dataset) -> str:
    from covlint.report.text import visible  # brings the engine along, which nothing else needs

    rows = [("package", "covered", "statements", "%")]
    rows += [
        (visible(p.path), str(p.covered), str(p.statements), f"{p.percent:.1f}")
        for p in profile.packages
    ]
    rows.append(("total", str(profile.covered), str(profile.statements), f"{profile.percent:.1f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    mode = f", mode {profile.mode}" if profile.mode is not None else ""
    processes = f"{dataset.runs} process{'' if dataset.runs == 1 else 'es'}"
    builds = f"{len(dataset.builds)} build{'' if len(dataset.builds) == 1 else 's'}"
    return "\n".join([*lines, "", f"{processes} of {builds}{mode}"]) + "\n"


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {error.strerror}") from error
