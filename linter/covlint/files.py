"""Where a project's files come from: a folder on disk, or memory in tests."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from covlint.source import SIZE_LIMIT, SourceFile, UnreadableSource

#: The file that marks a project's root, as ``.git`` does.
CONFIG_NAME = ".covlint.yaml"

#: Folders that hold no manifest of the project; only where no git index says better.
_SKIPPED_FOLDERS = frozenset(
    {
        ".covlint",
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "vendor",
        "third_party",
        "__pycache__",
    }
)


class Files(Protocol):
    """A tree of files; all paths are relative to its root, posix."""

    def paths(self) -> list[str]:
        """Every file of the project, sorted: tracked, and untracked but not ignored."""
        ...

    def read(self, path: str) -> SourceFile:
        """The file's bytes. Raises UnreadableSource (missing, too large, no permission)."""
        ...

    def closed(self) -> Mapping[str, str]:
        """Folders that cannot be listed, so that their files are not seen, and why."""
        ...


class MemoryFiles:
    """Files that exist in memory only; text is stored as UTF-8."""

    def __init__(self, contents: Mapping[str, str | bytes]) -> None:
        self._contents = {
            path: data.encode() if isinstance(data, str) else data
            for path, data in contents.items()
        }

    def paths(self) -> list[str]:
        return sorted(self._contents)

    def read(self, path: str) -> SourceFile:
        if path not in self._contents:
            raise UnreadableSource(path, "no such file")
        return SourceFile(path, self._contents[path])

    def closed(self) -> Mapping[str, str]:
        return {}


class OverlayFiles:
    """Files with some contents replaced: fixes not yet written, or standard input."""

    def __init__(self, base: Files, replaced: Mapping[str, bytes]) -> None:
        self._base = base
        self._replaced = dict(replaced)

    def paths(self) -> list[str]:
        return sorted({*self._base.paths(), *self._replaced})

    def read(self, path: str) -> SourceFile:
        data = self._replaced.get(path)
        return self._base.read(path) if data is None else SourceFile(path, data)

    def closed(self) -> Mapping[str, str]:
        return self._base.closed()


class DiskFiles:
    """A folder: what git tracks or would add, or the whole folder without git.

    ``exclude`` holds patterns as in ``.gitignore``; ``size_limit`` is in bytes.
    Symbolic links are not listed: what they point to inside the folder is listed
    under its own name, and what lies outside is not the project's.
    """

    def __init__(
        self, root: str, *, exclude: Sequence[str] = (), size_limit: int = SIZE_LIMIT
    ) -> None:
        self.root = os.path.abspath(root)
        self._real_root = os.path.realpath(root)
        self._exclude = tuple(exclude)
        self.size_limit = size_limit
        self._paths: list[str] | None = None
        self._closed: dict[str, str] = {}
        self._folders: dict[str, str] = {}  # and where their links lead

    def paths(self) -> list[str]:
        if self._paths is None:
            listed = self._tracked()
            found = list(self._walk()) if listed is None else self._regular(listed)
            self._paths = sorted(self.included(found))
        return list(self._paths)

    def read(self, path: str) -> SourceFile:
        location = os.path.join(self.root, path)
        try:
            data = self._bytes(path, location)
        except FileNotFoundError as error:
            link = os.path.islink(location)
            why = "a symbolic link that leads nowhere" if link else "or it vanished meanwhile"
            raise UnreadableSource(path, f"no such file ({why})") from error
        except PermissionError as error:
            raise UnreadableSource(path, "permission denied") from error
        except OSError as error:
            reason = "a symbolic link that loops" if error.errno == errno.ELOOP else error.strerror
            raise UnreadableSource(path, reason or "cannot be read") from error
        except ValueError as error:  # a NUL in the path
            raise UnreadableSource(path, "not a possible path") from error
        return SourceFile(path, data)

    def _bytes(self, path: str, location: str) -> bytes:
        descriptor = self._opened(path, location)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise UnreadableSource(path, "a directory, where a file is expected")
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableSource(path, "not a regular file")
            if status.st_size > self.size_limit:
                raise self._too_large(path, status.st_size)
            # One byte more than it has: a file that has grown since gives that byte. A
            # buffer of the limit's size for each of thousands of files costs a quarter second.
            data = os.read(descriptor, status.st_size + 1)
            while len(data) != status.st_size and len(data) <= self.size_limit:
                more = os.read(descriptor, self.size_limit + 1 - len(data))
                if not more:
                    break
                data += more
            if len(data) > self.size_limit:  # it grew since
                raise self._too_large(path, len(data))
            return data
        finally:
            os.close(descriptor)

    def _opened(self, path: str, location: str) -> int:
        # Not blocking: opening a FIFO would wait for a writer that may never come.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        if self._holds(os.path.dirname(location)):
            try:
                return os.open(location, flags | os.O_NOFOLLOW)
            except OSError as error:
                if error.errno != errno.ELOOP:  # given for a link
                    raise
        if not _inside(os.path.realpath(location, strict=True), self._real_root):
            raise UnreadableSource(path, "a symbolic link that leaves the project")
        return os.open(location, flags)

    def _holds(self, folder: str) -> bool:
        """Whether a folder lies inside, where its links lead."""
        return _inside(self._real(folder), self._real_root)

    def _real(self, folder: str) -> str:
        """Where the links of a folder lead; each is looked at once, by way of the one above:
        ``realpath`` looks at every folder from the root on."""
        if folder not in self._folders:
            above, name = os.path.split(folder)
            if folder == self.root:
                real = self._real_root
            elif not folder.startswith(self.root + os.sep) or name in ("", ".", ".."):
                real = os.path.realpath(folder)
            else:
                real = os.path.join(self._real(above), name)
                real = os.path.realpath(real) if os.path.islink(real) else real
            self._folders[folder] = real
        return self._folders[folder]

    def _too_large(self, path: str, size: int) -> UnreadableSource:
        return UnreadableSource(
            path,
            f"too large ({size:,} bytes; the limit is {self.size_limit:,}, "
            "see max_file_size in the configuration)",
        )

    def _tracked(self) -> list[str] | None:
        """What ``git ls-files`` lists; None without git or without a repository."""
        if not _has_git(self.root):
            return None
        from covlint.git import Held, ask_git  # brings subprocess, which one Dockerfile needs not

        arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            output = ask_git(self.root, [*arguments, "--deduplicate"])
        except Held:
            self._closed[".git"] = "git does not answer, so files that it ignores are read as well"
            return None
        if output is None:
            return None
        return [os.fsdecode(name) for name in output.split(b"\0") if name]

    def _regular(self, listed: list[str]) -> list[str]:
        """Leaves out links, submodules, devices, and files deleted but still in the index."""
        found = []
        held: dict[str, bool] = {}
        for path in listed:
            location = f"{self.root}/{path}"
            try:
                mode = os.lstat(location).st_mode
            except PermissionError as error:
                self._closed[os.path.dirname(path)] = _why_closed(error)
                continue
            except OSError:
                continue
            if not stat.S_ISREG(mode):
                continue
            folder = location.rpartition("/")[0]
            if folder not in held:  # a folder of the index may be a link by now
                held[folder] = self._holds(folder)
            if held[folder]:
                found.append(path)
        return found

    def _walk(self) -> Iterator[str]:
        """Regular files of the folder; links are not followed."""
        pending = [""]
        while pending:
            folder = pending.pop()
            try:
                entries = list(os.scandir(os.path.join(self.root, folder)))
            except OSError as error:
                self._closed[folder or "."] = _why_closed(error)
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED_FOLDERS:
                        pending.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path

    def closed(self) -> Mapping[str, str]:
        return dict(self._closed) if self._paths is not None else {}

    def included(self, paths: list[str]) -> Iterator[str]:
        """Those of the paths that no pattern of ``exclude`` matches."""
        if not self._exclude:
            yield from paths
            return
        import pathspec  # only where there are patterns

        spec = pathspec.PathSpec.from_lines("gitignore", self._exclude)
        yield from (path for path in paths if not spec.match_file(path))


def project_root(path: str) -> str | None:
    """The folder at or above ``path`` that holds the configuration or is a git root.

    None when there is neither. Only names are looked at, no file is opened.
    """
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    while True:
        if os.path.lexists(os.path.join(folder, CONFIG_NAME)) or os.path.exists(
            os.path.join(folder, ".git")
        ):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _has_git(root: str) -> bool:
    """Whether ``.git`` stands at or above ``root``: asking git takes 10 ms."""
    folder = os.path.abspath(root)
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, previous = os.path.dirname(folder), folder
        if folder == previous:
            return False
    return True


def _why_closed(error: OSError) -> str:
    return f"a folder that cannot be listed: {(error.strerror or 'no reason given').lower()}"
