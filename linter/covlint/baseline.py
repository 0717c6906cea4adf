"""Findings that a team has accepted for now, so that only new ones fail.

A finding is told by its code, its file and the text of its line, so that it
stays accepted when lines are added above it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable

from covlint.diagnostics import Diagnostic
from covlint.source import SourceFile

_VERSION = 1


class BaselineError(Exception):
    """The baseline file cannot be used; the message says why."""


def fingerprint(diagnostic: Diagnostic, source: SourceFile) -> str:
    line = source.line_bytes(source.line_of(diagnostic.span.start)).strip()
    return f"{diagnostic.code} {diagnostic.span.path} {line.decode('utf-8', 'replace')}"


def identities(found: Iterable[tuple[Diagnostic, Callable[[str], SourceFile]]]) -> list[str]:
    """A short name for each finding, by its fingerprint; equal ones are told by their order."""
    from hashlib import sha256  # few formats need it

    seen: Counter[str] = Counter()
    names = []
    for diagnostic, source_of in found:
        key = fingerprint(diagnostic, source_of(diagnostic.span.path))
        seen[key] += 1
        text = f"{key} {seen[key]}".encode("utf-8", "surrogateescape")
        names.append(sha256(text).hexdigest()[:40])
    return names


def dump(diagnostics: Iterable[Diagnostic], source_of: Callable[[str], SourceFile]) -> str:
    """The baseline that accepts these diagnostics."""
    prints = sorted(fingerprint(item, source_of(item.span.path)) for item in diagnostics)
    return json.dumps({"version": _VERSION, "accepted": prints}, indent=2) + "\n"


def load(text: str) -> Counter[str]:
    """How often each fingerprint is accepted. Raises BaselineError."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BaselineError(f"not JSON: {error}") from error
    accepted = content.get("accepted") if isinstance(content, dict) else None
    if not isinstance(accepted, list) or not all(isinstance(item, str) for item in accepted):
        raise BaselineError("not a baseline: write one with --write-baseline")
    return Counter(accepted)


def beyond(
    diagnostics: Iterable[Diagnostic],
    accepted: Counter[str],
    source_of: Callable[[str], SourceFile],
) -> list[Diagnostic]:
    """The diagnostics that the baseline does not accept."""
    left = Counter(accepted)
    found = []
    for diagnostic in diagnostics:
        key = fingerprint(diagnostic, source_of(diagnostic.span.path))
        if left[key] > 0:
            left[key] -= 1
        else:
            found.append(diagnostic)
    return found
