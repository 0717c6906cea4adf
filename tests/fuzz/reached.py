"""How much of the code fuzzing has come to: ``python -m fuzz.reached [READER ...]``.

Runs the inputs that were worth keeping (build/fuzz), and prints which part of the statements and
branches of the reader's own modules they reach, and the lines that they do not. ``--record``
writes the table of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools.reliability import Cell, record
from tools.reliability import main as fill

from fuzz.limits import found
from fuzz.seeds import ROOT, seeds
from fuzz.targets import READERS

#: The modules that a target is there for, as patterns below linter/covlint.
MODULES = {
    "dockerfile": "documents/dockerfile.py documents/instruction.py documents/shellquotes.py",
    "makefile": "documents/make[!v]*.py",
    "covmeta": "covdata/meta.py covdata/layout.py",
    "covcounters": "covdata/counters.py covdata/tally.py",
    "spans": "source.py patch.py",
    "shell": "documents/shell*.py documents/grammars.py",
    "yaml": "documents/yaml.py documents/yaml_nodes.py",
    "template": "documents/template.py facts/kubernetes/helm.py",
    "go": "documents/go[!mil]*.py documents/golang.py facts/golang/[cemru]*.py facts/golang/objects.py"
    " facts/golang/object_writer.py facts/golang/testcontainers.py facts/golang/started.py",
    "python": "documents/python*.py facts/python/*.py",
    "other": "facts/ci/*.py facts/compose/[bsv]*.py facts/compose/env_file.py facts/builds/*.py documents/gomod.py",
    "own": "config.py baseline.py covdata/summary.py covdata/textfmt.py runner/target.py",
    "check": "engine.py project.py suppression.py facts/*/*.py wiring/*.py ../../rules/covlint_rules/*/*.py",
    "fix": "fixer.py documents/yaml_edit.py documents/yaml_text.py ../../rules/covlint_rules/*/*.py",
}
COLUMNS = ["read", "inputs kept", "statements and branches reached"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz.reached", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(READERS))
    parser.add_argument("--lines", action="store_true", help="also the lines that are not reached")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        for data in _inputs(chosen.readers[0]):
            with suppress(AssertionError):  # not judged here
                READERS[chosen.readers[0]].run(data)
        return 0
    rows: list[list[Cell]] = []
    for name in chosen.readers or READERS:
        report = _measured(name)
        share, inputs = f"{int(report['totals']['percent_covered'])} %", len(_inputs(name))
        print(f"{name:12} {inputs:6,} inputs reach {share}")
        for file, told in report["files"].items() if chosen.lines else ():
            branches = ", ".join(f"{a}->{b}" for a, b in told["missing_branches"])
            print(f"  {file}: {told['missing_lines']} {branches}")
        rows.append([f"{READERS[name].about} (`{name}`)", inputs, share])
    if chosen.record:
        record("fuzz-reached", COLUMNS, rows)
        fill()
    return 0


def _inputs(name: str) -> list[bytes]:
    corpus = ROOT / "build" / "fuzz" / name
    grown = sorted(corpus.iterdir()) if corpus.is_dir() else []
    return [*seeds(name), *(path.read_bytes() for path in (*grown, *found(name)))]


def _measured(name: str) -> dict[str, Any]:
    """coverage.py's report; in a process of its own, so that modules are imported anew."""
    import coverage

    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder, "data"), Path(folder, "report")
        subprocess.run(
            [sys.executable, "-m", "coverage", "run", "--branch", f"--data-file={data}",
             f"--include={','.join(map(str, _modules(name)))}", "-m", "fuzz.reached", name, "--run"],
            check=True,
        )  # fmt: skip
        watched = coverage.Coverage(branch=True, data_file=str(data))
        watched.load()
        watched.json_report(outfile=str(report))
        return dict(json.loads(report.read_text()))


def _modules(name: str) -> list[Path]:
    base = ROOT / "linter" / "covlint"
    found = {file.resolve() for pattern in MODULES[name].split() for file in base.glob(pattern)}
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
