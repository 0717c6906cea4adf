"""Reports: pure functions from a sheet to text or bytes, one module per format."""

from __future__ import annotations

from collections.abc import Callable

from covlint.diagnostics import Crash, Diagnostic, Severity, Unread
from covlint.engine import Service, Traced
from covlint.frozen import dataclass
from covlint.source import Position, SourceFile, Span

SourceOf = Callable[[str], SourceFile]


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic, and the files that its spans point into (those of before the fix)."""

    diagnostic: Diagnostic
    source_of: SourceOf
    fixed: bool = False

    def positions(self, span: Span) -> tuple[Position, Position]:
        """Where a span starts and ends."""
        source = self.source_of(span.path)
        return source.position(span.start), source.position(span.end)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that one run has to say."""

    findings: tuple[Finding, ...]
    services: tuple[Service, ...] = ()
    suppressed: int = 0
    unread: tuple[Unread, ...] = ()
    crashes: tuple[Crash, ...] = ()
    files: int = 0
    skipped: tuple[tuple[Diagnostic, str], ...] = ()  # fixes not applied, and why
    unknown: tuple[str, ...] = ()  # links of chains that could not be seen
    fixing: bool = False
    traced: tuple[Traced, ...] = ()
    #: The project's folder in its git repository, with a final slash ("" where they are one):
    #: what forges and their tools add to each path.
    prefix: str = ""

    @property
    def open(self) -> tuple[Finding, ...]:
        """Those that are not fixed."""
        return tuple(finding for finding in self.findings if not finding.fixed)

    def count(self, severity: Severity) -> int:
        return sum(finding.diagnostic.severity is severity for finding in self.open)

    @property
    def fixed(self) -> int:
        return sum(finding.fixed for finding in self.findings)
