"""One file at a time: round trips, every cut of real files, every hostile byte."""

from __future__ import annotations

import struct
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covdata.conftest import only
from covdata.writing import Func, Pkg, counter_file, meta_file, string_table, uleb
from covlint.covdata import tally as tally_module
from covlint.covdata.counters import Arguments, read_counters
from covlint.covdata.layout import BadFile, Granularity, Mode, numbers
from covlint.covdata.meta import read_meta
from covlint.covdata.tally import Tally

DIGEST = bytes(range(16))
COUNTS = st.integers(0, 0xFFFFFFFF)
LINES = st.integers(0, 5000)
UNITS = st.lists(st.tuples(LINES, LINES, LINES, LINES, st.integers(0, 300)), max_size=6)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=40)
FUNCS = st.builds(Func, NAMES, NAMES, UNITS.map(tuple), st.booleans())
PACKAGES = st.lists(
    st.builds(Pkg, NAMES, NAMES, NAMES, st.lists(FUNCS, max_size=4).map(tuple)), max_size=4
)


@given(PACKAGES, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2]))
def test_meta_data_comes_back(packages: list[Pkg], mode: int, granularity: int):
    meta = read_meta(meta_file(packages, DIGEST, mode, granularity))
    assert (meta.hash, meta.mode, meta.granularity) == (
        DIGEST.hex(),
        Mode(mode),
        Granularity(granularity),
    )
    assert [(p.path, p.name, p.module) for p in meta.packages] == [
        (p.path, p.name, p.module) for p in packages
    ]
    for found, package in zip(meta.packages, packages, strict=True):
        assert [(f.name, f.file, f.literal, f.units) for f in found.functions] == [
            (f.name, f.file, f.literal, f.units) for f in package.functions
        ]


#: Every file counts some of these functions; the numbers are their blocks.
BLOCKS = ((2, 1, 5), (3,), (1, 200))
ROWS = st.lists(
    st.sampled_from([(p, f) for p, row in enumerate(BLOCKS) for f in range(len(row))]), unique=True
).flatmap(
    lambda keys: st.tuples(
        *(
            st.tuples(
                st.just(p),
                st.just(f),
                st.lists(COUNTS, min_size=BLOCKS[p][f], max_size=BLOCKS[p][f]),
            )
            for p, f in keys
        )
    )
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(ROWS, min_size=1, max_size=2), st.sampled_from([None, "<", ">"])),
        max_size=4,
    ),
    st.integers(1, 3),
    st.booleans(),
)
def test_counters_add_up(files, times: int, often: bool):
    with pytest.MonkeyPatch.context() as patch:
        if often:  # add up after every file, not after two million numbers
            patch.setattr(tally_module, "_MAX_PENDING", 1)
        adds_up(files, times)


def adds_up(files, times: int) -> None:
    tally = Tally(BLOCKS)
    expected: dict[tuple[int, int], list[int]] = {}
    for segments, raw in files * times:
        counters = read_counters(counter_file(segments, DIGEST, raw=raw))
        assert counters.hash == DIGEST.hex()
        assert len(counters.segments) == len(segments)
        for segment in counters.segments:
            tally.add(segment, counters.encoding)
        for package, function, counts in (row for rows in segments for row in rows):
            former = expected.get((package, function), [0] * len(counts))
            expected[package, function] = [a + b for a, b in zip(former, counts, strict=True)]
    assert tally.totals() == expected
    assert tally.totals() == expected  # asking changes nothing


def test_more_shapes_than_are_kept():
    tally = Tally([[1] * 400])
    for number in range(400):
        rows = [(0, function, [1]) for function in range(number + 1)]
        counters = read_counters(counter_file([rows], DIGEST))
        tally.add(counters.segments[0], counters.encoding)
    totals = tally.totals()
    assert [totals[0, function] for function in range(400)] == [[400 - n] for n in range(400)]


def test_arguments():
    pairs = {"argc": "2", "argv0": "/app", "argv1": "-x", "GOOS": "linux", "GOARCH": "arm64"}
    counters = read_counters(counter_file([[]], DIGEST, arguments=pairs))
    assert counters.segments[0].arguments == Arguments(("/app", "-x"), "linux", "arm64")


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_numbers(values: list[int]):
    assert list(numbers(b"".join(map(uleb, values)))) == [v & 0xFFFFFFFF for v in values]


@pytest.mark.real
@pytest.mark.parametrize("pattern", ["covmeta.*", "covcounters.*"])
def test_every_cut_is_found(recorded: Path, pattern: str):
    data = only(recorded / "other", pattern).read_bytes()
    read = read_meta if pattern == "covmeta.*" else read_counters
    read(data)
    for length in range(len(data)):
        with pytest.raises(BadFile, match=r"cut off|empty|is not a"):
            read(data[:length])


@pytest.mark.real
@pytest.mark.parametrize("pattern", ["covmeta.*", "covcounters.*"])
def test_every_changed_byte_is_read_or_refused(recorded: Path, pattern: str):
    data = only(recorded / "other", pattern).read_bytes()
    meta = read_meta(only(recorded / "other", "covmeta.*").read_bytes())
    blocks = [[len(f.units) for f in package.functions] for package in meta.packages]
    for index in range(len(data)):
        for change in (0x01, 0x80, 0xFF):
            spoilt = bytearray(data)
            spoilt[index] ^= change
            try:
                if pattern == "covmeta.*":
                    read_meta(bytes(spoilt))
                    continue
                counters = read_counters(bytes(spoilt))
                for segment in counters.segments:
                    Tally(blocks).add(segment, counters.encoding)
            except BadFile:
                pass


@settings(max_examples=300, deadline=2000)
@given(st.binary(max_size=300), st.sampled_from(["", "meta", "counters"]))
def test_any_bytes_are_read_or_refused(data: bytes, head: str):
    """A good header makes the bytes behind it be looked at."""
    starts = {
        "meta": struct.pack("<4sIQQ16sIIBB6x", b"\0cvm", 1, 0, 1, DIGEST, 0, 0, 1, 1)
        + struct.pack("<QQ", 72, len(data)),
        "counters": struct.pack("<4sI16sBB6x", b"\0cwm", 1, DIGEST, 2, 0),
    }
    tail = struct.pack("<4s4xI4x", b"\0cwm", 1) if head == "counters" else b""
    for read in (read_meta, read_counters):
        try:
            found = read(starts.get(head, b"") + data + tail)
            if read is read_counters:
                for segment in found.segments:
                    Tally(BLOCKS).add(segment, found.encoding)
        except BadFile:
            continue


HOSTILE = {
    "functions": lambda: counter_file([[(0, 0, [1, 1])]], DIGEST).replace(
        struct.pack("<Q", 1), struct.pack("<Q", 1 << 62), 1
    ),
    "segments": lambda: counter_file([[]], DIGEST)[:-8] + struct.pack("<I4x", 0xFFFFFFFF),
    "strings": lambda: _segment(uleb(1 << 40), b"\0"),
    "string": lambda: _segment(uleb(1) + uleb(1 << 60), b"\0"),
    "pairs": lambda: _segment(string_table([""]), uleb(1 << 50)),
    "argc": lambda: counter_file([[]], DIGEST, arguments={"argc": "9" * 5000}),
    "table": lambda: _segment(b"", b"", claimed=(0xFFFFFFFF, 0xFFFFFFFF)),
    "endless number": lambda: _segment(string_table([""]), b"\0" * 3, b"\xff" * 5_000_000 + b"\0"),
    "counters": lambda: counter_file([[(0, 0, [1, 1])]], DIGEST)[:-20] + uleb(0xFFFFFFFF) + b"\0cwm"
    + struct.pack("<4xI4x", 1),
}  # fmt: skip


def _segment(
    table: bytes, pairs: bytes, rest: bytes = b"", claimed: tuple[int, int] | None = None
) -> bytes:
    head = struct.pack("<4sI16sBB6x", b"\0cwm", 1, DIGEST, 2, 0)
    sizes = struct.pack("<QII", 1, *(claimed or (len(table), len(pairs))))
    return head + sizes + table + pairs + rest + struct.pack("<4s4xI4x", b"\0cwm", 1)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_counter_file_that_claims_too_much(name: str):
    refuses(HOSTILE[name](), read_counters)


def _hostile_meta(at: int, value: bytes) -> bytes:
    unit = (1, 1, 2, 2, 1)
    data = bytearray(meta_file([Pkg("p", "p", "m", (Func("f", "p/f.go", (unit,)),))], DIGEST))
    data[at : at + len(value)] = value
    return bytes(data)


#: 74 is where the part of the only package begins, behind the header, its place and the strings.
@pytest.mark.parametrize(
    ("at", "value"),
    [
        (16, struct.pack("<Q", 1 << 60)),  # packages
        (56, struct.pack("<Q", 1 << 60)),  # where the package is
        (64, struct.pack("<Q", 1 << 60)),  # its length
        (74 + 40, struct.pack("<I", 0xFFFFFFFF)),  # functions
        (74 + 44, struct.pack("<I", 0xFFFFFFFF)),  # where the function is
        (74 + 48, b"\x7f"),  # strings
        (74 + 4, struct.pack("<I", 0xFFFFFFFF)),  # the package's name
        (-9, b"\xff\x7f"),  # blocks
        (-5, b"\xff\xff\x7f"),  # the line where a block ends
    ],
)
def test_a_meta_file_that_claims_too_much(at: int, value: bytes):
    data = _hostile_meta(at if at >= 0 else len(_hostile_meta(0, b"")) + at, value)
    refuses(data, read_meta)


def test_packages_that_share_their_bytes():
    """Each byte is read once, or a small file could keep a reader busy for hours."""
    units = tuple((1, 1, 2, 2, 1) for _ in range(100))
    data = bytearray(meta_file([Pkg("p", "p", "m", (Func("f", "p/f.go", units),))] * 9, DIGEST))
    first, length = struct.unpack_from("<Q", data, 56)[0], struct.unpack_from("<Q", data, 128)[0]
    struct.pack_into("<18Q", data, 56, *[first] * 9, *[length * 2] * 9)
    with pytest.raises(BadFile, match="packages that overlap"):
        read_meta(bytes(data))


def test_functions_that_share_their_bytes():
    units = ((1, 1, 2, 2, 1),)
    functions = tuple(Func("f", "p/f.go", units) for _ in range(3))
    data = bytearray(meta_file([Pkg("p", "p", "m", functions)], DIGEST))
    (offset,) = struct.unpack_from("<I", data, 74 + 44)
    struct.pack_into("<3I", data, 74 + 44, offset, offset, offset)
    with pytest.raises(BadFile, match="functions that overlap"):
        read_meta(bytes(data))


def refuses(data: bytes, read) -> None:
    started = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(BadFile):
            counters = read(data)
            Tally(BLOCKS).add(counters.segments[0], counters.encoding)
        assert tracemalloc.get_traced_memory()[1] < 8 * len(data) + (1 << 20)
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 2


@pytest.mark.parametrize("version", [0, 2, 0xFFFFFFFF])
def test_another_format_version(version: int):
    for read, data in (
        (read_meta, meta_file([], DIGEST, version=version)),
        (read_counters, counter_file([[]], DIGEST, version=version)),
    ):
        with pytest.raises(BadFile, match=f"format version {version}; 1 is the newest one known"):
            read(data)


def test_an_unknown_mode():
    with pytest.raises(BadFile, match="unknown counter mode"):
        read_meta(meta_file([], DIGEST, mode=4))


def test_counters_of_another_source_are_told():
    for rows, words in (
        ([(0, 0, [1])], "has 1 counters for function 0 of package 0, which has 2 blocks"),
        ([(9, 0, [1])], "counts function 0 of package 9, which its meta-data does not have"),
        ([(0, 7, [1])], "counts function 7 of package 0, which its meta-data does not have"),
    ):
        counters = read_counters(counter_file([rows], DIGEST))
        tally = Tally(BLOCKS)
        with pytest.raises(BadFile, match=words):
            tally.add(counters.segments[0], counters.encoding)
        assert tally.totals() == {}


def test_the_files_are_little_endian_wherever_they_are_read():
    assert sys.byteorder in {"little", "big"}
    rows = [(0, 0, [1, 70000])]
    for raw in ("<", ">"):
        counters = read_counters(counter_file([rows], DIGEST, raw=raw))
        assert list(counters.encoding.decode(counters.segments[0].encoded)) == [2, 0, 0, 1, 70000]
