"""``covlint why``: why a package is at 0 %."""

from __future__ import annotations

import glob
import json
import os
from typing import Any

import click

from covlint.cli.exits import CLEAN, FINDINGS, Failure, Misuse
from covlint.cli.inputs import read_folders
from covlint.covdata.why import Answer, Fate
from covlint.covdata.why import why as explain
from covlint.runner.evidence.checkout import Checkout, checkout_at, module_root
from covlint.terminal import visible


@click.command()
@click.argument("package")
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def why(package: str, folders: tuple[str, ...], form: str) -> int:
    """Tell why PACKAGE is at 0 %: not built in, not reached, or lost on the way.

    PACKAGE is an import path, or a folder such as ./internal/store. DIR are data folders
    (GOCOVERDIR) with all below them; without any, $GOCOVERDIR, or what `covlint verify`
    has kept. Exit code 0 when the package is covered, else 1.
    """
    missing = [folder for folder in folders if not os.path.lexists(folder)]
    if missing:
        raise Failure("no such file or directory: " + ", ".join(missing))
    root = module_root(".")
    checkout = checkout_at(root) if root is not None else None
    answer = explain(_import_path(package, checkout), read_folders(folders or _usual(root)))
    place = _place(answer, checkout)
    if form == "json":
        click.echo(json.dumps(_document(answer, place), indent=2))
    else:
        click.echo("\n".join(_lines(answer, place)))
    return CLEAN if answer.fate is Fate.COVERED else FINDINGS


def _usual(root: str | None) -> list[str]:
    named = os.environ.get("GOCOVERDIR")
    if named:
        return [named]
    kept = sorted(glob.glob(os.path.join(glob.escape(root or "."), ".covlint", "*", "data")))
    if not kept:
        raise Misuse("name the folder with the coverage data")
    return kept


def _import_path(package: str, checkout: Checkout | None) -> str:
    if not package.startswith(("./", "../")) and package not in {".", ".."}:
        return package.rstrip("/")
    found = checkout.import_path(package) if checkout is not None else None
    if found is None:
        raise Misuse(f"{package} is in no Go module: give the import path of the package")
    return found


def _place(answer: Answer, checkout: Checkout | None) -> str | None:
    """The folder of the package in the repository around the working directory."""
    place = checkout.place(answer.package) if checkout is not None else None
    if place is None or not os.path.isdir(place):
        return None
    names = os.listdir(place)
    if not any(name.endswith(".go") and not name.endswith("_test.go") for name in names):
        return None
    return os.path.relpath(place)


def _lines(answer: Answer, place: str | None) -> list[str]:
    lines = [f"{visible(answer.package)}: {answer.fate.value}"]
    lines += [f"  {visible(reason)}" for reason in answer.reasons]
    if answer.fate is Fate.NOT_BUILT_IN:
        if place is not None:
            lines.append(f"  the repository has it in {visible(place)}")
        else:
            lines.append("  no package of this name is in the repository here: is it right?")
    return lines


def _document(answer: Answer, place: str | None) -> dict[str, Any]:
    """Within a version fields are only added."""
    return {
        "version": 1,
        "package": answer.package,
        "fate": answer.fate.value,
        "reasons": list(answer.reasons),
        "folder": place,
        "builds": [
            {
                "program": build.program,
                "meta": build.meta,
                "fate": build.fate.value,
                "runs": build.runs,
                "lost": build.lost,
                "covered": build.covered,
                "statements": build.statements,
            }
            for build in answer.builds
        ],
        "scopes": [
            {"program": scope.program, "packages": scope.packages, "roots": list(scope.roots)}
            for scope in answer.scopes
        ],
    }
