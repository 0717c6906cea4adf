"""Package and imports of a Go file by a quick look, without a parse.

A search through a module looks at hundreds of files; few of them are parsed.
"""

from __future__ import annotations

import re


def package_name(path: str) -> str:
    """The package name that an import path suggests (``/v2`` and ``.v3`` left out)."""
    elements = [part for part in path.split("/") if part]
    if len(elements) > 1 and re.fullmatch(r"v\d+", elements[-1]):
        elements.pop()
    last = re.sub(r"\.v\d+$", "", elements[-1]) if elements else ""
    return re.sub(r"^go-|-go$", "", last)


_PACKAGE = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*package[ \t]+(\w+)", re.MULTILINE)
_STRING = rb"\"[^\"\n]*\"|`[^`\n]*`"
_COMMENT = rb"//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/"
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
    data = data if end == -1 else data[: end + 1]
    package = _PACKAGE.search(data)
    paths: set[str] = set()
    for match in _IMPORTS.finditer(data):
        for token in _PATH_OR_COMMENT.findall(match[1] if match[1] is not None else match[2]):
            if token[:1] != b"/":
                paths.add(token[1:-1].decode("utf-8", "replace"))
    return (package[1].decode() if package else None), frozenset(paths)
