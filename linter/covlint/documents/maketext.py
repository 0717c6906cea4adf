"""Where brackets close, comments begin and targets end in a line of a Makefile."""

from __future__ import annotations

import re


def closing(raw: bytes, opening: int) -> int:
    """The offset after the bracket that closes the one at ``opening``; the end if none does."""
    open_byte = raw[opening : opening + 1]
    close_byte = b")" if open_byte == b"(" else b"}"
    depth = 0
    for position in range(opening, len(raw)):
        byte = raw[position : position + 1]
        if byte == open_byte:
            depth += 1
        elif byte == close_byte:
            depth -= 1
            if depth == 0:
                return position + 1
    return len(raw) + 1


def without_comment(raw: bytes) -> bytes:
    r"""The line up to a ``#`` that no backslash quotes and no reference holds."""
    position = 0
    while position < len(raw):
        byte = raw[position : position + 1]
        if byte == b"\\":
            position += 2
            continue
        if byte == b"$" and raw[position + 1 : position + 2] in (b"(", b"{"):
            position = closing(raw, position + 1)
            continue
        if byte == b"#":
            return raw[:position].rstrip()
        position += 1
    return raw.rstrip()


def joined(value: bytes) -> bytes:
    """Continued lines become one, with one space where they were joined."""
    return re.sub(rb"[ \t]*\\\r?\n[ \t]*", b" ", value)


def colon(text: bytes) -> int:
    """The offset of the ``:`` that ends the targets; -1 when the line is no rule."""
    position = 0
    while position < len(text):
        byte = text[position : position + 1]
        if byte == b"$" and text[position + 1 : position + 2] in (b"(", b"{"):
            position = closing(text, position + 1)
            continue
        if byte == b":":
            return position
        if byte in (b"=", b";"):
            return -1
        position += 1
    return -1


def split_arguments(text: bytes) -> list[bytes]:
    """The arguments of a function, between commas that stand in no reference."""
    found: list[bytes] = []
    begin = position = 0
    while position < len(text):
        byte = text[position : position + 1]
        if byte == b"$" and text[position + 1 : position + 2] in (b"(", b"{"):
            position = closing(text, position + 1)
            continue
        if byte == b",":
            found.append(text[begin:position])
            begin = position + 1
        position += 1
    return [*found, text[begin:]]
