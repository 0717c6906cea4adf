"""The kustomizations of a project: which there are, and which use which."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from covlint.diagnostics import Unread
from covlint.documents.yaml import YamlDocument, open_yaml
from covlint.facts.kustomization import NAMES, Kustomization, kustomization_of
from covlint.source import SourceFile, UnreadableSource

Read = Callable[[str], SourceFile]


def is_kustomization(path: str) -> bool:
    return posixpath.basename(path) in NAMES


class Kustomizations:
    """Every kustomization among ``files``, by its directory; the files that they name, parsed
    once; and what could not be read (``unread``)."""

    def __init__(self, read: Read, files: Iterable[str]) -> None:
        self.read = read
        self.files = frozenset(files)
        self.unread: dict[Unread, None] = {}
        self.by_directory: dict[str, Kustomization] = {}
        self._documents: dict[str, YamlDocument] = {}
        for path in sorted(self.files):
            if is_kustomization(path):
                self._index(path)
        #: How many kustomizations use a directory.
        self.users: dict[str, int] = {}
        for kustomization in self.by_directory.values():
            for directory in dict.fromkeys(self.directories(kustomization)):
                self.users[directory] = self.users.get(directory, 0) + 1

    def _index(self, path: str) -> None:
        document = self.document(path)
        kustomization = kustomization_of(path, document.documents) if document else None
        if kustomization is not None:
            self.by_directory.setdefault(kustomization.directory, kustomization)

    def document(self, path: str) -> YamlDocument | None:
        if path not in self._documents:
            try:
                document = open_yaml(self.read(path))
            except UnreadableSource as error:
                self.say(path, error.reason)
                return None
            if document.error is not None:
                self.say(path, f"{document.error.reason}: {document.error}")
            self._documents[path] = document
        return self._documents[path]

    def directories(self, kustomization: Kustomization) -> Iterator[str]:
        for name in kustomization.listed("resources", "bases", "components"):
            found = kustomization.located(name.text)
            if found is not None and self.directory(found) is not None:
                yield self.directory(found) or ""

    def directory(self, path: str) -> str | None:
        directory = "" if path == "." else path
        return directory if directory in self.by_directory else None

    def reached(self, top: Kustomization) -> set[str]:
        reached: set[str] = set()
        pending = [top.directory]
        while pending:
            directory = pending.pop()
            if directory not in reached:
                reached.add(directory)
                pending.extend(self.directories(self.by_directory[directory]))
        return reached

    def say(self, path: str, reason: str) -> None:
        self.unread[Unread(path, reason)] = None
