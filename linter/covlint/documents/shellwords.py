"""Shell words: quotes, escapes and variables, with the byte of every character.

POSIX rules (sections 2.2 and 2.6 of the Shell Command Language), plus the forms of bash that
build scripts use. What only a run can tell is "opaque"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace

from covlint.documents.shellquotes import ARGUMENT_LIMIT, closing_bracket, split_words
from covlint.frozen import dataclass
from covlint.source import Span

__all__ = ["Part", "ShellWord", "decode_word", "split_words"]

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*|[@*#?$!0-9-]")
_RUN = re.compile(rb"[^\\\"'`$]+")
#: Words of one part, which most are.
_COMMON = re.compile(
    rb"(?P<plain>[^\\\"'`$]+)|\"(?P<double>[^\\\"`$]*)\"|'(?P<single>[^']*)'"
    rb"|\"\$\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)\}\"|\"\$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)\""
)
_QUOTED_RUN = re.compile(rb"[^\\\"`$]+")
_DEPTH_LIMIT = 40  # of ${a:-${b:-…}}: each level is read once for those above it
_BLANKS = re.compile("[ \t\n]+")
#: In the operand of an unquoted expansion these keep white space together.
_QUOTING = frozenset("'\"\\")
_EXPANSION = re.compile(
    rb"\$\{([A-Za-z_][A-Za-z0-9_]*(?:\[[@*]\])?|[@*#?0-9])(?:(:?[-+=?])(.*))?\}", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word, at bytes ``[start, end)`` of its file.

    kind "text": literal ``text``, whose UTF-8 bytes are the bytes of the file
    unless it is a single escaped character. kind "variable": ``$NAME`` or
    ``${NAME…}``; ``text`` is NAME, ``operator`` one of "", ":-", "-", ":+", "+"
    (also "=" and "?" forms) and ``operand`` what follows it, undecoded. kind
    "opaque": something only a run can tell, such as ``$(…)``.
    """

    kind: str
    text: str
    quoted: bool
    operator: str = ""
    operand: str | None = None
    start: int = 0
    end: int = 0

    @property
    def one_to_one(self) -> bool:
        """Whether each byte of the text is a byte of the file."""
        return self.kind == "text" and len(self.text.encode()) == self.end - self.start


@dataclass(frozen=True, slots=True)
class ShellWord:
    """One word of a command line; ``span`` includes its quotes."""

    parts: tuple[Part, ...]
    span: Span

    @property
    def literal(self) -> str | None:
        """The word when it has no variable in it, quotes resolved."""
        if len(self.parts) == 1:  # most words are; this is asked of each of them
            part = self.parts[0]
            return part.text if part.kind == "text" else None
        if any(part.kind != "text" for part in self.parts):
            return None
        return "".join([part.text for part in self.parts])

    @property
    def prefix(self) -> str:
        """The literal text before the first thing that is not known."""
        text = ""
        for part in self.parts:
            if part.kind != "text":
                break
            text += part.text
        return text

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(part.text for part in self.parts if part.kind == "variable")

    def resolve(self, variables: Mapping[str, str]) -> str | None:
        """The word with ``variables`` put in, not split as in :meth:`fields`; None when
        something in it is not known, or no process can be given it, so long is it."""
        values = [_value(part, variables) for part in self.parts]
        known = [value for value in values if value is not None]
        whole = len(known) == len(values) and sum(map(len, known)) < ARGUMENT_LIMIT
        return "".join(known) if whole else None

    def fields(self, variables: Mapping[str, str]) -> tuple[str, ...] | None:
        """The arguments that the word becomes: unquoted values are split at white space.

        An unquoted variable that is empty gives no argument at all. None when
        something in the word is not known.
        """
        if len(self.parts) == 1 and self.parts[0].kind == "text":
            return (self.parts[0].text,)
        if self.resolve(variables) is None:
            return None
        fields: list[str] = []
        current: str | None = None
        for part in self.parts:
            value = _value(part, variables) or ""
            if part.kind == "text" or part.quoted:
                current = (current or "") + value
                continue
            if part.operand is not None and not _QUOTING.isdisjoint(part.operand):
                return None
            # the first and last piece are empty where white space stands at the ends
            for index, piece in enumerate(_BLANKS.split(value)):
                if index and current is not None:
                    fields.append(current)
                    current = None
                if piece:
                    current = (current or "") + piece
        if current is not None:
            fields.append(current)
        elif not self.parts:
            fields.append("")
        return tuple(fields)

    def span_of(self, start: int, end: int) -> Span | None:
        """The bytes of the decoded characters ``[start, end)`` of a word of text parts.

        Variables and opaque parts count as one character each (they cannot be
        cut); None when the range is out of the word.
        """
        first: int | None = None
        position = 0
        for part in self.parts:
            length = len(part.text) if part.kind == "text" else 1
            one_to_one = part.one_to_one
            if first is None and position <= start < position + length:
                inside = part.text[: start - position].encode() if one_to_one else b""
                first = part.start + len(inside)
            if first is not None and position < end <= position + length:
                inside = part.text[: end - position].encode() if one_to_one else b""
                last = part.start + len(inside) if one_to_one else part.end
                return Span(self.span.path, first, last)
            position += length
        return None

    def stands(self, start: int, end: int) -> bool:
        """Whether the decoded characters ``[start, end)`` stand in the file as they are."""
        position = 0
        for part in self.parts:
            last = position + (len(part.text) if part.kind == "text" else 1)
            put_in = part.kind == "text" and len(part.text) > 1 and not part.one_to_one
            if put_in and position < end and start < last:
                return False
            position = last
        return True

    def after(self, position: int) -> ShellWord:
        """The word of text parts without its first ``position`` characters, and quotes."""
        rest = position
        parts: list[Part] = []
        for part in self.parts:
            if rest >= len(part.text):
                rest -= len(part.text)
                continue
            start = part.start + len(part.text[:rest].encode()) if part.one_to_one else part.start
            parts.append(replace(part, text=part.text[rest:], start=start))
            rest = 0
        if not parts:
            return ShellWord((), Span(self.span.path, self.span.end, self.span.end))
        return ShellWord(tuple(parts), Span(self.span.path, parts[0].start, parts[-1].end))

    def with_values(self, value: Callable[[Part], str | None]) -> ShellWord | None:
        """The word with values for its variables, which cannot be edited; None without one."""
        parts: list[Part] = []
        for part in self.parts:
            text = part.text if part.kind == "text" else value(part)
            if text is None:
                return None
            parts.append(replace(part, kind="text", text=text, operator="", operand=None))
        return ShellWord(tuple(parts), self.span)

    @property
    def shape(self) -> str:
        """The decoded word with ``\\x00`` for each part that is not text: offsets
        into it are what :meth:`span_of` takes."""
        return "".join(part.text if part.kind == "text" else "\0" for part in self.parts)


def _value(part: Part, variables: Mapping[str, str]) -> str | None:
    if part.kind == "text":
        return part.text
    if part.kind == "opaque":
        return None
    value, operator = variables.get(part.text), part.operator
    if value is None or (not value and operator in ("-", "+") and part.text.isdigit()):
        return None  # an argument that is not given is empty, and no value
    absent = value == "" and operator.startswith(":")
    if operator in {":-", ":=", ":?"}:
        return _operand(part.operand, variables) if absent else value
    if operator in {":+", "+"}:
        return "" if absent else _operand(part.operand, variables)
    return value


def _operand(operand: str | None, variables: Mapping[str, str]) -> str | None:
    if operand is not None and operand.count("${") > _DEPTH_LIMIT:
        return None
    word = ShellWord(decode_word((operand or "").encode(), 0), Span("", 0, 0))
    return word.resolve(variables)


def decode_word(raw: bytes, offset: int, *, substitution: bool = True) -> tuple[Part, ...]:
    """The parts of the word written as ``raw``, which starts at byte ``offset``.
    Without ``substitution``, ``$(…)`` and backquotes are text, as in a Dockerfile."""
    common = _COMMON.fullmatch(raw)
    if common is not None:
        kind = common.lastgroup or ""
        text = common[kind].decode("utf-8", "replace")
        if kind in ("braced", "bare"):
            return (Part("variable", text, True, start=offset + 1, end=offset + len(raw) - 1),)
        start, end = common.span(kind)
        return (Part("text", text, kind != "plain", start=offset + start, end=offset + end),)
    return tuple(_Decoder(raw, offset, substitution).read())


@dataclass
class _Decoder:
    raw: bytes
    offset: int
    substitution: bool
    parts: list[Part] = field(default_factory=list)

    def read(self) -> list[Part]:
        raw, length = self.raw, len(self.raw)
        position = 0
        quoted = False  # inside double quotes
        while position < length:
            run = (_QUOTED_RUN if quoted else _RUN).match(raw, position)
            if run is not None:
                self.text(position, run.end(), quoted)
                position = run.end()
                continue
            character = raw[position : position + 1]
            if character == b"\\":
                position = self.escape(position, quoted)
            elif character == b'"':
                quoted = not quoted
                if quoted and raw.startswith(b'"', position + 1):
                    self.text(position + 1, position + 1, True)
                position += 1
            elif character == b"'":
                end = raw.find(b"'", position + 1)
                end = length if end == -1 else end
                self.text(position + 1, end, True)
                position = end + 1
            elif character == b"`" and self.substitution:
                end = raw.find(b"`", position + 1)
                position = self.opaque(position, length if end == -1 else end + 1, quoted)
            elif character == b"$":
                position = self.dollar(position, quoted)
            else:
                self.text(position, position + 1, quoted)
                position += 1
        return self.parts

    def text(self, start: int, end: int, quoted: bool) -> None:
        decoded = self.raw[start:end].decode("utf-8", "replace")
        self.add("text", decoded, quoted, start, end)

    def opaque(self, start: int, end: int, quoted: bool) -> int:
        self.add("opaque", "", quoted, start, end)
        return end

    def add(self, kind: str, text: str, quoted: bool, start: int, end: int) -> None:
        self.parts.append(
            Part(kind, text, quoted, start=self.offset + start, end=self.offset + end)
        )

    def escape(self, position: int, quoted: bool) -> int:
        """Read a backslash; returns the position after what it escapes."""
        raw = self.raw
        following = raw[position + 1 : position + 2]
        if following == b"\n":
            return position + 2
        if not following or (quoted and following not in b'$`"\\'):
            self.text(position, position + 1, True)
            return position + 1
        end = position + 1 + _character_width(raw, position + 1)
        decoded = raw[position + 1 : end].decode("utf-8", "replace")
        self.add("text", decoded, True, position, end)
        return end

    def dollar(self, position: int, quoted: bool) -> int:
        """Read what a ``$`` starts; returns the position after it."""
        raw, length = self.raw, len(self.raw)
        following = raw[position + 1 : position + 2]
        if following == b"(" and self.substitution:
            return self.opaque(position, closing_bracket(raw, position + 1, length, b")"), quoted)
        if following == b"{":
            end = closing_bracket(raw, position + 1, length, b"}", quoted=quoted)
            match = _EXPANSION.fullmatch(raw, position, end)
            if match is None:
                return self.opaque(position, end, quoted)
            self.parts.append(
                Part(
                    "variable",
                    match[1].decode(),
                    quoted,
                    (match[2] or b"").decode(),
                    None if match[3] is None else match[3].decode("utf-8", "replace"),
                    start=self.offset + position,
                    end=self.offset + end,
                )
            )
            return end
        if following in (b"'", b'"') and not quoted and self.substitution:
            return self.ansi_quote(position) if following == b"'" else position + 1
        match = _NAME.match(raw, position + 1)
        if match is None:
            self.text(position, position + 1, quoted)
            return position + 1
        self.add("variable", match[0].decode(), quoted, position, match.end())
        return match.end()

    def ansi_quote(self, position: int) -> int:
        """``$'…'``: text, unless it has escapes in it."""
        raw = self.raw
        end = position + 2
        while end < len(raw) and raw[end] != 0x27:
            end += 2 if raw[end] == 0x5C else 1
        end = min(end, len(raw))
        if b"\\" in raw[position:end]:
            self.opaque(position, min(end + 1, len(raw)), True)
        else:
            self.text(position + 2, end, True)
        return end + 1


def _character_width(raw: bytes, position: int) -> int:
    """The number of bytes of the UTF-8 character at ``position``."""
    lead = raw[position]
    width = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return min(width, len(raw) - position)
