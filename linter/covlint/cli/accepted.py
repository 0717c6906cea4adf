"""What ``covlint check`` accepts: the findings of a baseline, and those of an earlier revision."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import click

from covlint.baseline import BaselineError, Fingerprint, dump, fingerprints, load
from covlint.cli.exits import Misuse
from covlint.cli.output import write
from covlint.cli.scope import Scope
from covlint.engine import Inspection, Options, inspect
from covlint.files import DiskFiles
from covlint.registry import Registry


def read_baseline(file: str | None) -> Counter[Fingerprint]:
    """What the file accepts; nothing without a file. Raises Misuse."""
    if file is None:
        return Counter()
    try:
        with open(file, encoding="utf-8") as stream:
            return load(stream.read())
    except (OSError, UnicodeDecodeError, BaselineError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Misuse(f"{file}: {reason}") from error


def write_baseline(file: str, inspection: Inspection) -> None:
    """Accepts all that was found. Raises Failure."""
    write(file, dump(fingerprints(inspection.report.diagnostics, inspection.project.source)))


def prune(
    file: str | None, baseline: Counter[Fingerprint], inspection: Inspection, options: Options
) -> None:
    """Writes the baseline without what is found no more; without a file, says that there is some.

    What this run did not look at stays: other paths, and codes that were not asked for.
    """
    report = inspection.report
    found = fingerprints((*report.diagnostics, *report.accepted), inspection.project.source)
    gone = Counter(
        {key: count for key, count in (baseline - found).items() if _judged(key, options)}
    )
    if file is not None:
        write(file, dump(baseline - gone))
    elif gone:
        click.echo(
            f"covlint: {gone.total()} of the baseline are fixed: --baseline FILE "
            "--write-baseline FILE takes them out of it",
            err=True,
        )


def found_before(
    scope: Scope, registry: Registry, options: Options, revision: str | None
) -> Counter[Fingerprint]:
    """What was found at a git revision already, under the names that files have today.

    The rules, the configuration and the options are those of today. Raises Misuse.
    """
    if revision is None or not isinstance(scope.files, DiskFiles):
        return Counter()
    from covlint.history import HistoryError, files_at  # only where there is a revision

    try:
        past = files_at(scope.files, revision)
    except HistoryError as error:
        raise Misuse(f"--since: {error}") from error
    everywhere = replace(options, reported=None, explicit=())
    before = inspect(past.files, registry, everywhere)
    found = fingerprints(before.report.diagnostics, before.project.source)
    renamed: Counter[Fingerprint] = Counter()
    for key, count in found.items():
        renamed[key._replace(path=past.names.get(key.path, key.path))] += count
    return renamed


def _judged(key: Fingerprint, options: Options) -> bool:
    within = options.reported is None or key.path in options.reported
    return within and options.selection.wants(key.code)
