"""A file inside a file: YAML in a block scalar, such as an inline patch of a kustomization.

The text is read as a document of its own, and every place in it leads back to
the file around it; lines that an edit puts in are indented as the block is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from covlint.diagnostics import Edit
from covlint.documents.assembled import AssembledSource, Piece
from covlint.documents.yaml_nodes import YamlScalar
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span, Word

_AFTER_BREAK = re.compile(rb"\n(?=[^\n])")


@dataclass(frozen=True)
class EmbeddedSource(AssembledSource):
    """The text of a literal block scalar, one piece for each line, without its indentation."""

    indent: int = 0

    def settle(self, edits: Sequence[Edit]) -> tuple[Edit, ...]:
        settled = [self._moved(edit) for edit in edits]
        return tuple(edit for edit in settled if edit is not None) if all(settled) else ()

    def _moved(self, edit: Edit) -> Edit | None:
        if not self.indent:
            return None
        start, end = self._offset(edit.span.start), self._offset(edit.span.end)
        pad = b" " * self.indent
        text = _AFTER_BREAK.sub(b"\n" + pad, edit.replacement)
        whole_lines = edit.span.start == edit.span.end and self._opens_line(edit.span.start)
        if whole_lines and text:
            text = pad + text
        return Edit(Span(self.pieces[0].path, start, end), text)

    def _opens_line(self, offset: int) -> bool:
        return offset == 0 or self.data[offset - 1 : offset] == b"\n"

    def _offset(self, offset: int) -> int:
        """The byte of the file; the start of a line is where its indentation starts."""
        index = bisect_right(self.starts, offset) - 1
        piece = self.pieces[index]
        inside = offset - self.starts[index]
        if inside == 0 and self._opens_line(offset):
            return piece.start - (self.indent if piece.text.strip("\n") else 0)
        return min(piece.start + inside, piece.end)

    def replace_word(self, word: Word, value: str, write: object) -> tuple[Edit, ...]:
        return ()


def embedded(scalar: YamlScalar) -> SourceFile:
    """The text of a scalar as a file of its own; one whose lines are not seen one by one in
    the file has a single piece, the whole scalar, and cannot be edited."""
    source = scalar.source
    name = f"{source.path}#{scalar.start}"
    data = scalar.text.encode("utf-8", "replace")
    lines = _lines(scalar) if scalar.style == "|" else None
    if lines is None:
        piece = Piece(scalar.text, source.path, scalar.start, scalar.end, "made")
        return EmbeddedSource(name, data, (piece,))
    pieces, indent = lines
    return EmbeddedSource(name, data, pieces, indent=indent)


def _lines(scalar: YamlScalar) -> tuple[tuple[Piece, ...], int] | None:
    data, path = scalar.source.data, scalar.source.path
    if b"\r" in data[scalar.start : scalar.end]:
        return None
    position = data.find(b"\n", scalar.start) + 1
    texts = scalar.text.splitlines(keepends=True)
    first = next((text for text in texts if text.strip()), "")
    indent: int | None = None
    pieces: list[Piece] = []
    for text in texts:
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        raw = data[position:end]
        body = text.rstrip("\n").encode()
        if indent is None and text is first:
            indent = len(raw) - len(body)
        skipped = min(indent or 0, len(raw)) if body else len(raw)
        if raw[skipped:] != body:
            return None
        stop = min(end + 1, len(data)) if text.endswith("\n") else end
        pieces.append(Piece(text, path, position + skipped, stop))
        position = end + 1
    return (tuple(pieces), indent or 0) if pieces else None
