"""The command line of the ecosystem check."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ecosystem import compare, judgements, records, run
from ecosystem.fixes import check_fixes


def add(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("record", help="run covlint on each folder")
    command.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    command.add_argument("--output", type=Path, required=True, metavar="FILE")
    command.add_argument(
        "--tree", type=Path, default=run.ROOT, help="another checkout of covlint to run"
    )
    command = commands.add_parser("compare", help="findings that came and went")
    command.add_argument("old", type=Path)
    command.add_argument("new", type=Path)
    command = commands.add_parser("judge", help="precision, and what nobody has judged")
    command.add_argument("run", type=Path)
    command.add_argument("--judgements", type=Path, default=judgements.PATH)
    command = commands.add_parser("table", help="one line per repository")
    command.add_argument("run", type=Path)
    command = commands.add_parser("fixes", help="check every fix, on copies")
    command.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")


def run_chosen(options: argparse.Namespace) -> int:
    """Runs the command; 1 when covlint failed, or when a fix or a finding is bad."""
    if options.command == "record":
        return _record(options.folders, options.output, options.tree)
    if options.command == "compare":
        changes = compare.compare(records.load(options.old), records.load(options.new))
        print("\n".join(compare.text(changes)))
        return 0
    if options.command == "judge":
        judged = judgements.load(options.judgements)
        standing = judgements.standing(records.load(options.run), judged)
        print("\n".join(judgements.text(standing)))
        return int(bool(standing.false or standing.unjudged))
    if options.command == "table":
        print(records.table(list(records.load(options.run).values())))
        return 0
    return _fixes(options.folders)


def _record(folders: list[Path], output: Path, tree: Path) -> int:
    found = []
    for folder in folders:
        record = run.record(folder, tree)
        found.append(record)
        said = record.error or f"{record.count('error')} errors, {record.count('warning')} warnings"
        print(f"{record.repository}: {said}, {record.seconds:.1f} s", file=sys.stderr)
    output.write_text(records.dump(found), encoding="utf-8")
    return int(any(record.error or record.crashes for record in found))


def _fixes(folders: list[Path]) -> int:
    files = bad = 0
    for folder in folders:
        checked = check_fixes(folder)
        files += len(checked.changed)
        bad += len(checked.problems)
        name = run.repository_of(folder)
        print(f"{name}: {len(checked.changed)} files changed, {len(checked.problems)} problems")
        for problem in checked.problems:
            print(f"  {problem}")
    print(f"{len(folders)} repositories, {files} files changed, {bad} problems")
    return int(bad > 0)
