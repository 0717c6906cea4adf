"""Workflows and actions of the project that a workflow uses."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from covlint.documents.yaml import YamlDocument, open_yaml
from covlint.source import SourceFile

#: Gives a file of the project by its path; None when it is not there or cannot be read.
Lookup = Callable[[str], "SourceFile | None"]

#: GitHub allows 10 levels of workflows and of actions; so many calls of a file in all.
_DEPTH, _CALLS = 10, 100


#: The actions of a project are called by most of its workflows.
_opened = lru_cache(maxsize=64)(open_yaml)


class Called:
    """Opens what is called; ``paths`` are the files that were opened.

    A file is not opened inside itself, which GitHub refuses.
    """

    def __init__(self, lookup: Lookup | None, caller: str) -> None:
        self._lookup = lookup
        self._documents: dict[str, YamlDocument] = {}
        self._inside = [caller]
        self._calls = 0

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._documents)

    @contextmanager
    def workflow(self, uses: str) -> Iterator[YamlDocument | None]:
        """The workflow of ``uses: ./.github/workflows/x.yml``; None for one elsewhere."""
        path = posixpath.normpath(uses) if uses.startswith("./") else None
        yield from self._open([path] if path is not None else [])

    @contextmanager
    def action(self, home: str) -> Iterator[YamlDocument | None]:
        """The action in a directory of the project."""
        yield from self._open([f"{home}/action.yml", f"{home}/action.yaml"])

    def _open(self, paths: list[str]) -> Iterator[YamlDocument | None]:
        document = None
        for path in paths:
            if path in self._inside or len(self._inside) >= _DEPTH or self._calls >= _CALLS:
                continue
            document = document or self._document(path)
        if document is None:
            yield None
            return
        self._calls += 1
        self._inside.append(document.source.path)
        try:
            yield document
        finally:
            self._inside.pop()

    def _document(self, path: str) -> YamlDocument | None:
        if path not in self._documents:
            source = self._lookup(path) if self._lookup is not None else None
            if source is None:
                return None
            self._documents[path] = _opened(source)
        return self._documents[path]
