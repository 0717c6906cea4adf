"""The counter data file (``covcounters.HASH.PID.NANOSECONDS``): what one process executed.

A process writes it when it ends in an orderly way. Only functions that ran are
listed; ``HASH`` names the meta-data that explains their indices.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from sys import byteorder

from covlint.covdata.layout import (
    COUNTER_FOOTER,
    COUNTER_HEADER,
    COUNTER_MAGIC,
    SEGMENT_HEADER,
    VERSION,
    BadFile,
    number,
    numbers,
    strings,
)
from covlint.frozen import dataclass

_RAW, _ULEB128 = 1, 2
_MAX_DIGITS = 6  # of the number of arguments
#: Numbers before the counters of a function: how many there are, its package, its index.
HEAD = 3


@dataclass(frozen=True, slots=True)
class Arguments:
    """How the process was called; all empty where several were merged into one file."""

    argv: tuple[str, ...] = ()
    goos: str = ""
    goarch: str = ""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the numbers of a file are written; Go programs write ULEB128."""

    raw: bool = False
    big_endian: bool = False

    def decode(self, encoded: bytes) -> Sequence[int]:
        """Raises BadFile when the last number is not complete."""
        if not self.raw:
            return numbers(encoded)
        values = array("I")
        if len(encoded) % values.itemsize:
            raise BadFile("ends inside a number")
        values.frombytes(encoded)
        if self.big_endian != (byteorder == "big"):
            values.byteswap()
        return values


@dataclass(frozen=True, slots=True)
class Segment:
    """``encoded`` are ``functions`` times: number of counters, index of the package,
    index of the function, the counters."""

    arguments: Arguments
    functions: int
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Counters:
    """``hash`` is that of the meta-data, in hexadecimal."""

    hash: str
    encoding: Encoding
    segments: tuple[Segment, ...]


_ULEB = Encoding()


def read_counters(data: bytes, known: dict[bytes, Arguments] | None = None) -> Counters:
    """Read a whole counter data file. Raises BadFile.

    ``known`` remembers the arguments of earlier files: replicas are called alike.
    ``go tool covdata`` looks at the first segment only; Go programs write one.
    """
    digest, encoding, count = _frame(data)
    known = {} if known is None else known
    end = len(data) - COUNTER_FOOTER.size
    if count == 1:
        segment, _ = _segment(data, COUNTER_HEADER.size, end, known)
        return Counters(digest, encoding, (segment,))
    segments: list[Segment] = []
    offset = COUNTER_HEADER.size
    while offset < len(data):
        head, begin = _segment(data, offset, len(data), known)
        end = _end_of_functions(data, begin, head.functions, encoding)
        segments.append(Segment(head.arguments, head.functions, data[begin:end]))
        offset = end + COUNTER_FOOTER.size
        if offset > len(data) or not data.startswith(COUNTER_MAGIC, end):
            raise BadFile(f"has segment {len(segments)} without an end")
    if len(segments) != count:
        raise BadFile(f"has {len(segments)} segments and claims {count}")
    return Counters(digest, encoding, tuple(segments))


def read_hash(head: bytes, size: int, tail: bytes) -> str:
    """The hash of the meta-data, from the beginning and the end of a file of ``size`` bytes.

    Raises BadFile: a file without its footer was not written to the end.
    """
    if not size:
        raise BadFile("is empty (0 bytes)")
    if not head.startswith(COUNTER_MAGIC):
        raise BadFile("is not a counter data file")
    least = COUNTER_HEADER.size + COUNTER_FOOTER.size
    if size < least or not tail[-COUNTER_FOOTER.size :].startswith(COUNTER_MAGIC):
        raise BadFile(f"is cut off after {size} bytes")
    return head[8:24].hex()


def _frame(data: bytes) -> tuple[str, Encoding, int]:
    """Hash, encoding and number of segments, from both ends of the file."""
    digest = read_hash(data, len(data), data[-COUNTER_FOOTER.size :])
    _, version, _, flavour, big_endian = COUNTER_HEADER.unpack_from(data)
    if not 0 < version <= VERSION:
        raise BadFile(f"has format version {version}; {VERSION} is the newest one known")
    if flavour not in {_RAW, _ULEB128}:
        raise BadFile(f"has numbers of an unknown kind ({flavour})")
    _, count = COUNTER_FOOTER.unpack_from(data, len(data) - COUNTER_FOOTER.size)
    if not count:
        raise BadFile("has no segments")
    encoding = _ULEB if flavour == _ULEB128 else Encoding(True, bool(big_endian))
    return digest, encoding, count


def _segment(
    data: bytes, offset: int, end: int, known: dict[bytes, Arguments]
) -> tuple[Segment, int]:
    """The segment that fills ``data`` from ``offset`` to ``end``, and where its counters begin."""
    begin = offset + SEGMENT_HEADER.size
    if begin > end:
        raise BadFile(f"is cut off inside a segment's header, at byte {offset}")
    functions, names, pairs = SEGMENT_HEADER.unpack_from(data, offset)
    middle, counters = begin + names, begin + names + pairs
    counters += -(names + pairs) % 4  # filled up from the segment's beginning on
    if counters > end:
        raise BadFile(f"claims {names + pairs} bytes of arguments in {len(data)} bytes")
    written = data[begin:counters]
    arguments = known.get(written)
    if arguments is None:
        arguments = _arguments(data[begin:middle], data[middle:counters])
        if len(known) < 1 << 12:
            known[written] = arguments
    return Segment(arguments, functions, data[counters:end]), counters


def _arguments(names: bytes, pairs: bytes) -> Arguments:
    table, _ = strings(names)
    count, offset = number(pairs, 0)
    if 2 * count > len(pairs) - offset:
        raise BadFile(f"claims {count} arguments in {len(pairs)} bytes")
    found: dict[str, str] = {}
    for _ in range(count):
        key, offset = number(pairs, offset)
        value, offset = number(pairs, offset)
        if key >= len(table) or value >= len(table):
            raise BadFile("has an argument that is not in its string table")
        found[table[key]] = table[value]
    total = found.get("argc", "0")
    if not (total.isascii() and total.isdigit()) or len(total) > _MAX_DIGITS:
        raise BadFile(f"has a wrong number of arguments ({total[:20]!r})")
    argv = tuple(found.get(f"argv{index}", "") for index in range(int(total)))
    return Arguments(argv, found.get("GOOS", ""), found.get("GOARCH", ""))


def _end_of_functions(data: bytes, offset: int, functions: int, encoding: Encoding) -> int:
    """Where a segment's counters end; its length is written nowhere."""
    for _ in range(functions):
        if encoding.raw:
            count = encoding.decode(data[offset : offset + 4])
            offset += 4 * (HEAD + (count[0] if count else 0))
        else:
            count_of, offset = number(data, offset)
            for _ in range(HEAD - 1 + count_of):
                _, offset = number(data, offset)
        if offset > len(data):
            raise BadFile("has a function that runs past its end")
    return offset
