"""Where the Go modules and packages of a project are."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from covlint.documents.goconstraint import takes_part
from covlint.documents.gomod import read_go_work
from covlint.facts.golang.modules import GoModule, Workspace, read_module
from covlint.facts.golang.packages import Header
from covlint.facts.golang.shutdown import MainPackage, read_main_package
from covlint.facts.golang.vendored import Vendor
from covlint.source import SourceFile, UnreadableSource


class GoLayout:
    """Modules and packages by directory (relative to the project root, "." for it)."""

    def __init__(
        self,
        paths: Iterable[str],
        read: Callable[[str], SourceFile],
        everything: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """``everything`` gives all paths, those of vendored code included."""
        self._read = read
        self._everything = everything
        self._by_directory: dict[str, list[str]] = defaultdict(list)
        self._manifests: set[str] = set()
        self._workspaces: set[str] = set()
        for path in paths:
            if path.endswith(".go"):
                self._by_directory[posixpath.dirname(path) or "."].append(path)
            elif posixpath.basename(path) == "go.mod":
                self._manifests.add(posixpath.dirname(path) or ".")
            elif posixpath.basename(path) == "go.work":
                self._workspaces.add(posixpath.dirname(path) or ".")
        self._modules: dict[str, GoModule | None] = {}
        self._mains: dict[str, MainPackage | None] = {}
        self._headers: dict[str, Header] = {}
        self._vendors: dict[str, Vendor | None] = {}

    def module_of(self, directory: str) -> GoModule | None:
        """The module that a directory belongs to: the nearest go.mod at or above it."""
        current = posixpath.normpath(directory)
        while current not in self._manifests:
            if current in {".", "/", ""}:
                return None
            current = posixpath.dirname(current) or "."
        if current not in self._modules:
            path = "go.mod" if current == "." else f"{current}/go.mod"
            try:
                self._modules[current] = read_module(self._read(path))
            except UnreadableSource:
                self._modules[current] = None
        return self._modules[current]

    def workspace_of(self, directory: str) -> Workspace | None:
        """The workspace that uses the module in a directory: that of the nearest go.work, as
        ``go help work`` has it."""
        module = self.module_of(directory)
        current = posixpath.normpath(directory)
        while current not in self._workspaces:
            if current in {".", "/", ""}:
                return None
            current = posixpath.dirname(current) or "."
        try:
            file = read_go_work(self._read(posixpath.normpath(f"{current}/go.work")))
        except UnreadableSource:
            return None
        used = [posixpath.normpath(posixpath.join(current, word.text)) for word in file.uses]
        if module is None or module.directory not in used:
            return None
        modules = (self.module_of(one) for one in used if one in self._manifests)
        return Workspace(current, tuple(one for one in modules if one is not None))

    def files(self, directory: str) -> tuple[str, ...]:
        """The Go files of a directory that a plain build for Linux takes."""
        return tuple(source.path for source in self._sources(directory) if takes_part(source))

    def main_package(self, directory: str) -> MainPackage | None:
        """The main package in a directory, its module's own packages followed."""
        if directory not in self._mains:
            module = self.module_of(directory)
            vendor = self._vendor_of(module.directory) if module is not None else None
            self._mains[directory] = read_main_package(
                directory,
                self._sources(directory),
                lambda path: self._package(path, module),
                module,
                self._headers,
                vendor.is_quiet if vendor is not None else lambda _: False,
            )
        return self._mains[directory]

    def _package(self, import_path: str, of: GoModule | None) -> tuple[SourceFile, ...]:
        """The files of a package of some module of the project, by import path; where the
        module ``of`` replaces it by a folder, those in that folder."""
        for path, folder in of.replaces if of is not None else ():
            if of is not None and f"{import_path}/".startswith(f"{path}/"):
                inside = import_path[len(path) :].strip("/")
                return self._sources(posixpath.join(of.directory, folder, inside))
        for base in sorted(self._manifests, key=len):
            module = self.module_of(base)
            if module is None:
                continue
            if import_path == module.module_path:
                return self._sources(base)
            if import_path.startswith(module.module_path + "/"):
                rest = import_path[len(module.module_path) + 1 :]
                found = self._sources(posixpath.normpath(posixpath.join(base, rest)))
                if found:
                    return found
        return ()

    def _vendor_of(self, directory: str) -> Vendor | None:
        """The vendor directory that a module is built with: its own, or that of a workspace
        above it."""
        current = directory
        while current not in self._vendors and f"{current}/" not in self._vendored:
            if current in {".", "/", ""}:
                return None
            current = posixpath.dirname(current) or "."
        if current not in self._vendors:
            files = self._vendored[f"{current}/"]
            try:
                listing = self._read(posixpath.normpath(f"{current}/vendor/modules.txt"))
                self._vendors[current] = Vendor(listing, lambda path: self._all(files, path))
            except UnreadableSource:
                self._vendors[current] = None
        return self._vendors[current]

    @cached_property
    def _vendored(self) -> dict[str, dict[str, list[str]]]:
        """The Go files of vendor directories, by what holds the directory and by import path."""
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path in self._everything():
            above, vendor, rest = f"/{path}".partition("/vendor/")
            if vendor and rest.endswith(".go") and not rest.endswith("_test.go"):
                found[f"{above[1:] or '.'}/"][posixpath.dirname(rest)].append(path)
        return found

    def _all(self, files: Mapping[str, list[str]], import_path: str) -> tuple[SourceFile, ...]:
        sources = []
        for path in files.get(import_path, ()):
            try:
                sources.append(self._read(path))
            except UnreadableSource:
                continue
        return tuple(sources)

    def _sources(self, directory: str) -> tuple[SourceFile, ...]:
        sources = []
        for path in self._by_directory.get(posixpath.normpath(directory), ()):
            try:
                sources.append(self._read(path))
            except UnreadableSource:
                continue
        return tuple(sources)
