"""Here-documents of a script, for the grammar to look past.

It loses its way in some of them: in a body of a lone quote, or when a loop follows the operator
on its line. Without bodies the rest of the script can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from covlint.documents.shellquotes import after_double_quote, closing_bracket

_OPERATOR = re.compile(rb"<<(-?)[ \t]*((?:'[^'\n]*'|\"[^\"\n]*\"|\\[^\n]|[^\s;&|<>()'\"\\`$])+)")
_PLAIN = re.compile(rb"[^\\'\"`$#<\n]+")
_QUOTES = re.compile(rb"['\"\\]")

#: Each is looked for in all of the script.
_MOST_WITHOUT_END = 16


class Heredoc(NamedTuple):
    """Bytes of the body, without the line that ends it, and where its operator stands;
    ``literal``: nothing in it is run."""

    operator: int
    start: int
    end: int
    literal: bool


def without_heredocs(data: bytes) -> tuple[bytes, list[Heredoc]]:
    """The script with blanks for its here-documents, which have the same length; each operator
    becomes the redirect of an input."""
    text = bytearray(data)
    found: list[Heredoc] = []
    pending: list[tuple[re.Match[bytes], bool, bytes]] = []  # tabs are cut; the name
    position = without_end = 0
    while position < len(data) and without_end < _MOST_WITHOUT_END:
        plain = _PLAIN.match(data, position)
        if plain is not None:
            position = plain.end()
            continue
        character = data[position]
        if character == 0x0A:
            position += 1
            for operator, tabs, name in pending:
                start = position
                end, position = _body(data, position, name, tabs)
                if end == -1:  # it may be a shift of bits
                    position = start
                    without_end += 1
                    continue
                literal = _QUOTES.search(operator[2]) is not None
                found.append(Heredoc(operator.start(), start, end, literal))
                text[start:position] = re.sub(rb"[^\n]", b" ", data[start:position])
                length = operator.end() - operator.start()
                text[operator.start() : operator.end()] = b"<_".ljust(length)
            pending.clear()
        elif character == 0x5C:
            position += 2
        elif character in b"'\"$`":
            position = _past(data, position)
        elif character == 0x23 and data[position - 1 : position] in (b"", b" ", b"\t", b"\n", b";"):
            newline = data.find(b"\n", position)
            position = len(data) if newline == -1 else newline
        else:
            match = _OPERATOR.match(data, position)
            if match is None or data.startswith(b"<<<", position):
                position += 3 if data.startswith(b"<<<", position) else 1
                continue
            pending.append((match, bool(match[1]), _QUOTES.sub(b"", match[2])))
            position = match.end()
    return bytes(text), found


def substitutions_in(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The scripts of ``$(…)`` in a body, with the byte at which each starts."""
    position = body.find(b"$(")
    while position != -1:
        end = closing_bracket(body, position + 1, len(body), b")")
        escaped = body[position - 1 : position] == b"\\"
        if not escaped and not body.startswith(b"((", position + 1):
            yield position + 2, body[position + 2 : end - 1]
        position = body.find(b"$(", end)


def _past(data: bytes, position: int) -> int:
    """The position after the quote, substitution or variable that starts here."""
    character = data[position]
    if character == 0x27:
        closing = data.find(b"'", position + 1)
        return len(data) if closing == -1 else closing + 1
    if character == 0x60:
        closing = data.find(b"`", position + 1)
        return len(data) if closing == -1 else closing + 1
    if character == 0x22:
        return after_double_quote(data, position, len(data))
    following = data[position + 1 : position + 2]
    if following in (b"'", b'"'):
        return position + 1
    if following in (b"(", b"{"):
        return closing_bracket(data, position + 1, len(data), b")" if following == b"(" else b"}")
    return position + 2


def _body(data: bytes, position: int, name: bytes, tabs: bool) -> tuple[int, int]:
    """The end of the body that starts at ``position`` (-1: it has none), and of the line
    behind it."""
    while position < len(data):
        newline = data.find(b"\n", position)
        end = len(data) if newline == -1 else newline + 1
        line = data[position:end].rstrip(b"\n")
        if (line.lstrip(b"\t") if tabs else line) == name:
            return position, end
        position = end
    return -1, position
