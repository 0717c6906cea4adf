"""How much was tried so far, over all runs: ``fixtures/fuzz/counts.json``, and its table.

``python -m fuzz.counts`` writes what the page is filled from, and fills it.
"""

from __future__ import annotations

import json

from tools.reliability import Cell, main, record

from fuzz.limits import FOUND, found
from fuzz.targets import READERS

COUNTS = FOUND / "counts.json"
COLUMNS = ["read", "executions", "aimed at", "reached", "inputs that broke it, all mended"]


def counts() -> dict[str, dict[str, int]]:
    """Executions and seconds by reader."""
    kept = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    return {name: kept.get(name, {"executions": 0, "seconds": 0}) for name in READERS}


def add(reader: str, executions: int, seconds: int) -> None:
    """One more run. Read and written at once: other readers may be under way."""
    now = counts()
    now[reader]["executions"] += executions
    now[reader]["seconds"] += seconds
    COUNTS.parent.mkdir(parents=True, exist_ok=True)
    COUNTS.write_text(json.dumps(now, indent=2) + "\n")
    publish()


def publish() -> None:
    """The page says what the counts say."""
    record("fuzz", COLUMNS, rows())
    main()


def rows() -> list[list[Cell]]:
    return [_row(name, count["executions"]) for name, count in counts().items()]


def _row(name: str, done: int) -> list[Cell]:
    goal, about = READERS[name].goal, f"{READERS[name].about} (`{name}`)"
    return [
        about,
        done,
        goal,
        "yes" if done >= goal else f"{100 * done // goal} %",
        len(found(name)),
    ]


if __name__ == "__main__":
    publish()
