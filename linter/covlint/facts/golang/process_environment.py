"""What Go code sets in its own environment: ``os.Setenv``, ``t.Setenv``. Commands inherit it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covlint.documents.assembled import Piece, Text, known_text
from covlint.documents.gosource import Scope, call_arguments
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.call_words import call_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SET = re.compile(rb"\b(?:os|syscall|t|tb|b|GinkgoT\(\))\.((?:Uns|S)etenv)\(")


def process_environment(
    package: GoPackage, call: Node, scope: Scope
) -> dict[str, tuple[Node, Text]]:
    """The variables that the function of ``call`` has set before it, as ``NAME=value``; what
    may or may not have run is left out."""
    found: dict[str, tuple[Node, Text]] = {}
    if scope.function is None or b"etenv(" not in scope.file.data:
        return found
    for node in scope.file.found(_SET, scope.function):
        setting = call_of(node)
        given = call_arguments(setting) if setting is not None else []
        name = known_text(package.text(given[0], scope)) if given else None
        if setting is None or name is None or setting.start_byte > call.start_byte:
            continue
        if package.taken(setting, call, scope) is not True:
            found.pop(name, None)  # it may have another value
        elif len(given) == 1:
            found.pop(name, None)
        else:
            value, path = given[1], scope.file.source.path
            start = value.start_byte
            head = Piece(f"{name}=", path, start, start, "made", False, start)
            found[name] = (value, (head, *package.text(value, scope)))
    return found
