"""Where a project's files come from: a folder on disk, or memory in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from covlint.source import SIZE_LIMIT, SourceFile


class Files(Protocol):
    """A tree of files; all paths are relative to its root, posix."""

    def paths(self) -> list[str]:
        """Every file of the project, sorted: tracked, and untracked but not ignored."""
        ...

    def read(self, path: str) -> SourceFile:
        """The file's bytes. Raises UnreadableSource (missing, too large, no permission)."""
        ...
