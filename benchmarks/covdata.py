"""Thousands of counter files, and thousands of packages: covlint beside `go tool covdata`.

Both print the percentage of every package, and have to print the same. The data is made from real
runs of two small programs: counter files that are equal, that differ in their counters, and that
differ in what was executed as well; and one program whose package comes again under other names.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import Figure, beside
from benchmarks.measuring import ROOT, Failed, Program, Usage, covlint, environment, in_turns
from covlint.covdata.counters import HEAD, Counters, read_counters
from covlint.covdata.layout import COUNTER_HEADER, META_HEADER, SEGMENT_HEADER
from covlint.covdata.meta import package_parts

TABLE = "coverage data"
RUNS = 3
FILES = 10_000
PACKAGES = 2_000
#: For the counter files, where the goal is this project's own: Python is not Go.
LIMIT = 5.0

#: The counters of one file, and for how many functions: head and counters of each.
Function = tuple[Sequence[int], Sequence[int]]
Kind = Callable[[random.Random, list[Function]], list[Function]]


def replicas(_: random.Random, functions: list[Function]) -> list[Function]:
    return functions


def counts(chance: random.Random, functions: list[Function]) -> list[Function]:
    """Mostly small counters, now and then a loop's."""
    return [
        (head, [chance.choice((0, 1, 1, 1, 1, 2, 3, chance.randrange(3000))) for _ in counters])
        for head, counters in functions
    ]


def liveness(chance: random.Random, functions: list[Function]) -> list[Function]:
    return counts(chance, [function for function in functions if chance.random() > 0.1])


def encoded(functions: list[Function]) -> bytes:
    out = bytearray()
    for part in (number for function in functions for numbers in function for number in numbers):
        value = part
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
    return bytes(out)


def taken_apart(values: Sequence[int]) -> list[Function]:
    functions: list[Function] = []
    offset = 0
    while offset < len(values):
        begin = offset + HEAD
        offset = begin + values[begin - HEAD]
        functions.append((values[begin - HEAD : begin], values[begin:offset]))
    return functions


def functions_of(counters: Counters) -> list[Function]:
    return taken_apart(counters.encoding.decode(counters.segments[0].encoded))


def rewritten(data: bytes, functions: list[Function]) -> bytes:
    """The counter file with other functions in it."""
    segment = read_counters(data).segments[0]
    lengths = SEGMENT_HEADER.unpack_from(data, COUNTER_HEADER.size)[1:]
    head = SEGMENT_HEADER.pack(len(functions), *lengths)
    begin = data.index(segment.encoded, COUNTER_HEADER.size + SEGMENT_HEADER.size)
    middle = data[COUNTER_HEADER.size + len(head) : begin]
    end = data[begin + len(segment.encoded) :]
    return data[: COUNTER_HEADER.size] + head + middle + encoded(functions) + end


def multiply(source: Path, target: Path, files: int, kind: Kind) -> None:
    """Fill ``target`` with files of the shape of the one in ``source``."""
    target.mkdir()
    for meta in source.glob("covmeta.*"):
        shutil.copy(meta, target)
    (path,) = source.glob("covcounters.*")
    data = path.read_bytes()
    counters = read_counters(data)
    functions = functions_of(counters)
    chance = random.Random(1)
    for number in range(files):
        name = f"covcounters.{counters.hash}.{1000 + number}.{1_700_000_000_000_000_000 + number}"
        (target / name).write_bytes(rewritten(data, kind(chance, functions)))


def packages(source: Path, target: Path, count: int) -> None:
    """Fill ``target`` with the data of ``source`` in which the package `unit0000` comes ``count``
    times, each under a name of its own and of the same length."""
    target.mkdir()
    (meta,) = source.glob("covmeta.*")
    data = meta.read_bytes()
    parts = list(package_parts(data))
    unit = next(index for index, part in enumerate(parts) if b"unit0000" in part)
    others = [part for index, part in enumerate(parts) if index != unit]
    copies = [parts[unit].replace(b"unit0000", b"unit%04d" % number) for number in range(count)]
    (target / meta.name).write_bytes(_meta(data, [*copies, *others]))
    (path,) = source.glob("covcounters.*")
    functions: list[Function] = []
    for head, counters in functions_of(read_counters(path.read_bytes())):
        length, package, number = head
        if package == unit:
            functions += [((length, copy, number), counters) for copy in range(count)]
        else:
            functions.append(((length, count + package - (package > unit), number), counters))
    (target / path.name).write_bytes(rewritten(path.read_bytes(), functions))


def _meta(data: bytes, parts: list[bytes]) -> bytes:
    """The meta-data file with other packages; its string table comes before them."""
    magic, version, _, _, *rest = META_HEADER.unpack_from(data)
    digest, offset, length, mode, granularity = rest
    table = data[offset : offset + length]
    begin = META_HEADER.size + 16 * len(parts)
    first = begin + len(table)
    offsets = [first + sum(map(len, parts[:index])) for index in range(len(parts))]
    total = first + sum(map(len, parts))
    head = META_HEADER.pack(
        magic, version, total, len(parts), digest, begin, length, mode, granularity
    )
    numbers = struct.pack(f"<{2 * len(parts)}Q", *offsets, *map(len, parts))
    return head + numbers + table + b"".join(parts)


_GO_MOD = "module example.org/units\n\ngo 1.22\n"
_MAIN = """\
package main

import "example.org/units/unit0000"

func main() { unit0000.Call3(7) }
"""
_UNIT = "package unit0000\n" + "".join(
    f"""
func Call{number}(n int) int {{
	for i := 0; i < n; i++ {{
		if i > {number} {{
			return i
		}}
	}}
	return n
}}
"""
    for number in range(10)
)


def record(folder: Path, module: Path, package: str) -> Path:
    """The data of one real run, in ``folder``."""
    build = ["go", "build", "-cover", "-coverpkg=./...", "-covermode=atomic", "-o", "run.out"]
    subprocess.run([*build, package], cwd=module, check=True)
    data = folder / f"{module.name}-run"
    data.mkdir()
    subprocess.run(
        [str(module / "run.out"), "x"],
        env={**os.environ, "GOCOVERDIR": str(data)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return data


def figures() -> list[Figure]:
    if shutil.which("go") is None:
        return [Figure(TABLE, "all", "", "not measured: no Go toolchain", None)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folders = _data(folder)
        tool = subprocess.run(
            ["go", "tool", "-n", "covdata"], check=True, capture_output=True, text=True
        ).stdout.strip()
        programs = {}
        for title, data in folders.items():
            ours = covlint(folder, "report", str(data), "--format", "percent")
            theirs = Program([tool, "percent", f"-i={data}"], folder)
            if _printed(ours) != _printed(theirs):
                raise Failed(f"{title}: the percentages differ")
            programs[title], programs[f"{title}: covdata"] = ours, theirs
        took = in_turns(programs, RUNS)
    found = []
    for title in folders:
        own, other = took[title], took[f"{title}: covdata"]
        if not isinstance(own, Usage) or not isinstance(other, Usage):
            raise Failed(f"{title}: {own}, {other}")
        limit = LIMIT if "files" in title else None
        found.append(beside(TABLE, title, own.cpu, other.cpu, at_most=limit))
    return found


def _data(folder: Path) -> dict[str, Path]:
    batch, units = folder / "batch", folder / "units"
    shutil.copytree(ROOT / "fixtures" / "services" / "batch", batch)
    (units / "unit0000").mkdir(parents=True)
    (units / "go.mod").write_text(_GO_MOD, encoding="utf-8")
    (units / "main.go").write_text(_MAIN, encoding="utf-8")
    (units / "unit0000" / "unit.go").write_text(_UNIT, encoding="utf-8")
    source = record(folder, batch, "./cmd/batch")
    folders = {}
    for kind, title in ((replicas, "equal"), (counts, "other counters"), (liveness, "other code")):
        target = folder / kind.__name__
        multiply(source, target, FILES, kind)
        folders[f"{FILES:,} counter files, {title}"] = target
    target = folder / "packages"
    packages(record(folder, units, "."), target, PACKAGES)
    folders[f"one run of {PACKAGES:,} packages"] = target
    return folders


def _printed(program: Program) -> bytes:
    """What it says on standard output."""
    done = subprocess.run(
        list(program.words), cwd=program.folder, env=environment(), capture_output=True, check=True
    )
    return done.stdout
