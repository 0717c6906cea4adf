"""One plain Dockerfile against `python -c 'import click'`: the ratios of whole-process CPU times.

Without and with a configuration file. CPU time and its minimum, since what else runs on the
machine shows in wall time and in the mean.

Usage: python benchmarks/startup.py [RUNS]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT, LIMIT_WITH_CONFIG = 2.0, 2.5
CONFIG = "fail_on: warning\n"

DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /till ./cmd/till

FROM gcr.io/distroless/static
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""


def seconds(command: list[str], folder: Path) -> float:
    """CPU time of one run, in user and system mode."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def project(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    return folder


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as place:
        plain, configured = (project(Path(place, one)) for one in ("plain", "configured"))
        (configured / ".covlint.yaml").write_text(CONFIG, encoding="utf-8")
        covlint = [sys.executable, "-m", "covlint"]
        commands = {
            "import click": ([sys.executable, "-c", "import click"], plain),
            "covlint --version": ([*covlint, "--version"], plain),
            "covlint Dockerfile": ([*covlint, "Dockerfile"], plain),
            "with a configuration": ([*covlint, "Dockerfile"], configured),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):  # in turns, so that load on the machine hits all alike
            for name, (command, folder) in commands.items():
                times[name].append(seconds(command, folder))
    least = {name: min(measured) for name, measured in times.items()}
    ratios = {name: value / least["import click"] for name, value in least.items()}
    for name, value in least.items():
        print(f"{name:<20} {value * 1000:7.1f} ms  {ratios[name]:5.2f} x")
    met = ratios["covlint Dockerfile"] <= LIMIT
    met &= ratios["with a configuration"] <= LIMIT_WITH_CONFIG
    limits = f"{LIMIT} x, with a configuration {LIMIT_WITH_CONFIG} x"
    print(f"limit for one Dockerfile: {limits}: {'met' if met else 'missed'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
