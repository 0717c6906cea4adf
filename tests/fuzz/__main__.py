"""Fuzzes readers, guided by coverage, and adds to the counts.

What breaks a limit is tried again without instrumentation; what breaks it then, too, is kept in
fixtures/fuzz/READER, and ``make test`` fails until it is mended. What libFuzzer found worth keeping
stays in build/fuzz, so that the next run goes on from there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz.counts import add
from fuzz.limits import FOUND, found, keep, within_limits
from fuzz.seeds import ROOT, seeds, tokens
from fuzz.targets import READERS

_DONE = re.compile(r"stat::number_of_executed_units: (\d+)")
#: For what never ends, and for what eats memory: libFuzzer stops the run, and keeps the input.
_STUCK = ("-timeout=300", "-rss_limit_mb=2048")


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(READERS))
    parser.add_argument("--runs", type=int, default=-1, help="executions for each")
    parser.add_argument("--seconds", type=int, default=43, help="for each (default: %(default)s)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="one input, for one reader")
    chosen = parser.parse_args()
    unknown = set(chosen.readers) - set(READERS)
    if unknown:
        parser.error(f"no such reader: {', '.join(sorted(unknown))}")
    if chosen.replay:
        within_limits(READERS[chosen.readers[0]].run, chosen.replay.read_bytes())
        return 0
    broken = 0
    for name in chosen.readers or READERS:
        before = len(found(name))
        runs, seconds = fuzz(name, chosen.runs, chosen.seconds)
        add(name, runs, seconds)
        new = len(found(name)) - before
        broken += new
        print(f"{name:12} {runs:>9,} executions in {seconds} s, {new} inputs that break it")
    return 1 if broken else 0


def fuzz(name: str, runs: int, seconds: int) -> tuple[int, int]:
    """Executions and seconds that were spent; what was found is kept."""
    corpus = ROOT / "build" / "fuzz" / name
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        start, candidates = Path(folder, "seeds"), Path(folder, "candidates")
        candidates.mkdir()
        for seed in seeds(name):
            keep(start, seed)
        words = Path(folder, "tokens")
        words.write_text("".join(f'"{_quoted(token)}"\n' for token in tokens(name)))
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "fuzz.harness", name, str(candidates),
             f"-runs={runs}", f"-max_total_time={seconds}", f"-max_len={READERS[name].longest}", *_STUCK,
             *([f"-dict={words}"] if tokens(name) else []), f"-artifact_prefix={candidates}/", "-print_final_stats=1",
             str(corpus), str(start)],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace", check=False,
        )  # fmt: skip
        took = round(time.monotonic() - started)
        executed = _DONE.search(done.stderr)
        if executed is None:
            sys.exit(done.stderr[-4000:])
        for candidate in sorted(candidates.iterdir()):
            _judge(name, candidate)
    return int(executed[1]), took


def _judge(name: str, candidate: Path) -> None:
    """Keeps the input if it breaks the reader as it is used: not instrumented."""
    replay = [sys.executable, "-m", "fuzz", name, "--replay", str(candidate)]
    try:
        done = subprocess.run(replay, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        said = "does not end"
    else:
        if done.returncode == 0:
            return
        said = (done.stderr.splitlines() or [f"killed by signal {-done.returncode}"])[-1]
    path = keep(FOUND / name, candidate.read_bytes())
    print(f"{path.relative_to(ROOT)}: {said[:300]}")


def _quoted(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    sys.exit(main())
