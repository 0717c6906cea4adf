"""Every fix, written to a copy of a checkout, and what has to hold afterwards.

The copy is a git repository of its own, so that git says what changed. Nothing
in the checkout itself is written, and nothing of it is run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecosystem.run import TIMEOUT, environment
from fixes.hunks import compared
from fixes.properties import comments, form
from fixes.structure import broken_scripts, difference

_FIX = ("check", "--unsafe-fixes", "--exit-zero")


@dataclass(frozen=True, slots=True)
class Checked:
    """The files that the fixes changed, and what is wrong with the changes."""

    changed: tuple[str, ...]
    problems: tuple[str, ...]


def check_fixes(folder: Path) -> Checked:
    """Applies all fixes, unsafe ones too, to a copy of ``folder`` and checks the outcome.

    The changed files parse to the same but for the edited lines; the fixes
    converge; a second run changes nothing; the patch of ``--diff`` gives the same bytes.
    """
    preview = _covlint(folder, "--diff")
    if not preview.stdout:
        return Checked((), tuple(_complaints(preview)))
    with tempfile.TemporaryDirectory(prefix="covlint-fixes-") as place:
        copy = Path(place, "copy")
        _copy(folder, copy)
        return _checked(folder, copy, preview)


def _checked(folder: Path, copy: Path, preview: subprocess.CompletedProcess[bytes]) -> Checked:
    problems = list(_complaints(preview))
    applied = _git(copy, "apply", "--whitespace=nowarn", "-", data=preview.stdout)
    if applied.returncode != 0:
        problems.append(f"git apply: {applied.stderr.decode('utf-8', 'replace').strip()}")
    by_patch = {path: (copy / path).read_bytes() for path in _changed(copy)}
    _git(copy, "checkout", "-q", "--", ".")
    problems += _complaints(_covlint(copy, "--fix"))
    fixed = {path: (copy / path).read_bytes() for path in _changed(copy)}
    if fixed != by_patch:
        differing = sorted(
            path for path in fixed.keys() | by_patch.keys() if fixed.get(path) != by_patch.get(path)
        )
        problems.append(f"--diff and --fix give other bytes: {', '.join(differing)}")
    problems += _complaints(_covlint(copy, "--fix"))
    again = {path: (copy / path).read_bytes() for path in _changed(copy)}
    if again != fixed:
        problems.append("a second run changes files again")
    for path, after in sorted(fixed.items()):
        before = (folder / path).read_bytes()
        step = compared(path, before, after)
        found = difference(step)
        told = [*([found] if found else []), *form(path, before, after), *comments(step)]
        problems += [f"{path}: {what}" for what in (*told, *broken_scripts(step))]
    return Checked(tuple(sorted(fixed)), tuple(problems))


def _complaints(completed: subprocess.CompletedProcess[bytes]) -> Iterator[str]:
    errors = completed.stderr.decode("utf-8", "replace")
    if completed.returncode != 0:
        yield f"covlint: exit code {completed.returncode}: {errors[-300:].strip()}"
    for line in errors.splitlines():
        if "without end" in line or "would no longer parse" in line:
            yield line.strip()


def _covlint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "covlint", *_FIX, *arguments, "."],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )


def _copy(folder: Path, copy: Path) -> None:
    """What git lists in ``folder``, as the only commit-to-be of a new repository."""
    listed = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted({os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}):
        source, target = folder / name, copy / name
        if source.is_symlink() or not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    _git(copy, "init", "-q")
    _git(copy, "add", "--all", "--force", ".")


def _changed(copy: Path) -> list[str]:
    listed = _git(copy, "ls-files", "-z", "--modified", "--others", "--exclude-standard")
    return [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]


def _git(
    folder: Path, *arguments: str, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """git without the user's and the repository's own settings that change bytes or run code."""
    settings = ("safe.directory=*", "core.autocrlf=false", "core.hooksPath=/dev/null")
    switches = [word for setting in settings for word in ("-c", setting)]
    variables = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", *switches, *arguments],
        cwd=folder,
        env=variables,
        input=data,
        capture_output=True,
        check=False,
    )
