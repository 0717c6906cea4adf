"""Measures covlint beside other programs: `make bench`, or `python -m benchmarks`.

Prints a ratio for each pair, with what it was at the last recorded run. The exit code is 1 where
a goal is missed, where a ratio is worse than it was by more than benchmarks.figures.MARGIN, or
where covlint itself could not be measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks import covdata, fixing, growth, one_file, page, repositories, verify
from benchmarks.figures import Figure, last_ratios, line, worse
from benchmarks.machine import setting
from benchmarks.measuring import ROOT, Failed
from benchmarks.peers import Peers
from benchmarks.repositories import Tree

#: The name of the figure that stands for what could not be measured.
BROKEN = "the rest"


def main() -> int:
    asked = _arguments()
    # a Go toolchain may have been installed beside this Python
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], os.path.dirname(sys.executable)])
    before = last_ratios(page.history())
    with tempfile.TemporaryDirectory(prefix="covlint-bench-") as home:
        peers = Peers(asked.peers.resolve(), Path(home))
        about = setting(peers)
        figures, trees = _run(asked, peers, before)
    if asked.record:
        page.record(figures, trees, about)
    broken = [one for one in figures if one.name == BROKEN]
    missed = [one for one in figures if one.met is False]
    slower = [one for one in figures if worse(one, before.get(one.key))]
    print(f"{len(figures)} figures: {len(missed)} goals missed, {len(slower)} worse than last time")
    return 1 if missed or slower or broken else 0


def _run(
    asked: argparse.Namespace, peers: Peers, before: Mapping[str, float]
) -> tuple[list[Figure], list[Tree]]:
    """The parts that were asked for, printed as they come."""
    trees: list[Tree] = []

    def whole() -> Iterator[Figure]:
        for rows, tree in repositories.figures(asked.repositories, peers):
            trees.append(tree)
            yield from rows

    parts: dict[str, tuple[str, Callable[[], Iterable[Figure]]]] = {
        "one-file": (one_file.TABLE, lambda: one_file.figures(peers)),
        "repositories": (repositories.TABLE, whole),
        "growth": (growth.TABLE, growth.figures),
        "fixing": (fixing.TABLE, fixing.figures),
        "covdata": (covdata.TABLE, covdata.figures),
        "verify": (verify.TABLE, verify.figures),
    }
    figures: list[Figure] = []
    for name, (table, part) in parts.items():
        if asked.only and name not in asked.only:
            continue
        print(name, flush=True)
        for figure in _whatever_happens(table, part):
            figures.append(figure)
            print(line(figure, before.get(figure.key)), flush=True)
    return figures, trees


def _whatever_happens(table: str, part: Callable[[], Iterable[Figure]]) -> Iterator[Figure]:
    """The figures of a part; where it fails, a last one that says so: the others still count."""
    try:
        yield from part()
    except (Failed, OSError, subprocess.CalledProcessError) as error:
        yield Figure(table, BROKEN, "", f"not measured: {error}", None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="folders to check as a whole")
    parser.add_argument(
        "--peers",
        type=Path,
        default=ROOT / "build" / "peers",
        help="the virtual environment of the other programs",
    )
    parser.add_argument("--only", action="append", help="a part: one-file, growth, ...")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks.md")
    asked = parser.parse_args()
    if asked.record and asked.only:
        parser.error("--record writes the whole page: leave --only out")
    return asked


if __name__ == "__main__":
    sys.exit(main())
