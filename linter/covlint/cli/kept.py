"""Runs on their way into a store and out of it, as the command line names both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import click

from covlint.cli.exits import Failure, Misuse
from covlint.cli.inputs import parse_input, read_inputs
from covlint.cli.report import now, revision
from covlint.covdata.dataset import read_file
from covlint.covdata.layout import BadFile
from covlint.covdata.summary import BadSummary, Summary, parse, summary_of
from covlint.trend.runs import Run, in_series, read_runs
from covlint.trend.stores import BranchStore, FolderStore, Store, StoreError

#: Where runs are kept when nothing says where.
FOLDER = os.path.join(".covlint", "trend")
#: What ``covlint verify`` leaves in its folder.
REPORT = "coverage.json"


def store_of(folder: str | None, branch: str | None) -> Store:
    """Raises Misuse where both are named, or the branch cannot be one."""
    if branch is None:
        return FolderStore(folder or FOLDER)
    if folder is not None:
        raise Misuse("runs are in a folder or in a branch: name one of them")
    try:
        return BranchStore(os.getcwd(), branch)
    except StoreError as error:
        raise Misuse(str(error)) from error


def runs_in(store: Store, series: str | None) -> dict[str, list[Run]]:
    """The runs by series. Raises Failure where there are none, Misuse for an unknown series."""
    try:
        found = in_series(read_runs(store.read()))
    except StoreError as error:
        raise Failure(str(error)) from error
    if not found:
        raise Failure(f"{store} holds no runs; `covlint trend add` keeps one")
    if series is None:
        return found
    if series not in found:
        raise Misuse(f"{store} has no series {series}; it has {', '.join(found)}")
    return {series: found[series]}


def summaries(inputs: Sequence[str]) -> list[Summary]:
    """A run for each report, and one for all data together."""
    found: list[Summary] = []
    data: list[str] = []
    for path in inputs:
        report = os.path.join(path, REPORT) if os.path.isdir(path) else path
        if os.path.isfile(report) and report.endswith(".json"):
            found.append(read_summary(report))
        else:
            data.append(path)
    if data:
        found.append(_of_data(data))
    return found


def read_summary(path: str) -> Summary:
    """The run in a JSON report. Raises Failure."""
    try:
        return _dated(parse(read_file(path).decode("utf-8", "replace")))
    except (BadSummary, BadFile) as error:
        raise Failure(f"{path}: {error}") from error
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}") from error


def _of_data(paths: Sequence[str]) -> Summary:
    read = read_inputs([parse_input(path) for path in paths])
    for remark in read.remarks:
        click.echo(f"covlint: {remark}", err=True)
    return _dated(
        replace(
            summary_of(read.coverage),
            processes=read.processes,
            programs=read.programs,
            remarks=read.remarks,
        )
    )


def _dated(summary: Summary) -> Summary:
    """When and of what, where the run does not say: now, and what is checked out here."""
    return replace(
        summary,
        time=summary.time or now(),
        revision=summary.revision or revision("."),
    )
