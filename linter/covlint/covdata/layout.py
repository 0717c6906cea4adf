"""What the two kinds of coverage data files have in common: names, marks and numbers.

All numbers in them are little-endian or ULEB128 (seven bits a byte, the lowest
first; the high bit says that more follow).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from enum import Enum, IntEnum
from itertools import chain

META_NAME = re.compile(r"covmeta\.([0-9a-f]{32})")
#: Hash of the meta-data, process id, nanoseconds since the epoch.
COUNTER_NAME = re.compile(r"covcounters\.([0-9a-f]{32})\.(\d{1,19})\.(\d{1,19})")

META_MAGIC = b"\x00cvm"
COUNTER_MAGIC = b"\x00cwm"
#: The newest version that Go 1.21 to 1.27 write and read, of both kinds.
VERSION = 1

#: Magic, version, length of the file, packages, hash, string table's offset and length, mode,
#: granularity.
META_HEADER = struct.Struct("<4sIQQ16sIIBB6x")
#: Length of the package's part, string indices of name, path and module, hash, files, functions.
PACKAGE_HEADER = struct.Struct("<IIII16s4xII")
#: Magic, version, hash of the meta-data, flavour of the numbers, whether they are big-endian.
COUNTER_HEADER = struct.Struct("<4sI16sBB6x")
#: Functions, lengths in bytes of the string table and of the arguments.
SEGMENT_HEADER = struct.Struct("<QII")
#: Magic, number of segments so far; it closes every segment, the last one closes the file.
COUNTER_FOOTER = struct.Struct("<4s4xI4x")

#: Bytes. The meta-data of Go's own ``cmd/go`` with all its packages has 3 MB.
SIZE_LIMIT = 256 << 20
#: Counters stop at this value instead of starting again.
MAX_COUNT = 0xFFFFFFFF

_MAX_BYTES = 10  # of a number: Go's are of 64 bits at most
_NUMBER = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]")
_LONG = re.compile(rb"([\x80-\xff]+[\x00-\x7f])")


class BadFile(Exception):
    """What is wrong with one file, in words that follow its name: "is cut off …"."""


class Mode(IntEnum):
    """How counters count; the greater one holds what the lesser one can."""

    SET = 1
    COUNT = 2
    ATOMIC = 3

    def __str__(self) -> str:
        return self.name.lower()


class Granularity(Enum):
    """What one counter stands for."""

    BLOCK = 1
    FUNCTION = 2

    def __str__(self) -> str:
        return f"one counter a {self.name.lower()}"


class _Values(dict[bytes, tuple[int]]):
    """Encoded number → its value; remembered, for most of them come again and again."""

    def __missing__(self, encoded: bytes) -> tuple[int]:
        if len(encoded) > _MAX_BYTES:
            raise BadFile(f"has a number of {len(encoded)} bytes")
        value = (_value(encoded) & MAX_COUNT,)  # cut as Go's own reader does
        if len(self) < 1 << 16:
            self[encoded] = value
        return value


_VALUES = _Values()


def numbers(encoded: bytes) -> Sequence[int]:
    """All ULEB128 numbers of ``encoded``, cut to 32 bits.

    Raises BadFile when the last one is not complete, and for one longer than ten bytes.
    """
    if encoded.isascii():
        return encoded  # every byte is a number
    if encoded[-1] >= 0x80:
        raise BadFile("ends inside a number")
    # Few numbers are long: the runs between them are taken as they are.
    split = _LONG.split(encoded)
    parts: list[Sequence[int]] = [*split]
    parts[1::2] = map(_VALUES.__getitem__, split[1::2])
    return tuple(chain.from_iterable(parts))


def number(data: bytes, offset: int) -> tuple[int, int]:
    """The ULEB128 number at ``offset``, and the offset behind it. Raises BadFile."""
    match = _NUMBER.match(data, offset)
    if match is None:
        raise BadFile("has no number where one is expected")
    return _value(match[0]), match.end()


def _value(encoded: bytes) -> int:
    value = 0
    for index, byte in enumerate(encoded):
        value |= (byte & 0x7F) << (7 * index)
    return value


def strings(table: bytes, offset: int = 0) -> tuple[list[str], int]:
    """The string table at ``offset``, and the offset behind it. Raises BadFile."""
    count, offset = number(table, offset)
    if count > len(table) - offset:  # each string takes a byte at least
        raise BadFile(f"claims {count} strings in {len(table) - offset} bytes")
    found: list[str] = []
    for _ in range(count):
        length, offset = number(table, offset)
        end = offset + length
        if end > len(table):
            raise BadFile("has a string that runs past its table")
        found.append(table[offset:end].decode("utf-8", "replace"))
        offset = end
    return found, offset
