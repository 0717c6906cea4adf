"""Where the files that a profile names lie in a checkout, without asking Go.

Profiles name files by import path (``example.com/app/cmd/main.go``), or by the
absolute path of the build when files were built (facts, part B2).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from covlint.documents.gomod import read_go_mod
from covlint.frozen import dataclass
from covlint.source import SourceFile

_LIMIT = 1 << 20  # bytes of a go.mod
_PASSED_OVER = frozenset({"vendor", "testdata", "node_modules"})
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Checkout:
    """``modules``: module path → its folder, of every go.mod below ``root``."""

    root: str
    modules: tuple[tuple[str, str], ...]

    def find(self, file: str) -> str | None:
        """The path of a file of a profile; None where it is not in the checkout."""
        place = self.place(file)
        return place if place is not None and _is_source(place) else None

    def place(self, file: str) -> str | None:
        """Where a file or package of the checkout's own modules has to be; None for others."""
        if os.path.isabs(file):
            return file
        if ".." in file.split("/"):
            return None  # no Go build names a file so
        for module, folder in self.modules:
            if file == module:
                return folder
            if file.startswith(module + "/"):
                return os.path.join(folder, *file[len(module) + 1 :].split("/"))
        return None

    def import_path(self, folder: str) -> str | None:
        """The import path of a folder; None when no module of the checkout holds it."""
        here = os.path.realpath(folder)
        for module, place in sorted(self.modules, key=lambda item: -len(item[1])):
            relative = os.path.relpath(here, os.path.realpath(place))
            if relative == ".":
                return module
            if not relative.startswith(".."):
                return f"{module}/{relative.replace(os.sep, '/')}"
        return None


def checkout_at(root: str) -> Checkout:
    """The modules at and below ``root``, at most six levels; longest module path first."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        depth = os.path.relpath(folder, root).count(os.sep) + 1
        folders[:] = sorted(
            name
            for name in folders
            if depth < _DEPTH and name not in _PASSED_OVER and not name.startswith((".", "_"))
        )
        if "go.mod" in files:
            module = _module_of(os.path.join(folder, "go.mod"))
            if module is not None:
                found.setdefault(module, folder)
    return Checkout(root, tuple(sorted(found.items(), key=lambda item: -len(item[0]))))


def module_root(start: str) -> str | None:
    """The nearest folder at or above ``start`` that has a go.work, else the one with a go.mod."""
    folder = os.path.abspath(start)
    nearest = None
    while True:
        if os.path.isfile(os.path.join(folder, "go.work")):
            return folder
        if nearest is None and os.path.isfile(os.path.join(folder, "go.mod")):
            nearest = folder
        above = os.path.dirname(folder)
        if above == folder:
            return nearest
        folder = above


def unresolved(checkout: Checkout, files: Iterable[str]) -> tuple[str, ...]:
    """The files that should be in the checkout and are not: those of its own modules,
    and absolute paths. Files of other modules and of Go itself are not looked for."""
    return tuple(
        file
        for file in files
        if (place := checkout.place(file)) is not None and not _is_source(place)
    )


def _is_source(path: str) -> bool:
    """A profile decides what is shown of a machine's files: Go sources, and nothing else."""
    return path.endswith(".go") and os.path.isfile(path)


def _module_of(path: str) -> str | None:
    try:
        with open(path, "rb") as stream:
            file = read_go_mod(SourceFile(path, stream.read(_LIMIT)))
    except OSError:
        return None
    return file.module.text if file.module is not None else None
