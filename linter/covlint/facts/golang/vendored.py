"""Packages of a vendor directory: whether they can subscribe the program to SIGTERM.

They are other people's code, and there are thousands of files: only the heads of
those are read that a main package brings in, and no fact comes from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from covlint.documents.goconstraint import takes_part
from covlint.documents.goheader import scan_header
from covlint.documents.golang import read_go
from covlint.documents.gomod import read_vendored
from covlint.facts.golang.quiet_modules import never_subscribes
from covlint.facts.golang.signals import calls_library, read_handlings
from covlint.source import SourceFile

#: How many packages a main package may bring in; beyond it is "not seen".
_PACKAGES = 1500
_SUBSCRIBES = re.compile(rb"\bNotify(?:Context)?\b")


class Vendor:
    """A vendor directory: ``listing`` is its modules.txt, ``files`` gives the Go files of a
    package by import path."""

    def __init__(self, listing: SourceFile, files: Callable[[str], Sequence[SourceFile]]) -> None:
        self._listed = read_vendored(listing)
        self._files = files
        self._known: dict[str, tuple[bool, frozenset[str]]] = {}

    def is_quiet(self, path: str) -> bool:
        """Whether neither the package nor any that it brings in can handle SIGTERM; False
        also where this is not seen."""
        pending, seen = [path], {path}
        while pending:
            current = pending.pop()
            if never_subscribes(current):
                continue
            if current not in self._listed or len(seen) > _PACKAGES:
                return False
            if current not in self._known:
                self._known[current] = self._read(current)
            quiet, imports = self._known[current]
            if not quiet:
                return False
            following = imports - seen
            seen |= following
            pending.extend(following)
        return True

    def _read(self, path: str) -> tuple[bool, frozenset[str]]:
        """Whether the package itself is quiet, and what it imports."""
        taken = [one for one in self._files(path) if takes_part(one) is not False]
        imports: frozenset[str] = frozenset()
        for source in taken:
            imports |= scan_header(source.data)[1]
        if not taken or calls_library(imports, taken):
            return False, imports
        return "os/signal" not in imports or _leaves_sigterm(taken), imports


def _leaves_sigterm(sources: Sequence[SourceFile]) -> bool:
    """Whether every subscription of a package is to other signals, all of them seen."""
    package = [read_go(source) for source in sources]
    for file in package:
        if b"os/signal" not in file.source.data:
            continue
        found = [handling for handling, _ in read_handlings(file, package)]
        if any(handling.takes_sigterm is not False for handling in found):
            return False
        if len(_SUBSCRIBES.findall(file.source.data)) != len(found):
            return False
    return True
