"""The kustomizations of a project: which there are, and which use which."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from covlint.diagnostics import Unread
from covlint.documents.yaml import YamlDocument, YamlMapping, open_yaml
from covlint.facts.kubernetes.workload import WORKLOADS
from covlint.facts.kustomize.kustomization import (
    NAMES,
    NAMING,
    UNSEEN_CHANGES,
    Kustomization,
    kustomization_of,
    text,
)
from covlint.facts.kustomize.replacements import is_resolved
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

    def unresolved(self, k: Kustomization) -> Iterator[str]:
        """The fields by which programs, other files or other objects change containers."""
        for key in UNSEEN_CHANGES:
            if k.root.get(key) is not None and not (key == "transformers" and self._names_only(k)):
                yield key
        for item in k.mappings("replacements"):
            targets = item.sequence("targets")
            kinds = [
                text(select.get("kind"))
                for one in (targets.items if targets is not None else ())
                if isinstance(one, YamlMapping) and (select := one.mapping("select")) is not None
            ]
            if is_resolved(item, k):
                continue
            if targets is None or any(kind in WORKLOADS or not kind for kind in kinds):
                yield "replacements"
                return

    def _names_only(self, k: Kustomization) -> bool:
        """Whether the transformers only set names and labels: no container changes by them."""
        for name in k.listed("transformers"):
            path = k.located(name.text)
            document = self.document(path) if path in self.files else None
            roots = document.documents if document is not None else ()
            kinds = [text(r.get("kind")) for r in roots if isinstance(r, YamlMapping)]
            if not kinds or any(kind not in NAMING for kind in kinds):
                return False
        return True
