"""Commands that program code gives as a list of words, as the line of shell that runs the same.

The bytes of the line know where in the file they stand, so that what is read in the line can
be edited in the strings of the program: a flag in a string of its own goes with its quotes and
the comma before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import field, replace

from covlint.documents.assembled import Piece, Text, relocated
from covlint.documents.expansion import Expansion
from covlint.documents.scriptvalues import ROOT
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.flags import Flag
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_NAME = re.compile(r"[A-Za-z_]\w*")
#: Where the data of a program goes, not that of the go command that is run.
OF_PROGRAMS = frozenset({"GOCOVERDIR", "PWD"})
#: Stands for the project root in a line.
ROOT_VARIABLE = "PROJECT_ROOT_OF_CODE"


@dataclass(frozen=True, slots=True)
class LineWord:
    """One word: the expression at bytes ``[start, end)`` that gives it.

    ``text`` None: no word, or several that are not seen. ``literal``: it is one string.
    ``before``: where the element before it in its list ends, None for the first of a list and
    for what stands in none.
    """

    text: Text | None
    start: int
    end: int
    literal: bool = False
    before: int | None = None
    named: bool = False

    @property
    def content(self) -> tuple[int, int] | None:
        """The bytes between the quotes, None where the text stands elsewhere."""
        written = (self.text or ())[self.named :]
        if not self.literal or not written:
            return None
        return written[0].start, written[-1].end


@dataclass(slots=True)
class WordLine:
    """The line as it grows, with the place in the file of each of its bytes.

    ``is_root`` matches expressions that give the directory of the repository.
    """

    source: SourceFile
    is_root: re.Pattern[str]
    text: bytearray = field(default_factory=bytearray)
    origins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def stand(self, data: bytes, at: int) -> None:
        self.text += data
        self.origins += range(at, at + len(data))
        self.ends += range(at + 1, at + len(data) + 1)

    def put_in(self, data: bytes, start: int, end: int) -> None:
        self.text += data
        self.origins += [start] * len(data)
        self.ends += [end] * len(data)

    @property
    def expansion(self) -> Expansion:
        return Expansion(self.source.path, bytes(self.text), tuple(self.origins), tuple(self.ends))

    def words(self, words: Sequence[LineWord]) -> None:
        for word in words:
            if self.text and not self.text.endswith(b"\n"):
                self.put_in(b" ", word.start, word.end)
            self.word(word)

    def word(self, word: LineWord) -> None:
        if word.text is None:
            self.put_in(b"$VALUES_OF_CODE", word.start, word.end)
            return
        whole = "".join("" if one.kind == "hole" else one.text for one in word.text)
        if (
            _BARE.fullmatch(whole)
            and all(one.kind != "hole" for one in word.text)
            and ROOT not in whole
        ):
            for piece in word.text:
                self.piece(piece, piece.text, word.start, word.end)
            return
        name = _ASSIGNMENT.match(whole)
        self.quoted(word, word.text, name.end() if name is not None else 0)

    def quoted(self, word: LineWord, text: Text, head: int) -> None:
        """A word in quotes, but for ``head`` characters: ``NAME=`` has to stay an assignment."""
        start, end = word.start, word.end
        empty = True
        for whole in text:
            piece = whole
            if head and piece.kind != "hole":
                first = piece.cut(0, head)
                self.piece(first, first.text, start, end)
                piece, head = piece.cut(head, len(piece.text)), head - len(first.text)
                if head:
                    continue
            empty = False
            if piece.kind == "hole":
                self.put_in(b'"', start, end)
                self.hole(piece, start, end)
                self.put_in(b'"', start, end)
            else:
                self.single(piece, start, end)
        if empty:
            self.put_in(b"''", start, end)

    def single(self, piece: Piece, start: int, end: int) -> None:
        """A piece in single quotes, in which all but a single quote stands for itself."""
        at = 0
        for part in re.split(rf"('|{re.escape(ROOT)})", piece.text):
            cut = piece.cut(at, at + len(part))
            at += len(part)
            if part == ROOT:
                self.put_in(b'"${' + ROOT_VARIABLE.encode() + b'}"', start, end)
            elif part == "'":
                self.put_in(b"\\'", cut.start, cut.end)
            elif part or not piece.text:
                self.put_in(b"'", start, end)
                self.piece(cut, part, start, end)
                self.put_in(b"'", start, end)

    def script(self, text: Text, start: int, end: int) -> None:
        """A script in a string, as it is."""
        for piece in text:
            if piece.kind == "hole":
                self.hole(piece, start, end)
            else:
                self.piece(piece, piece.text, start, end)

    def piece(self, piece: Piece, text: str, start: int, end: int) -> None:
        inside = start <= piece.start and piece.end <= end and piece.path == self.source.path
        if piece.linear and inside:
            self.stand(text.encode(), piece.start)
        elif inside and piece.start < piece.end:
            self.put_in(text.encode(), piece.start, piece.end)
        else:
            self.put_in(text.encode(), start, end)

    def hole(self, piece: Piece, start: int, end: int) -> None:
        self.put_in(b"${" + self.variable(piece.text).encode() + b"}", start, end)

    def variable(self, hole: str) -> str:
        if self.is_root.match(hole) is not None:
            return ROOT_VARIABLE
        match = _NAME.fullmatch(hole.rpartition(".")[2])
        return match[0] if match and match[0] != ROOT_VARIABLE else "VALUE_OF_CODE"


def as_arguments(
    build: GoBuild,
    environment: Sequence[LineWord],
    words: Sequence[LineWord],
    call: Span,
    source: SourceFile,
    forbidden: str,
) -> GoBuild:
    """The build that the call of a program is, with what a fix takes out or puts in as
    elements of the list of words. ``forbidden``: see :class:`GoBuild`."""
    every = sorted((*environment, *words), key=lambda one: one.start)

    def at(offset: int) -> LineWord | None:
        """The word at a place; the first of two that meet there."""
        behind = bisect_right(every, offset, key=lambda one: one.start)
        near = every[max(behind - 2, 0) : behind]
        return next((one for one in near if one.start <= offset <= one.end), None)

    def inside(span: Span) -> Span:
        """Without the quotes at the ends."""
        first, last = at(span.start), at(span.end)
        left = first.content if first is not None else None
        right = last.content if last is not None else None
        start = max(span.start, left[0]) if left is not None else span.start
        end = min(span.end, right[1]) if right is not None else span.end
        return Span(span.path, start, max(start, end))

    def removed(flag: Flag) -> Flag:
        first, last = at(flag.span.start), at(flag.span.end)
        place = Span(flag.span.path, flag.span.end, flag.span.end)
        if first is not None and last is not None and _whole(flag.span, first, last):
            place = _with_comma(first, last, source) or place
        return replace(flag, removal=place)

    build = relocated(build, inside)
    second = words[1] if len(words) > 1 else None
    plain = second is not None and second.literal and second.before is not None
    return replace(
        build,
        span=call,
        command=call,
        text=source.slice(call),
        instruction=call,
        base_span=call,
        flags=tuple(removed(flag) for flag in build.flags),
        after_subcommand=second.end if plain and second is not None else call.end,
        further_flag=', "{}"' if plain else None,
        forbidden=forbidden,
    )


def _whole(span: Span, first: LineWord, last: LineWord) -> bool:
    left, right = first.content, last.content
    return left is not None and right is not None and (span.start, span.end) == (left[0], right[1])


def _with_comma(first: LineWord, last: LineWord, source: SourceFile) -> Span | None:
    """Strings that are elements of one list, from the comma before them on."""
    if first.before is None or (last is not first and last.before != first.end):
        return None
    if not re.fullmatch(rb"\s*,\s*", source.data[first.before : first.start]):
        return None
    return Span(source.path, first.before, last.end)
