"""tree-sitter grammars, loaded without what covlint does not use of their packages."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
from _thread import get_ident  # threading itself takes a millisecond to import
from functools import cache
from time import thread_time
from types import ModuleType
from typing import TYPE_CHECKING

from covlint.source import UnreadableSource

if TYPE_CHECKING:
    import tree_sitter
    from tree_sitter import Language, Tree

#: What is no program takes a grammar time and memory that grow with the square of its length,
#: minutes and gigabytes for 1 MiB: it looks for the least number of errors. A program takes a
#: fifteenth of this time or less, so that on a slow machine, too, none is given up.
_SECONDS = 0.3
_SECONDS_PER_BYTE = 2e-6
#: Bytes: what is shorter cannot take long.
_SHORT = _CHUNK = 8 << 10
#: Brackets in brackets: each level takes kilobytes of memory. Where nothing closes them, what
#: comes behind the last byte is one step, which no progress is told of: seconds, and half a
#: gigabyte.
_MOST_OPEN = 10_000
#: Empty strings one after another, each of which is a node of 200 bytes: no program has these.
_MOST_EMPTY = 50_000
TANGLED = "no syntax that can be followed in a reasonable time"


class TangledSyntax(UnreadableSource):
    """The parser was stopped. It does not know the path: whoever reads the file does."""

    def __init__(self) -> None:
        super().__init__("", TANGLED)


class Parser:
    """tree-sitter's own parser with an end (seconds of CPU time)."""

    def __init__(self, inner: tree_sitter.Parser) -> None:
        self._inner = inner

    def parse(self, data: bytes) -> Tree:
        """Raises TangledSyntax."""
        if len(data) <= _SHORT:
            return self._inner.parse(data)
        if _is_deeper(data, _MOST_OPEN):
            raise TangledSyntax
        if data.count(b"''") > _MOST_EMPTY or data.count(b'""') > _MOST_EMPTY:
            raise TangledSyntax
        end = thread_time() + _SECONDS + len(data) * _SECONDS_PER_BYTE
        try:
            # Progress is told only where a function reads.
            return self._inner.parse(
                lambda offset, _: data[offset : offset + _CHUNK],
                progress_callback=lambda *_: thread_time() > end,
            )
        except ValueError as error:  # stopped
            self._inner.reset()
            raise TangledSyntax from error


def _is_deeper(data: bytes, levels: int) -> bool:
    """Whether brackets are nested deeper than that, those of strings and comments counted too."""
    if sum(map(data.count, (b"(", b"[", b"{"))) <= levels:
        return False
    steps = data.translate(_STEPS, _NO_BRACKETS)
    depth = most = 0
    for step in steps:
        depth += step - 1
        most = max(most, depth)
    return most > levels


_STEPS = bytes.maketrans(b"([{)]}", b"\2\2\2\0\0\0")
_NO_BRACKETS = bytes(set(range(256)) - set(b"([{)]}"))

_parsers: dict[tuple[str, int], Parser] = {}


def parser(package: str) -> Parser:
    """A parser for the grammar in ``package``, such as ``tree_sitter_bash``.

    Each thread has its own: a parser that two of them use at once ends the interpreter.
    """
    key = package, get_ident()
    found = _parsers.get(key)
    if found is None:
        import tree_sitter  # only where something is parsed

        found = Parser(tree_sitter.Parser(language(package)))
        _parsers[key] = found
    return found


@cache
def language(package: str) -> Language:
    import tree_sitter

    return tree_sitter.Language(_binding(package).language())


def _binding(package: str) -> ModuleType:
    """The extension module of a grammar package.

    The package itself imports ``importlib.resources`` for its query files, which
    takes 9 ms, a fifth of a run on one Dockerfile; so its extension module is
    loaded alone. Where that is not laid out as expected, the package is imported.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            path = os.path.join(folder, f"_binding{suffix}")
            if os.path.exists(path):
                name = f"{package}._binding"
                found = importlib.util.spec_from_file_location(name, path)
                if found is not None and found.loader is not None:
                    module = importlib.util.module_from_spec(found)
                    found.loader.exec_module(module)
                    return module
    return importlib.import_module(package)
