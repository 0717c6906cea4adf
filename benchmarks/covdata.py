"""Thousands of counter files: covlint against `go tool covdata`, as ratios in one run.

Usage: python benchmarks/covdata.py [FILES]

Both are whole processes, so covlint's time has the start of Python in it. The files
are made from one real run: replicas (equal counters), counters that differ in every
file, and executed functions that differ as well. At a fifth of the files the time
should be a fifth, the start apart.
"""

from __future__ import annotations

import glob
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "linter"))

from covlint.covdata.counters import HEAD, read_counters  # noqa: E402
from covlint.covdata.layout import COUNTER_HEADER, SEGMENT_HEADER  # noqa: E402

LIMIT = 5.0
RUNS = 3

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


def multiply(source: Path, target: Path, files: int, kind: Kind) -> None:
    """Fill ``target`` with files of the shape of the one in ``source``."""
    target.mkdir()
    for meta in glob.glob(str(source / "covmeta.*")):
        shutil.copy(meta, target)
    (path,) = source.glob("covcounters.*")
    data = path.read_bytes()
    counters = read_counters(data)
    segment = counters.segments[0]
    functions = taken_apart(counters.encoding.decode(segment.encoded))
    begin = data.index(segment.encoded, COUNTER_HEADER.size + SEGMENT_HEADER.size)
    chance = random.Random(1)
    for number in range(files):
        chosen = kind(chance, functions)
        lengths = SEGMENT_HEADER.unpack_from(data, COUNTER_HEADER.size)[1:]
        head = SEGMENT_HEADER.pack(len(chosen), *lengths)
        middle = data[COUNTER_HEADER.size + len(head) : begin]
        end = data[begin + len(segment.encoded) :]
        name = f"covcounters.{counters.hash}.{1000 + number}.{1_700_000_000_000_000_000 + number}"
        whole = data[: COUNTER_HEADER.size] + head + middle + encoded(chosen) + end
        (target / name).write_bytes(whole)


def record(folder: Path) -> None:
    """One real run of a small service's binary."""
    module = folder / "batch"
    shutil.copytree(ROOT / "fixtures" / "services" / "batch", module)
    build = ["go", "build", "-cover", "-covermode=atomic", "-o", "batch.out", "./cmd/batch"]
    subprocess.run(build, cwd=module, check=True)
    (folder / "run").mkdir()
    environment = {**os.environ, "GOCOVERDIR": str(folder / "run")}
    program = [str(module / "batch.out"), "x"]
    subprocess.run(program, env=environment, stdout=subprocess.DEVNULL, check=True)


def seconds(command: list[str]) -> tuple[float, bytes]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}"}
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start, done.stdout


def main() -> int:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder)
        subprocess.run(["go", "tool", "covdata", "percent", f"-i={folder / 'run'}"], check=True)
        tool = subprocess.run(
            ["go", "tool", "-n", "covdata"], check=True, capture_output=True, text=True
        ).stdout.strip()
        print(f"{'':24}{'covdata':>10}{'covlint':>10}{'ratio':>8}")
        for kind in (replicas, counts, liveness):
            for number in (files // 5, files):
                data = folder / f"{kind.__name__}-{number}"
                multiply(folder / "run", data, number, kind)
                ratio = compare(tool, data, f"{kind.__name__}, {number} files")
                worst = max(worst, ratio) if number == files else worst
    print(f"limit for {files} files: {LIMIT} x: {'met' if worst <= LIMIT else 'missed'}")
    return 0 if worst <= LIMIT else 1


def compare(tool: str, data: Path, label: str) -> float:
    theirs = [tool, "percent", f"-i={data}"]
    ours = [sys.executable, "-m", "covlint", "report", str(data), "--format", "percent"]
    assert seconds(theirs)[1] == seconds(ours)[1], "the numbers differ"
    times: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(RUNS):  # in turns, so that load on the machine hits both alike
        times["theirs"].append(seconds(theirs)[0])
        times["ours"].append(seconds(ours)[0])
    covdata, covlint = (statistics.median(times[who]) for who in ("theirs", "ours"))
    print(f"{label:24}{covdata:8.3f} s{covlint:8.3f} s{covlint / covdata:7.2f}x")
    return covlint / covdata


if __name__ == "__main__":
    sys.exit(main())
