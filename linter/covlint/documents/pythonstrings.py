"""The text between the quotes of Python strings, and pieces of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from covlint.documents.assembled import Piece, Text

_ESCAPE = re.compile(
    r"\\(?:\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|N\{[^}]*\}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL
)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}


def string_pieces(
    path: str, raw: str, start: int, origin: int, quote: str, verbatim: bool
) -> Iterator[Piece]:
    """The text between quotes: runs that stand as they are, and escapes."""
    kind = "block" if len(quote) == 3 else "line"
    last = 0
    for match in _ESCAPE.finditer(raw) if not verbatim else ():
        if match.start() > last:
            yield _run(raw, last, match.start(), path, start, kind, origin)
        escape = match.group()[1:]
        text = "" if escape in ("\n", "\r\n") else _SIMPLE.get(escape)
        begin = start + len(raw[: match.start()].encode())
        end = begin + len(match.group().encode())
        yield Piece(
            match.group() if text is None else text, path, begin, end, "made", False, origin
        )
        last = match.end()
    if last < len(raw) or not raw:
        yield _run(raw, last, len(raw), path, start, kind, origin)


def _run(raw: str, first: int, last: int, path: str, start: int, kind: str, origin: int) -> Piece:
    text = raw[first:last]
    begin = start + len(raw[:first].encode())
    return Piece(text, path, begin, begin + len(text.encode()), kind, False, origin)


def cut(piece: Piece, start: int, end: int) -> Iterator[Piece]:
    if start < end:
        yield piece.cut(start, end)


def as_hole(piece: Piece, start: int, end: int, name: str) -> Piece:
    return replace(piece.cut(start, end), text=name, kind="hole")


def single_braces(piece: Piece) -> Iterator[Piece]:
    """``{{`` of an f-string is one brace."""
    last = 0
    for match in re.finditer(r"\{\{|\}\}", piece.text) if piece.linear else ():
        yield from cut(piece, last, match.start())
        brace = piece.cut(match.start(), match.end())
        yield replace(brace, text=match.group()[0], kind="made")
        last = match.end()
    yield from cut(piece, last, len(piece.text))


def replaced(text: Text, token: str, value: Text) -> Iterator[Piece]:
    for piece in text:
        if piece.kind == "hole":
            yield piece
            continue
        last = 0
        for match in re.finditer(re.escape(token), piece.text):
            yield from cut(piece, last, match.start())
            yield from value
            last = match.end()
        yield from cut(piece, last, len(piece.text))
