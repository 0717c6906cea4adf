"""``covlint verify``: build, run, exercise, stop, collect, validate, report."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click

from covlint.cli.exits import CLEAN, FINDINGS, Failure, Misuse
from covlint.cli.output import FormatFile, wants_colour, write
from covlint.cli.progress import StderrProgress
from covlint.cli.scope import Scope, registry_of, scope_of
from covlint.engine import Inspection, Options, inspect
from covlint.frozen import dataclass
from covlint.runner.candidates import chain_of, derived_target, with_build_arguments
from covlint.runner.cluster.script import cluster_script
from covlint.runner.command import Processes
from covlint.runner.container.runtime import RUNTIMES, NoRuntime
from covlint.runner.container.script import NAME, Caller, container_script
from covlint.runner.leftovers import find_leftovers, remove_leftover
from covlint.runner.process.namespaces import unavailable
from covlint.runner.process.plan import plan_process
from covlint.runner.process.script import process_script, suite_script
from covlint.runner.running import cluster_plan, container_plan, this_host, tool_environment
from covlint.runner.suite import plan_suite
from covlint.runner.target import ENGINES, Target, TargetError, parse_target
from covlint.runner.together import Job, verify_all
from covlint.runner.toolchain import NoToolchain, find_toolchain, go_environment
from covlint.runner.verdict import Outcome, Verdict
from covlint.runner.verification import Surrounding
from covlint.selection import nearest
from covlint.source import Span, UnreadableSource

FORMATS = ("text", "json", "junit")
#: Reports of the coverage, besides; they are in the folder of the target in any case.
REPORTS = ("html", "markdown", "cobertura", "lcov", "badge")
#: Results are kept here, below the project root; ``.gitignore`` it.
OUT = ".covlint"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of one call; None leaves a choice to the configuration."""

    targets: tuple[str, ...] = ()
    engine: str | None = None
    runtime: str | None = None
    cluster: str | None = None
    dry_run: bool = False
    keep: bool = False
    fresh: bool = False
    out: str | None = None
    form: str = "text"
    outputs: tuple[tuple[str, str], ...] = ()


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--engine", type=click.Choice(ENGINES), help="Instead of the target's own engine.")
@click.option("--runtime", type=click.Choice(RUNTIMES), help="Instead of the one that answers.")
@click.option(
    "--cluster", metavar="NAME", help="A Kind cluster, or a context, that is there already."
)
@click.option("--dry-run", is_flag=True, help="Print the steps as a shell script, run nothing.")
@click.option("--keep", is_flag=True, help="Keep the temporary folder of the run.")
@click.option("--fresh", is_flag=True, help="Remove old coverage files from the data folder first.")
@click.option("--clean", is_flag=True, help="Remove what killed runs left behind; nothing is run.")
@click.option("--out", type=click.Path(file_okay=False), help="Results go here.  [.covlint/TARGET]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text")
@click.option(
    "--output-format",
    "outputs",
    type=FormatFile((*FORMATS, *REPORTS)),
    multiple=True,
    help="Write in this format to this file, too; can be repeated.",
)
@click.option("--config", type=click.Path(dir_okay=False), help="Use this configuration file.")
def verify(
    targets: tuple[str, ...],
    engine: str | None,
    runtime: str | None,
    cluster: str | None,
    dry_run: bool,
    keep: bool,
    fresh: bool,
    clean: bool,
    out: str | None,
    form: str,
    outputs: tuple[tuple[str, str], ...],
    config: str | None,
) -> int:
    """Prove that the coverage of each TARGET arrives: build it, run it, stop it, read the data.

    Targets are those of .covlint.yaml (default: all of them); without any, the
    one service that takes part in coverage.
    """
    if clean:
        return clean_up()
    wishes = Wishes(targets, engine, runtime, cluster, dry_run, keep, fresh, out, form, outputs)
    return verify_scope(scope_of(["."], config_file=config), wishes)


def clean_up() -> int:
    """Lists what killed runs left, and removes it; on a terminal it asks before."""
    with Processes() as processes:
        left = find_leftovers(processes, os.environ)
        if not left:
            click.echo("No run was killed: there is nothing to remove.")
            return CLEAN
        for leftover in left:
            click.echo(f"run {leftover.run}")
            for line in leftover.lines():
                click.echo(f"  {line}")
        if sys.stdin.isatty() and not click.confirm("Remove all of this?", default=True):
            return CLEAN
        complaints = [line for one in left for line in remove_leftover(one, processes, os.environ)]
    for line in complaints:
        click.echo(f"not removed: {line}", err=True)
    click.echo("Removed." if not complaints else "Some of it is still there.")
    return FINDINGS if complaints else CLEAN


def verify_scope(scope: Scope, wishes: Wishes | None = None) -> int:
    """Verifies targets of a project and prints the verdicts; returns the exit code."""
    wishes = wishes or Wishes()
    inspection = inspect(
        scope.files,
        registry_of(scope.config),
        Options(
            settings=scope.config.settings,
            targets=scope.config.target_dockerfiles,
            render=scope.config.render,
        ),
    )
    try:
        chosen = [_engine_of(target, wishes) for target in _targets(scope, inspection, wishes)]
        if wishes.out is not None and len(chosen) > 1:
            raise Misuse("--out is for one target; name it")
        for form, _ in wishes.outputs:
            if form in REPORTS and form != "markdown" and len(chosen) > 1:
                raise Misuse(f"--output-format {form} is of one target; name it")
        if wishes.dry_run:
            for target in chosen:
                click.echo(_script(scope, inspection, target, wishes), nl=False)
            return CLEAN
        verdicts = _run(scope, inspection, chosen, wishes)
    except TargetError as error:
        raise Misuse(str(error)) from error
    except (NoToolchain, NoRuntime) as error:
        # what is missing is outside: it is for the user to set up, as a configuration is
        raise Misuse(str(error)) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise Failure(f"{place}{error.strerror or error}") from error
    _print(verdicts, wishes)
    return CLEAN if all(v.outcome is Outcome.PASSED for v in verdicts) else FINDINGS


def _targets(scope: Scope, inspection: Inspection, wishes: Wishes) -> list[Target]:
    section = scope.config.targets
    if not section:
        if wishes.targets:
            raise TargetError(
                f"there is no target {wishes.targets[0]}: .covlint.yaml names no `targets:`"
            )
        return [derived_target(inspection.project.chains())]
    for name in wishes.targets:
        if name not in section:
            near = nearest(name, list(section))
            hint = f"did you mean {near}?" if near else f"the targets are {', '.join(section)}"
            raise TargetError(f"there is no target {name}; {hint}")
    return [parse_target(name, section[name]) for name in wishes.targets or section]


def _engine_of(target: Target, wishes: Wishes) -> Target:
    if wishes.engine is None or wishes.engine == target.engine:
        return target
    if wishes.engine == "suite" and (target.run is None or target.data is None):
        raise TargetError(f"targets.{target.name}: the suite engine needs `run:` and `data:`")
    return replace(target, engine=wishes.engine)


def _run(
    scope: Scope, inspection: Inspection, targets: list[Target], wishes: Wishes
) -> list[Verdict]:
    jobs: list[Job] = []
    for target in targets:
        around = _surrounding(scope, inspection, target, wishes)
        jobs.append((with_build_arguments(target, around.chain), around))
        if wishes.fresh and target.data is not None:
            _clear(around.root / target.data)
    with StderrProgress() as progress, Processes() as processes:
        several = len(jobs) > 1
        verdicts = verify_all(jobs, processes, progress.of if several else lambda _: progress)
    from covlint.cli.results import keep, results_of, write_asked  # only a run pays for it

    results = [
        results_of(verdict, around) for verdict, (_, around) in zip(verdicts, jobs, strict=True)
    ]
    for at, (_, around) in enumerate(jobs):
        verdicts[at] = keep(results[at], verdicts[at], around.out)
        _write_result(verdicts[at], around.out)
    for form, file in wishes.outputs:
        if form in REPORTS:
            write_asked(results, form, file)
    return verdicts


def _surrounding(
    scope: Scope, inspection: Inspection, target: Target, wishes: Wishes
) -> Surrounding:
    root = Path(scope.root)
    out = Path(wishes.out).absolute() if wishes.out else root / OUT / target.name

    def locate(span: Span) -> tuple[str, int] | None:
        try:
            return span.path, inspection.project.source(span.path).line_of(span.start)
        except UnreadableSource:
            return None

    return Surrounding(
        root=root,
        out=out,
        environ=os.environ,
        read=inspection.project.source,
        locate=locate,
        chain=chain_of(target, inspection.project.chains()),
        diagnostics=inspection.report.diagnostics,
        keep=wishes.keep,
        runtime=wishes.runtime,
        cluster=wishes.cluster,
        releases=tuple(inspection.project.facts.helm_releases),
    )


def _script(scope: Scope, inspection: Inspection, target: Target, wishes: Wishes) -> str:
    around = _surrounding(scope, inspection, target, wishes)
    target = with_build_arguments(target, around.chain)
    run = Path("/covlint-run")  # written as "$run"
    with Processes() as processes:
        if target.engine in ("container", "play", "kind", "context"):
            caller = Caller(os.environ, tool_environment(around, processes)[1])
            if target.engine in ("container", "play"):
                boxed = container_plan(target, around, run, NAME, processes)
                return container_script(boxed, caller)
            return cluster_script(cluster_plan(target, around, run, NAME, processes), caller)
        toolchain = find_toolchain(processes, os.environ)
        host = this_host(unavailable(processes) if target.namespaces else None)
    if target.engine == "suite":
        return suite_script(
            plan_suite(target, around.root, os.environ, around.out / "suite.log"), toolchain
        )
    env = go_environment(toolchain, os.environ, around.out / "cache" / "go-build")
    plan = plan_process(target, around.chain, around.root, around.read, run, env, host)
    return process_script(plan, toolchain, os.environ)


def _clear(data: Path) -> None:
    """Remove coverage files, and nothing else."""
    for pattern in ("covmeta.*", "covcounters.*", "tmp.cov*"):
        for file in data.glob(pattern):
            try:
                file.unlink()
            except OSError as error:
                raise Failure(f"{file}: cannot be removed: {error.strerror}") from error


def _write_result(verdict: Verdict, out: Path) -> None:
    from covlint.report import verify_json

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "result.json").write_text(verify_json.render(verdict), encoding="utf-8")
    except OSError as error:
        raise Failure(f"{out}: results cannot be written: {error.strerror}") from error


def _print(verdicts: list[Verdict], wishes: Wishes) -> None:
    for name, file in wishes.outputs:
        if name in FORMATS:
            write(file, _rendered(verdicts, name))
    terminal = sys.stdout.isatty() and wishes.form == "text"
    width = shutil.get_terminal_size((100, 24)).columns if terminal else 100
    colour = terminal and wants_colour(sys.stdout)
    click.echo(_rendered(verdicts, wishes.form, colour=colour, width=width), nl=False)


def _rendered(verdicts: list[Verdict], form: str, *, colour: bool = False, width: int = 100) -> str:
    # Each format is loaded when it is asked for.
    if form == "json":
        from covlint.report import verify_json

        documents = [verify_json.document(verdict) for verdict in verdicts]
        return json.dumps(documents[0] if len(documents) == 1 else documents, indent=2) + "\n"
    if form == "junit":
        from covlint.report import verify_junit

        return verify_junit.render(verdicts)
    from covlint.report import verify_text

    return "\n".join(
        verify_text.render(verdict, colour=colour, width=width) for verdict in verdicts
    )
