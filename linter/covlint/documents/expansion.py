"""Text that a program gets, and the byte of the file that each byte of it was written as.

A recipe line of a Makefile has its variables put in, the script of a YAML block
is moved left: what the shell reads is not what stands in the file. A word whose
bytes stand in the file one after the other is *literal* and can be edited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from covlint.documents.shellblocks import Condition
from covlint.documents.shellcommands import Assignment, Command
from covlint.documents.shellwords import Part, ShellWord
from covlint.frozen import dataclass
from covlint.source import Span

#: Names of the variables that stand for what was put in; no script can use one.
_INSERTED = "\x01"


@dataclass(frozen=True, slots=True)
class Expansion:
    """The text that the shell gets, and where in the file each of its bytes comes from: the
    bytes from ``origins`` to ``ends``, which for text put in is the whole reference."""

    path: str
    text: bytes
    origins: tuple[int, ...]
    ends: tuple[int, ...]

    def original(self, start: int, end: int) -> Span:
        """Where the bytes ``[start, end)`` of the text are written."""
        if not self.origins:
            return Span(self.path, 0, 0)
        first = self.origins[min(start, len(self.origins) - 1)]
        last = self.ends[max(min(end, len(self.ends)) - 1, 0)]
        return Span(self.path, first, max(last, first))

    def literal(self, data: bytes, start: int, end: int) -> bool:
        """Whether ``[start, end)`` stands in the file (its bytes are ``data``) as it is here."""
        if start >= end:
            return start == end
        first = self.origins[start]
        return (
            self.origins[end - 1] - first == end - 1 - start
            and self.ends[end - 1] - first == end - start
            and data[first : first + end - start] == self.text[start:end]
        )


@dataclass(slots=True)
class Placer:
    """Moves commands that were parsed from an expansion to where they stand in the file.

    What was put in becomes a variable of a name of its own, whose value is in
    ``inserted``: it can be read, and no edit can touch it.
    """

    expansion: Expansion
    data: bytes
    inserted: dict[str, str]

    def command(self, command: Command) -> Command:
        return replace(
            command,
            words=tuple(self.word(word) for word in command.words),
            assignments=tuple(self.assignment(one) for one in command.assignments),
            span=self.span(command.span),
            conditions=tuple(self.condition(one) for one in command.conditions),
        )

    def span(self, span: Span) -> Span:
        return self.expansion.original(span.start, span.end)

    def literal(self, span: Span) -> bool:
        return self.expansion.literal(self.data, span.start, span.end)

    def condition(self, condition: Condition) -> Condition:
        return replace(
            condition, span=self.span(condition.span), statement=self.span(condition.statement)
        )

    def assignment(self, assignment: Assignment) -> Assignment:
        items = assignment.items
        return replace(
            assignment,
            value=self.word(assignment.value),
            span=self.span(assignment.span),
            items=None if items is None else tuple(self.word(item) for item in items),
        )

    def word(self, word: ShellWord) -> ShellWord:
        if word.span.start >= word.span.end:
            # An empty value stands after the last byte before it.
            before = self.expansion.original(max(word.span.start - 1, 0), word.span.start)
            return ShellWord(word.parts, Span(before.path, before.end, before.end))
        parts = [piece for part in word.parts for piece in self.pieces(part)]
        return ShellWord(tuple(parts), self.span(word.span))

    def pieces(self, part: Part) -> Iterator[Part]:
        """The part, cut where the text does not stand in the file in one piece."""
        start, end = part.start, part.end
        if self.expansion.literal(self.data, start, end) or part.kind != "text":
            place = self.expansion.original(start, end)
            yield replace(part, start=place.start, end=place.end)
            return
        if len(part.text) == 1 and self._escaped(start, end, part.text):
            place = self.expansion.original(start, end)
            yield replace(part, start=place.start, end=place.end)
            return
        raw = self.expansion.text[start:end]
        if raw.decode("utf-8", "replace") != part.text or not part.text.isascii():
            yield self.insert(part.text, part.quoted, start, end)
            return
        for first, last in self.runs(start, end):
            text = part.text[first - start : last - start]
            stands = self.expansion.literal(self.data, first, last)
            if stands or (len(text) == 1 and self._escaped(first, last, text)):
                place = self.expansion.original(first, last)
                yield Part("text", text, part.quoted, start=place.start, end=place.end)
            else:
                yield self.insert(text, part.quoted, first, last)

    def _escaped(self, start: int, end: int, character: str) -> bool:
        """Whether a character is written by itself or behind a backslash, with the escapes of
        the shell, or of the language around it, left out."""
        place = self.expansion.original(start, end)
        written = self.data[place.start : place.end]
        return written in (character.encode(), b"\\" + character.encode())

    def runs(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Pieces of ``[start, end)`` that stand in the file in one piece, or were put in at one
        place."""
        origins, text = self.expansion.origins, self.expansion.text

        def stands(index: int) -> bool:
            return self.data[origins[index] : origins[index] + 1] == text[index : index + 1]

        first = start
        for index in range(start + 1, end + 1):
            if index < end:
                step = origins[index] - origins[index - 1]
                if step == 0 or (step == 1 and stands(index) and stands(index - 1)):
                    continue
            yield first, index
            first = index

    def insert(self, text: str, quoted: bool, start: int, end: int) -> Part:
        name = f"{_INSERTED}{len(self.inserted)}"
        self.inserted[name] = text
        place = self.expansion.original(start, end)
        # The shell has split the words already: spaces that are left split none.
        kept = quoted and not set(text).isdisjoint(" \t\n")
        return Part("variable", name, kept, start=place.start, end=place.end)
