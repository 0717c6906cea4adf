"""Scripts and lists that stand in the scalars of a YAML file, with the byte of each character."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from covlint.documents.expansion import Expansion
from covlint.documents.shellwords import Part, ShellWord
from covlint.documents.yaml import YamlScalar
from covlint.source import SourceFile, Span, Word

_BLANK = b" \t\r\n"
#: ``${{ … }}`` of GitHub Actions; a string in it may hold braces.
_EXPRESSION = re.compile(rb"\$\{\{((?:'[^']*'|[^}']|\}(?!\}))*)\}\}")
#: A name that a shell variable can have: the last words of an expression.
_WORDS = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


def scalar_text(node: YamlScalar) -> Expansion:
    """The value of a scalar; each byte of it stands where it is written.

    A value whose escapes move the bytes (``"a\\tb"``) stands as a whole at its start.
    """
    data = node.source.data
    text = node.text.encode("utf-8", "replace")
    position = node.start
    if node.style in ("|", ">"):
        line = data.find(b"\n", position, node.end)
        position = node.end if line < 0 else line + 1
    elif node.style in ("'", '"'):
        position += 1
    places = _aligned(text, data, position, node.end, node.style)
    if places is None:
        places = [(node.start, node.end)] * len(text)
    origins, ends = zip(*places, strict=True) if places else ((), ())
    return Expansion(node.source.path, text, origins, ends)


def word_of(written: Expansion, start: int, end: int) -> ShellWord:
    """The bytes ``[start, end)`` of a scalar's text, as a word that no shell has split."""
    place = written.original(start, end)
    text = written.text[start:end].decode("utf-8", "replace")
    if not text:
        return ShellWord((), Span(place.path, place.end, place.end))
    return ShellWord((Part("text", text, True, start=place.start, end=place.end),), place)


def argument_word(source: SourceFile, value: Word) -> ShellWord:
    """A value of a YAML file as a word that no shell has split; it can be edited where it
    stands in the file as it is, quotes aside."""
    span, raw = value.span, value.text.encode("utf-8", "replace")
    if not raw:
        return ShellWord((), Span(span.path, span.end, span.end))
    inner = Span(span.path, span.start + 1, span.end - 1)
    if source.slice(span) != raw and source.slice(inner) == raw:
        span = inner
    part = Part("text", value.text, True, start=span.start, end=span.end)
    return ShellWord((part,), value.span)


def _aligned(
    text: bytes, data: bytes, position: int, end: int, style: str
) -> list[tuple[int, int]] | None:
    """The bytes in ``data`` of each byte of ``text``: white space of one stands for white
    space of the other, everything else is the same in both. None where it is not."""
    places: list[tuple[int, int]] = []
    for byte in text:
        if byte in _BLANK:
            at = min(position, max(end - 1, 0))
            places.append((at, at + 1))
            if position < end and data[position] in _BLANK:
                position += 2 if data.startswith(b"\r\n", position) else 1
            continue
        while position < end and data[position] in _BLANK:
            position += 1
        start = position
        if style == '"' and byte in b'"\\' and data.startswith(b"\\", position):
            position += 1
        if position >= end or data[position] != byte:
            return None
        position += 2 if style == "'" and byte == 0x27 else 1
        places.append((start, position))
    return places


def with_expressions(expansion: Expansion, known: Callable[[str], str | None]) -> Expansion:
    """The text once GitHub has put in its ``${{ … }}``.

    ``known`` gives the value of an expression, None for what only a run can tell:
    that becomes a shell variable that nobody sets, named for the expression.
    """
    if b"${{" not in expansion.text:
        return expansion
    text = bytearray()
    origins: list[int] = []
    ends: list[int] = []
    position = 0
    for match in _EXPRESSION.finditer(expansion.text):
        text += expansion.text[position : match.start()]
        origins += expansion.origins[position : match.start()]
        ends += expansion.ends[position : match.start()]
        value = known(match[1].decode("utf-8", "replace").strip())
        put = unknown_name(match[1]) if value is None else value.encode("utf-8", "replace")
        text += put
        origins += [expansion.origins[match.start()]] * len(put)
        ends += [expansion.ends[match.end() - 1]] * len(put)
        position = match.end()
    text += expansion.text[position:]
    origins += expansion.origins[position:]
    ends += expansion.ends[position:]
    return Expansion(expansion.path, bytes(text), tuple(origins), tuple(ends))


def unknown_name(expression: bytes) -> bytes:
    words = _WORDS.findall(re.sub(rb"'[^']*'", b"", expression))
    return b"${expression_%b}" % b"_".join(words[-2:])


def lines_of(expansion: Expansion) -> Iterator[tuple[str, int, int]]:
    """The lines with something on them, without blanks around them, and where each one stands
    in the text."""
    position = 0
    for raw in expansion.text.split(b"\n"):
        text = raw.strip()
        if text:
            start = position + raw.index(text)
            yield text.decode("utf-8", "replace"), start, start + len(text)
        position += len(raw) + 1
