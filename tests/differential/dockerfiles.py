"""Dockerfiles: covlint's reader beside BuildKit's parser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from covlint.source import UnreadableSource
from differential.outcomes import Outcome
from differential.rows import Refused, ours, theirs

#: What is about Dockerfiles, or ships with one, and is none.
_OTHERS = {".dockerignore", ".go", ".md", ".sh"}


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """The Dockerfiles of a folder, each text once."""
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*ockerfile*")):
        if not path.is_file() or path.suffix in _OTHERS:
            continue
        data = path.read_bytes()
        if data not in seen:
            seen.add(data)
            yield str(path.relative_to(folder)), data.decode("utf-8", "replace")


def compare(what: str, texts: Iterable[tuple[str, str]]) -> Outcome:
    outcome = Outcome(what, "BuildKit's parser", "files")
    for name, text in texts:
        outcome.inputs += 1
        try:
            expected = theirs(text)
        except Refused:
            outcome.explained["refused by BuildKit"] += 1
            continue
        try:
            found = ours(text)
        except UnreadableSource as error:
            outcome.explained[f"not text ({error.reason.partition(' (')[0]})"] += 1
            continue
        except Refused as error:
            said = str(error).partition(" '")[0]
            outcome.explained[f"taken by BuildKit's parser, refused behind it: {said}"] += 1
            continue
        outcome.compared["instructions"] += len(expected)
        outcome.compared["heredocs"] += sum(len(row[-1]) for row in expected)
        if found == expected:
            outcome.same += 1
        else:
            outcome.different.append(f"{name}: " + "; ".join(_differences(found, expected)[:3]))
    return outcome


def _differences(found: list[object], expected: list[object]) -> list[str]:
    if len(found) != len(expected):
        return [f"{len(found)} instructions instead of {len(expected)}"]
    pairs = zip(found, expected, strict=True)
    return [f"{one} instead of {other}" for one, other in pairs if one != other]
