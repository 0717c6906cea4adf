"""``# covlint: ignore[COV203] reason``, and what becomes of those that ignore nothing.

A comment of its own speaks of the statement, instruction or mapping below it; at
the end of a YAML line it speaks of that line. In Go the comment starts with ``//``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from covlint.diagnostics import Diagnostic, Evidence, Severity
from covlint.registry import UNUSED_SUPPRESSION
from covlint.rule import Rule
from covlint.source import SourceFile, Span, UnreadableSource

#: The bytes without which a file holds no suppression.
MARK = b"covlint: ignore"

_COMMENT = re.compile(
    rb"(?P<lead>#|//)[ \t]*(?P<mark>covlint: ignore(?:\[(?P<codes>[^\]\r\n]*)\])?)"
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment. ``line`` is 1-based; ``alone`` says that nothing else is on the line."""

    span: Span
    line: int
    alone: bool
    codes: tuple[str, ...]


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
        found.append(
            Suppression(
                source.span(match.start("mark"), match.end("mark")),
                line,
                alone,
                tuple(code.strip().upper() for code in codes.split(",") if code.strip()),
            )
        )
    return tuple(found)


def sift(
    diagnostics: Iterable[Diagnostic],
    source_of: Callable[[str], SourceFile],
    comment_lines: Callable[[Span], Collection[int]],
) -> Sifted:
    """Leaves out the diagnostics that a comment of their file ignores."""
    kept = []
    used: set[tuple[Suppression, str]] = set()
    suppressed = 0
    for diagnostic in diagnostics:
        source = source_of(diagnostic.span.path)
        matching = [
            suppression
            for suppression in suppressions(source)
            if diagnostic.code in suppression.codes
            and _speaks_of(suppression, diagnostic.span, source, comment_lines)
        ]
        used.update((suppression, diagnostic.code) for suppression in matching)
        if matching:
            suppressed += 1
        else:
            kept.append(diagnostic)
    return Sifted(tuple(kept), suppressed, frozenset(used))


def _speaks_of(
    suppression: Suppression,
    span: Span,
    source: SourceFile,
    comment_lines: Callable[[Span], Collection[int]],
) -> bool:
    if suppression.alone:
        below = suppression.line + 1
        return suppression.line in comment_lines(span) or below in _mapping_lines(source, span)
    first = source.line_of(span.start)
    last = source.line_of(max(span.start, span.end - 1))
    return first <= suppression.line <= last


def _mapping_lines(source: SourceFile, span: Span) -> Collection[int]:
    if not source.path.endswith((".yaml", ".yml")):
        return ()
    # A reader that only few runs need: those in which a comment ignores something.
    from covlint.documents.yaml import open_yaml
    from covlint.documents.yaml_place import mapping_lines

    try:
        return mapping_lines(open_yaml(source).documents, span.start)
    except UnreadableSource:
        return ()


def unused(
    sources: Iterable[SourceFile],
    used: frozenset[tuple[Suppression, str]],
    known: Collection[str],
    ran: Callable[[str], bool],
) -> Iterator[Diagnostic]:
    """A notice for each code of a suppression that ignored nothing.

    ``known`` are the codes that exist; those that did not run this time (``ran``)
    are not judged.
    """
    for source in sources:
        try:
            comments = suppressions(source)
        except UnreadableSource:
            continue
        for comment in comments:
            if not comment.codes:
                yield _notice(comment, "name the codes to ignore, as in covlint: ignore[COV203]")
            for code in comment.codes:
                if code not in known:
                    yield _notice(comment, f"there is no rule {code} to ignore")
                elif ran(code) and (comment, code) not in used:
                    yield _notice(comment, f"nothing here is reported as {code}: remove this")


def _notice(comment: Suppression, message: str) -> Diagnostic:
    return UnusedSuppression().diagnostic(comment.span, message)


class UnusedSuppression(Rule[SourceFile]):
    """A `covlint: ignore` comment silences nothing.

    Why: the comment has outlived what it excused, or never matched: its code does not
    exist, or it does not stand where the finding is. Left there, it will silence the next
    real finding at this place, and that data is lost without a word.

    Instead: remove the comment or correct its code. It belongs on the line above the
    statement, instruction or mapping that it speaks of, or at the end of a YAML line, and
    names its codes: `# covlint: ignore[COV203] why` (`//` in Go).

    Left out: codes that did not run this time (`--select`, `--ignore`), and Go files that
    no rule had to read.
    """

    code = UNUSED_SUPPRESSION
    name = "unused-suppression"
    severity = Severity.NOTICE
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    source = "covlint itself: it compares the comments with its findings"

    def check(self, subject: SourceFile) -> Iterator[Diagnostic]:
        """Nothing: what is unused is known only after all other rules (:func:`unused`)."""
        return iter(())
