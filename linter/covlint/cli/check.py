"""``covlint check``: inspect, and with ``--fix`` rewrite."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

import click

from covlint.cli.accepted import found_before, prune, read_baseline, write_baseline
from covlint.cli.codes import Codes
from covlint.cli.exits import CLEAN, FINDINGS, INTERNAL, Failure, Misuse
from covlint.cli.output import FORMATS, FormatFile, prefix_of, rendered, wants_colour, write
from covlint.cli.scope import Scope, registry_of, scope_of
from covlint.config import Config
from covlint.diagnostics import Severity
from covlint.engine import Inspection, Options, inspect
from covlint.frozen import dataclass
from covlint.registry import OWN_CODES, Registry
from covlint.report import Finding, Sheet
from covlint.selection import Selection, SelectionError, split_codes


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of one call, as click hands them over."""

    paths: tuple[str, ...]
    fix: bool
    unsafe_fixes: bool
    diff: bool
    format: str
    output: str | None
    output_format: tuple[tuple[str, str], ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    proven: bool
    fail_on: str | None
    strict: bool
    show_unknown: bool
    config: str | None
    stdin_filename: str | None
    statistics: bool
    exit_zero: bool
    verify: bool
    baseline: str | None
    write_baseline: str | None
    since: str | None


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--fix", is_flag=True, help="Apply the safe fixes.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe fixes as well."
)
@click.option("--diff", is_flag=True, help="Print what --fix would change, and write nothing.")
@click.option("--format", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False), help="Write the report to this file.")
@click.option(
    "--output-format",
    type=FormatFile(),
    multiple=True,
    help="Write a report in another format as well; may be repeated.",
)
@click.option(
    "--select",
    type=Codes(),
    multiple=True,
    metavar="CODES",
    help="Only these codes or prefixes.",
)
@click.option(
    "--ignore", type=Codes(), multiple=True, metavar="CODES", help="Not these codes or prefixes."
)
@click.option("--proven", is_flag=True, help="Only rules whose claim was measured.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    help="The severity from which the exit code is 1.  [default: warning]",
)
@click.option("--strict", is_flag=True, help="A file that cannot be read counts as a finding.")
@click.option("--show-unknown", is_flag=True, help="List the links that could not be seen.")
@click.option("--config", type=click.Path(dir_okay=False), help="Use this configuration file.")
@click.option("--stdin-filename", metavar="PATH", help="The path of what `-` reads.")
@click.option("--statistics", is_flag=True, help="Count the findings by code.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 in spite of findings.")
@click.option("--verify", is_flag=True, help="Prove the result by a real run.")
@click.option(
    "--baseline", type=click.Path(dir_okay=False), help="Leave out the findings of this file."
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False),
    help="Write today's findings to this file, and exit with 0; "
    "with --baseline only those of them that it accepts already.",
)
@click.option("--since", metavar="REV", help="Only what was brought in since this git revision.")
def check(**options: Any) -> int:
    """Find what loses the coverage data; PATHS are files and folders (default: `.`)."""
    return execute(Wishes(**options))


def execute(wishes: Wishes) -> int:
    """Runs the command and returns the exit code."""
    scope, stdin = _scope(wishes)
    registry = registry_of(scope.config)
    options = Options(
        reported=scope.reported,
        explicit=scope.explicit,
        selection=_selection(wishes, scope.config, registry),
        settings=scope.config.settings,
        targets=scope.config.target_dockerfiles,
        render=scope.config.render,
        require_reasons=scope.config.require_reasons,
    )
    baseline = read_baseline(wishes.baseline)
    accepted = baseline | (found_before(scope, registry, options, wishes.since))
    options = replace(options, accepted=accepted)
    inspection = inspect(scope.files, registry, options)
    if wishes.write_baseline is not None and wishes.baseline is None:
        write_baseline(wishes.write_baseline, inspection)
        return CLEAN
    if wishes.fix or wishes.diff:
        inspection, sheet = _fix(wishes, scope, registry, options, inspection, stdin)
    else:
        sheet = _sheet(inspection)
    if wishes.baseline is not None:
        prune(wishes.write_baseline, baseline, inspection, options)
    if wishes.show_unknown:
        sheet = replace(sheet, unknown=_unknown(inspection))
    sheet = replace(sheet, prefix=prefix_of(scope.root))
    _report(wishes, sheet, registry)
    code = _exit_code(wishes, scope.config, sheet)
    if wishes.verify and code != INTERNAL and not wishes.diff:
        from covlint.cli.verify import Wishes as Verification
        from covlint.cli.verify import verify_scope

        form = "json" if wishes.format == "json" else "text"
        return max(code, verify_scope(scope, Verification(form=form)))
    return code


def _scope(wishes: Wishes) -> tuple[Scope, bytes | None]:
    piped = wishes.paths == ("-",)
    if piped and wishes.stdin_filename is None:
        raise Misuse("`-` reads a file from standard input: say which with --stdin-filename PATH")
    if not piped and (wishes.stdin_filename is not None or "-" in wishes.paths):
        raise Misuse("--stdin-filename goes with `-` as the only path")
    if wishes.unsafe_fixes and not (wishes.fix or wishes.diff):
        raise Misuse("--unsafe-fixes goes with --fix or --diff")
    if piped and wishes.since is not None:
        raise Misuse("--since needs files on disk")
    if wishes.write_baseline and not wishes.baseline and (wishes.fix or wishes.diff):
        raise Misuse("--write-baseline goes with --fix or --diff only beside --baseline")
    if piped and wishes.verify:
        raise Misuse("--verify needs files on disk")
    if wishes.verify and wishes.format not in ("text", "github") and wishes.output is None:
        raise Misuse("--verify with --format: say with --output FILE where the first report goes")
    if not piped:
        return scope_of(wishes.paths or (".",), config_file=wishes.config), None
    data = sys.stdin.buffer.read()
    scope = scope_of(
        (), config_file=wishes.config, stdin_filename=wishes.stdin_filename, stdin=data
    )
    return scope, data


def _selection(wishes: Wishes, config: Config, registry: Registry) -> Selection:
    """The command line replaces the configuration's ``select`` and adds to its ``ignore``."""
    configured = config.selection
    selection = replace(
        configured,
        select=split_codes(wishes.select) or configured.select,
        ignore=(*configured.ignore, *split_codes(wishes.ignore)),
        proven=wishes.proven,
    )
    try:
        selection.check((*registry.codes, *OWN_CODES))
    except SelectionError as error:
        raise Misuse(str(error)) from error
    return selection


def _sheet(inspection: Inspection) -> Sheet:
    report = inspection.report
    return Sheet(
        findings=tuple(
            Finding(diagnostic, inspection.project.source) for diagnostic in report.diagnostics
        ),
        services=inspection.services,
        suppressed=report.suppressed,
        unread=report.unread,
        crashes=report.crashes,
        files=report.files,
        traced=inspection.traced,
    )


def _fix(
    wishes: Wishes,
    scope: Scope,
    registry: Registry,
    options: Options,
    first: Inspection,
    stdin: bytes | None,
) -> tuple[Inspection, Sheet]:
    """Applies the fixes to disk, to standard output or, with --diff, to a patch."""
    from covlint.fixer import fix  # only where something is fixed

    if wishes.fix and not wishes.diff and stdin is None:
        _tidy(scope)
    outcome = fix(scope.files, registry, options, unsafe=wishes.unsafe_fixes, first=first)
    if not outcome.converged:
        click.echo(
            "covlint: some fixes were left out: they call for one another without end", err=True
        )
    if wishes.diff:
        from covlint.patch import unified_diff

        for change in outcome.changes:
            _emit(unified_diff(change.path, change.before, change.after))
    elif stdin is not None:
        after = {change.path: change.after for change in outcome.changes}
        _emit(after.get(scope.explicit[0], stdin))
    elif outcome.changes:
        from covlint.writer import WriteError, write_changes

        try:
            write_changes(scope.root, outcome.changes)
        except WriteError as error:
            raise Failure(f"{error.consequence}: {error}") from error
    left = _sheet(outcome.inspection)
    fixed = tuple(
        Finding(applied.diagnostic, applied.sources.__getitem__, fixed=True)
        for applied in sorted(outcome.applied, key=lambda one: one.diagnostic.span)
    )
    skipped = tuple((item.diagnostic, item.reason) for item in outcome.skipped)
    sheet = replace(left, findings=(*left.findings, *fixed), skipped=skipped, fixing=True)
    return outcome.inspection, sheet


def _tidy(scope: Scope) -> None:
    """Removes what runs that were killed have left (decision 16)."""
    from covlint.staging import SUFFIX, remove_leftovers  # only where something is fixed

    if scope.reported is None:
        places = [path for path in scope.files.paths() if path.endswith(SUFFIX)]
    else:
        places = list(scope.reported)
    folders = {os.path.dirname(os.path.join(scope.root, path)) for path in places}
    remove_leftovers(sorted(folders))


def _emit(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _report(wishes: Wishes, sheet: Sheet, registry: Registry) -> None:
    for name, file in wishes.output_format:
        write(file, rendered(name, sheet, registry, statistics=wishes.statistics))
    if wishes.output is not None:
        content = rendered(wishes.format, sheet, registry, statistics=wishes.statistics)
        write(wishes.output, content)
        return
    # A patch, or a fixed file, has standard output for itself.
    stream = sys.stderr if wishes.diff or (wishes.fix and wishes.paths == ("-",)) else sys.stdout
    stream.write(
        rendered(
            wishes.format,
            sheet,
            registry,
            statistics=wishes.statistics,
            colour=wants_colour(stream),
        )
    )
    stream.flush()


def _exit_code(wishes: Wishes, config: Config, sheet: Sheet) -> int:
    if sheet.crashes:
        return INTERNAL
    limit = Severity(wishes.fail_on or config.fail_on).rank
    bad = any(finding.diagnostic.severity.rank >= limit for finding in sheet.open)
    if (bad or (wishes.strict and sheet.unread)) and not wishes.exit_zero:
        return FINDINGS
    return CLEAN


def _unknown(inspection: Inspection) -> tuple[str, ...]:
    """The links of all chains that could not be seen, and where they are written."""
    from covlint.chain import Certainty

    lines = []
    for chain in inspection.project.chains():
        for link in chain.links:
            if link.certainty is not Certainty.UNKNOWN:
                continue
            place = ""
            if link.span is not None:
                start = inspection.project.source(link.span.path).position(link.span.start)
                place = f" ({link.span.path}:{start.line}:{start.column})"
            lines.append(f"{chain.service}: {link.hop.value}: {link.label}{place}")
    return tuple(dict.fromkeys(lines))
