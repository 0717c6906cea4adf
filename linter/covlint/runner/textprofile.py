"""Go's text profile (``mode: set`` and one line a block), and what it adds up to."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

#: The package that Go makes of a build of files (facts, part B2).
FILE_PACKAGE = "command-line-arguments"


class BadProfile(Exception):
    """A line that is not of the text profile's form."""


@dataclass(frozen=True, slots=True)
class PackageCoverage:
    """Statements of one package; ``percent`` is 0 to 100."""

    path: str
    covered: int
    statements: int

    @property
    def percent(self) -> float:
        return 100.0 * self.covered / self.statements if self.statements else 0.0


@dataclass(frozen=True, slots=True)
class TextProfile:
    mode: str | None  # None: the profile is empty
    packages: tuple[PackageCoverage, ...]
    files: tuple[str, ...]

    @property
    def total(self) -> float:
        statements = sum(package.statements for package in self.packages)
        covered = sum(package.covered for package in self.packages)
        return 100.0 * covered / statements if statements else 0.0


def read_profile(text: str) -> TextProfile:
    """Add a text profile up by package; a block listed twice counts once.

    Raises BadProfile with the 1-based line number.
    """
    mode: str | None = None
    blocks: dict[tuple[str, str], tuple[int, bool]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("mode:"):
            mode = line[5:].strip()
            continue
        if not line.strip():
            continue
        file, _, rest = line.rpartition(":")
        words = rest.split()
        if not file or len(words) != 3:
            raise BadProfile(f"line {number} is not a block of a profile: {line[:80]}")
        try:
            statements, count = int(words[1]), int(words[2])
        except ValueError as error:
            raise BadProfile(f"line {number}: {error}") from error
        former = blocks.get((file, words[0]))
        blocks[file, words[0]] = (statements, count > 0 or (former is not None and former[1]))
    sums: dict[str, tuple[int, int]] = {}
    for (file, _), (statements, hit) in blocks.items():
        package = package_of(file)
        covered, total = sums.get(package, (0, 0))
        sums[package] = (covered + (statements if hit else 0), total + statements)
    return TextProfile(
        mode,
        tuple(PackageCoverage(path, *counts) for path, counts in sorted(sums.items())),
        tuple(sorted({file for file, _ in blocks})),
    )


def package_of(file: str) -> str:
    """The import path of a file in a profile. A file-argument build leaves the
    absolute path of the build, also with -trimpath (facts, part B2)."""
    if file.startswith("/") or file[1:3] in (":/", ":\\"):
        return FILE_PACKAGE
    return posixpath.dirname(file)
