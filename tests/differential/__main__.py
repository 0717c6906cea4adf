"""Compares covlint's Dockerfile reader with BuildKit's parser, and prints the figures.

Files of FOLDER whose names have "Dockerfile" in them are compared, and as many as are asked for
that a generator makes, other ones each time. The exit code is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from covlint.source import UnreadableSource
from differential.generated import dockerfiles
from differential.rows import Refused, ours, theirs

#: What is about Dockerfiles, or ships with one, and is none.
_OTHERS = {".dockerignore", ".go", ".md", ".sh"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("folder", nargs="?", metavar="FOLDER", type=Path)
    parser.add_argument("--generated", type=int, default=3000, help="default: %(default)s")
    chosen = parser.parse_args()
    different = report("generated", ((str(n), t) for n, t in enumerate(made(chosen.generated))))
    if chosen.folder:
        different += report("found", written(chosen.folder))
    return 1 if different else 0


def made(count: int) -> list[str]:
    """Different texts that the generator makes."""
    texts: dict[str, None] = {}

    @settings(max_examples=max(count, 1), deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(dockerfiles())
    def take(text: str) -> None:
        texts[text] = None

    while len(texts) < count:
        take()
    return list(texts)[:count]


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


def report(kind: str, texts: Iterator[tuple[str, str]]) -> int:
    """Prints what came of the texts; the number of those that are read differently."""
    outcomes: Counter[str] = Counter()
    instructions = heredocs = 0
    for name, text in texts:
        try:
            expected = theirs(text)
        except Refused:
            outcomes["refused by BuildKit"] += 1
            continue
        try:
            found = ours(text)
        except UnreadableSource as error:
            outcomes[f"not text ({error.reason.partition(' (')[0]})"] += 1
            continue
        except Refused as error:
            said = str(error).partition(" '")[0]
            outcomes[f"taken by BuildKit's parser, refused behind it: {said}"] += 1
            continue
        instructions += len(expected)
        heredocs += sum(len(row[-1]) for row in expected)
        if found == expected:
            outcomes["the same"] += 1
            continue
        outcomes["DIFFERENT"] += 1
        print(f"{name}: " + "; ".join(differences(found, expected)[:3]))
    total = sum(outcomes.values())
    print(f"{kind}: {total:,} Dockerfiles, {instructions:,} instructions, {heredocs:,} heredocs")
    for outcome, count in outcomes.most_common():
        print(f"  {count:6,} {outcome}")
    return outcomes["DIFFERENT"]


def differences(found: list[object], expected: list[object]) -> list[str]:
    if len(found) != len(expected):
        return [f"{len(found)} instructions instead of {len(expected)}"]
    pairs = zip(found, expected, strict=True)
    return [f"{one} instead of {other}" for one, other in pairs if one != other]


if __name__ == "__main__":
    sys.exit(main())
