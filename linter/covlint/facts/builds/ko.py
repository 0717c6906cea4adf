"""Go builds that ko makes, by the ``flags`` and ``env`` of ``.ko.yaml`` and ``skaffold.yaml``.

They are put down as the command line that ko runs, each word at the place of its scalar;
only builds that write coverage are facts, as with scripts.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from covlint.documents.expansion import Expansion
from covlint.documents.yaml import AnyNode, YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_script import scalar_text
from covlint.facts.ci.jobs import Surroundings, run_script
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.flags import Flag
from covlint.source import Span

_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_]\w*=")


def read_ko_build(node: YamlMapping) -> Iterator[GoBuild]:
    """The build of an entry of ``builds``, or of ``ko`` of a skaffold artifact, if it is
    instrumented. Paths count from the folder of the file."""
    flags = _items(node.get("flags"))
    if not flags and not any("GOFLAGS" in one.text for one in _items(node.get("env"))):
        return
    line = _Line(node)
    for one in _items(node.get("env")):
        if _VARIABLE.match(one.text):
            line.word(one)
            line.text(b" ")
    line.command()
    for one in flags:
        line.word(one)
        line.text(b" ")
    main = node.scalar("main")
    if main is not None:
        line.word(main)
    folder = posixpath.dirname(node.source.path)
    directory = node.scalar("dir")
    around = Surroundings(directory=posixpath.normpath(folder or "."))
    around = around.inside(directory.text if directory is not None else ".")
    for fact in run_script(node.source, line.expansion(), around, None):
        if isinstance(fact, GoBuild):
            yield replace(fact, flags=tuple(_in_list(one, flags) for one in fact.flags))


def _items(node: AnyNode | None) -> list[YamlScalar]:
    items = node.items if isinstance(node, YamlSequence) else ()
    return [one for one in items if isinstance(one, YamlScalar)]


def _in_list(flag: Flag, items: list[YamlScalar]) -> Flag:
    """The flag, so that its item goes when it is removed; the first one cannot go."""
    last = flag.value_span if flag.value_span is not None else flag.span
    for before, item in pairwise(items):
        if not item.span.covers(flag.span):
            continue
        gap = item.source.data[before.end : item.start]
        if b"#" not in gap and b"]" not in gap and item.span.covers(last):
            return replace(flag, removal=Span(item.span.path, before.end, item.end))
    return replace(flag, removal=Span(flag.span.path, flag.span.end, flag.span.end))


class _Line:
    """A command line of scalars; what stands between them is at the entry itself."""

    def __init__(self, node: YamlMapping) -> None:
        self.place = node.entries[0].key.span if node.entries else node.span
        self.data = bytearray()
        self.origins: list[int] = []
        self.ends: list[int] = []

    def command(self) -> None:
        """``go build``, which nobody has written: two words at two places of the first key."""
        start, end = self.place.start, self.place.end
        for text, first, last in ((b"go", start, start + 1), (b" build ", start + 1, end)):
            self.data += text
            self.origins += [first] * len(text)
            self.ends += [last] * len(text)

    def text(self, text: bytes) -> None:
        self.data += text
        self.origins += [self.place.start] * len(text)
        self.ends += [self.place.end] * len(text)

    def word(self, node: YamlScalar) -> None:
        """A scalar as one word; what a template fills in is not seen."""
        if "{{" in node.text or "'" in node.text or "\n" in node.text:
            self.text(b"$COVLINT_UNSEEN")
            return
        written = scalar_text(node)
        name = _VARIABLE.match(node.text)
        split = len(name[0].encode()) if name is not None else 0
        quote = not _BARE.fullmatch(node.text)
        self.piece(written, 0, split)
        if quote:
            self.text(b"'")
        self.piece(written, split, len(written.text))
        if quote:
            self.text(b"'")

    def piece(self, written: Expansion, start: int, end: int) -> None:
        self.data += written.text[start:end]
        self.origins += written.origins[start:end]
        self.ends += written.ends[start:end]

    def expansion(self) -> Expansion:
        return Expansion(self.place.path, bytes(self.data), tuple(self.origins), tuple(self.ends))
