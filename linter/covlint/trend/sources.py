"""What became of the source itself between two runs: deleted, renamed, or still there.

git is asked at the revisions of the runs, where the clone has them; otherwise the disk.
"""

from __future__ import annotations

import os
import posixpath

from covlint.git import run_git
from covlint.runner.evidence.checkout import Checkout, checkout_at, module_root


class Sources:
    """The checkout around ``start``, as it was at two revisions (None: not known)."""

    def __init__(self, start: str, before: str | None, after: str | None) -> None:
        root = module_root(start)
        self._checkout = checkout_at(root) if root is not None else Checkout(start, ())
        top = run_git(start, ["rev-parse", "--show-toplevel"])
        self._top = os.path.realpath(os.fsdecode(top).rstrip("\n")) if top else None
        self._before = self._known(before)
        self._after = self._known(after)
        self._listed = self._list(self._after)

    def there(self, name: str) -> bool | None:
        """Whether the source of the later run has a file, or Go files of a package, by its
        name in the profile; None where it is of no module of this checkout."""
        place = self._checkout.place(name)
        if place is None or os.path.isabs(name):
            return None
        if self._listed is not None and self._top is not None:
            inside = os.path.relpath(os.path.realpath(place), self._top).replace(os.sep, "/")
            return inside in self._listed
        if name.endswith(".go"):
            return os.path.isfile(place)
        return os.path.isdir(place) and any(_is_source(one) for one in os.listdir(place))

    def renamed(self) -> dict[str, str]:
        """Go files that git takes for renamed: their names in the profiles, then → now."""
        if self._before is None or self._after is None or self._top is None:
            return {}
        options = ["--name-status", "-z", "-M", "--diff-filter=R", "--no-ext-diff", "--no-textconv"]
        output = run_git(self._top, ["diff", *options, self._before, self._after, "--"])
        words = [os.fsdecode(word) for word in (output or b"").split(b"\0")]
        found: dict[str, str] = {}
        for then, now in zip(words[1::3], words[2::3], strict=False):
            old, new = self._profile_name(then), self._profile_name(now)
            if old is not None and new is not None:
                found[old] = new
        return found

    def _known(self, revision: str | None) -> str | None:
        """The revision if this clone has it."""
        if self._top is None or not revision or revision.startswith("-"):
            return None
        found = run_git(self._top, ["rev-parse", "--verify", "--quiet", revision + "^{commit}"])
        return found.decode().strip() if found else None

    def _list(self, revision: str | None) -> frozenset[str] | None:
        """Go files at a revision, and the folders that they lie in; from the repository's top."""
        if revision is None or self._top is None:
            return None
        output = run_git(self._top, ["ls-tree", "-r", "-z", "--name-only", revision])
        if output is None:
            return None
        files = [os.fsdecode(name) for name in output.split(b"\0")]
        files = [file for file in files if _is_source(file)]
        return frozenset([*files, *(posixpath.dirname(file) or "." for file in files)])

    def _profile_name(self, path: str) -> str | None:
        """The name in a profile of a file of the repository."""
        if self._top is None or not _is_source(path):
            return None
        folder, name = os.path.split(os.path.join(self._top, path))
        package = self._checkout.import_path(folder)
        return None if package is None else f"{package}/{name}"


def history(start: str, revision: str, most: int = 2000) -> list[str]:
    """The commit where HEAD and ``revision`` part and those before it, the newest first.

    Empty where git does not know the revision. ``most`` is a number of commits.
    """
    if revision.startswith("-"):
        return []
    commit = run_git(start, ["rev-parse", "--verify", "--quiet", revision + "^{commit}"])
    if commit is None:
        return []
    parting = run_git(start, ["merge-base", commit.decode().strip(), "HEAD"]) or commit
    output = run_git(start, ["rev-list", f"--max-count={most}", parting.decode().split()[0]])
    return (output or b"").decode().split()


def _is_source(path: str) -> bool:
    return path.endswith(".go") and not path.endswith("_test.go")
