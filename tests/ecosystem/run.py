"""covlint over checkouts, one process each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ecosystem.records import Finding, Record, record_of

ROOT = Path(__file__).resolve().parents[2]

#: Seconds for one repository; the largest seen needs less than a minute.
TIMEOUT = 600


def record(folder: Path, tree: Path = ROOT) -> Record:
    """Runs the covlint of the checkout ``tree`` over ``folder``.

    A covlint that fails is recorded, not raised: it is what this command looks for.
    """
    empty = Record(repository_of(folder), _git(folder, "rev-parse", "HEAD"))
    try:
        completed = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("probe.py")), str(folder)],
            env=environment(tree),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _failed(empty, f"not done after {TIMEOUT} seconds")
    if completed.returncode != 0:
        last = completed.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return _failed(empty, f"exit code {completed.returncode}: {''.join(last)}")
    described: dict[str, Any] = json.loads(completed.stdout)
    known = {"repository": empty.repository, "commit": empty.commit, "error": None}
    result = record_of({**described, **known})
    assert result.findings == tuple(sorted(result.findings, key=_place)), "reports are sorted"
    return result


def environment(tree: Path = ROOT) -> dict[str, str]:
    """The variables under which ``python -m covlint`` is the one of ``tree``."""
    roots = [str(tree / "linter"), str(tree / "rules"), str(ROOT / "tests")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(roots)}


def repository_of(folder: Path) -> str:
    """``owner/name`` by the remote of the checkout, else the folder's name."""
    remote = _git(folder, "config", "--get", "remote.origin.url")
    match = re.search(r"([^/:]+/[^/:]+?)(?:\.git)?/?$", remote)
    return match[1] if match else folder.resolve().name


def _git(folder: Path, *arguments: str) -> str:
    if not (folder / ".git").exists():
        return ""
    completed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.stdout.strip() if completed.returncode == 0 else ""


def _failed(record: Record, reason: str) -> Record:
    return Record(record.repository, record.commit, error=reason)


def _place(finding: Finding) -> tuple[str, int]:
    return finding.path, finding.line
