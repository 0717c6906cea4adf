"""Where the runs of a project are kept: a folder, or a branch of its git repository.

A run is one small JSON file. The branch holds nothing else, and is written by git's own
plumbing: neither the work tree nor the index is touched, and nothing is fetched or pushed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Protocol

from covlint.git import run_git

SUFFIX = ".json"
#: What a folder or a branch of runs may hold besides them.
_BESIDE = frozenset({"README.md", ".gitattributes", ".nojekyll"})
_FILE = "100644"
_TRIES = 20
_LIMIT = 32 << 20  # bytes of one run


class StoreError(Exception):
    """Runs cannot be read or kept; the message says why and where."""


class Store(Protocol):
    """Files of runs by name."""

    def read(self) -> dict[str, bytes]:
        """Every run, in the order of the names. Raises StoreError."""
        ...

    def write(self, added: Mapping[str, bytes], removed: Iterable[str] = ()) -> None:
        """Keeps and forgets runs, all of them or none. Raises StoreError."""
        ...


class FolderStore:
    """A folder: an artifact of CI, or a directory that a cache brings back."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return self.path

    def read(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        try:
            for name in sorted(os.listdir(self.path)):
                place = os.path.join(self.path, name)
                if name.endswith(SUFFIX) and os.path.isfile(place):
                    found[name] = _bytes(place)
        except OSError as error:
            raise StoreError(f"{error.filename or self.path}: {error.strerror}") from error
        return found

    def write(self, added: Mapping[str, bytes], removed: Iterable[str] = ()) -> None:
        try:
            os.makedirs(self.path, exist_ok=True)
            for name, data in added.items():
                _replace(self.path, name, data)
            for name in removed:
                os.unlink(os.path.join(self.path, name))
        except OSError as error:
            raise StoreError(f"{error.filename or self.path}: {error.strerror}") from error


class BranchStore:
    """A branch of the repository around ``root``.

    Where the branch of the remote ``origin`` is known, its runs count too: a checkout of CI
    fetches it, adds a run and pushes. Both histories are joined by the next run that is kept.
    """

    def __init__(self, root: str, branch: str) -> None:
        self._root = root
        self.branch = branch
        self._ref = f"refs/heads/{branch}"
        if run_git(root, ["rev-parse", "--git-dir"]) is None:
            raise StoreError(f"{root} is in no git repository")
        if branch.startswith("-") or run_git(root, ["check-ref-format", self._ref]) is None:
            raise StoreError(f"{branch!r} is no name of a branch")

    def __str__(self) -> str:
        return f"branch {self.branch}"

    def read(self) -> dict[str, bytes]:
        entries = self._entries(self._tips(self._resolved(self._ref)))
        blobs = {name: blob for name, blob in entries.items() if name not in _BESIDE}
        return dict(zip(blobs, self._contents(list(blobs.values())), strict=True))

    def write(self, added: Mapping[str, bytes], removed: Iterable[str] = ()) -> None:
        checked_out = run_git(self._root, ["worktree", "list", "--porcelain"]) or b""
        if f"branch {self._ref}".encode() in checked_out.splitlines():
            raise StoreError(f"branch {self.branch} is checked out: keep the runs in another one")
        new = {name: self._stored(data) for name, data in added.items()}
        gone = frozenset(removed)
        for _ in range(_TRIES):
            local = self._resolved(self._ref)
            tips = self._tips(local)
            kept = {name: blob for name, blob in self._entries(tips).items() if name not in gone}
            if self._advance(local, tips, {**kept, **new}):
                return
        raise StoreError(f"branch {self.branch} cannot be written: others keep writing it")

    def _advance(self, local: str | None, tips: list[str], blobs: Mapping[str, str]) -> bool:
        """Make a commit and move the branch to it; False where it is no longer at ``local``."""
        listed = "".join(f"{_FILE} blob {blob}\t{name}\0" for name, blob in blobs.items())
        tree = self._git("mktree", "-z", given=os.fsencode(listed))
        parents = [word for tip in tips for word in ("-p", tip)]
        count = sum(name not in _BESIDE for name in blobs)
        message = ["-m", f"Coverage of {count} run{'' if count == 1 else 's'}"]
        commit = self._commit(["commit-tree", *parents, *message, tree])
        moved = run_git(
            self._root, ["update-ref", "-m", "covlint trend", self._ref, commit, local or "0" * 40]
        )
        return moved is not None

    def _commit(self, arguments: list[str]) -> str:
        """As the user, or as covlint where git knows no user, as in a job of CI."""
        made = run_git(self._root, arguments, switches=["user.useConfigOnly=true"])
        if made is None:
            who = ["user.name=covlint", "user.email=covlint@localhost"]
            made = run_git(self._root, arguments, switches=who)
        if made is None:
            raise StoreError(f"git makes no commit for branch {self.branch}")
        return made.decode().strip()

    def _tips(self, local: str | None) -> list[str]:
        """The commits that hold the runs: none, one, or two where the histories have parted."""
        remote = self._resolved(f"refs/remotes/origin/{self.branch}")
        if local is None or remote is None or local == remote:
            return [tip for tip in (local or remote,) if tip is not None]
        for older, newer in ((local, remote), (remote, local)):
            if run_git(self._root, ["merge-base", "--is-ancestor", older, newer]) is not None:
                return [newer]
        return [local, remote]

    def _resolved(self, ref: str) -> str | None:
        found = run_git(self._root, ["rev-parse", "--verify", "--quiet", ref + "^{commit}"])
        return found.decode().strip() if found else None

    def _entries(self, tips: Iterable[str]) -> dict[str, str]:
        """The objects of the branch by name. Raises StoreError for a branch of something else."""
        blobs: dict[str, str] = {}
        for tip in tips:
            listed = self._git("ls-tree", "-z", "--full-tree", tip).split("\0")
            for head, _, name in (entry.partition("\t") for entry in listed if entry):
                mode, _, blob = head.split(" ")
                if mode != _FILE or not (name.endswith(SUFFIX) or name in _BESIDE):
                    raise StoreError(
                        f"branch {self.branch} holds {name}: name a branch for runs alone"
                    )
                blobs[name] = blob
        return dict(sorted(blobs.items()))

    def _contents(self, blobs: list[str]) -> list[bytes]:
        if not blobs:
            return []
        listed = "".join(f"{blob}\n" for blob in blobs).encode()
        output = run_git(self._root, ["cat-file", "--batch=%(objectsize)"], given=listed)
        if output is None:
            raise StoreError(f"git cannot read the runs of branch {self.branch}")
        found: list[bytes] = []
        position = 0
        for _ in blobs:
            end = output.index(b"\n", position)
            size = output[position:end]
            if not size.isdigit():
                raise StoreError(f"branch {self.branch}: a run is missing in this clone: fetch it")
            found.append(output[end + 1 : end + 1 + int(size)])
            position = end + 2 + int(size)  # a line feed ends each
        return found

    def _stored(self, data: bytes) -> str:
        return self._git("hash-object", "-w", "--stdin", given=data)

    def _git(self, *arguments: str, given: bytes = b"") -> str:
        output = run_git(self._root, arguments, given=given)
        if output is None:
            raise StoreError(
                f"branch {self.branch}: git {arguments[0]} failed (may its objects be written?)"
            )
        return os.fsdecode(output).strip()


def _bytes(place: str) -> bytes:
    with open(place, "rb") as stream:
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise StoreError(f"{place}: too large for a run")
    return data


def _replace(folder: str, name: str, data: bytes) -> None:
    """Whoever reads meanwhile sees all of the file, or none of it."""
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".covlint-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        os.unlink(temporary)
        raise
