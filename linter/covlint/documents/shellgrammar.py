"""The syntax tree of a script, also where the grammar loses its way in what shells accept."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from covlint.documents.grammars import TangledSyntax, language, parser
from covlint.documents.shellheredocs import Heredoc, without_heredocs

if TYPE_CHECKING:
    from tree_sitter import Node, Query

#: ``for x in ; do`` is a loop over nothing, and an error to the grammar.
_EMPTY_LIST = re.compile(rb"(\bfor[ \t]+\w+)[ \t]+in(?=[ \t]*(?:;|\n))")

_AFTER_ASSIGNMENTS = "(command . (variable_assignment)) @command"
_NEWLINE = re.compile(rb"(?<!\\)\n")
#: A line that was misread may hide the next one.
_ATTEMPTS = 8


class Tree(NamedTuple):
    """``data`` is what the tree is of: the script with blanks in the place of ``heredocs``, and a
    semicolon where the grammar misses the end of a line."""

    root: Node
    data: bytes
    heredocs: list[Heredoc]


def tree_of(data: bytes) -> Tree:
    """Here-documents are left out first, since what the grammar makes of them is not always
    said to be an error."""
    blanked, heredocs = without_heredocs(data) if b"<<" in data else (data, [])
    root = parser("tree_sitter_bash").parse(blanked).root_node
    root, blanked = _parted(root, blanked)
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


def _parted(root: Node, data: bytes) -> tuple[Node, bytes]:
    """The grammar takes ``A=1 B=2``, a line feed and a command for one command, even where that
    is ``else`` or ``while``: what stands behind the last assignment becomes a semicolon."""
    for _ in range(_ATTEMPTS):
        text = bytearray(data)
        for command in _beginning_with_assignments(root):
            for child, following in pairwise(command.children):
                if child.type != "variable_assignment":
                    break
                end = child.end_byte
                if _NEWLINE.search(data, end, following.start_byte):
                    text[end : end + 1] = b";"
        if text == data:
            break
        data = bytes(text)
        root = parser("tree_sitter_bash").parse(data).root_node
    return root, data


def _beginning_with_assignments(root: Node) -> list[Node]:
    from tree_sitter import QueryCursor  # only where something is parsed

    return QueryCursor(_query()).captures(root).get("command", [])


@cache
def _query() -> Query:
    import tree_sitter

    query: Query = tree_sitter.Query(language("tree_sitter_bash"), _AFTER_ASSIGNMENTS)
    return query
