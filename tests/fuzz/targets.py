"""What is run on each input, and what must hold then: any other exception is a crash.

A target returns normally on each input that the reader takes, or refuses as its documentation says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, pairwise

from covlint.covdata.counters import read_counters
from covlint.covdata.layout import BadFile
from covlint.covdata.meta import read_meta
from covlint.covdata.tally import Tally
from covlint.diagnostics import Edit
from covlint.documents.dockerfile import open_dockerfile
from covlint.documents.makefile import Makefile
from covlint.documents.makereader import read_makefile
from covlint.documents.shell import parse_script
from covlint.documents.yaml import open_yaml
from covlint.documents.yaml_nodes import YamlMapping, YamlScalar, walk
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import apply_edits
from covlint.patch import unified_diff
from covlint.registry import Registry
from covlint.source import SourceFile, Span, UnreadableSource
from fixes import properties
from fuzz import sources
from fuzz.projects import HEAD, project_of

Target = Callable[[bytes], None]

_BLOCKS = ((2, 1, 5), (3,), (1, 200))


def dockerfile(data: bytes) -> None:
    """Instructions in order, and all that belongs to one inside it."""
    source = SourceFile("Dockerfile", data)
    try:
        document = open_dockerfile(source)
    except UnreadableSource:
        return
    position = 0
    for one in document.instructions:
        assert position <= one.span.start < one.span.end <= len(data)
        position = one.span.end
        inside = [one.keyword_span, *(flag.span for flag in one.flags)]
        inside += [word.span for word in (*one.words(), *(one.exec_form or ()))]
        inside += [span for heredoc in one.heredocs for span in (heredoc.marker, heredoc.body)]
        if one.keyword in {"ENV", "ARG", "LABEL"}:
            inside += [pair.span for pair in one.pairs()]
        for span in inside:
            assert one.span.start <= span.start <= span.end <= len(data)
    assert document.error is None or document.error_line is not None


def makefile(data: bytes) -> None:
    """Each byte of an expanded recipe line has its place in its file. Every fourth input is
    also read with variables of the command line, and with itself wherever it includes a file."""
    source = SourceFile("Makefile", data)
    _lines_of(read_makefile(source))
    if len(data) % 4 == 0:
        given = {"A": b"1", "GOFLAGS": b"-cover", "COVER": b"", "a": b"b c"}
        environment = {"B": b"2", "CI": b"true"}
        _lines_of(read_makefile(source, lambda at: SourceFile(at, data), given, environment))


def _lines_of(file: Makefile) -> None:
    for line in file.lines():
        assert 0 <= line.span.start <= line.span.end <= len(file.sources[line.span.path].data)
        expansion = file.expand(line)
        assert len(expansion.text) == len(expansion.origins) == len(expansion.ends)
        for start, end in zip(expansion.origins, expansion.ends, strict=True):
            assert line.span.start <= start < end <= line.span.end
    for name in file.variables:
        file.value(name)


def shell(data: bytes) -> None:
    """Commands and words inside the script, wherever in its file that begins."""
    for command in parse_script("x", data, offset=5).commands:
        assert 5 <= command.span.start <= command.span.end <= 5 + len(data)
        for word in command.words:
            assert 5 <= word.span.start <= word.span.end <= 5 + len(data)
            shape = word.shape
            word.span_of(0, len(shape))
            word.stands(0, len(shape))
            assert word.fields({}) is None or word.resolve({}) is not None
            values = dict.fromkeys(word.variables, "a b")
            assert word.fields(values) is None or word.resolve(values) is not None
            if all(part.kind == "text" for part in word.parts):
                rest = word.after(1)
                assert rest.literal == shape[1:]
                assert word.with_values(lambda _: None) == word


def covmeta(data: bytes) -> None:
    try:
        meta = read_meta(data)
    except BadFile:
        return
    Tally([[len(one.units) for one in package.functions] for package in meta.packages])


def covcounters(data: bytes) -> None:
    try:
        counters = read_counters(data)
        for segment in counters.segments:
            tally, twice = Tally(_BLOCKS), Tally(_BLOCKS)
            tally.add(segment, counters.encoding)
            for _ in range(3):
                twice.add(segment, counters.encoding)
            once = tally.totals()
            assert twice.totals() == {key: [3 * one for one in of] for key, of in once.items()}
    except BadFile:
        return


def spans(data: bytes) -> None:
    """Lines, columns, edits and diffs, against the simplest way to compute each.

    The first four bytes are two offsets into the rest.
    """
    one, other = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    text = data[4:]
    first, last = sorted((one % (len(text) + 1), other % (len(text) + 1)))
    source = SourceFile("x", text)
    before = text[:first]
    line = before.count(b"\n") + 1
    place = source.position(first)
    assert (place.line, place.byte, source.line_of(first)) == (line, first, line)
    row = before.rpartition(b"\n")[2]
    row = row.removeprefix(b"\xef\xbb\xbf") if line == 1 else row
    assert place.column == len(row.decode("utf-8", "replace")) + 1
    assert source.line_bytes(line) == text.split(b"\n")[line - 1].rstrip(b"\r")
    assert source.slice(source.span(first, last)) == text[first:last]
    assert b"".join(_lines(source)) == text
    edits = [Edit(Span("x", first, last), row[:9]), Edit(Span("x", len(text), len(text)), b"end")]
    changed = apply_edits(text, edits[: 1 if last == len(text) else 2])
    assert changed.startswith(before + row[:9] + text[last:])
    assert changed == text or unified_diff("x", text, changed)


def yaml(data: bytes) -> None:
    """Nodes inside the file; a plain scalar on one line says what is written; each key of a
    mapping is found."""
    try:
        document = open_yaml(SourceFile("a.yaml", data))
    except UnreadableSource:
        return
    for node in (node for root in document.documents for node in walk(root)):
        assert 0 <= node.start <= node.end <= len(data)
        if isinstance(node, YamlScalar) and node.plain and len(node.written.splitlines()) < 2:
            assert node.written.rstrip(" \t\r\n") == node.text
        elif isinstance(node, YamlScalar):
            assert node.boolean is None
            assert not node.is_null
        elif isinstance(node, YamlMapping):
            for key, value in islice(node.items(), 20):  # to get one takes a look at all
                assert node.get(key) is value


def check(data: bytes) -> None:
    """One file of a rule's own case, replaced."""
    checked(project_of(data))


def checked(contents: dict[str, bytes]) -> None:
    """No rule fails, findings lie in their files."""
    report = inspect(MemoryFiles(contents), _builtin(), Options()).report
    assert not report.crashes, report.crashes
    for found in report.diagnostics:
        assert 0 <= found.span.start <= found.span.end <= len(contents[found.span.path])


def fixes(data: bytes) -> None:
    """One file of a rule's own case, replaced."""
    fixed(project_of(data))


def fixed(contents: dict[str, bytes]) -> list[str]:
    """All fixes, unsafe ones too, have the properties that take no other parser to see. Returns
    the codes of those that were applied."""
    outcome, problems = properties.checked(
        MemoryFiles(contents), _builtin(), Options(), unsafe=True, structure=False, mixed=True
    )
    problems = [one for one in problems if not _REVEALED.search(one)]
    assert not problems, problems
    return [one.diagnostic.code for one in outcome.applied]


#: Projects in which everything may be wrong at once: a build argument that nothing declares is no
#: finding before something that a repair makes a coverage run wants it.
_REVEALED = re.compile(r": COV117 is new after ")


def _lines(source: SourceFile) -> Iterable[bytes]:
    starts = [*source.line_starts, len(source.data)]
    return (source.data[start:end] for start, end in pairwise(starts))


_registry: list[Registry] = []


def _builtin() -> Registry:
    if not _registry:
        _registry.append(Registry.builtin())
    return _registry[0]


@dataclass(frozen=True, slots=True)
class Reader:
    """``goal``: executions that are aimed at; ``head``: bytes at the beginning of an input that
    are no part of the file; ``longest``: bytes that an input grows to (every 2,000th is repeated
    up to 64 KiB): a run is the faster the shorter they are; ``lines``: made of lines and words,
    so that these are moved about, and not only bytes."""

    run: Target
    about: str
    goal: int
    head: int = 0
    longest: int = 768
    lines: bool = True


READERS = {
    "dockerfile": Reader(dockerfile, "Dockerfiles", 1_000_000),
    "makefile": Reader(makefile, "Makefiles", 1_000_000),
    "covmeta": Reader(covmeta, "coverage meta-data", 1_000_000, lines=False),
    "covcounters": Reader(covcounters, "coverage counters", 1_000_000, lines=False),
    "spans": Reader(spans, "lines, columns, edits and diffs", 1_000_000, head=4, longest=256),
    "shell": Reader(shell, "shell scripts", 50_000),
    "yaml": Reader(yaml, "YAML", 50_000),
    "template": Reader(sources.template, "Helm templates", 50_000),
    "go": Reader(sources.go, "Go files", 50_000),
    "python": Reader(sources.python, "Python files", 50_000),
    "other": Reader(sources.other, "workflows, compose, build tools, go.mod", 50_000, head=1),
    "own": Reader(sources.own, "configuration, baseline, coverage reports", 50_000, head=1),
    "check": Reader(check, "`covlint check`, all rules", 50_000, head=HEAD, longest=2048),
    "fix": Reader(fixes, "`covlint --fix --unsafe-fixes`", 50_000, head=HEAD, longest=2048),
}
