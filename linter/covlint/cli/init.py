"""``covlint init``: propose, show and write what a repository without coverage lacks."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import click

from covlint.cli.exits import CLEAN, FINDINGS, Failure, Misuse
from covlint.cli.scope import Scope, registry_of, scope_of
from covlint.config import Config, ConfigError, parse_config
from covlint.diagnostics import Diagnostic, Severity
from covlint.engine import Inspection, Options, inspect
from covlint.files import CONFIG_NAME, Files
from covlint.fixer import Change, apply_edits
from covlint.initial.proposal import Proposal, propose
from covlint.initial.service import Service, Survey
from covlint.initial.signals import with_handler
from covlint.initial.survey import survey
from covlint.patch import unified_diff
from covlint.selection import nearest
from covlint.source import SourceFile, Span, UnreadableSource
from covlint.terminal import visible
from covlint.writer import WriteError, write_changes


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--service", "names", multiple=True, metavar="NAME", help="Only this service.")
@click.option("--yes", is_flag=True, help="Write the files without asking.")
@click.option("--diff", is_flag=True, help="Print the patch alone, and write nothing.")
@click.option("--config", type=click.Path(dir_okay=False), help="Use this configuration file.")
def init(
    paths: tuple[str, ...], names: tuple[str, ...], yes: bool, diff: bool, config: str | None
) -> int:
    """Propose what a repository without coverage lacks: instrumentation behind a build
    argument, an e2e overlay, a Kind mount, a Makefile target, a CI job, a verify target.

    On a terminal it asks before it writes. Nothing is run, and what production builds and
    deploys stays as it is. PATHS restrict it to services that have to do with them.

    Exit code: 0 nothing is missing, or the files are written; 1 something is missing and
    nothing was written.
    """
    if yes and diff:
        raise Misuse("--yes writes, --diff does not: give one of them")
    scope = scope_of(paths or (".",), config_file=config)
    seen = survey(scope.files, everything=bool(names) or scope.reported is not None)
    seen = _chosen(seen, scope, names)
    proposal = propose(scope.files, seen)
    changes = [piece.change for piece in proposal.pieces]
    if diff:
        _emit(changes)
        return FINDINGS if changes else CLEAN
    for line in (*_found(proposal), *_proposed(proposal)):
        click.echo(line)
    if changes:
        click.echo()
        _emit(changes)
    for line in _left(scope, proposal):
        click.echo(line)
    if not changes:
        return CLEAN
    if not yes and not _agreed():
        return FINDINGS
    try:
        write_changes(scope.root, changes)
    except WriteError as error:
        raise Failure(f"{error.consequence}: {error}") from error
    number = len(changes)
    click.echo(f"\nWritten: {number} file{'s' if number > 1 else ''}. Next: covlint verify")
    return CLEAN


def _agreed() -> bool:
    if not sys.stdin.isatty():
        click.echo("\nNothing is written. Write it with: covlint init --yes")
        return False
    return click.confirm("\nWrite these files?", default=False)


def _chosen(seen: Survey, scope: Scope, names: Sequence[str]) -> Survey:
    if scope.reported is not None:
        seen = seen.below(scope.reported)
    known = [service.name for service in seen.services]
    for name in names:
        if name not in known:
            near = nearest(name, known)
            listed = ", ".join(known) or "none"
            hint = f"did you mean {near}?" if near else f"the services are: {listed}"
            raise Misuse(f"there is no service {name}; {hint}")
    return seen.named(names) if names else seen


def _emit(changes: Sequence[Change]) -> None:
    sys.stdout.flush()
    for one in changes:
        data = unified_diff(one.path, one.before, one.after, created=one.created)
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _found(proposal: Proposal) -> Iterator[str]:
    if not proposal.services:
        yield "No service is found: no Dockerfile builds a Go main package, and none serves."
        return
    yield "Found:"
    for service in proposal.services:
        yield f"  {visible(service.name)}: {visible(_described(service))}"


def _described(service: Service) -> str:
    built = (
        f"built by {service.dockerfile}"
        if service.dockerfile
        else "no Dockerfile is seen to build it"
    )
    parts = [f"{service.package or '.'}, {built}"]
    container = service.container
    if container is None and service.dockerfile:
        parts.append("no workload is seen")
    elif container is not None:
        name = container.pod.name.text if container.pod.name is not None else ""
        where = container.pod.overlay or container.span.path
        parts.append(f"{container.pod.kind} {name}".strip() + f" in {where}")
    if service.collected:
        parts.append("its coverage is collected already")
    if service.others:
        more = f" and {len(service.others) - 2} more" if len(service.others) > 2 else ""
        parts.append(f"left as it is: {', '.join(service.others[:2])}{more}")
    return "; ".join(parts)


def _proposed(proposal: Proposal) -> Iterator[str]:
    yield ""
    if not proposal.pieces:
        yield "Nothing is missing." if proposal.services else "Nothing is proposed."
    else:
        yield "Proposed:"
    for piece in proposal.pieces:
        new = " (new)" if piece.change.created else ""
        yield f"  {visible(piece.change.path)}{new}"
        for reason in dict.fromkeys(piece.why):
            yield f"      {visible(reason)}"
    for note in proposal.notes:
        yield f"  to know: {visible(note)}"


def _left(scope: Scope, proposal: Proposal) -> Iterator[str]:
    """What covlint would still say, and the fixes of what is not safe to write unasked."""
    inspection = _inspected(scope, proposal.files)
    open_ = [one for one in inspection.report.diagnostics if one.severity is not Severity.NOTICE]
    former = inspection
    if open_ and proposal.pieces:  # what is said of the files as they are is no news
        former = _inspected(scope, scope.files)
    before = {_key(one) for one in former.report.diagnostics}
    known = [one for one in open_ if _key(one) in before]
    if known:
        counted = Counter(one.code for one in known)
        told = ", ".join(f"{n} × {code}" if n > 1 else code for code, n in sorted(counted.items()))
        yield ""
        yield f"What is there already is not whole: {told}."
        yield "`covlint` shows it, `covlint --fix` repairs what is safe (--unsafe-fixes: more)."
    new = [one for one in open_ if _key(one) not in before]
    said = {one.span.path for one in open_ if one.code == "COV601"}
    deaf = [main for main in _deaf(proposal.services) if main.path not in said]
    if new or deaf:
        yield ""
        yield "The data will not arrive before this is done, too:"
    for one in new:
        line = inspection.project.source(one.span.path).line_of(one.span.start)
        yield f"  {visible(one.span.path)}:{line}: {one.code} {visible(one.message)}"
        if one.fix is not None:
            yield f"      {visible(one.fix.title)}"
            yield from _shown(one, proposal.files)

    for main in deaf:  # of what `make` builds, or no Dockerfile
        source = proposal.files.read(main.path)
        place = f"{visible(main.path)}:{source.line_of(main.start)}"
        yield f"  {place}: SIGTERM is not handled (COV601)"
        yield from _patch_lines(source, with_handler(source, main) or source.data)


def _deaf(services: Sequence[Service]) -> Iterator[Span]:
    """The main functions that are ended by SIGTERM, before counters are written."""
    for main in dict.fromkeys(one.main for one in services if one.main is not None):
        if main.handles_sigterm is False and main.runs_forever and not main.serves_coverage:
            yield main.main


def _shown(diagnostic: Diagnostic, files: Files) -> Iterator[str]:
    """The patch of a fix; of one without edits that a program asks for, one to start from."""
    assert diagnostic.fix is not None
    found: dict[str, bytes] = {}
    for path in dict.fromkeys(edit.span.path for edit in diagnostic.fix.edits):
        edits = [edit for edit in diagnostic.fix.edits if edit.span.path == path]
        found[path] = apply_edits(files.read(path).data, edits)
    if diagnostic.code == "COV601" and not found:
        source = files.read(diagnostic.span.path)
        found[source.path] = with_handler(source, diagnostic.span) or source.data
    for path, after in found.items():
        yield from _patch_lines(files.read(path), after)


def _patch_lines(source: SourceFile, after: bytes) -> Iterator[str]:
    patch = unified_diff(source.path, source.data, after).decode("utf-8", "replace")
    for line in patch.splitlines()[1:]:
        yield "      " + visible(line.replace("\t", "    "))


def _key(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.code, diagnostic.span.path, diagnostic.message


def _inspected(scope: Scope, files: Files) -> Inspection:
    config = _config(scope.config, files)
    options = Options(settings=config.settings, targets=config.target_dockerfiles)
    return inspect(files, registry_of(config), options)


def _config(given: Config, files: Files) -> Config:
    """The configuration with the targets that the proposal gives it."""
    try:
        read = parse_config(files.read(CONFIG_NAME).data, CONFIG_NAME)
    except (UnreadableSource, ConfigError):
        return given
    return replace(given, targets={**given.targets, **read.targets})
