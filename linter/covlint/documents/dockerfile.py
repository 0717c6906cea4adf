"""Dockerfiles and Containerfiles: instructions and stages, with exact bytes.

The line grammar follows BuildKit's parser (frontend/dockerfile/parser):
directives, continuations, comments and empty lines inside continuations,
heredocs, flags, JSON and shell forms. docs/decisions/0005-dockerfile-reader.md
says why this is not left to a library.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from functools import cached_property

from covlint.documents.instruction import (
    FLAG,
    Heredoc,
    Instruction,
    InstructionFlag,
    Pair,
    backslashed,
    flag_text,
    read_json,
)
from covlint.documents.shellwords import ShellWord, decode_word, split_words
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

__all__ = [
    "Dockerfile",
    "Heredoc",
    "Instruction",
    "InstructionFlag",
    "Pair",
    "Stage",
    "open_dockerfile",
]

KEYWORDS = frozenset(
    {
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    }
)
_HEREDOC_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})
_DIRECTIVE = re.compile(rb"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(rb"\d*<<(-?)([^<]+)", re.DOTALL)
#: The first word of an instruction; it may go on behind a continuation.
_KEYWORD = re.compile(rb"[^ \t\v\f\r\n\\]+(?:\\\n?[^ \t\v\f\r\n\\]*)*")
_BOM = b"\xef\xbb\xbf"


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
        found = bisect_right(self._ordered, offset, key=lambda one: one.span.start)
        instruction = self._ordered[found - 1] if found else None
        return instruction if instruction and offset <= instruction.span.end else None

    @cached_property
    def _ordered(self) -> tuple[Instruction, ...]:
        return tuple(self.instructions)


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
            text = text.removeprefix(_BOM) if line == 0 else text
            if not text.strip() or text.lstrip().startswith(b"#"):
                line += 1
                continue
            line = self.instruction(line, starts, ends)
        return self.stages()

    def directives(self, starts: list[int], ends: list[int]) -> int:
        """Read the parser directives; returns the 0-based line after them."""
        seen: set[bytes] = set()
        for line, (start, end) in enumerate(zip(starts, ends, strict=True)):
            match = _DIRECTIVE.match(self.source.data[start:end].removeprefix(_BOM))
            if match is None:
                return line
            name, value = match[1].lower(), match[2]
            if name not in {b"escape", b"syntax", b"check"}:
                continue
            if name in seen:
                self.fail(start, f"only one {name.decode()} directive can be used")
            seen.add(name)
            if name == b"syntax":
                self.syntax = value.decode("utf-8", "replace")
            elif name == b"escape" and value in {b"`", b"\\"}:
                self.escape = value
            elif name == b"escape":
                self.fail(start, f"the escape directive takes \\ or `, not {_shown(value)}")
        return len(starts)

    def instruction(self, line: int, starts: list[int], ends: list[int]) -> int:
        """Read the instruction that starts on the 0-based ``line``; returns the line after it."""
        data = self.source.data
        begin = starts[line]
        masked = bytearray()
        while line < len(starts):
            text = data[starts[line] : ends[line]]
            if starts[line] == 0 and text.startswith(_BOM):
                text = b"   " + text[3:]
            line += 1
            stripped = text.strip()
            if masked and (not stripped or stripped.startswith(b"#")):
                masked += b" " * len(text)
                continue
            content = text.rstrip(b"\r\n")
            without = content.rstrip(b" \t")
            if not without.endswith(self.escape) or without.endswith(self.escape * 2):
                masked += content
                break
            blank = len(text) - len(without) - 1
            masked += without[:-1]
            masked += b" " * (blank + 1) if blank < 0 else b" " * blank + b"\\\n"
        return self.assemble(begin, bytes(masked), line, starts, ends)

    def assemble(
        self, begin: int, text: bytes, line: int, starts: list[int], ends: list[int]
    ) -> int:
        """Make an instruction of ``text``, its lines with continuations and comments blanked.

        ``line`` is the line after it, where its heredocs start. Returns the line after those.
        """
        match = _KEYWORD.search(text)
        name = match[0].replace(b"\\\n", b"").decode().upper() if match else ""
        if match is None or name not in KEYWORDS:
            self.fail(begin, f"unknown instruction {_shown(match[0] if match else b'')}")
            return line
        start, keyword_end = match.start(), match.end()
        onbuild = name == "ONBUILD"
        if onbuild:
            match = _KEYWORD.match(text, _skip_blank(text, keyword_end))
            name = match[0].replace(b"\\\n", b"").decode().upper() if match else ""
            if match is None or name not in KEYWORDS - {"ONBUILD", "FROM", "MAINTAINER"}:
                self.fail(begin, "ONBUILD without an instruction that it may hold")
                return line
            keyword_end = match.end()
        path = self.source.path
        # words are told apart with backslash as the escape character
        lexed = text if self.escape == b"\\" else backslashed(text)
        flags, end = _flags(text, keyword_end, path, begin)
        end = _skip_blank(text, end)
        stop = begin + len(text.rstrip())
        heredocs: list[Heredoc] = []
        if (
            name in _HEREDOC_KEYWORDS
            and b"<<" in text
            and read_json(text[end:], path, begin + end) is None
        ):
            for first, last in split_words(lexed, end, len(lexed)):
                marker = _HEREDOC.fullmatch(lexed[first:last])
                if marker is None:
                    continue
                heredoc, line, stop = self.heredoc(marker, begin + first, line, starts, ends)
                heredocs.append(heredoc)
        self.instructions.append(
            Instruction(
                keyword=name,
                keyword_span=self.source.span(
                    begin + start, begin + len(text[:keyword_end].rstrip(b"\\\n"))
                ),
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

    def heredoc(
        self, marker: re.Match[bytes], at: int, line: int, starts: list[int], ends: list[int]
    ) -> tuple[Heredoc, int, int]:
        """The heredoc whose body starts on ``line``, the line after it, and its last byte."""
        data = self.source.data
        parts = decode_word(marker[2], 0, substitution=False)
        strip_tabs = marker[1] == b"-"
        literal = all(part.kind == "text" for part in parts)
        name = "".join(part.text for part in parts).encode() if literal else marker[2]
        first = line
        while line < len(starts):
            text = data[starts[line] : ends[line]].rstrip(b"\r\n")
            if (text.lstrip(b"\t") if strip_tabs else text) == name:
                break
            line += 1
        if line == len(starts):
            self.fail(at, f"heredoc {_shown(name)} is never closed")
            stop = end = len(data)
        else:
            end = starts[line]
            stop = end + len(text)
            line += 1
        start = starts[first] if first < len(starts) else len(data)
        heredoc = Heredoc(
            name.decode("utf-8", "replace"),
            not any(part.quoted for part in parts),
            strip_tabs,
            self.source.span(at, at + len(marker[0])),
            self.source.span(start, end),
        )
        return heredoc, line, stop

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


def _flags(text: bytes, end: int, path: str, begin: int) -> tuple[tuple[InstructionFlag, ...], int]:
    """The flags after byte ``end`` of the instruction at byte ``begin``, and where they end.

    BuildKit tells them apart before it looks at anything else, with a backslash as escape
    character whatever the file's own one is (``extractBuilderFlags``).
    """
    flags: list[InstructionFlag] = []
    while (match := FLAG.match(text, _skip_blank(text, end))) is not None:
        word = match[0]
        while word.endswith(b"\\\n"):
            word = word[:-2]
        end = match.start() + len(word)
        if word == b"--":
            break
        name, _, value = flag_text(word)[2:].partition("=")
        span = Span(path, begin + match.start(), begin + end)
        flags.append(InstructionFlag(name, value, span))
    return tuple(flags), end


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
