"""LCOV's trace file (``lcov.info``), for genhtml, editors and coverage services.

Records as in ``geninfo(1)``: TN, SF, FN and FNDA for functions, DA for lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from covlint.covdata.lines import FileLines, files_of
from covlint.covdata.profile import Profile

_NOWHERE: Mapping[str, str] = {}


def render(profile: Profile, paths: Mapping[str, str] = _NOWHERE) -> str:
    """``paths``: file as the profile names it → as the report shall name it.

    Raises TooManyLines.
    """
    return "".join(
        f"{line}\n"
        for file in files_of(profile)
        for line in _record(file, paths.get(file.file, file.file))
    )


def _record(file: FileLines, path: str) -> Iterator[str]:
    yield "TN:"
    yield f"SF:{path}"
    functions = _functions(file)
    for name, (line, _) in functions.items():
        yield f"FN:{line},{name}"
    for name, (_, count) in functions.items():
        yield f"FNDA:{count},{name}"
    yield f"FNF:{len(functions)}"
    yield f"FNH:{sum(1 for _, count in functions.values() if count)}"
    for line, count in file.hits.items():
        yield f"DA:{line},{count}"
    yield f"LF:{len(file.hits)}"
    yield f"LH:{file.covered}"
    yield "end_of_record"


def _functions(file: FileLines) -> dict[str, tuple[int, int]]:
    """Name → first line and how often the function was entered: the count of its first block."""
    found: dict[str, tuple[int, int]] = {}
    for function in file.functions:
        if function.id.name and not function.id.literal and function.counts:
            first = min(function.counts)
            found[function.id.name] = (first.start_line, function.counts[first])
    return dict(sorted(found.items(), key=lambda item: item[1][0]))
