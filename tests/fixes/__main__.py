"""Tries every fix on all that there is, and prints the figures; the exit code is 1 when anything
does not hold.

The repository's own projects, with safe fixes, with all, with those of one rule alone, and in each
variant; projects that are generated, other ones each time; and the checkouts in FOLDER: copies of
them, by the command line and git, and what is fixed in them in each variant. Nothing in FOLDER is
written, and nothing of it is run.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random, SystemRandom

from covlint.engine import Options
from covlint.files import MemoryFiles
from ecosystem.fixes import check_fixes
from fixes.checkouts import cut_out
from fixes.generated import generated
from fixes.projects import Project, projects
from fixes.properties import checked
from fixes.runs import REGISTRY, Mode, Run, compared, refused_by_git, tried
from fixes.variants import VARIANTS, Variant

#: Runs whose diffs git takes at once.
_BATCH = 500
_KINDS = {
    "rules": "cases of the rules",
    "labs": "labs",
    "fixtures": "bundled projects and services",
    "sabotages": "sabotaged projects",
    "checkouts": "what is fixed in public repositories",
}


class Tally:
    """What was tried, by kind; problems are printed as they come."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self._runs: list[tuple[str, Run]] = []

    def add(self, kind: str, files: int, fixes: int, problems: Iterable[str]) -> None:
        count = self.counts.setdefault(kind, Counter())
        count.update(runs=1, files=files, fixes=fixes)
        self.complain(kind, problems)

    def complain(self, kind: str, problems: Iterable[str]) -> None:
        for problem in problems:
            self.counts[kind]["problems"] += 1
            print(f"{kind}: {problem}", flush=True)

    def run(self, kind: str, run: Run, more: Iterable[str] = ()) -> None:
        outcome = run.outcome
        problems = [f"{run}: {what}" for what in (*run.problems, *more)]
        self.add(kind, len(outcome.changes), len(outcome.applied), problems)
        if outcome.changes:
            self._runs.append((kind, run))
        if len(self._runs) == _BATCH:
            self.apply()

    def apply(self) -> None:
        """Has git apply the diffs of the runs since the last time."""
        if list(refused_by_git(run for _, run in self._runs)):
            for kind, run in self._runs:  # one by one, to name it
                self.complain(kind, (f"{run}: {what}" for what in refused_by_git([run])))
        self._runs = []

    def rows(self) -> list[list[str | int]]:
        names = ("runs", "files", "fixes", "problems")
        return [[kind, *(count[name] for name in names)] for kind, count in self.counts.items()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="fixes", description=__doc__)
    parser.add_argument("folder", nargs="?", metavar="FOLDER", type=Path)
    parser.add_argument("--generated", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, help="of the generated projects")
    parser.add_argument("--record", action="store_true", help="keep the figures for the docs")
    chosen = parser.parse_args()
    tally = Tally()
    for project in projects():
        everywhere(tally, project)
    made(tally, chosen.generated, chosen.seed)
    if chosen.folder:
        for folder in sorted(path for path in chosen.folder.iterdir() if path.is_dir()):
            found(tally, folder)
    tally.apply()
    columns = ["tried on", "runs of `--fix`", "files changed", "fixes", "problems"]
    rows = tally.rows()
    for row in [columns, *rows]:
        print(
            f"{row[0]:60}",
            *(f"{cell:>15,}" if isinstance(cell, int) else f"{cell:>15}" for cell in row[1:]),
        )
    if chosen.record:
        sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
        from tools.reliability import record

        print(record("fixes", columns, rows, f"{len(VARIANTS) - 1} variants"))
    return int(any(row[-1] for row in rows))


def everywhere(tally: Tally, project: Project) -> None:
    """A project as it is written, in each mode, and with all fixes in each variant."""
    kind = _KINDS[project.group]
    plain = tried(project, VARIANTS[0], Mode.UNSAFE)
    tally.run(kind, plain)
    for mode in (Mode.SAFE, Mode.ALONE):
        tally.run(kind, tried(project, VARIANTS[0], mode))
    if not plain.outcome.changes:
        return
    for variant in variants_for(project):
        if variant.of(project.files) != project.files:
            run = tried(project, variant, Mode.UNSAFE)
            tally.run(f"{kind}, in {len(VARIANTS) - 1} variants", run, compared(plain, run))


def variants_for(project: Project) -> tuple[Variant, ...]:
    """Each; of the sabotaged projects, which differ in a line or two, each in a quarter of them."""
    if project.group != "sabotages":
        return VARIANTS[1:]
    return VARIANTS[1 + zlib.crc32(project.name.encode()) % 4 :: 4]


def made(tally: Tally, count: int, seed: int | None) -> None:
    """Generated projects, from a seed of their own each."""
    first = SystemRandom().getrandbits(31) if seed is None else seed
    for number in range(first, first + count):
        said, files = generated(Random(number))
        outcome, problems = checked(
            MemoryFiles(files), REGISTRY, Options(), unsafe=True, mixed=True
        )
        told = [f"--generated 1 --seed {number}: {said}: {what}" for what in problems]
        tally.add("generated projects", len(outcome.changes), len(outcome.applied), told)


def found(tally: Tally, folder: Path) -> None:
    """A checkout as a whole, and what is fixed in it."""
    whole = check_fixes(folder)
    tally.add(
        "public repositories, as a whole",
        len(whole.changed),
        0,
        (f"{folder.name}: {problem}" for problem in whole.problems),
    )
    for project in cut_out(folder) if whole.changed else ():
        everywhere(tally, project)


if __name__ == "__main__":
    sys.exit(main())
