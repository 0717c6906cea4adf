"""`covlint verify --engine process` against the same steps in a hand-written shell script.

Usage: python benchmarks/verify.py [RUNS]

Both build, start, wait, exercise, stop and report, in turn, so that a busy machine slows
both. Printed are the medians, what verify takes beyond 5 % of the script's time (the
budget is 0.5 s), and how long after the end of the service its result is there (1 s).
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARE = 0.05  # of the script's time
BUDGET = 0.5  # seconds beyond that
RESULT = 1.0  # seconds from the end of the service to the result

SCRIPT = """\
set -eu
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
go build -cover -o "$data/till" ./cmd/till
mkdir "$data/coverage"
GOCOVERDIR=$data/coverage TILL_ADDR=127.0.0.1:18099 "$data/till" 2>"$data/log" &
service=$!
until curl -sf http://127.0.0.1:18099/healthz >/dev/null; do sleep 0.02; done
SERVICE_URL=http://127.0.0.1:18099 PORT=18099 python3 exercise.py
kill -TERM $service
wait $service
go tool covdata percent -i="$data/coverage"
go tool covdata textfmt -i="$data/coverage" -o "$data/profile.txt"
go tool cover -func="$data/profile.txt" >"$data/func.txt"
go tool cover -html="$data/profile.txt" -o "$data/coverage.html"
"""

CONFIG = """\
targets:
  till:
    main: ./cmd/till
    env: {TILL_ADDR: "127.0.0.1:${PORT}"}
    ready: {http: "http://127.0.0.1:${PORT}/healthz"}
    exercise: python3 exercise.py
"""


def seconds(command: list[str], folder: Path) -> float:
    """Wall time of one run, which must succeed."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - begin


def until_result(folder: Path) -> float:
    """Seconds from the last file that the service wrote, its counters, to covlint's end."""
    verify = [sys.executable, "-m", "covlint", "verify"]
    seconds(verify, folder)
    ended = time.time()
    data = folder / ".covlint" / "till" / "data"
    return ended - max(file.stat().st_mtime for file in data.glob("covcounters.*"))


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        project = Path(folder) / "till"
        shutil.copytree(ROOT / "fixtures" / "services" / "till", project)
        (project / ".covlint.yaml").write_text(CONFIG, encoding="utf-8")
        script = ["sh", "-c", SCRIPT]
        verify = [sys.executable, "-m", "covlint", "verify", "--engine", "process"]
        seconds(script, project)  # the build cache
        seconds(verify, project)
        pairs = [(seconds(script, project), seconds(verify, project)) for _ in range(runs)]
        after = statistics.median(until_result(project) for _ in range(runs))
    by_hand, covlint = (statistics.median(column) for column in zip(*pairs, strict=True))
    beyond = statistics.median(v - s * (1 + SHARE) for s, v in pairs)
    print(f"script {by_hand:.2f} s, covlint verify {covlint:.2f} s: medians of {runs}")
    print(f"beyond {SHARE:.0%} of the script: {beyond:+.2f} s (budget {BUDGET} s)")
    print(f"result {after:.2f} s after the service's end (budget {RESULT} s)")
    return 0 if beyond <= BUDGET and after <= RESULT else 1


if __name__ == "__main__":
    sys.exit(main())
