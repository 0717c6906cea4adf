"""What a program does to its own coverage while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from covlint.documents.golang import read_go
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

COVERAGE = "runtime/coverage"
#: These fail unless the counters are atomic; WriteMeta and WriteMetaDir do not.
_NEEDS_ATOMIC = frozenset({"WriteCounters", "WriteCountersDir", "ClearCounters"})
_CHANGES = re.compile(rb"\b(?:os|syscall|unix)\.Chdir\(")
_CONSTRAINT = re.compile(rb"^(?:\xef\xbb\xbf)?//go:build ([^\r\n]*)", re.MULTILINE)
_TAG = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A call of runtime/coverage that needs ``-covermode=atomic``.

    ``tags``: the words of the build constraint of its file, none where only Go's own
    tags decide or nothing does.
    """

    function: str
    span: Span
    tags: frozenset[str]


def read_snapshots(sources: Iterable[SourceFile], optional: frozenset[str]) -> Iterator[Snapshot]:
    """The calls in the files of a program; ``optional`` are those that a tag brings in."""
    for source in sources:
        if COVERAGE.encode() not in source.data:
            continue
        file = read_go(source)
        tags: frozenset[str] = frozenset()
        if source.path in optional:
            match = _CONSTRAINT.search(source.data)
            tags = frozenset(_TAG.findall(match[1].decode("utf-8", "replace")) if match else ())
        for call in file.calls:
            target = file.resolve(call.callee)
            if target is not None and target[0] == COVERAGE and target[1] in _NEEDS_ATOMIC:
                yield Snapshot(target[1], call.span, tags)


def directory_change(sources: Iterable[SourceFile]) -> Span | None:
    """The first call that changes the working directory of the program."""
    for source in sources:
        if b".Chdir(" not in source.data:  # ten times as fast as the expression
            continue
        for match in _CHANGES.finditer(source.data):
            line = source.data.rfind(b"\n", 0, match.start()) + 1
            if not source.data[line : match.start()].lstrip().startswith(b"//"):
                return source.span(match.start(), match.end() - 1)
    return None
