"""Flags of ``go build``: from a command line, and from a GOFLAGS value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from covlint.documents.shellwords import ShellWord
from covlint.frozen import dataclass
from covlint.source import Span

#: Build flags that take a value, in the same word or the next (``go help build``, Go 1.27).
VALUED = frozenset(
    (
        "asmflags", "buildmode", "C", "compiler", "covermode", "coverpkg", "debug-actiongraph",
        "debug-trace", "exec", "gccgoflags", "gcflags", "installsuffix", "ldflags", "mod",
        "modfile", "o", "overlay", "p", "pgo", "pkgdir", "tags", "toolexec", "vet",
    )
)  # fmt: skip
_CONTINUATION = re.compile(rb"[ \t]*[\\`][ \t]*\r?\n")
_BEFORE_WORD = re.compile(rb"[ \t]+(?![ \t\r\n;&|)\\`]|$)")
#: The white space that separates GOFLAGS (cmd/internal/quoted, isSpaceByte).
_BLANK = " \t\n\r"


@dataclass(frozen=True, slots=True)
class Flag:
    """One build flag, from the command line or from a GOFLAGS value.

    ``name`` has no dashes. ``value`` is None for a bare boolean flag, else the
    decoded value in which ``\\x00`` stands for each part that is not seen
    (``opaque``). ``span`` covers flag and value as written; ``removal`` also
    the white space or line continuation that would be left behind.
    ``value_span`` is the value as written, quotes included. ``word`` and
    ``value_at`` locate the value's characters: see :meth:`part_span`.
    """

    name: str
    value: str | None
    opaque: bool
    span: Span
    removal: Span
    value_span: Span | None
    from_goflags: bool
    word: ShellWord
    value_at: int

    def part_span(self, start: int, end: int) -> Span | None:
        """The bytes of the characters ``[start, end)`` of ``value``; None where they stand
        elsewhere, as the value of a variable."""
        start, end = self.value_at + start, self.value_at + end
        return self.word.span_of(start, end) if self.word.stands(start, end) else None

    @property
    def enabled(self) -> bool:
        """False for ``-cover=false`` and the like."""
        return self.value not in {"false", "0", "f", "F", "FALSE", "False"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a go command, sorted out."""

    flags: tuple[Flag, ...]
    packages: tuple[ShellWord, ...]
    unseen: tuple[ShellWord, ...]  # words that may hold anything


def read_arguments(
    words: Sequence[ShellWord], fixed: Mapping[str, str], previous_end: int, data: bytes
) -> Arguments:
    """Sort the words after ``go build``; ``fixed`` holds variables that cannot change.

    ``previous_end`` is the byte after the subcommand in the file ``data``: a
    removed flag takes the white space since the word before it along.
    """
    reader = _ArgumentReader(fixed, data)
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        start, previous_end = previous_end, word.span.end
        if word.parts and word.parts[0].kind != "text" and reader.variable(word):
            continue
        shape = word.shape
        if not shape.startswith("-") or reader.packages or shape == "-":
            reader.packages.append(word)
            continue
        name, equals, _ = shape.lstrip("-").partition("=")
        if not equals and name in VALUED and position < len(words):
            value = words[position]
            position += 1
            previous_end = value.span.end
            reader.two_words(name, word, value, start)
        else:
            reader.one_word(name, word, start)
    return Arguments(tuple(reader.flags), tuple(reader.packages), tuple(reader.unseen))


class _ArgumentReader:
    def __init__(self, fixed: Mapping[str, str], data: bytes) -> None:
        self.fixed = fixed
        self.data = data
        self.flags: list[Flag] = []
        self.packages: list[ShellWord] = []
        self.unseen: list[ShellWord] = []

    def variable(self, word: ShellWord) -> bool:
        """Read a word that begins with a variable; False when it is a word like any other."""
        known = word.fields(self.fixed)
        if known is None:
            (self.packages or self.unseen).append(word)
            return True
        quoted = any(part.quoted for part in word.parts if part.kind != "text")
        if quoted and not (known and known[0].startswith("-")):
            return False
        position = 0
        while position < len(known):
            text = known[position]
            position += 1
            if not text.startswith("-") or self.packages:
                self.packages.append(word)
                return True
            name, equals, value = text.lstrip("-").partition("=")
            if not equals and name in VALUED and position < len(known):
                equals, value = "=", known[position]
                position += 1
            # it can be judged, not edited
            empty = Span(word.span.path, word.span.end, word.span.end)
            self.flags.append(
                Flag(name, value if equals else None, True, word.span, empty, None, False, word, 0)
            )
        return True

    def one_word(self, name: str, word: ShellWord, start: int) -> None:
        shape = word.shape
        at = len(shape) - len(shape.lstrip("-")) + len(name)
        value = value_span = None
        if at < len(shape):
            at += 1
            value = shape[at:]
            value_span = word.span_of(at, len(shape)) if value else None
            value_span = value_span or Span(word.span.path, word.span.end, word.span.end)
        removal = self.removal(word.span, start)
        self.flags.append(
            Flag(name, value, "\0" in shape, word.span, removal, value_span, False, word, at)
        )

    def two_words(self, name: str, word: ShellWord, value: ShellWord, start: int) -> None:
        span = Span(word.span.path, word.span.start, value.span.end)
        text = value.shape
        removal = self.removal(span, start)
        self.flags.append(
            Flag(name, text, "\0" in text, span, removal, value.span, False, value, 0)
        )

    def removal(self, flag: Span, start: int) -> Span:
        """``flag`` and the white space before it, which starts at byte ``start``.

        A comment between a continuation and the flag stays: then the flag's line, or
        the white space behind the flag, goes instead, if the command goes on there.
        """
        gap = self.data[start : flag.start]
        behind = _BEFORE_WORD.match(self.data, flag.end)
        if b"\n" in gap and behind is not None:
            # it starts a line that goes on: the next word takes its place
            return Span(flag.path, flag.start, behind.end())
        if b"#" in gap:
            line_end = _CONTINUATION.match(self.data, flag.end)
            if line_end is not None:
                return Span(flag.path, start + gap.rfind(b"\n") + 1, line_end.end())
        return Span(flag.path, start, flag.end)


@dataclass(frozen=True, slots=True)
class Field:
    """One flag of a GOFLAGS value: ``text`` is characters ``[start, end)`` of it, unquoted."""

    text: str
    start: int
    end: int


def split_goflags(value: str) -> Iterator[Field]:
    """Split a GOFLAGS value as Go does: at white space, a field may be quoted as a whole.

    (cmd/internal/quoted; measured on Go 1.21 to 1.27, facts part F.)
    """
    position = 0
    while position < len(value):
        if value[position] in _BLANK:
            position += 1
            continue
        quote = value[position]
        if quote in "'\"":
            closing = value.find(quote, position + 1)
            if closing == -1:
                yield Field(value[position:], position, len(value))
                return
            yield Field(value[position + 1 : closing], position, closing + 1)
            position = closing + 1
            continue
        start = position
        while position < len(value) and value[position] not in _BLANK:
            position += 1
        yield Field(value[start:position], start, position)


def goflags_flags(word: ShellWord) -> tuple[Flag, ...]:
    """The flags in a GOFLAGS value that is written as ``word``; parts not seen are \\x00."""
    shape = word.shape
    flags: list[Flag] = []
    for item in split_goflags(shape):
        if not item.text.startswith("-"):
            continue
        span = word.span_of(item.start, item.end)
        if span is None:
            continue
        name, equals, value = item.text.lstrip("-").partition("=")
        dashes = len(item.text) - len(item.text.lstrip("-"))
        quoted = item.end - item.start != len(item.text)
        at = item.start + quoted + dashes + len(name) + len(equals)
        first, last = item.start, item.end
        # the white space that goes with the flag: before it, or after it when it is the first
        while first > 0 and shape[first - 1] in _BLANK:
            first -= 1
        if first == 0:
            while last < len(shape) and shape[last] in _BLANK:
                last += 1
        removal = word.span_of(first, last) or span
        if not word.stands(first, last):  # it can be judged, not edited
            removal = Span(span.path, span.end, span.end)
        value_span = word.span_of(at, at + len(value)) if value else None
        flags.append(
            Flag(
                name,
                value if equals else None,
                "\0" in item.text,
                span,
                removal,
                value_span,
                True,
                word,
                at,
            )
        )
    return tuple(flags)
