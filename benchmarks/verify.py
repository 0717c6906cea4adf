"""`covlint verify --engine process` against the same steps in a hand-written shell script.

Both build, start, wait, exercise, stop and report, in turn, so that a busy machine slows both.
Wall time, and medians: much of it is waiting for the service. What verify may take beyond the
script, and how long after the end of the service its result may come, are budgets of this project.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, beside, rounded, seconds
from benchmarks.measuring import ROOT, Program, covlint, measure

TABLE = "verify"
RUNS = 5
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


def figures() -> list[Figure]:
    if shutil.which("go") is None:
        return [Figure(TABLE, "a run", "", "not measured: no Go toolchain", None)]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        project = Path(folder) / "till"
        shutil.copytree(ROOT / "fixtures" / "services" / "till", project)
        (project / ".covlint.yaml").write_text(CONFIG, encoding="utf-8")
        script = Program(["sh", "-c", SCRIPT], project)
        verify = _verify(project)
        measure(script)  # the build cache
        measure(verify)
        pairs = [(measure(script).wall, measure(verify).wall) for _ in range(RUNS)]
        after = statistics.median(_until_result(project) for _ in range(RUNS))
    by_hand, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    beyond = max(0.0, statistics.median(v - s * (1 + SHARE) for s, v in pairs))
    return [
        beside(TABLE, "the same steps in a shell script", ours, by_hand),
        _budget(f"beyond {SHARE:.0%} of the script", beyond, BUDGET),
        _budget("from the end of the service to the result", after, RESULT),
    ]


def _verify(project: Path) -> Program:
    program = covlint(project, "verify", "--engine", "process")
    return Program(program.words, project)


def _budget(name: str, spent: float, budget: float) -> Figure:
    ratio = rounded(spent / budget)
    return Figure(
        TABLE, name, seconds(spent), f"{seconds(budget)} allowed", ratio, 1.0, budget=True
    )


def _until_result(project: Path) -> float:
    """Seconds from the last file that the service wrote, its counters, to covlint's end."""
    measure(_verify(project))
    ended = time.time()
    data = project / ".covlint" / "till" / "data"
    return ended - max(file.stat().st_mtime for file in data.glob("covcounters.*"))
