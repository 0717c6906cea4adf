"""Go's text profile, as ``go test -coverprofile`` and ``go tool covdata textfmt`` write it.

A line ``mode: set``, then one line a block:
``example.com/app/main.go:13.14,15.2 1 1`` (start line.column, end, statements, count).
"""

from __future__ import annotations

import re

from covlint.covdata.layout import MAX_COUNT, Mode
from covlint.covdata.meta import MAX_LINE, Unit
from covlint.covdata.profile import FunctionName, Profile, make_profile, package_of

_BLOCK = re.compile(
    r"(.+):(\d{1,9})\.(\d{1,9}),(\d{1,9})\.(\d{1,9}) (\d{1,9}) (\d{1,20})", re.ASCII
)
_MODES = {str(mode): mode for mode in Mode}


class BadProfile(Exception):
    """A line that is not of the text profile's form."""


def render(profile: Profile) -> str:
    """The text profile, line for line that of ``go tool covdata textfmt``; "" for no data."""
    if profile.mode is None:
        return ""
    lines = [f"mode: {profile.mode}\n"]
    for package in profile.packages:
        blocks = [
            (function.id.file, unit[0], unit[2], unit[1], unit[3], unit[4], count)
            for function in package.functions
            for unit, count in function.counts.items()
        ]
        blocks.sort()
        lines += [
            f"{file}:{line}.{column},{end}.{end_column} {statements} {count}\n"
            for file, line, end, column, end_column, statements, count in blocks
        ]
    return "".join(lines)


def parse(text: str) -> Profile:
    """Read a text profile; a block that is listed again is added to itself.

    Two profiles one behind the other are read as one, which ``go tool cover``
    refuses (facts, part D). Raises BadProfile with the 1-based line number.
    """
    mode: Mode | None = None
    packages: dict[str, dict[FunctionName, dict[Unit, int]]] = {}
    counts: dict[Unit, int] = {}
    former = None
    # as Go splits it: a name may hold what Python takes for the end of a line (U+2028, say)
    for number, ended in enumerate(text.split("\n"), 1):
        line = ended.removesuffix("\r")
        if line.startswith("mode:"):
            named = _MODES.get(line[5:].strip())
            if named is None:
                raise BadProfile(f"line {number} names no mode that is known: {line[:80]}")
            mode = named if mode is None else max(mode, named)
            continue
        if not line.strip():
            continue
        match = _BLOCK.fullmatch(line)
        if match is None:
            raise BadProfile(f"line {number} is not a block of a profile: {line[:80]}")
        if mode is None:
            raise BadProfile(f"line {number} comes before a line such as `mode: set`")
        file, start, column, end, end_column, statements, count = match.groups()
        if int(end) > MAX_LINE:
            raise BadProfile(f"line {number} has a block that ends at line {end}")
        if file != former:
            functions = packages.setdefault(package_of(file), {})
            counts = functions.setdefault(FunctionName(file, "", False), {})
            former = file
        unit = Unit(int(start), int(column), int(end), int(end_column), int(statements))
        most = 1 if mode is Mode.SET else MAX_COUNT
        counts[unit] = min(counts.get(unit, 0) + int(count), most)
    return make_profile(mode, packages) if mode is not None else Profile(None, ())
