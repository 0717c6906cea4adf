"""The text profile that a project's own script makes, held against the data it was made of."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from covlint.covdata.profile import FILE_PACKAGE
from covlint.diagnostics import Symptom
from covlint.runner.diagnosis.symptoms import Sign
from covlint.runner.evidence.folder import read_folder
from covlint.runner.evidence.profile import Profile

_NOTHING_FOUND = "no applicable files found in input directories"
#: Package → covered and all statements.
Covered = Mapping[str, tuple[int, int]]


class BadReport(Exception):
    """A report that is no text profile; the message says where."""


def read_report(file: Path) -> Covered:
    """What a text profile adds up to by package; a block that is listed twice counts once.

    Raises BadReport with the 1-based line number.
    """
    blocks: dict[tuple[str, str], tuple[int, bool]] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("mode:") and number == 1:
            continue
        place, _, rest = line.rpartition(":")
        words = rest.split()
        if not place or len(words) != 3 or not words[1].isdigit() or not words[2].isdigit():
            raise BadReport(f"line {number} is not a block of a profile: {line[:80]}")
        hit = blocks.get((place, words[0]), (0, False))[1] or words[2] != "0"
        blocks[place, words[0]] = int(words[1]), hit
    sums: dict[str, tuple[int, int]] = {}
    for (place, _), (statements, hit) in blocks.items():
        package = FILE_PACKAGE if place.startswith("/") else posixpath.dirname(place)
        covered, total = sums.get(package, (0, 0))
        sums[package] = covered + (statements if hit else 0), total + statements
    return sums


def signs_of_report(file: Path, profile: Profile, data: Sequence[Path], log: str) -> Iterator[Sign]:
    """What the report lacks of the data that was there for it; nothing when it has all."""
    name = file.name
    if not file.is_file() or not file.stat().st_size:
        above = {place.parent for place in data if read_folder(place).counters}
        nested = [place for place in above - {file.parent} if not read_folder(place).counters]
        if nested and _NOTHING_FOUND in log:
            yield Sign(Symptom.NESTED, f"{name} is empty; the data lies below {nested[0].name}")
        else:
            what = "is empty" if file.is_file() else "was not made"
            yield Sign(Symptom.NOT_EXTRACTED, f"{name} {what}, and the data is there")
        return
    try:
        found = read_report(file)
    except BadReport as bad:
        yield Sign(Symptom.UNREADABLE_FILE, f"{name}: {bad}")
        return
    for package in profile.packages:
        covered, _ = found.get(package.path, (0, 0))
        if covered < package.covered:
            yield Sign(
                Symptom.NOT_EXTRACTED,
                f"{name} has {covered} covered statements of {package.path}, the data has "
                f"{package.covered}",
            )
            return
