"""What a run leaves behind is neither committed nor sent to the builder."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence

from covlint.initial.draft import Draft
from covlint.initial.run import Run

PROFILE = "e2e-coverage.txt"


def ignore(draft: Draft, runs: Sequence[Run], target: str | None) -> None:
    """Entries of .gitignore, and of a .dockerignore that is there; ``target`` of the Makefile
    that leaves more than `covlint verify`, None where none is proposed."""
    left = ["/.covlint/", *(["/coverdata/", f"/{PROFILE}"] if target is not None else [])]
    _add(draft, ".gitignore", left, "what a run leaves: data, profile and results")
    path = ".dockerignore"
    if draft.read(path) is not None and any(run.service.context == "." for run in runs):
        names = [one.strip("/") for one in left]
        _add(draft, path, names, "the image does not change with the data of the last run")


def _add(draft: Draft, path: str, entries: Iterable[str], why: str) -> None:
    source = draft.read(path)
    if source is None and draft.has(path):
        return
    lines = source.text.splitlines() if source is not None else []
    missing = [entry for entry in entries if not _ignored(entry.strip("/"), lines)]
    if missing:
        draft.add_lines(path, missing, why)


def _ignored(name: str, lines: Iterable[str]) -> bool:
    """Whether a pattern of the file takes in a name at the root; exceptions are not looked at."""
    patterns = (line.strip().strip("/").removeprefix("**/") for line in lines)
    return any(p and not p.startswith(("#", "!")) and fnmatch.fnmatch(name, p) for p in patterns)
