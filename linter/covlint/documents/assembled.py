"""Text put together from pieces that are written elsewhere: manifests inside program code.

A manifest that Go code prints stands in string literals, with snippets from
constants and functions put in. It is read as one text, and every place in that
text leads back to the bytes that a person would edit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from typing import TypeVar

from covlint.diagnostics import Edit
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span, Word

#: Stands in a text for a value that is not seen (a private-use character: YAML and shell
#: take it as an ordinary one).
HOLE = "\ue000"

T = TypeVar("T")
Edits = tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """``text`` is written at bytes ``[start, end)`` of the file at ``path``.

    ``kind``: "raw" (byte n of the text is byte ``start + n`` of the file, anything
    without a backtick can be written there), "quoted" (the same, inside a
    string with escapes), "line" and "block" (the same, inside a Python string of
    one line or of several), "literal" (the same, a whole literal with its quotes),
    "made" (not written like this anywhere), "hole" (not seen; ``text`` is the
    expression). ``shared``: other texts may use it too.
    """

    text: str
    path: str
    start: int
    end: int
    kind: str = "raw"
    shared: bool = False
    origin: int = 0  # where the literal that it is a part of starts

    @property
    def linear(self) -> bool:
        return self.kind in ("raw", "quoted", "line", "block", "literal")

    def cut(self, start: int, end: int) -> Piece:
        """The characters ``[start, end)`` of the piece."""
        text, first, last = self.text[start:end], self.start, self.end
        if self.linear:
            first += len(self.text[:start].encode())
            last = first + len(text.encode())
        return Piece(text, self.path, first, last, self.kind, self.shared, self.origin)


Text = tuple[Piece, ...]


def known_text(text: Text | None) -> str | None:
    """The text when all of it is seen."""
    if text is None or any(piece.kind == "hole" for piece in text):
        return None
    return "".join(piece.text for piece in text)


@dataclass(frozen=True)
class AssembledSource(SourceFile):
    """A text made of pieces. ``files`` are the real files by path."""

    pieces: Text = ()
    files: Mapping[str, SourceFile] | None = None

    @cached_property
    def starts(self) -> list[int]:
        """Where each piece begins, in bytes of the text."""
        offsets, offset = [], 0
        for piece in self.pieces:
            offsets.append(offset)
            offset += len(piece.text.encode())
        return offsets

    def piece_at(self, offset: int) -> int:
        return max(0, bisect_right(self.starts, offset) - 1)

    def place(self, span: Span) -> Span:
        """Where a range of the text is written; cut off where its first piece ends if the
        rest stands somewhere else."""
        if not self.pieces or span.path != self.path:
            return span
        first = self.piece_at(span.start if span.start < span.end else max(0, span.start - 1))
        last = self.piece_at(max(span.start, span.end - 1))
        left, right = self.pieces[first], self.pieces[last]
        start = self._real(first, span.start, left.start)
        if first == last:
            return Span(left.path, start, max(start, self._real(first, span.end, left.end)))
        end = self._real(last, span.end, right.end)
        if (left.path, left.origin) == (right.path, right.origin) and end >= start:
            return Span(left.path, start, end)
        return Span(left.path, start, max(start, left.end))

    def _real(self, index: int, offset: int, otherwise: int) -> int:
        piece = self.pieces[index]
        return piece.start + offset - self.starts[index] if piece.linear else otherwise

    def is_shared(self, offset: int) -> bool:
        return self.pieces[self.piece_at(offset)].shared

    def settle(self, edits: Sequence[Edit]) -> Edits:
        """Edits of this text as edits of the real files; none where one cannot be made."""
        settled: list[Edit] = []
        for edit in edits:
            found = self._settle(edit)
            if found is None:
                return ()
            settled.append(found)
        return tuple(settled)

    def adds_for_coverage_only(self, offset: int) -> bool:
        """Whether what is added to the mapping around ``offset`` is there with coverage on only,
        by a condition of the code that writes the text."""
        return False

    def _settle(self, edit: Edit) -> Edit | None:
        start, end, text = edit.span.start, edit.span.end, edit.replacement
        if start == end:
            return self._settle_insertion(start, text)
        first, last = self.piece_at(start), self.piece_at(end - 1)
        piece = self.pieces[first]
        if first != last or not _can_hold(piece, text):
            return None
        return Edit(Span(piece.path, self._real(first, start, 0), self._real(first, end, 0)), text)

    def _settle_insertion(self, offset: int, text: bytes) -> Edit | None:
        if offset == 0:
            return None
        index = self.piece_at(offset - 1)
        if self.data[offset - 1 : offset] == b"\n" and text.endswith(b"\n") and offset > 1:
            # whole lines below a line that ends in a snippet of its own: they belong to it
            line_end = self.piece_at(offset - 2)
            snippet = self.pieces[line_end]
            if line_end != index and not snippet.shared and _can_hold(snippet, b"\n" + text):
                place = self._real(line_end, offset - 1, 0)
                return Edit(Span(snippet.path, place, place), b"\n" + text[:-1])
        piece = self.pieces[index]
        if not _can_hold(piece, text):
            return None
        place = self._real(index, offset, 0)
        return Edit(Span(piece.path, place, place), text)

    def replace_word(self, word: Word, value: str, write: Callable[[SourceFile], Edits]) -> Edits:
        """The edit of a real file that ``write`` makes, if the word stands there in full."""
        source = (self.files or {}).get(word.span.path)
        if source is None:
            return ()
        written = source.slice(word.span).decode("utf-8", "replace")
        if written.strip("\"'") != word.text or any(mark in value for mark in '`"\\\n'):
            return ()
        return write(source)


def _can_hold(piece: Piece, text: bytes) -> bool:
    if piece.kind == "raw":
        return b"`" not in text
    if piece.kind == "quoted":
        return not any(mark in text for mark in (b'"', b"\\", b"\n", b"\r"))
    if piece.kind in ("line", "block"):
        # braces and "%" may be format characters, a quote may end the string
        if any(mark in text for mark in (b"\\", b"{", b"}", b"%", b'""', b"''")):
            return False
        if piece.kind == "block":
            return not text.endswith((b'"', b"'"))
        return not any(mark in text for mark in (b'"', b"'", b"\n", b"\r"))
    if piece.kind == "literal":
        inner = text[1:-1]
        quoted = len(text) > 1 and text[:1] == text[-1:] == b'"'
        return (
            (quoted and b'"' not in inner and b"\n" not in inner)
            or text in (b"true", b"false")
            or text.isdigit()
        )
    return False


def relocated(fact: T, place: Callable[[Span], Span]) -> T:
    """The fact with every span mapped by ``place``; nodes of documents stay as they are."""
    memo: dict[int, object] = {}

    def moved(value: object) -> object:
        if isinstance(value, Span):
            return place(value)
        if isinstance(value, tuple):
            return tuple(moved(item) for item in value)
        parameters = getattr(type(value), "__dataclass_params__", None)
        if parameters is None or not parameters.frozen or not is_dataclass(value):
            return value
        if isinstance(value, (SourceFile, type)):
            return value
        if id(value) not in memo:
            changes = {f.name: moved(getattr(value, f.name)) for f in fields(value) if f.init}
            memo[id(value)] = replace(value, **changes)
        return memo[id(value)]

    return moved(fact)  # type: ignore[return-value]


def settled(source: SourceFile, edits: Edits) -> Edits:
    """The edits of a document's text as edits of the files that it is written in."""
    return source.settle(edits) if isinstance(source, AssembledSource) else edits
