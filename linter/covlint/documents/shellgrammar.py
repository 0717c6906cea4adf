"""The syntax tree of a script, also where the grammar loses its way in what shells accept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from covlint.documents.grammars import TangledSyntax, parser
from covlint.documents.shellheredocs import Heredoc, without_heredocs

if TYPE_CHECKING:
    from tree_sitter import Node

#: ``for x in ; do`` is a loop over nothing, and an error to the grammar.
_EMPTY_LIST = re.compile(rb"(\bfor[ \t]+\w+)[ \t]+in(?=[ \t]*(?:;|\n))")


class Tree(NamedTuple):
    """``data`` is what the tree is of: the script, or the script with blanks in the place of
    ``heredocs``."""

    root: Node
    data: bytes
    heredocs: list[Heredoc]


def tree_of(data: bytes) -> Tree:
    """Here-documents are left out first, since what the grammar makes of them is not always
    said to be an error."""
    blanked, heredocs = without_heredocs(data) if b"<<" in data else (data, [])
    root = parser("tree_sitter_bash").parse(blanked).root_node
    if not root.has_error:
        return Tree(root, blanked, heredocs)
    for other in (_EMPTY_LIST.sub(lambda match: match[1].ljust(len(match[0])), blanked), data):
        if other == blanked:
            continue
        try:
            again = parser("tree_sitter_bash").parse(other).root_node
        except TangledSyntax:
            continue
        if not again.has_error:
            return Tree(again, other, [] if other is data else heredocs)
    return Tree(root, blanked, heredocs)
