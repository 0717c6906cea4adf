"""The projects that check and fix are fuzzed in: the cases of the rules, one file replaced."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from zlib import crc32

from covlint.registry import Registry
from covlint.testing import case_id, cases, unmarked

#: Bytes in front of the file: they choose the case and its file, and stay what they mean when
#: other cases come and go.
HEAD = 2

_Place = tuple[int, str, dict[str, bytes]]


@cache
def places() -> tuple[_Place, ...]:
    """Number, path of the file to replace, and the files, for each file of each case."""
    found: dict[int, _Place] = {}
    for rule in Registry.builtin().rules():
        for case in cases(rule):
            contents, _ = unmarked(case.files)
            for path in contents:
                name = f"{rule.code} {case_id(case)} {path}"
                number = crc32(name.encode()) & 0xFFFF
                found.setdefault(number, (number, path, contents))
    return tuple(found[number] for number in sorted(found))


def project_of(data: bytes) -> dict[str, bytes]:
    """The project that an input stands for."""
    wanted = int.from_bytes(data[:HEAD], "big")
    all_places = places()
    index = bisect_left(all_places, wanted, key=lambda place: place[0])
    _, path, contents = all_places[index % len(all_places)]
    return {**contents, path: data[HEAD:]}
