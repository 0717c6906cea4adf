"""Bytes of a file, and places in it.

A :class:`SourceFile` never changes the bytes it was given: no newline is
translated and no byte order mark is dropped, so a byte offset in any fact is
a byte offset in the user's file, and an edit touches exactly what it names.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from covlint.frozen import dataclass

#: Files above this size (bytes) are listed as unread: no hand-written manifest
#: or Dockerfile comes near it, and parsing time is bounded by it.
SIZE_LIMIT = 1 << 20


class UnreadableSource(Exception):
    """The file cannot be read as text; ``reason`` says why, in one clause."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open byte range ``[start, end)`` of the file at ``path``."""

    path: str
    start: int
    end: int

    def covers(self, other: Span) -> bool:
        return self.path == other.path and self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Position:
    """1-based line, 1-based column in code points, 0-based byte offset."""

    line: int
    column: int
    byte: int


@dataclass(frozen=True, slots=True)
class Word:
    """A decoded value and the bytes it was written as.

    ``text`` is what the program that reads the file sees (quotes and escapes
    resolved); ``span`` includes the quotes, since an edit has to replace them.
    """

    text: str
    span: Span


@dataclass(frozen=True)
class SourceFile:
    """The bytes of one file, and its path relative to the project root (posix)."""

    path: str
    data: bytes

    @classmethod
    def of_text(cls, path: str, text: str) -> SourceFile:
        return cls(path, text.encode())

    @cached_property
    def text(self) -> str:
        """The text, byte order mark included.

        Raises UnreadableSource when the bytes are binary or not UTF-8.
        """
        if b"\0" in self.data:
            raise UnreadableSource(self.path, "binary file (it contains a NUL byte)")
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableSource(
                self.path, f"not UTF-8 (byte {error.start} is 0x{self.data[error.start]:02x})"
            ) from error

    @cached_property
    def line_starts(self) -> list[int]:
        """Byte offset of the first byte of each line; line 1 is index 0."""
        starts = [0]
        offset = self.data.find(b"\n")
        while offset != -1:
            starts.append(offset + 1)
            offset = self.data.find(b"\n", offset + 1)
        return starts

    def span(self, start: int, end: int) -> Span:
        return Span(self.path, start, end)

    def slice(self, span: Span) -> bytes:
        return self.data[span.start : span.end]

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds the byte at ``offset``."""
        return bisect_right(self.line_starts, offset)

    def position(self, offset: int) -> Position:
        line = self.line_of(offset)
        start = self.line_starts[line - 1]
        prefix = self.data[start:offset]
        if line == 1 and prefix.startswith(b"\xef\xbb\xbf"):
            prefix = prefix[3:]
        return Position(line, len(prefix.decode("utf-8", "replace")) + 1, offset)

    def line_bytes(self, line: int) -> bytes:
        """The bytes of a 1-based line without its line ending."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        return self.data[start:end].rstrip(b"\r\n")

    @property
    def newline(self) -> bytes:
        """The line ending that new lines in this file should have."""
        first = self.data.find(b"\n")
        return b"\r\n" if first > 0 and self.data[first - 1 : first] == b"\r" else b"\n"
