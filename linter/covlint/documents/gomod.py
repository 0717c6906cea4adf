"""go.mod, go.work and vendor/modules.txt, line by line.

The first two have one small grammar (golang.org/ref/mod, "Lexical elements"): a verb
and its arguments on a line, or ``verb ( … )`` with one entry a line, ``//``
comments, words bare or quoted by ``"`` or a back quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.frozen import dataclass
from covlint.source import SourceFile, Word

_TOKEN = re.compile(rb"//[^\r\n]*|\"(?:[^\"\\\r\n]|\\.)*\"|`[^`\r\n]*`|[()]|[^\s()\"`]+")


@dataclass(frozen=True, slots=True)
class GoModFile:
    """``go`` and ``toolchain`` as written ("1.22.3", "go1.22.4"); the first of each counts.

    ``requires`` are the module paths required, indirect ones too. ``replaces``
    are (module path, local directory as written) for replacements by a folder.
    """

    module: Word | None
    go: Word | None
    toolchain: Word | None
    requires: tuple[str, ...]
    replaces: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GoWorkFile:
    """``uses`` are the directories as written, relative to the go.work file."""

    go: Word | None
    toolchain: Word | None
    uses: tuple[Word, ...]


def read_go_mod(source: SourceFile) -> GoModFile:
    """Read a go.mod. Never raises: lines that make no sense are left out."""
    first: dict[str, Word] = {}
    requires: list[str] = []
    replaces: list[tuple[str, str]] = []
    for verb, words in _directives(source):
        if verb in ("module", "go", "toolchain") and words:
            first.setdefault(verb, words[0])
        elif verb == "require" and words:
            requires.append(words[0].text)
        elif verb == "replace":
            texts = [word.text for word in words]
            if "=>" in texts[1:] and texts[-1].startswith(("./", "../", "/")):
                replaces.append((texts[0], texts[-1]))
    return GoModFile(
        first.get("module"),
        first.get("go"),
        first.get("toolchain"),
        tuple(requires),
        tuple(replaces),
    )


def read_go_work(source: SourceFile) -> GoWorkFile:
    """Read a go.work. Never raises."""
    first: dict[str, Word] = {}
    uses: list[Word] = []
    for verb, words in _directives(source):
        if verb in ("go", "toolchain") and words:
            first.setdefault(verb, words[0])
        elif verb == "use" and words:
            uses.append(words[0])
    return GoWorkFile(first.get("go"), first.get("toolchain"), tuple(uses))


def read_vendored(source: SourceFile) -> frozenset[str]:
    """The packages that a vendor/modules.txt lists (``go help modules``, "vendoring"): a line
    for each, below a ``# module version`` line."""
    lines = source.data.decode("utf-8", "replace").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and line[:1] != "#")


def _directives(source: SourceFile) -> Iterator[tuple[str, list[Word]]]:
    """Each directive with its arguments; entries of a block carry the block's verb."""
    block: str | None = None
    for line in range(1, len(source.line_starts) + 1):
        words = _words(source, line)
        if not words:
            continue
        if block is not None:
            if words[0].text == ")":
                block = None
            else:
                yield block, words
        elif len(words) > 1 and words[1].text == "(":
            block = words[0].text
            if words[-1].text == ")":
                block = None
        else:
            yield words[0].text, words[1:]


def _words(source: SourceFile, line: int) -> list[Word]:
    start = source.line_starts[line - 1]
    raw = source.line_bytes(line)
    begin = 3 if line == 1 and raw.startswith(b"\xef\xbb\xbf") else 0
    words: list[Word] = []
    for match in _TOKEN.finditer(raw, begin):
        token = match[0]
        if token.startswith(b"//"):
            break
        span = source.span(start + match.start(), start + match.end())
        if token[:1] in (b'"', b"`") and len(token) > 1:
            token = token[1:-1]
        elif b"//" in token:
            # A bare word ends where a comment begins; no module path has "//".
            token = token[: token.index(b"//")]
            words.append(
                Word(
                    token.decode("utf-8", "replace"),
                    source.span(span.start, span.start + len(token)),
                )
            )
            break
        words.append(Word(token.decode("utf-8", "replace"), span))
    return words
