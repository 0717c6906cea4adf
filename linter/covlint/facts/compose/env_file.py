"""Variables of the files that ``env_file`` of a service names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.source import SourceFile, Span, Word

_LINE = re.compile(
    rb"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*"
    rb"(?:=[ \t]*(?:'(?P<single>[^'\r\n]*)'|\"(?P<double>[^\"\\\r\n]*)\""
    rb"|(?P<bare>[^\s#'\"][^\r\n]*)?)[ \t]*(?:#[^\r\n]*)?)?\r?$"
)
_COMMENT = re.compile(rb"[ \t]#")


def read_env_file(source: SourceFile) -> Iterator[tuple[Word, Word | None, Span]]:
    """Name, value and place of each variable; the value is None where it comes from
    elsewhere or is not told."""
    position = 0
    for line in source.data.split(b"\n"):
        match = _LINE.match(line)
        if match:
            place = source.span(position + match.start("name"), position + len(line.rstrip()))
            yield _word(source, match, "name", position), _value(source, match, position), place
        position += len(line) + 1


def _value(source: SourceFile, match: re.Match[bytes], position: int) -> Word | None:
    for kind in ("single", "double", "bare"):
        if match[kind] is not None:
            word = _word(source, match, kind, position)
            return None if "$" in word.text and kind != "single" else word
    if b"=" not in match[0]:
        return None
    return Word("", source.span(position + match.end(), position + match.end()))


def _word(source: SourceFile, match: re.Match[bytes], group: str, position: int) -> Word:
    start = position + match.start(group)
    text = match[group]
    if group == "bare":
        text = _COMMENT.split(text, maxsplit=1)[0].rstrip()
    return Word(text.decode("utf-8", "replace"), source.span(start, start + len(text)))
