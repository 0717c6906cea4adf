"""The meta-data file (``covmeta.HASH``): what can be executed, as the compiler saw it.

A program writes it at start, one for each build; it names every instrumented
package, function and block, executed or not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from covlint.covdata.layout import (
    META_HEADER,
    META_MAGIC,
    PACKAGE_HEADER,
    VERSION,
    BadFile,
    Granularity,
    Mode,
    numbers,
    strings,
)
from covlint.frozen import dataclass

#: No source file is longer; lines are spread out for line-based reports, so it is a bound on work.
MAX_LINE = 1 << 24
_UNIT = 5  # numbers of one block


class Unit(NamedTuple):
    """A block of statements that are executed together; lines and columns are 1-based,
    columns in bytes, the end is exclusive. A tuple: large programs have a million."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    statements: int


@dataclass(frozen=True, slots=True)
class Function:
    name: str  # "Handler", "(*T).Method"
    file: str  # "example.com/app/handler.go"; absolute when files were built
    literal: bool  # a function without a name inside another one
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Package:
    path: str  # "example.com/app/cmd/app", or "command-line-arguments"
    name: str
    module: str  # "" where the build knew none
    functions: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class MetaHeader:
    """``hash`` is what the counters of the same build refer to, in hexadecimal."""

    hash: str
    mode: Mode
    granularity: Granularity
    packages: int


@dataclass(frozen=True, slots=True)
class Meta:
    hash: str
    mode: Mode
    granularity: Granularity
    packages: tuple[Package, ...]

    @property
    def main(self) -> Package | None:
        """The main package; None when it is not instrumented."""
        return next((package for package in self.packages if package.name == "main"), None)


def read_header(data: bytes, size: int) -> MetaHeader:
    """The header of a file of ``size`` bytes of which ``data`` is the beginning. Raises BadFile."""
    if not size:
        raise BadFile("is empty (0 bytes)")
    if not data.startswith(META_MAGIC):
        raise BadFile("is not a meta-data file")
    if len(data) < META_HEADER.size:
        raise BadFile(f"is cut off after {size} bytes")
    _, version, total, packages, digest, _, _, mode, granularity = META_HEADER.unpack_from(data)
    if not 0 < version <= VERSION:
        raise BadFile(f"has format version {version}; {VERSION} is the newest one known")
    if size < total:
        raise BadFile(f"is cut off: {size} of {total} bytes")
    try:
        return MetaHeader(digest.hex(), Mode(mode), Granularity(granularity), packages)
    except ValueError as error:
        raise BadFile(f"has an unknown counter mode or granularity ({error})") from None


def read_meta(data: bytes) -> Meta:
    """Read a whole meta-data file. Raises BadFile."""
    header = read_header(data, len(data))
    packages: list[Package] = []
    for index, part in enumerate(package_parts(data)):
        try:
            packages.append(_package(part))
        except BadFile as error:
            raise BadFile(f"{error} (package {index})") from None
        except (IndexError, struct.error):
            raise BadFile(f"has a broken reference in package {index}") from None
    return Meta(header.hash, header.mode, header.granularity, tuple(packages))


def package_parts(data: bytes) -> tuple[bytes, ...]:
    """The meta-data of each package, as the compiler put it into the program. Raises BadFile."""
    count = read_header(data, len(data)).packages
    if count * 16 > len(data) - META_HEADER.size:
        raise BadFile(f"claims {count} packages in {len(data)} bytes")
    table = struct.unpack_from(f"<{2 * count}Q", data, META_HEADER.size)
    offsets, lengths = table[:count], table[count:]
    if sum(lengths) > len(data):
        raise BadFile("has packages that overlap")
    for index, (offset, length) in enumerate(zip(offsets, lengths, strict=True)):
        if offset + length > len(data):
            raise BadFile(f"has package {index} behind its end")
    return tuple(
        data[offset : offset + length] for offset, length in zip(offsets, lengths, strict=True)
    )


def _package(part: bytes) -> Package:
    _, name, path, module, _, _, count = PACKAGE_HEADER.unpack_from(part)
    if count * 4 > len(part) - PACKAGE_HEADER.size:
        raise BadFile(f"claims {count} functions in {len(part)} bytes")
    offsets = struct.unpack_from(f"<{count}I", part, PACKAGE_HEADER.size)
    table, begin = strings(part, PACKAGE_HEADER.size + 4 * count)
    if any("\n" in text for text in table):
        raise BadFile("has a name with a line break")
    if any(first >= second for first, second in pairwise((begin - 1, *offsets))):
        raise BadFile("has functions that overlap")
    functions = tuple(
        _function(part[first:second], table) for first, second in pairwise((*offsets, len(part)))
    )
    return Package(table[path], table[name], table[module], functions)


def _function(part: bytes, table: list[str]) -> Function:
    values = numbers(part)
    count, name, file = values[0], values[1], values[2]
    end = 3 + _UNIT * count
    if end >= len(values):
        raise BadFile(f"claims {count} blocks in {len(part)} bytes")
    units = tuple(_units(values[3:end]))
    return Function(table[name], table[file], values[end] != 0, units)


def _units(values: Sequence[int]) -> Iterator[Unit]:
    lines = values[2::_UNIT]
    if lines and max(lines) > MAX_LINE:
        raise BadFile(f"has a block that ends at line {max(lines)}")
    return map(Unit._make, zip(*(values[index::_UNIT] for index in range(_UNIT)), strict=True))
