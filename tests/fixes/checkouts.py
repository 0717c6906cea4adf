"""What the fixes change in a checkout, cut out of it: small enough to be tried in all variants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from covlint.engine import Options
from covlint.files import DiskFiles
from covlint.fixer import fix
from covlint.source import UnreadableSource
from fixes.projects import Project
from fixes.runs import REGISTRY


def cut_out(folder: Path) -> Iterator[Project]:
    """One project of the files that are fixed and of those that the findings speak of."""
    files = DiskFiles(str(folder))
    outcome = fix(files, REGISTRY, Options(), unsafe=True)
    paths = {path for one in outcome.applied for path in one.sources}
    paths |= {path for path in files.paths() if path.endswith(("go.mod", "go.work"))}
    contents = {}
    for path in sorted(paths):
        try:
            contents[path] = files.read(path).data
        except UnreadableSource:
            continue
    if outcome.changes:
        yield Project("checkouts", folder.name, contents)
