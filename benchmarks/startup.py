"""One plain Dockerfile against `python -c 'import click'`: the ratio of whole-process times.

Usage: python benchmarks/startup.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 3.0

DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /till ./cmd/till

FROM gcr.io/distroless/static
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""


def seconds(command: list[str], folder: str) -> float:
    """Wall time of one run."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(DOCKERFILE)
        Path(folder, ".git").mkdir()
        commands = {
            "import click": [sys.executable, "-c", "import click"],
            "covlint --version": [sys.executable, "-m", "covlint", "--version"],
            "covlint Dockerfile": [sys.executable, "-m", "covlint", "Dockerfile"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):  # in turns, so that load on the machine hits all alike
            for name, command in commands.items():
                times[name].append(seconds(command, folder))
    base = statistics.median(times["import click"])
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:<20} {median * 1000:7.1f} ms  {median / base:5.2f} x")
    ratio = statistics.median(times["covlint Dockerfile"]) / base
    print(f"limit for one Dockerfile: {LIMIT} x: {'met' if ratio <= LIMIT else 'missed'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
