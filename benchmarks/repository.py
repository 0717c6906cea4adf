"""A whole repository: covlint against reading every file, and against yamllint.

Usage: python benchmarks/repository.py FOLDER [RUNS]
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = (b"GOCOVERDIR", b"extraMounts", b"go build")


def listed(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if ".git" not in path.parts and path.is_file() and not path.is_symlink()
    ]


def timed(action: Callable[[], object], runs: int) -> float:
    """The median wall time in seconds."""
    measured = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        measured.append(time.perf_counter() - start)
    return statistics.median(measured)


def run(command: list[str], folder: Path) -> int:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}"}
    completed = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return completed.returncode


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    folder = Path(sys.argv[1]).resolve()
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    files = listed(folder)
    yaml = [str(path) for path in files if path.suffix in {".yaml", ".yml"}]
    print(f"{len(files)} files, {len(yaml)} of them YAML")

    def read_all() -> int:
        return sum(any(word in path.read_bytes() for word in WORDS) for path in files)

    base = timed(read_all, runs)
    print(f"{'reading every file':<20} {base:6.2f} s")
    ours = timed(lambda: run([sys.executable, "-m", "covlint", "check", "."], folder), runs)
    print(f"{'covlint':<20} {ours:6.2f} s  {ours / base:6.1f} x reading")
    if yaml and importlib.util.find_spec("yamllint"):
        command = [sys.executable, "-m", "yamllint", "-d", "relaxed", *yaml]
        theirs = timed(lambda: run(command, folder), 1)
        print(f"{'yamllint, YAML only':<20} {theirs:6.2f} s  {theirs / ours:6.1f} x covlint")
    return 0


if __name__ == "__main__":
    sys.exit(main())
