"""Paths and texts as the formats of other tools can hold them.

A path is any sequence of bytes, and a message quotes what a file says: neither
may end a line, a field or a document of the format that they stand in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote

from covlint.diagnostics import Applicability, Diagnostic
from covlint.report import Finding, Sheet
from covlint.terminal import visible

#: Where the page of a built-in rule stands.
_PAGES = "https://github.com/covlint/covlint/blob/main/docs/rules"
HOMEPAGE = "https://github.com/covlint/covlint"


def page_url(code: str) -> str | None:
    """The page of a built-in rule; None for the rules of packs, whose pages are elsewhere."""
    return f"{_PAGES}/{code}.md" if code.startswith("COV") and code[3:].isdigit() else None


def plain(sheet: Sheet, path: str) -> str:
    """The path from the git repository's root, as valid Unicode."""
    return os.fsencode(sheet.prefix + path).decode("utf-8", "replace")


def uri(sheet: Sheet, path: str) -> str:
    """The path from the git repository's root, as a relative URI reference (RFC 3986).

    All but unreserved characters and slashes is escaped, so that ``a:b`` is not
    taken for a scheme and no byte is lost.
    """
    return quote(os.fsencode(sheet.prefix + path), safe="/")


def said(diagnostic: Diagnostic) -> str:
    """The message in one line."""
    return visible(diagnostic.message)


def offer(diagnostic: Diagnostic) -> str | None:
    """What to do about it in one line; None where covlint proposes nothing."""
    fix = diagnostic.fix
    if fix is None:
        return None
    if fix.applicability is Applicability.DISPLAY or not fix.edits:
        return f"help: {visible(fix.title)}"
    unsafe = " --unsafe-fixes" if fix.applicability is Applicability.UNSAFE else ""
    return f"fix: {visible(fix.title)} (covlint --fix{unsafe})"


def others(finding: Finding) -> Iterator[str]:
    """A line for each other place that the message speaks of."""
    for related in finding.diagnostic.related:
        start, _ = finding.positions(related.span)
        where = f"{visible(related.span.path)}:{start.line}:{start.column}"
        yield f"{where} {visible(related.message)}"
