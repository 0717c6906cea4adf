"""One Dockerfile instruction: its flags, words, pairs and heredocs, with exact bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from covlint.documents.shellwords import ShellWord, decode_word, split_words
from covlint.frozen import dataclass
from covlint.source import Span, Word

_JSON_KEYWORDS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_JSON_STRING = re.compile(rb'"(?:[^"\\\n]|\\.)*"')
_JSON_ARRAY = re.compile(rb'\[\s*(?:"(?:[^"\\\n]|\\.)*"\s*(?:,\s*"(?:[^"\\\n]|\\.)*"\s*)*)?\]')
_JSON_PLAIN = re.compile(rb'"[ !#-\[\]-~]*"')  # ASCII, without a backslash or control character


@dataclass(frozen=True, slots=True)
class Heredoc:
    """``<<NAME``; ``body`` spans its lines, the terminator line left out."""

    name: str
    expand: bool  # the name was not quoted
    strip_tabs: bool
    marker: Span  # the ``<<NAME`` word
    body: Span


@dataclass(frozen=True, slots=True)
class InstructionFlag:
    """``--name=value`` before the arguments; value "" for a bare flag."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Pair:
    """``NAME=value`` of ENV, ARG or LABEL; an ARG without default has no value."""

    name: Word
    value: ShellWord | None
    span: Span


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. For ONBUILD, the instruction that it holds, ``onbuild`` set.

    ``body`` is what follows the keyword and its flags, as many bytes as the
    file has there: comment lines and empty lines inside it are blanked and the
    escape character of a continuation is always a backslash.
    """

    keyword: str  # upper case
    keyword_span: Span
    span: Span  # from the keyword to the last byte, heredocs included, line ending not
    body: bytes
    body_start: int
    flags: tuple[InstructionFlag, ...]
    heredocs: tuple[Heredoc, ...]
    onbuild: bool
    escape: str

    def flag(self, name: str) -> str | None:
        """The value of the last flag of that name."""
        return next((flag.value for flag in reversed(self.flags) if flag.name == name), None)

    @property
    def exec_form(self) -> tuple[Word, ...] | None:
        """The words of the JSON form; None for the shell form."""
        if self.keyword not in _JSON_KEYWORDS:
            return None
        return read_json(self.body, self.span.path, self.body_start)

    def words(self) -> tuple[ShellWord, ...]:
        """The white-space separated words of the body."""
        lexed = self.lexed
        return tuple(
            self.word(lexed, start, end) for start, end in split_words(lexed, 0, len(lexed))
        )

    def pairs(self) -> tuple[Pair, ...]:
        """The pairs of ENV, ARG or LABEL, old ``ENV NAME value`` form included."""
        return tuple(_read_pairs(self))

    @property
    def lexed(self) -> bytes:
        """The body with backslash as the escape character whatever the file says."""
        return self.body if self.escape == "\\" else backslashed(self.body)

    def word(self, lexed: bytes, start: int, end: int) -> ShellWord:
        """The bytes ``[start, end)`` of the body as one word."""
        parts = decode_word(lexed[start:end], self.body_start + start, substitution=False)
        if self.escape == "`":
            parts = tuple(replace(p, text=p.text.translate(_SWAP_TEXT)) for p in parts)
        return ShellWord(
            parts, Span(self.span.path, self.body_start + start, self.body_start + end)
        )


#: A word that begins with two dashes, as BuildKit splits the beginning of an instruction.
FLAG = re.compile(rb"""--(?:\\.|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s\\"'])*""", re.DOTALL)
_QUOTED = re.compile(
    r"""\"((?:\\.|[^"\\])*)"?|'((?:\\.|[^'\\])*)'?|((?:\\.|[^"'\\])+)""", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SWAP = bytes.maketrans(b"`\\", b"\\`")
_SWAP_TEXT = str.maketrans("`\\", "\\`")


def backslashed(text: bytes) -> bytes:
    """Text of a file with ``# escape=` ``, backquotes and backslashes changed places.

    Continuations stay: an instruction's text always has them as backslashes.
    """
    return text.translate(_SWAP).replace(b"`\n", b"\\\n")


def flag_text(written: bytes) -> str:
    """A flag as BuildKit takes it: without its quotes, wherever they stand, and without the
    backslash of an escape, whatever the file's own escape character is."""
    joined = written.replace(b"\\\n", b"").decode("utf-8", "replace")

    def said(match: re.Match[str]) -> str:
        return _ESCAPED.sub(r"\1", match[1] or match[2] or match[3] or "")

    return _QUOTED.sub(said, joined)


def read_json(body: bytes, path: str, body_start: int) -> tuple[Word, ...] | None:
    """The strings of a JSON array; None when ``body`` does not begin with one.

    What follows the array is ignored, as BuildKit does.
    """
    if not body.startswith(b"["):
        return None
    text = body.replace(b"\\\n", b"  ")
    array = _JSON_ARRAY.match(text)
    if array is None:
        return None
    words: list[Word] = []
    for match in _JSON_STRING.finditer(text, 0, array.end()):
        value = _json_string(match[0])
        if value is None:
            return None
        start = body_start + match.start()
        words.append(Word(value, Span(path, start, start + len(match[0]))))
    return tuple(words)


def _json_string(text: bytes) -> str | None:
    if _JSON_PLAIN.fullmatch(text):
        return text[1:-1].decode("ascii")
    import json  # takes a millisecond to import, and most strings are plain

    try:
        return re.sub("[\ud800-\udfff]", "\ufffd", json.loads(text))
    except ValueError:
        return None


def _read_pairs(instruction: Instruction) -> Iterator[Pair]:
    body = instruction.lexed
    ranges = list(split_words(body, 0, len(body)))
    path, base = instruction.span.path, instruction.body_start
    if not ranges:
        return
    first = body[ranges[0][0] : ranges[0][1]]
    if instruction.keyword != "ARG" and b"=" not in first:
        # `ENV NAME the rest of the line`
        name = first.decode("utf-8", "replace")
        start = ranges[1][0] if len(ranges) > 1 else ranges[0][1]
        end = ranges[-1][1]
        yield Pair(
            Word(name, Span(path, base + ranges[0][0], base + ranges[0][1])),
            instruction.word(body, start, end),
            Span(path, base + ranges[0][0], base + end),
        )
        return
    for start, end in ranges:
        equals = body.find(b"=", start, end)
        if equals == -1:
            value = None
            equals = end
        else:
            value = instruction.word(body, equals + 1, end)
        name = body[start:equals].decode("utf-8", "replace").strip("\"'")
        yield Pair(
            Word(name, Span(path, base + start, base + equals)),
            value,
            Span(path, base + start, base + end),
        )
