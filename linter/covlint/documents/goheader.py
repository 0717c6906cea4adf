"""Package and imports of a Go file by a quick look, without a parse.

A search through a module looks at hundreds of files; few of them are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def package_name(path: str) -> str:
    """The package name that an import path suggests (``/v2`` and ``.v3`` left out)."""
    elements = [part for part in path.split("/") if part]
    if len(elements) > 1 and re.fullmatch(r"v\d+", elements[-1]):
        elements.pop()
    last = re.sub(r"\.v\d+$", "", elements[-1]) if elements else ""
    return re.sub(r"^go-|-go$", "", last)


_PACKAGE = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*package[ \t]+(\w+)", re.MULTILINE)
_STRING = rb"\"[^\"\n]*\"|`[^`\n]*`"
#: A comment ends with its line and nowhere before: what could end at each of its bytes is tried
#: at each, and for two comments at each pair of bytes.
_COMMENT = rb"//[^\n]*(?:\n|\Z)|/\*(?:[^*]|\*(?!/))*\*/"
_IMPORTS = re.compile(
    rb"^import[ \t]*(?:\(((?:[^)\"`/]|%b|%b)*)\)|((?:[\w.]+[ \t]+)?(?:%b)))"
    % (_STRING, _COMMENT, _STRING),
    re.MULTILINE,
)
_PATH_OR_COMMENT = re.compile(rb"%b|%b" % (_STRING, _COMMENT))


def scan_header(data: bytes) -> tuple[str | None, frozenset[str]]:
    """Package name and import paths by a quick look, without a parse.

    May err to one side only: text in a raw string that looks like an import
    declaration adds a path.
    """
    # imports stand before everything else
    end = data.find(b"\nfunc ")
    end = len(data) if end == -1 else end + 1
    package = next(_at_lines(_PACKAGE, b"package", data, end), None)
    paths: set[str] = set()
    for match in _at_lines(_IMPORTS, b"import", data, end):
        for token in _PATH_OR_COMMENT.findall(match[1] if match[1] is not None else match[2]):
            if token[:1] != b"/":
                paths.add(token[1:-1].decode("utf-8", "replace"))
    return (package[1].decode() if package else None), frozenset(paths)


def _at_lines(
    pattern: re.Pattern[bytes], word: bytes, data: bytes, end: int
) -> Iterator[re.Match[bytes]]:
    """The matches of a pattern that begins with a line and holds ``word``, which is found ten
    times as fast as the beginnings of lines."""
    at = data.find(word, 0, end)
    done = 0
    while at != -1:
        start = data.rfind(b"\n", 0, at) + 1
        match = pattern.match(data, start, end) if start >= done else None
        if match is not None:
            yield match
            done = match.end()
        following = done if match is not None else data.find(b"\n", at, end)
        at = data.find(word, following, end) if following != -1 else -1
