"""Findings that are accepted: those of a file that a team keeps, or of an earlier revision.

A finding is told by its code, its file and the text of its line, so that it
stays accepted when lines are added above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from covlint.diagnostics import Diagnostic
from covlint.frozen import dataclass
from covlint.source import SourceFile

_VERSION = 1


class BaselineError(Exception):
    """The baseline file cannot be used; the message says why."""


class Fingerprint(NamedTuple):
    """What a finding is told by: ``text`` is the line it begins in, without indentation."""

    code: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """``accepted`` are those that the baseline holds already, at most as often as it does."""

    new: tuple[Diagnostic, ...]
    accepted: tuple[Diagnostic, ...]


def fingerprint(diagnostic: Diagnostic, source: SourceFile) -> Fingerprint:
    line = source.line_bytes(source.line_of(diagnostic.span.start)).strip()
    text = line.decode("utf-8", "replace")
    return Fingerprint(diagnostic.code, diagnostic.span.path, text)


def fingerprints(
    diagnostics: Iterable[Diagnostic], source_of: Callable[[str], SourceFile]
) -> Counter[Fingerprint]:
    """How often each fingerprint occurs."""
    return Counter(fingerprint(item, source_of(item.span.path)) for item in diagnostics)


def identities(found: Iterable[tuple[Diagnostic, Callable[[str], SourceFile]]]) -> list[str]:
    """A short name for each finding, by its fingerprint; equal ones are told by their order."""
    from hashlib import sha256  # few formats need it

    seen: Counter[Fingerprint] = Counter()
    names = []
    for diagnostic, source_of in found:
        key = fingerprint(diagnostic, source_of(diagnostic.span.path))
        seen[key] += 1
        text = f"{' '.join(key)} {seen[key]}".encode("utf-8", "surrogateescape")
        names.append(sha256(text).hexdigest()[:40])
    return names


def dump(accepted: Mapping[Fingerprint, int]) -> str:
    """The file that accepts these; its order does not depend on line numbers, so that a
    change of it is a change of what is accepted."""
    entries: list[dict[str, Any]] = [
        {**key._asdict(), "count": count} for key, count in sorted(accepted.items()) if count > 0
    ]
    import json  # only where a baseline is written or read

    return json.dumps({"version": _VERSION, "accepted": entries}, indent=2) + "\n"


def load(text: str) -> Counter[Fingerprint]:
    """How often each fingerprint is accepted. Raises BaselineError."""
    import json  # only where a baseline is written or read

    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"not JSON: {error}") from error
    entries = content.get("accepted") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise BaselineError("not a baseline: write one with --write-baseline")
    if content.get("version") != _VERSION:
        raise BaselineError(f"a baseline of version {_VERSION} is expected: write it again")
    accepted: Counter[Fingerprint] = Counter()
    for number, entry in enumerate(entries, 1):
        accepted[_key(entry, number)] += entry["count"]
    return accepted


def _key(entry: Any, number: int) -> Fingerprint:
    words: list[Any] = (
        [entry.get(name) for name in Fingerprint._fields] if isinstance(entry, dict) else []
    )
    count = entry.get("count") if words else None
    # A bool is an int, and no count.
    if type(count) is not int or count < 1 or not all(isinstance(word, str) for word in words):
        raise BaselineError(f"entry {number} has no code, path, text and count above 0")
    return Fingerprint(*words)


def sort_out(
    diagnostics: Iterable[Diagnostic],
    accepted: Mapping[Fingerprint, int],
    source_of: Callable[[str], SourceFile],
) -> Sorted:
    """The diagnostics that are new, and those that are accepted."""
    left = Counter(accepted)
    new: list[Diagnostic] = []
    known: list[Diagnostic] = []
    for diagnostic in diagnostics:
        key = fingerprint(diagnostic, source_of(diagnostic.span.path))
        (known if left[key] > 0 else new).append(diagnostic)
        left[key] -= 1
    return Sorted(tuple(new), tuple(known))
