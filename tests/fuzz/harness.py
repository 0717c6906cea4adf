"""One reader under libFuzzer: ``python -m fuzz.harness READER CANDIDATES [libFuzzer's options]``.

Inputs that break a limit are written to CANDIDATES, one for each place in the code, and the run
goes on: one known fault must not hide the others.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["covlint", "covlint_rules"]):
    from fuzz.limits import keep, larger, within_limits
    from fuzz.mutations import by_lines
    from fuzz.seeds import seeds, tokens
    from fuzz.targets import READERS

#: Every so many inputs, one is made as large as the limits go.
_ENLARGED = 2_000


def main() -> None:
    name, candidates = sys.argv[1], Path(sys.argv[2])
    reader = READERS[name]
    places: set[tuple[str, str, int]] = set()
    runs = 0

    def attempt(data: bytes) -> None:
        try:
            within_limits(reader.run, data)
        except Exception as error:  # noqa: BLE001  (each is a find)
            place = _place(error)
            if place not in places:
                places.add(place)
                path = keep(candidates, data)
                print(f"{name}: {path.name}: {type(error).__name__}: {error}", file=sys.stderr)

    def one(data: bytes) -> None:
        nonlocal runs
        runs += 1
        attempt(data)
        if runs % _ENLARGED == 0:
            attempt(larger(data, reader.head, nested=runs // _ENLARGED % 2 == 0))

    start, words = seeds(name), tokens(name)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        """Every other change is libFuzzer's own."""
        if seed % 2:
            return bytes(atheris.Mutate(data, most))
        front, rest = data[: reader.head], data[reader.head :]
        return (front + by_lines(rest, Random(seed), words, start))[:most]

    gc.freeze()  # what is there now stays: to look through it again and again takes time
    atheris.Setup(
        [sys.argv[0], *sys.argv[3:]], one, **({"custom_mutator": changed} if reader.lines else {})
    )
    atheris.Fuzz()


def _place(error: Exception) -> tuple[str, str, int]:
    """The kind of an error, and the innermost line of covlint that it came from."""
    where, line = "", 0
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "covlint" in file or file.endswith("targets.py"):
            where, line = file, trace.tb_lineno
        trace = trace.tb_next
    return type(error).__name__, where, line


if __name__ == "__main__":
    main()
