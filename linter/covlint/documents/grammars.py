"""tree-sitter grammars, loaded without what covlint does not use of their packages."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
from _thread import get_ident  # threading itself takes a millisecond to import
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Parser


_parsers: dict[tuple[str, int], Parser] = {}


def parser(package: str) -> Parser:
    """A parser for the grammar in ``package``, such as ``tree_sitter_bash``.

    Each thread has its own: a parser that two of them use at once ends the interpreter.
    """
    key = package, get_ident()
    found = _parsers.get(key)
    if found is None:
        import tree_sitter  # only where something is parsed

        found = tree_sitter.Parser(_language(package))
        _parsers[key] = found
    return found


@cache
def _language(package: str) -> Language:
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
