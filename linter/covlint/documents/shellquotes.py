"""Where shell words, quotes and substitutions end, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Quotes in substitutions in quotes are followed this far down, then taken as plain characters.
_DEPTH_LIMIT = 40
#: Bytes. Linux starts no program with a longer argument or variable (execve(2),
#: MAX_ARG_STRLEN), and a value of values of values is soon longer than memory.
ARGUMENT_LIMIT = 131_072
_BLANK = re.compile(rb"[ \t\r\n]+")
_PLAIN = re.compile(rb"[^ \t\n\\'\"$]+")


def closing_bracket(
    raw: bytes, position: int, end: int, closing: bytes, *, quoted: bool = False, depth: int = 0
) -> int:
    """The position after the bracket that closes the one at ``position``.

    Inside double quotes (``quoted``) an apostrophe in ``${…}`` quotes nothing.
    """
    opening = raw[position : position + 1]
    apostrophe = b"" if quoted else b"'"
    open_brackets = 0
    while position < end:
        character = raw[position : position + 1]
        if character == b"\\":
            position += 2
            continue
        if character == apostrophe:
            quote = raw.find(b"'", position + 1, end)
            position = end if quote == -1 else quote + 1
            continue
        if character == b'"' and depth < _DEPTH_LIMIT:
            position = after_double_quote(raw, position, end, depth + 1)
            continue
        if character == opening:
            open_brackets += 1
        elif character == closing:
            open_brackets -= 1
            if open_brackets == 0:
                return position + 1
        position += 1
    return end


def after_double_quote(data: bytes, position: int, end: int, depth: int = 0) -> int:
    """The position after the quote that ends the string that starts at ``position``."""
    position += 1
    while position < end and data[position] != 0x22:
        if data[position] == 0x5C:
            position += 2
        elif data.startswith(b"$(", position) and depth < _DEPTH_LIMIT:
            position = closing_bracket(data, position + 1, end, b")", depth=depth + 1)
        elif data.startswith(b"${", position) and depth < _DEPTH_LIMIT:
            position = closing_bracket(data, position + 1, end, b"}", quoted=True, depth=depth + 1)
        else:
            position += 1
    return min(position + 1, end)


def split_words(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The byte ranges of the white-space separated words in ``data[start:end]``.

    A continuation inside a word is part of it, at its ends it is not.
    """
    position = start
    while position < end:
        blank = _BLANK.match(data, position, end)
        if blank is not None:
            position = blank.end()
            continue
        if data.startswith(b"\\\n", position):
            position += 2
            continue
        first = last = position
        while position < end and data[position] not in b" \t\n":
            plain = _PLAIN.match(data, position, end)
            if plain is not None:
                position = last = plain.end()
                continue
            if data.startswith(b"\\\n", position):
                position += 2
                continue
            character = data[position]
            if character == 0x5C:
                position += 2
            elif character == 0x27:
                closing = data.find(b"'", position + 1, end)
                position = end if closing == -1 else closing + 1
            elif character == 0x22:
                position = after_double_quote(data, position, end)
            elif data.startswith((b"$(", b"${"), position):
                closer = b")" if data[position + 1] == 0x28 else b"}"
                position = closing_bracket(data, position + 1, end, closer)
            else:
                position += 1
            last = position
        yield first, min(last, end)
