"""Command lines of Python code as the shell would have them, and where they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import libcst as cst

from covlint.documents.assembled import Piece, Text
from covlint.documents.expansion import Expansion
from covlint.documents.python import Scope
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import ROOT

_NAME = re.compile(r"[A-Za-z_]\w*")
_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
#: Stands for the project root in a command line.
ROOT_NAME = "COVLINT_ROOT"


def in_line(texts: PythonTexts, node: cst.BaseExpression, scope: Scope) -> Text:
    """The text of an expression; a value that is written elsewhere gets no width here."""
    if isinstance(node, cst.Name):
        found = texts.file.value_of(node.value, scope)
        if found is not None and not texts.file.mutations(node.value, scope):
            return in_line(texts, *found)
    span = texts.file.span(node)
    place = span.start
    pieces: list[Piece] = []
    for one in texts.text(node, scope):
        piece = one
        if span.start <= piece.start and piece.end <= span.end:
            place = piece.end
        else:
            kind = "hole" if piece.kind == "hole" else "made"
            piece = replace(piece, start=place, end=place, kind=kind)
        pieces.append(piece)
    return tuple(pieces)


class PythonWord(NamedTuple):
    """A word of a command and the expression that gives it; ``text`` None: several that are
    not seen."""

    node: cst.CSTNode
    text: Text | None


def words_of(
    texts: PythonTexts, node: cst.BaseExpression, scope: Scope, depth: int = 0
) -> list[PythonWord] | None:
    """The words of a list; None for no list."""
    file = texts.file
    if depth > 12:
        return None
    if isinstance(node, (cst.List, cst.Tuple)):
        found: list[PythonWord] = []
        for element in node.elements:
            if isinstance(element, cst.Element):
                found.append(PythonWord(element.value, placed(texts, element.value, scope)))
            else:
                inner = words_of(texts, element.value, scope, depth + 1)
                found += inner or [PythonWord(element.value, None)]
        return found
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        left = words_of(texts, node.left, scope, depth + 1)
        right = words_of(texts, node.right, scope, depth + 1)
        if left is None and right is None:
            return None
        return [
            *(left or [PythonWord(node.left, None)]),
            *(right or [PythonWord(node.right, None)]),
        ]
    if isinstance(node, cst.IfExp):
        branches = (node.body, node.orelse)
        covered = [one for one in branches if texts.covered(one)]
        if len(covered) == 1:
            return words_of(texts, covered[0], scope, depth + 1)
        listed = any(isinstance(one, cst.List) for one in branches)
        return [PythonWord(node, None)] if listed else None
    if isinstance(node, cst.Name):
        value = file.value_of(node.value, scope)
        found_list = words_of(texts, value[0], value[1], depth + 1) if value is not None else None
        if found_list is None:
            return None
        for mutation in file.mutations(node.value, scope):
            given = mutation.value
            if mutation.kind == "append" and not mutation.path and given is not None:
                found_list.append(PythonWord(given, placed(texts, given, scope)))
            elif mutation.kind == "extend" and not mutation.path and given is not None:
                added = words_of(texts, given, scope, depth + 1)
                found_list += added or [PythonWord(given, None)]
            else:
                found_list.append(PythonWord(given or node, None))
        return found_list
    return None


def placed(texts: PythonTexts, node: cst.BaseExpression, scope: Scope) -> Text:
    """The text of a word; a value that is written elsewhere is placed at its name."""
    span = texts.file.span(node)
    return tuple(
        one
        if span.start <= one.start and one.end <= span.end
        else replace(
            one, start=span.start, end=span.end, kind="hole" if one.kind == "hole" else "made"
        )
        for one in texts.text(node, scope)
    )


def as_line(words: Sequence[Text | None], texts: PythonTexts, call: cst.Call) -> Text:
    """A shell line of the words; none of its bytes can be edited."""
    line: list[Piece] = []
    for word in words:
        if line:
            line.append(made(texts, call, " "))
        if word is None:
            line.append(replace(made(texts, call, "@"), kind="hole"))
            continue
        whole = "".join(piece.text for piece in word)
        holes = any(piece.kind == "hole" for piece in word)
        span = (word[0].start, word[-1].end) if word else (0, 0)
        for one in word or (made(texts, call, ""),):
            piece, text = one, one.text
            if piece.kind == "hole":
                line.append(replace(piece, text='"' + text))
                continue
            if holes or not _BARE.fullmatch(whole):
                quoted = ("'" + one.replace("'", "'\\''") + "'" for one in text.split(ROOT))
                text = f'"{ROOT}"'.join(quoted)
            if span[0] < span[1] and not holes:
                piece = replace(piece, start=span[0], end=span[1])
            line.append(replace(piece, text=text, kind="made"))
    return tuple(line)


def made(texts: PythonTexts, node: cst.CSTNode, text: str) -> Piece:
    span = texts.file.span(node)
    return Piece(text, span.path, span.start, span.end, "made", False, span.start)


def expansion_of(path: str, text: Text) -> Expansion:
    """The script, and where each byte of it is written."""
    data = bytearray()
    origins: list[int] = []
    ends: list[int] = []
    for piece in text:
        if piece.kind == "hole":
            written = _variable(piece.text)
        else:
            written = piece.text.replace(ROOT, f"${{{ROOT_NAME}}}").encode().replace(b"\0", b"")
        data += written
        if piece.linear and len(written) == piece.end - piece.start:
            origins += range(piece.start, piece.end)
            ends += range(piece.start + 1, piece.end + 1)
        else:
            origins += [piece.start] * len(written)
            ends += [piece.end] * len(written)
    return Expansion(path, bytes(data), tuple(origins), tuple(ends))


def _variable(hole: str) -> bytes:
    """A reference that stands for what is not seen. A name tells tools apart; a quote before
    it keeps it one word."""
    if hole == "@":
        return b"$COVLINT_UNSEEN"
    quoted = hole.startswith('"')
    match = _NAME.fullmatch(hole.lstrip('"').rpartition(".")[2])
    name = match[0] if match and match[0] != ROOT_NAME else "COVLINT_VALUE"
    return (f'"${{{name}}}"' if quoted else f"${{{name}}}").encode()
