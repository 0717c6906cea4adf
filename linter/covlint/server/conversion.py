"""What covlint found, in the words of the Language Server Protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from lsprotocol import types
from pygls import uris

from covlint.chain import Certainty, Chain
from covlint.diagnostics import Applicability, Diagnostic, Severity
from covlint.registry import RegistryError
from covlint.report.places import page_url
from covlint.rule import Rule, describe
from covlint.server.analysis import Analysis
from covlint.source import SourceFile, Span, UnreadableSource
from covlint.suppression import OWN_RULES
from covlint.terminal import visible

SOURCE = "covlint"
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.covlint"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTICE: types.DiagnosticSeverity.Information,
}
_MARKS = {Certainty.EXACT: "", Certainty.ASSUMED: " (assumed)", Certainty.UNKNOWN: " (not seen)"}


class Converter:
    """Converts for one analysis and for the unit in which a client counts columns."""

    def __init__(self, analysis: Analysis, encoding: str) -> None:
        self._analysis = analysis
        self._encoding = encoding

    def diagnostic(self, one: Diagnostic) -> types.Diagnostic:
        url = page_url(one.code)
        related = [
            types.DiagnosticRelatedInformation(self.location(item.span), visible(item.message))
            for item in one.related
        ]
        return types.Diagnostic(
            range=self.range(one.span),
            message=visible(one.message),
            severity=_SEVERITIES[one.severity],
            code=one.code,
            code_description=types.CodeDescription(url) if url else None,
            source=SOURCE,
            related_information=related or None,
        )

    def quick_fix(self, one: Diagnostic) -> types.CodeAction | None:
        """The fix as an action; None where there is none, or none that can be written."""
        fix = one.fix
        if fix is None or not fix.edits or fix.applicability is Applicability.DISPLAY:
            return None
        safe = fix.applicability is Applicability.SAFE
        changes: dict[str, list[types.TextEdit]] = {}
        for edit in fix.edits:
            text = edit.replacement.decode("utf-8", "replace")
            listed = changes.setdefault(self.uri(edit.span.path), [])
            listed.append(types.TextEdit(self.range(edit.span), text))
        return types.CodeAction(
            title=f"covlint: {visible(fix.title)}{'' if safe else ' (unsafe)'}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(one)],
            is_preferred=safe,
            edit=types.WorkspaceEdit(changes=changes),
        )

    def change(self, path: str, after: bytes) -> list[types.TextEdit]:
        """The lines that differ as one edit, so that a cursor elsewhere stays where it is."""
        before = self._source(path).data
        start, end, rest = _difference(before, after)
        text = after[start : len(after) - rest].decode("utf-8", "replace")
        return [types.TextEdit(self.range(Span(path, start, end)), text)]

    def hover(self, one: Diagnostic) -> str:
        """What the rule says, and the chains that the finding breaks, as Markdown."""
        lines = [f"**{one.code} {one.name}**: {_code(one.message)}", ""]
        rule = self._rule(one.code)
        if rule is not None:
            about = describe(rule)
            lines += [text + "\n" for text in (about.summary, about.why, about.instead) if text]
        for traced in self._analysis.inspection.traced:
            if any((item.code, item.span) == (one.code, one.span) for item in traced.breaks):
                lines += [*self._chain(traced.chain), ""]
        url = page_url(one.code)
        if url is not None:
            lines.append(f"[The rule's page]({url})")
        return "\n".join(lines)

    def _chain(self, chain: Chain) -> Iterator[str]:
        yield f"The chain of {_code(chain.service)}:\n"
        for link in chain.links:
            place = ""
            if link.span is not None:
                line = self._source(link.span.path).line_of(link.span.start)
                place = f" — {_code(f'{link.span.path}:{line}')}"
            yield f"1. {link.hop.value}: {_code(link.label)}{place}{_MARKS[link.certainty]}"
        if chain.gap is not None:
            yield f"\nNot joined: {chain.gap.missing.value}, {_code(chain.gap.reason)}"

    def _rule(self, code: str) -> type[Rule[Any]] | None:
        own: dict[str, type[Rule[Any]]] = {rule.code: rule for rule in OWN_RULES}
        try:
            return own.get(code) or self._analysis.registry.rule(code)
        except (KeyError, RegistryError):
            return None

    def location(self, span: Span) -> types.Location:
        return types.Location(self.uri(span.path), self.range(span))

    def uri(self, path: str) -> str:
        return uris.from_fs_path(os.path.join(self._analysis.root, path)) or ""

    def range(self, span: Span) -> types.Range:
        source = self._source(span.path)
        return types.Range(self._position(source, span.start), self._position(source, span.end))

    def _position(self, source: SourceFile, offset: int) -> types.Position:
        """0-based; a byte order mark is no part of what editors show."""
        line = source.line_of(offset)
        prefix = source.data[source.line_starts[line - 1] : offset]
        if line == 1:
            prefix = prefix.removeprefix(b"\xef\xbb\xbf")
        return types.Position(line - 1, _units(prefix, self._encoding))

    def _source(self, path: str) -> SourceFile:
        try:
            return self._analysis.inspection.project.source(path)
        except UnreadableSource:
            return SourceFile(path, b"")


def _units(data: bytes, encoding: str) -> int:
    """How long UTF-8 text is in the units of ``utf-8``, ``utf-16`` or ``utf-32``."""
    if encoding == "utf-8":
        return len(data)
    text = data.decode("utf-8", "replace")
    return len(text) if encoding == "utf-32" else len(text.encode("utf-16-le")) // 2


def _difference(before: bytes, after: bytes) -> tuple[int, int, int]:
    """Where ``before`` changes, in whole lines: start, end, and how many bytes follow the end."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    rest = sum(map(len, old[len(old) - tail :]))
    return sum(map(len, old[:head])), len(before) - rest, rest


def _code(text: str) -> str:
    """Text of a repository in Markdown: nothing in it is a link, an image or HTML."""
    return f"`` {visible(text).replace('`', 'ʼ')} ``" if text else ""
