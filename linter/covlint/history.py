"""The project's files as they were at a git revision.

Only what git says has changed is read from its objects; all else is on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from covlint.files import DiskFiles, Files
from covlint.frozen import dataclass
from covlint.git import run_git
from covlint.source import SourceFile, UnreadableSource

#: Modes of regular files: links and submodules are no files of the project.
_REGULAR = frozenset({"100644", "100755"})


class HistoryError(Exception):
    """The files of the revision cannot be told; the message says why."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A file that differs. ``before`` and ``blob`` are None for a file that is new."""

    before: str | None
    after: str | None
    blob: str | None
    renamed: bool


@dataclass(frozen=True, slots=True)
class Past:
    """``names`` tells what files that were renamed since are called today."""

    files: Files
    names: Mapping[str, str]


class _PastFiles:
    """Files on disk, but for those that have changed since."""

    def __init__(self, base: Files, gone: frozenset[str], contents: Mapping[str, bytes]) -> None:
        self._base = base
        self._gone = gone
        self._contents = contents

    def paths(self) -> list[str]:
        kept = (path for path in self._base.paths() if path not in self._gone)
        return sorted({*kept, *self._contents})

    def read(self, path: str) -> SourceFile:
        if path in self._contents:
            return SourceFile(path, self._contents[path])
        if path in self._gone:
            raise UnreadableSource(path, "no such file at that revision, or too large")
        return self._base.read(path)

    def closed(self) -> Mapping[str, str]:
        return self._base.closed()


def files_at(base: DiskFiles, revision: str) -> Past:
    """The files at the point where HEAD and ``revision`` parted, so that what others have
    merged since counts as no change. Raises HistoryError.
    """
    root = base.root
    commit = _commit(root, revision)
    changes = _changes(root, _parting(root, commit))
    untracked = run_git(root, ["ls-files", "-z", "--others", "--exclude-standard"])
    if untracked is None:
        raise HistoryError(f"git cannot list the files of {root}")
    gone = {path for change in changes for path in (change.before, change.after) if path}
    gone |= {os.fsdecode(name) for name in untracked.split(b"\0") if name}
    blobs = {one.before: one.blob for one in changes if one.before and one.blob}
    blobs = {path: blobs[path] for path in base.included(sorted(blobs))}
    contents = _contents(root, blobs, base.size_limit)
    names = {one.before: one.after for one in changes if one.renamed and one.before and one.after}
    return Past(_PastFiles(base, frozenset(gone), contents), names)


def _commit(root: str, revision: str) -> str:
    found = None
    if not revision.startswith("-"):  # an option, to git
        found = run_git(root, ["rev-parse", "--verify", "--quiet", revision + "^{commit}"])
    if found is None:
        raise HistoryError(
            f"git does not know the revision {revision!r} in {root} "
            "(a shallow clone has few: fetch it, or clone with its history)"
        )
    return found.decode("ascii", "replace").strip()


def _parting(root: str, commit: str) -> str:
    """Where the histories of HEAD and the commit part; the commit itself where they share none."""
    found = run_git(root, ["merge-base", commit, "HEAD"])
    return found.decode("ascii", "replace").split("\n")[0] if found else commit


def _changes(root: str, commit: str) -> list[_Change]:
    """How the working tree differs from a commit, below the root."""
    # A clean filter is a program that the repository's config names: none may run.
    filters = run_git(
        root, ["config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$"]
    )
    off = [f"{os.fsdecode(name)}=" for name in (filters or b"").split(b"\0") if name]
    if any(name.count("=") > 1 for name in off):  # git -c would take a part for the whole
        raise HistoryError(f"git in {root} has a filter whose name cannot be switched off")
    arguments = ["diff", "--raw", "-z", "--no-abbrev", "-M", "--relative"]
    arguments += ["--no-ext-diff", "--no-textconv", "--ignore-submodules=all"]
    raw = run_git(root, [*arguments, commit, "--"], switches=off)
    if raw is None:
        raise HistoryError(f"git cannot compare {root} with {commit}")
    words = iter([os.fsdecode(word) for word in raw.split(b"\0")])
    changes = []
    for head in words:
        if not head:
            continue
        mode, _, blob, _, status = head.lstrip(":").split(" ")
        before: str | None = next(words)
        after = next(words) if status[0] in "RC" else before
        if mode not in _REGULAR or not blob.strip("0"):
            before, blob = None, ""
        if status[0] == "D":
            after = None
        changes.append(_Change(before, after, blob or None, status[0] == "R"))
    return changes


def _contents(root: str, blobs: Mapping[str, str], limit: int) -> dict[str, bytes]:
    """The bytes of blobs by path, without those above ``limit`` bytes."""
    if not blobs:
        return {}
    sizes = _batch(root, "--batch-check=%(objectname) %(objecttype) %(objectsize)", blobs.values())
    small = set()
    for line in sizes.decode("ascii", "replace").splitlines():
        name, _, size = line.replace(" blob ", " ", 1).partition(" ")
        if not size.isdigit():
            raise HistoryError(f"git has no object {name}: the clone is partial, fetch it first")
        if int(size) <= limit:
            small.add(name)
    wanted = {path: blob for path, blob in blobs.items() if blob in small}
    output = _batch(root, "--batch=%(objectsize)", wanted.values())
    contents: dict[str, bytes] = {}
    position = 0
    for path in wanted:
        end = output.index(b"\n", position)
        start = end + 1
        position = start + int(output[position:end]) + 1  # a line feed ends each
        contents[path] = output[start : position - 1]
    return contents


def _batch(root: str, mode: str, names: Iterable[str]) -> bytes:
    listed = "".join(f"{name}\n" for name in names)
    output = run_git(root, ["cat-file", mode], given=listed.encode())
    if output is None:
        raise HistoryError(f"git cannot read the objects of {root}")
    return output
