"""Writes coverage data files, as Go's comments in ``internal/coverage/defs.go`` describe them.

It shares nothing with the reader: what both get wrong alike, the tests on real data find.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Func:
    name: str
    file: str
    units: tuple[tuple[int, int, int, int, int], ...]
    literal: bool = False


@dataclass(frozen=True)
class Pkg:
    path: str
    name: str
    module: str
    functions: tuple[Func, ...]


def uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def string_table(texts: Sequence[str]) -> bytes:
    encoded = [text.encode() for text in texts]
    return uleb(len(encoded)) + b"".join(uleb(len(text)) + text for text in encoded)


def meta_file(
    packages: Sequence[Pkg], digest: bytes, mode: int = 1, granularity: int = 1, version: int = 1
) -> bytes:
    blobs = [_package(package) for package in packages]
    table = string_table([""])
    begin = 56 + 16 * len(blobs)
    offset = begin + len(table)
    offsets = []
    for blob in blobs:
        offsets.append(offset)
        offset += len(blob)
    head = struct.pack(
        "<4sIQQ16sIIBB6x", b"\0cvm", version, offset, len(blobs), digest, begin, len(table),
        mode, granularity,
    )  # fmt: skip
    lengths = [len(blob) for blob in blobs]
    return head + struct.pack(f"<{2 * len(blobs)}Q", *offsets, *lengths) + table + b"".join(blobs)


def _package(package: Pkg) -> bytes:
    texts = dict.fromkeys(["", package.path, package.name, package.module])
    for function in package.functions:
        texts |= dict.fromkeys([function.name, function.file])
    index = {text: number for number, text in enumerate(texts)}
    table = string_table(list(texts))
    coded = [
        uleb(len(function.units))
        + uleb(index[function.name])
        + uleb(index[function.file])
        + b"".join(uleb(number) for unit in function.units for number in unit)
        + uleb(int(function.literal))
        for function in package.functions
    ]
    offset = 44 + 4 * len(coded) + len(table)
    offsets = []
    for part in coded:
        offsets.append(offset)
        offset += len(part)
    head = struct.pack(
        "<IIII16s4xII", offset, index[package.name], index[package.path], index[package.module],
        b"\1" * 16, len(texts), len(coded),
    )  # fmt: skip
    return head + struct.pack(f"<{len(coded)}I", *offsets) + table + b"".join(coded)


#: Package index, function index, counters.
Row = tuple[int, int, Sequence[int]]


def counter_file(
    segments: Sequence[Sequence[Row]],
    digest: bytes,
    *,
    arguments: dict[str, str] | None = None,
    raw: str | None = None,  # "<" or ">": numbers of four bytes in that order
    version: int = 1,
) -> bytes:
    head = struct.pack("<4sI16sBB6x", b"\0cwm", version, digest, 1 if raw else 2, raw == ">")
    out = bytearray(head)
    for count, rows in enumerate(segments, 1):
        pairs = arguments or {}
        texts = list(dict.fromkeys(["", *pairs, *pairs.values()]))
        table = string_table(texts)
        coded = uleb(len(pairs)) + b"".join(
            uleb(texts.index(key)) + uleb(texts.index(value)) for key, value in pairs.items()
        )
        coded += b"\0" * (-(len(table) + len(coded)) % 4)
        out += struct.pack("<QII", len(rows), len(table), len(coded)) + table + coded
        for package, function, counters in rows:
            numbers = [len(counters), package, function, *counters]
            if raw:
                out += struct.pack(f"{raw}{len(numbers)}I", *numbers)
            else:
                out += b"".join(map(uleb, numbers))
        out += struct.pack("<4s4xI4x", b"\0cwm", count)
    return bytes(out)
