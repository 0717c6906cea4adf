"""Dockerfiles and Containerfiles: instructions and stages, with exact bytes.

The line grammar follows BuildKit's parser (frontend/dockerfile/parser):
directives, continuations, comments and empty lines inside continuations,
heredocs, flags, JSON and shell forms. docs/decisions/0001-dockerfile-reader.md
says why this is not left to a library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from covlint.documents.shellwords import ShellWord, decode_word, split_words
from covlint.source import SourceFile, Span, Word

KEYWORDS = frozenset(
    ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"]
)
_HEREDOC_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})
_DIRECTIVE = re.compile(rb"^#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.+?)[ \t\r\n]*$")
_HEREDOC = re.compile(rb"^(\d*)<<(-?)(['\"]?)([A-Za-z_0-9.-]+)\3$")
_KEYWORD = re.compile(rb"[A-Za-z]+")
_JSON_STRING = re.compile(rb'"((?:[^"\\\n]|\\.)*)"')


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
        return _read_json(self)

    def words(self) -> tuple[ShellWord, ...]:
        """The white-space separated words of the body."""
        return tuple(
            self._word(start, end) for start, end in split_words(self._lexed, 0, len(self.body))
        )

    def pairs(self) -> tuple[Pair, ...]:
        """The pairs of ENV, ARG or LABEL, old ``ENV NAME value`` form included."""
        return tuple(_read_pairs(self))

    @property
    def _lexed(self) -> bytes:
        """The body with backslash as the escape character whatever the file says."""
        if self.escape == "\\":
            return self.body
        return self.body.translate(_SWAP).replace(b"`\n", b"\\\n")

    def _word(self, start: int, end: int) -> ShellWord:
        parts = decode_word(self._lexed[start:end], self.body_start + start)
        if self.escape == "`":
            from dataclasses import replace

            parts = tuple(replace(p, text=p.text.replace("`", "\\")) for p in parts)
        return ShellWord(
            parts, Span(self.span.path, self.body_start + start, self.body_start + end)
        )


_SWAP = bytes.maketrans(b"`\\", b"\\`")


@dataclass(frozen=True, slots=True)
class Stage:
    """A build stage: its FROM and the instructions up to the next one."""

    index: int
    name: str | None
    base: ShellWord  # as written
    platform: str | None
    origin: Instruction  # the FROM
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile; ``error`` says why it has no stages, if it has none."""

    source: SourceFile
    escape: str
    syntax: str | None
    preamble: tuple[Instruction, ...]  # ARGs before the first FROM
    stages: tuple[Stage, ...]
    error: str | None
    error_line: int | None = None

    @property
    def instructions(self) -> Iterator[Instruction]:
        yield from self.preamble
        for stage in self.stages:
            yield stage.origin
            yield from stage.instructions

    def instruction_at(self, offset: int) -> Instruction | None:
        """The instruction that holds the byte at ``offset``."""
        for instruction in self.instructions:
            if instruction.span.start <= offset <= instruction.span.end:
                return instruction
        return None


def open_dockerfile(source: SourceFile) -> Dockerfile:
    """Parse a Dockerfile. Raises UnreadableSource when it is not text."""
    source.text  # noqa: B018  (raises for binary and non-UTF-8 data)
    return _Reader(source).read()


@dataclass
class _Reader:
    source: SourceFile
    escape: bytes = b"\\"
    syntax: str | None = None
    instructions: list[Instruction] = field(default_factory=list)
    error: str | None = None
    error_line: int | None = None

    def read(self) -> Dockerfile:
        data = self.source.data
        starts = self.source.line_starts
        ends = [*starts[1:], len(data)]
        line = self.directives(starts, ends)
        while line < len(starts):
            text = data[starts[line] : ends[line]]
            if line == 0 and text.startswith(b"\xef\xbb\xbf"):
                text = b"   " + text[3:]
            if not text.strip() or text.lstrip().startswith(b"#"):
                line += 1
                continue
            line = self.instruction(line, starts, ends)
        return self.stages()

    def directives(self, starts: list[int], ends: list[int]) -> int:
        """Read the parser directives; returns the 0-based line after them."""
        for line, (start, end) in enumerate(zip(starts, ends, strict=True)):
            text = self.source.data[start:end]
            if line == 0 and text.startswith(b"\xef\xbb\xbf"):
                text = text[3:]
            match = _DIRECTIVE.match(text)
            if match is None or match[1].lower() not in {b"escape", b"syntax", b"check"}:
                return line
            if match[1].lower() == b"escape" and match[2] in {b"`", b"\\"}:
                self.escape = match[2]
            elif match[1].lower() == b"syntax":
                self.syntax = match[2].decode("utf-8", "replace")
        return len(starts)

    def instruction(self, line: int, starts: list[int], ends: list[int]) -> int:
        """Read the instruction that starts on the 0-based ``line``; returns the line after it."""
        data = self.source.data
        begin = starts[line]
        masked = bytearray()
        first = True
        while line < len(starts):
            text = data[starts[line] : ends[line]]
            if first and begin == 0 and text.startswith(b"\xef\xbb\xbf"):
                text = b"   " + text[3:]
            line += 1
            stripped = text.strip()
            if not first and (not stripped or stripped.startswith(b"#")):
                masked += b" " * len(text)
                continue
            first = False
            content = text.rstrip(b"\r\n")
            without = content.rstrip(b" \t")
            continued = without.endswith(self.escape) and not (
                without.endswith(self.escape * 2)
            )
            if not continued:
                masked += content
                break
            masked += without[:-1] + b" " * (len(text) - len(without) - 1) + b"\\\n"
        return self.heredocs(begin, bytes(masked), line, starts, ends)

    def heredocs(self, begin: int, text: bytes, line: int, starts: list[int], ends: list[int]) -> int:
        indent = len(text) - len(text.lstrip())
        keyword_match = _KEYWORD.match(text, indent)
        if keyword_match is None:
            self.fail(begin, f"expected an instruction, found {_shown(text.strip())}")
            return line
        keyword = keyword_match[0].decode().upper()
        if keyword not in KEYWORDS:
            self.fail(begin, f"unknown instruction {_shown(keyword_match[0])}")
            return line
        start, end = keyword_match.start(), keyword_match.end()
        onbuild = keyword == "ONBUILD"
        if onbuild:
            inner = _KEYWORD.match(text, _skip_blank(text, end))
            if inner is None:
                self.fail(begin, "ONBUILD without an instruction")
                return line
            keyword, end = inner[0].decode().upper(), inner.end()
        flags, end = self.flags(text, end, begin)
        end = _skip_blank(text, end)
        heredocs: list[Heredoc] = []
        stop = begin + len(text.rstrip())
        if keyword in _HEREDOC_KEYWORDS and b"<<" in text and text[end : end + 1] != b"[":
            for first, last in split_words(text, end, len(text)):
                match = _HEREDOC.match(text[first:last])
                if match is None:
                    continue
                name, strip_tabs = match[4], match[2] == b"-"
                body_start = starts[line] if line < len(starts) else len(self.source.data)
                body_end = body_start
                found = False
                while line < len(starts) and not found:
                    candidate = self.source.data[starts[line] : ends[line]].rstrip(b"\r\n")
                    if strip_tabs:
                        candidate = candidate.lstrip(b"\t")
                    found = candidate == name
                    if not found:
                        body_end = ends[line]
                    else:
                        stop = starts[line] + len(self.source.data[starts[line] : ends[line]].rstrip(b"\r\n"))
                    line += 1
                if not found:
                    self.fail(begin, f"heredoc {_shown(name)} is never closed")
                    stop = max(stop, len(self.source.data))
                heredocs.append(
                    Heredoc(
                        name.decode(),
                        match[3] == b"",
                        strip_tabs,
                        self.source.span(begin + first, begin + last),
                        self.source.span(body_start, body_end),
                    )
                )
        self.instructions.append(
            Instruction(
                keyword=keyword,
                keyword_span=self.source.span(begin + start, begin + end if onbuild else begin + keyword_match.end()),
                span=self.source.span(begin + start, stop),
                body=text[end:],
                body_start=begin + end,
                flags=flags,
                heredocs=tuple(heredocs),
                onbuild=onbuild,
                escape=self.escape.decode(),
            )
        )
        return line

    def flags(self, text: bytes, end: int, begin: int) -> tuple[tuple[InstructionFlag, ...], int]:
        flags: list[InstructionFlag] = []
        for first, last in split_words(text, end, len(text)):
            word = text[first:last]
            if not word.startswith(b"--"):
                break
            end = last
            if word == b"--":
                break
            name, _, value = word[2:].decode("utf-8", "replace").partition("=")
            flags.append(
                InstructionFlag(name, value.strip("\"'"), self.source.span(begin + first, begin + last))
            )
        return tuple(flags), end

    def fail(self, offset: int, message: str) -> None:
        if self.error is None:
            self.error, self.error_line = message, self.source.line_of(offset)

    def stages(self) -> Dockerfile:
        preamble: list[Instruction] = []
        stages: list[Stage] = []
        origin: Instruction | None = None
        inside: list[Instruction] = []
        for instruction in [*self.instructions, None]:
            if instruction is not None and (instruction.keyword != "FROM" or instruction.onbuild):
                (preamble if origin is None else inside).append(instruction)
                continue
            if origin is not None:
                stages.append(_stage(len(stages), origin, inside))
            origin, inside = instruction, []
        if not stages and self.error is None:
            self.error, self.error_line = "no FROM instruction", 1
        return Dockerfile(
            self.source,
            self.escape.decode(),
            self.syntax,
            tuple(preamble),
            tuple(stages),
            self.error,
            self.error_line,
        )


def _stage(index: int, origin: Instruction, inside: list[Instruction]) -> Stage:
    words = origin.words()
    name = None
    if len(words) >= 3 and (words[1].literal or "").lower() == "as":
        name = words[2].literal
    empty = ShellWord((), origin.keyword_span)
    return Stage(
        index, name, words[0] if words else empty, origin.flag("platform"), origin, tuple(inside)
    )


def _skip_blank(text: bytes, position: int) -> int:
    while position < len(text):
        if text[position : position + 1].isspace():
            position += 1
        elif text[position : position + 2] == b"\\\n":
            position += 2
        else:
            break
    return position


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("utf-8", "replace"))


def _read_json(instruction: Instruction) -> tuple[Word, ...] | None:
    import json

    body = instruction.body.replace(b"\\\n", b"  ")
    if not body.startswith(b"["):
        return None
    text = body.rstrip()
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    words: list[Word] = []
    for value, match in zip(values, _JSON_STRING.finditer(text), strict=False):
        start = instruction.body_start + match.start()
        words.append(Word(value, Span(instruction.span.path, start, start + len(match[0]))))
    return tuple(words)


def _read_pairs(instruction: Instruction) -> Iterator[Pair]:
    body = instruction._lexed
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
            instruction._word(start, end),
            Span(path, base + ranges[0][0], base + end),
        )
        return
    for start, end in ranges:
        equals = body.find(b"=", start, end)
        if equals == -1:
            value = None
            equals = end
        else:
            value = instruction._word(equals + 1, end)
        name = body[start:equals].decode("utf-8", "replace").strip("\"'")
        yield Pair(
            Word(name, Span(path, base + start, base + equals)), value, Span(path, base + start, base + end)
        )
