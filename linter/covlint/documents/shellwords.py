"""Shell words: quotes, escapes and variables, with the byte of every character.

POSIX rules (sections 2.2 and 2.6 of the Shell Command Language), plus the
forms of bash that build scripts use. What only a run can tell is "opaque".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from covlint.source import Span

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*(\[[@*]\])?|[@*#?$!0-9-]")
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


@dataclass(frozen=True, slots=True)
class ShellWord:
    """One word of a command line; ``span`` includes its quotes."""

    parts: tuple[Part, ...]
    span: Span

    @property
    def literal(self) -> str | None:
        """The word when it has no variable in it, quotes resolved."""
        if any(part.kind != "text" for part in self.parts):
            return None
        return "".join(part.text for part in self.parts)

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
        """The word with ``variables`` put in; None when something in it is not known.

        Field splitting is not done here; see :meth:`fields`.
        """
        values = [_value(part, variables) for part in self.parts]
        known = [value for value in values if value is not None]
        return "".join(known) if len(known) == len(values) else None

    def fields(self, variables: Mapping[str, str]) -> tuple[str, ...] | None:
        """The arguments that the word becomes: unquoted values are split at white space.

        An unquoted variable that is empty gives no argument at all. None when
        something in the word is not known.
        """
        fields: list[str] = []
        current: str | None = None
        for part in self.parts:
            value = _value(part, variables)
            if value is None:
                return None
            if part.kind == "text" or part.quoted:
                current = (current or "") + value
                continue
            pieces = value.split()
            if value[:1].isspace() and current is not None:
                fields.append(current)
                current = None
            for index, piece in enumerate(pieces):
                if index and current is not None:
                    fields.append(current)
                    current = None
                current = (current or "") + piece
            if value[-1:].isspace() and current is not None:
                fields.append(current)
                current = None
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
            one_to_one = part.kind == "text" and len(part.text.encode()) == part.end - part.start
            if first is None and position <= start < position + length:
                inside = part.text[: start - position].encode() if one_to_one else b""
                first = part.start + len(inside)
            if first is not None and position < end <= position + length:
                inside = part.text[: end - position].encode() if one_to_one else b""
                last = part.start + len(inside) if one_to_one else part.end
                return Span(self.span.path, first, last)
            position += length
        return None

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
    value = variables.get(part.text)
    if value is None:
        return None
    operator = part.operator
    absent = value == "" and operator.startswith(":")
    if operator in {":-", ":=", ":?"}:
        return _operand(part.operand, variables) if absent else value
    if operator in {":+", "+"}:
        return "" if absent else _operand(part.operand, variables)
    return value


def _operand(operand: str | None, variables: Mapping[str, str]) -> str | None:
    word = ShellWord(decode_word((operand or "").encode(), 0), Span("", 0, 0))
    return word.resolve(variables)


def decode_word(raw: bytes, offset: int) -> tuple[Part, ...]:
    """The parts of the word written as ``raw``, which starts at byte ``offset``."""
    parts: list[Part] = []
    position = 0
    quoted = False  # inside double quotes
    length = len(raw)

    def text(start: int, end: int, value: bytes | None = None, *, quote: bool = False) -> None:
        decoded = (raw[start:end] if value is None else value).decode("utf-8", "replace")
        previous = parts[-1] if parts else None
        if (
            value is None and previous is not None and previous.kind == "text"
            and previous.quoted == quote and previous.end == offset + start
            and len(previous.text.encode()) == previous.end - previous.start
        ):
            parts[-1] = Part("text", previous.text + decoded, quote, start=previous.start, end=offset + end)
        else:
            parts.append(Part("text", decoded, quote, start=offset + start, end=offset + end))

    while position < length:
        character = raw[position : position + 1]
        if character == b"\\" and position + 1 < length:
            following = raw[position + 1 : position + 2]
            if following == b"\n":
                position += 2
            elif quoted and following not in b'$`"\\':
                text(position, position + 1, quote=True)
                position += 1
            else:
                width = _character_width(raw, position + 1)
                end = position + 1 + width
                text(position, end, raw[position + 1 : end], quote=True)
                position = end
        elif character == b'"':
            quoted = not quoted
            if not quoted and raw[position - 1 : position] == b'"':
                text(position, position, b"", quote=True)
            position += 1
        elif character == b"'" and not quoted:
            end = raw.find(b"'", position + 1)
            end = length if end == -1 else end
            text(position + 1, end, quote=True)
            position = end + 1
        elif character == b"`":
            end = raw.find(b"`", position + 1)
            end = length if end == -1 else end + 1
            parts.append(Part("opaque", "", quoted, start=offset + position, end=offset + end))
            position = end
        elif character == b"$":
            position = _dollar(raw, position, offset, quoted, parts)
        else:
            width = _character_width(raw, position)
            text(position, position + width, quote=quoted)
            position += width
    return tuple(parts)


def _character_width(raw: bytes, position: int) -> int:
    """The number of bytes of the UTF-8 character at ``position``."""
    lead = raw[position]
    width = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return min(width, len(raw) - position)


def _dollar(raw: bytes, position: int, offset: int, quoted: bool, parts: list[Part]) -> int:
    """Read what a ``$`` starts; returns the position after it."""
    following = raw[position + 1 : position + 2]
    start = offset + position
    if following == b"(":
        end = _closing(raw, position + 1, b"(", b")")
        parts.append(Part("opaque", "", quoted, start=start, end=offset + end))
        return end
    if following == b"{":
        end = _closing(raw, position + 1, b"{", b"}")
        match = _EXPANSION.fullmatch(raw, position, end)
        if match is None:
            parts.append(Part("opaque", "", quoted, start=start, end=offset + end))
        else:
            operand = match[3]
            parts.append(
                Part(
                    "variable",
                    match[1].decode(),
                    quoted,
                    (match[2] or b"").decode(),
                    None if operand is None else operand.decode("utf-8", "replace"),
                    start=start,
                    end=offset + end,
                )
            )
        return end
    if following == b"'" and not quoted:
        end = position + 2
        while end < len(raw) and raw[end : end + 1] != b"'":
            end += 2 if raw[end : end + 1] == b"\\" else 1
        body = raw[position + 2 : end]
        kind = "opaque" if b"\\" in body else "text"
        parts.append(
            Part(kind, body.decode("utf-8", "replace"), True, start=start + 2, end=offset + min(end, len(raw)))
        )
        return min(end + 1, len(raw))
    match = _NAME.match(raw, position + 1)
    if match is None:
        parts.append(Part("text", "$", quoted, start=start, end=start + 1))
        return position + 1
    parts.append(Part("variable", match[0].decode(), quoted, start=start, end=offset + match.end()))
    return match.end()


def _closing(raw: bytes, position: int, opening: bytes, closing: bytes) -> int:
    """The position after the bracket that closes the one at ``position``."""
    depth = 0
    while position < len(raw):
        character = raw[position : position + 1]
        if character == b"\\":
            position += 2
            continue
        if character == b"'":
            end = raw.find(b"'", position + 1)
            position = len(raw) if end == -1 else end + 1
            continue
        if character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return len(raw)


def split_words(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The byte ranges of the white-space separated words in ``data[start:end]``."""
    position = start
    while position < end:
        if data[position : position + 1] in (b" ", b"\t", b"\n", b"\r"):
            position += 1
            continue
        if data[position : position + 2] == b"\\\n":
            position += 2
            continue
        first = position
        while position < end:
            character = data[position : position + 1]
            if character in (b" ", b"\t", b"\n"):
                break
            if character == b"\\":
                if data[position + 1 : position + 2] == b"\n":
                    break
                position += 2
            elif character == b"'":
                closing = data.find(b"'", position + 1, end)
                position = end if closing == -1 else closing + 1
            elif character == b'"':
                position += 1
                while position < end and data[position : position + 1] != b'"':
                    position += 2 if data[position : position + 1] == b"\\" else 1
                position += 1
            elif data[position : position + 2] in (b"$(", b"${"):
                opening = data[position + 1 : position + 2]
                position = _closing(data[:end], position + 1, opening, b")" if opening == b"(" else b"}")
            else:
                position += 1
        yield first, min(position, end)
