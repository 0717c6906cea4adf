"""``# covlint: ignore[COV203] reason``, and what becomes of those that ignore nothing or say
no reason.

A comment of its own speaks of the statement, instruction or mapping below it; at
the end of a YAML line it speaks of that line. In Go the comment starts with ``//``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity
from covlint.frozen import dataclass
from covlint.registry import UNEXPLAINED_SUPPRESSION, UNUSED_SUPPRESSION
from covlint.rule import Invalid, Rule
from covlint.source import SourceFile, Span, UnreadableSource

if TYPE_CHECKING:
    from covlint.documents.yaml_nodes import AnyNode

#: The bytes without which a file holds no suppression.
MARK = b"covlint: ignore"

_COMMENT = re.compile(
    rb"(?P<lead>#|//)[ \t]*(?P<mark>covlint: ignore(?:\[(?P<codes>[^\]\r\n]*)\])?)"
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment. ``line`` is 1-based; ``alone`` says that nothing else is on the line.

    ``span`` is its mark, from ``covlint`` to the bracket; ``whole`` is what goes with it:
    the line, or the end of the line with the space before it.
    """

    span: Span
    line: int
    alone: bool
    codes: tuple[str, ...]
    reason: str
    whole: Span


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is left to say, and which suppressions had something to ignore."""

    kept: tuple[Diagnostic, ...]
    suppressed: int
    used: frozenset[tuple[Suppression, str]]


def suppressions(source: SourceFile) -> tuple[Suppression, ...]:
    """The suppression comments of a file, in order."""
    if MARK not in source.data:
        return ()
    golang = source.path.endswith(".go")
    yaml = source.path.endswith((".yaml", ".yml"))
    found = []
    for match in _COMMENT.finditer(source.data):
        if (match["lead"] == b"//") is not golang:
            continue
        line = source.line_of(match.start())
        before = source.data[source.line_starts[line - 1] : match.start()]
        alone = not before.strip(b" \t\xef\xbb\xbf")
        if not alone and not (yaml and before[-1:] in b" \t"):
            continue
        codes = (match["codes"] or b"").decode("utf-8", "replace")
        content_end = source.line_starts[line - 1] + len(source.line_bytes(line))
        reason = source.data[match.end() : content_end].decode("utf-8", "replace")
        found.append(
            Suppression(
                source.span(match.start("mark"), match.end("mark")),
                line,
                alone,
                tuple(code.strip().upper() for code in codes.split(",") if code.strip()),
                reason.strip(" \t:-–—"),
                _whole(source, match.start(), content_end, line, alone=alone),
            )
        )
    return tuple(found)


def _whole(source: SourceFile, start: int, end: int, line: int, *, alone: bool) -> Span:
    if not alone:
        before = source.data[:start]
        return source.span(len(before.rstrip(b" \t")), end)
    starts = source.line_starts
    return source.span(starts[line - 1], starts[line] if line < len(starts) else end)


def sift(
    diagnostics: Iterable[Diagnostic],
    source_of: Callable[[str], SourceFile],
    comment_lines: Callable[[Span], Collection[int]],
) -> Sifted:
    """Leaves out the diagnostics that a comment of their file ignores."""
    kept = []
    used: set[tuple[Suppression, str]] = set()
    suppressed = 0
    files: dict[str, _Commented] = {}
    for diagnostic in diagnostics:
        path = diagnostic.span.path
        if path not in files:
            files[path] = _Commented(source_of(path))
        matching = files[path].about(diagnostic, comment_lines)
        used.update((suppression, diagnostic.code) for suppression in matching)
        if matching:
            suppressed += 1
        else:
            kept.append(diagnostic)
    return Sifted(tuple(kept), suppressed, frozenset(used))


class _Commented:
    """A file, whose comments and YAML are read once for all of its findings."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._codes: dict[str, dict[int, Suppression]] = {}  # each by its line
        for suppression in suppressions(source):
            for code in suppression.codes:
                self._codes.setdefault(code, {})[suppression.line] = suppression

    def about(
        self, diagnostic: Diagnostic, comment_lines: Callable[[Span], Collection[int]]
    ) -> list[Suppression]:
        """The comments that ignore a finding."""
        by_line = self._codes.get(diagnostic.code)
        if by_line is None:
            return []
        span = diagnostic.span
        above = {*comment_lines(span), *(line - 1 for line in self._mapping_lines(span))}
        first = self._source.line_of(span.start)
        last = self._source.line_of(max(span.start, span.end - 1))
        found = [by_line[line] for line in above if line in by_line and by_line[line].alone]
        beside = (by_line[line] for line in range(first, last + 1) if line in by_line)
        return found + [one for one in beside if not one.alone]

    @cached_property
    def _documents(self) -> Sequence[AnyNode]:
        if not self._source.path.endswith((".yaml", ".yml")):
            return ()
        # A reader that only few runs need: those in which a comment ignores something.
        from covlint.documents.yaml import open_yaml

        try:
            return open_yaml(self._source).documents
        except UnreadableSource:
            return ()

    def _mapping_lines(self, span: Span) -> Collection[int]:
        if not self._documents:
            return ()
        from covlint.documents.yaml_place import mapping_lines  # as the reader above

        return mapping_lines(self._documents, span.start)


def unused(
    sources: Iterable[SourceFile],
    used: frozenset[tuple[Suppression, str]],
    known: Collection[str],
    ran: Callable[[str, str], bool],
) -> Iterator[Diagnostic]:
    """A notice for each code of a suppression that ignored nothing.

    ``known`` are the codes that exist; those that did not run this time on that path
    (``ran(code, path)``) are not judged.
    """
    for source, comment in _comments(sources):
        if not comment.codes:
            yield _notice(comment, "name the codes to ignore, as in covlint: ignore[COV203]")
        dead = {
            code
            for code in comment.codes
            if code in known and ran(code, source.path) and (comment, code) not in used
        }
        for code in comment.codes:
            if code not in known:
                yield _notice(comment, f"there is no rule {code} to ignore")
            elif code in dead:
                message = f"nothing here is reported as {code}: remove this"
                yield _notice(comment, message, _removal(source, comment, code, dead))


def unexplained(sources: Iterable[SourceFile]) -> Iterator[Diagnostic]:
    """A warning for each suppression that gives no reason."""
    for _, comment in _comments(sources):
        if comment.codes and not comment.reason:
            yield UnexplainedSuppression().diagnostic(
                comment.span, f"say why {' and '.join(comment.codes)} may be ignored here"
            )


def _comments(sources: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, Suppression]]:
    for source in sources:
        try:
            found = suppressions(source)
        except UnreadableSource:
            continue
        yield from ((source, comment) for comment in found)


def _notice(comment: Suppression, message: str, fix: Fix | None = None) -> Diagnostic:
    return UnusedSuppression().diagnostic(comment.span, message, fix=fix)


def _removal(
    source: SourceFile, comment: Suppression, code: str, dead: Collection[str]
) -> Fix | None:
    """Removes the comment, or the one code of it; None where more than the comment might go."""
    if b"#" in source.data[comment.span.end : comment.whole.end]:  # a comment for another tool
        return None
    if source.path.endswith(".go") and source.data[: comment.span.start].count(b"`") % 2:
        return None  # in a raw string, or it may be
    if set(comment.codes) <= set(dead):
        edit = Edit(comment.whole, b"")
        return Fix("Remove the comment", Applicability.SAFE, (edit,))
    mark = source.slice(comment.span)
    pattern = rb"(?i)(?<=\[)[ \t]*%s[ \t]*,[ \t]*|,[ \t]*%s[ \t]*(?=[,\]])"
    name = re.escape(code.encode())
    match = re.search(pattern % (name, name), mark)
    if match is None:
        return None
    start = comment.span.start
    edit = Edit(source.span(start + match.start(), start + match.end()), b"")
    return Fix(f"Remove {code} from the comment", Applicability.SAFE, (edit,))


class UnusedSuppression(Rule[SourceFile]):
    """A `covlint: ignore` comment silences nothing.

    Why: the comment has outlived what it excused, or never matched: its code does not
    exist, or it does not stand where the finding is. Left there, it will silence the next
    real finding at this place, and that data is lost without a word.

    Instead: remove the comment or correct its code. It belongs on the line above the
    statement, instruction or mapping that it speaks of, or at the end of a YAML line, and
    names its codes: `# covlint: ignore[COV203] why` (`//` in Go).

    Left out: codes that did not run this time (`--select`, `--ignore`, `--proven`,
    `per_file_ignores`), and Go files that no rule had to read.

    Fix: it removes the comment, or the code that is of no use from it. A comment on the
    line that is meant for another tool stays, and so does a code that does not exist: it
    may be misspelt.
    """

    code = UNUSED_SUPPRESSION
    name = "unused-suppression"
    severity = Severity.NOTICE
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    source = "covlint itself: it compares the comments with its findings"
    INVALID = (
        Invalid(
            "FROM golang:1.22\n"
            "# «covlint: ignore[COV001]» the vendored tree needs it\n"
            "RUN go build -o /till ./cmd/till\n",
            fixed="FROM golang:1.22\nRUN go build -o /till ./cmd/till\n",
            message="nothing here is reported as COV001: remove this",
            safe=True,
        ),
    )

    def check(self, subject: SourceFile) -> Iterator[Diagnostic]:
        """Nothing: what is unused is known only after all other rules (:func:`unused`)."""
        return iter(())


class UnexplainedSuppression(Rule[SourceFile]):
    """A `covlint: ignore` comment gives no reason.

    Why: whoever reads it later cannot tell whether it still holds, and will not dare to
    remove it. The data that it hides from view is lost until somebody asks.

    Instead: say why after the bracket: `# covlint: ignore[COV203] tini is PID 1 here`.

    Left out: everything, unless the configuration says `require_reasons: true`.
    """

    code = UNEXPLAINED_SUPPRESSION
    name = "unexplained-suppression"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    source = "covlint itself: it reads the comments"

    def check(self, subject: SourceFile) -> Iterator[Diagnostic]:
        """Nothing: the configuration decides whether it is asked (:func:`unexplained`)."""
        return iter(())


#: What covlint says about its own comments.
OWN_RULES: tuple[type[Rule[SourceFile]], ...] = (UnusedSuppression, UnexplainedSuppression)
