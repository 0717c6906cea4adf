"""How much was tried so far, over all runs: ``fixtures/fuzz/counts.json``, and its table.

``python -m fuzz.counts`` writes the table into docs/reliability.md.
"""

from __future__ import annotations

import json
import re

from fuzz.limits import FOUND, found
from fuzz.seeds import ROOT
from fuzz.targets import READERS

COUNTS = FOUND / "counts.json"
PAGE = ROOT / "docs" / "reliability.md"
_BETWEEN = re.compile(r"(<!-- fuzz -->\n).*?(<!-- /fuzz -->)", re.DOTALL)


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


def markdown() -> str:
    lines = [
        "| read | executions | aimed at | reached | inputs that broke it, all mended |",
        "|---|---|---|---|---|",
    ]
    for name, count in counts().items():
        done, goal = count["executions"], READERS[name].goal
        share = "yes" if done >= goal else f"{100 * done // goal} %"
        about = f"{READERS[name].about} (`{name}`)"
        lines.append(f"| {about} | {done:,} | {goal:,} | {share} | {len(found(name))} |")
    return "\n".join(lines) + "\n"


def updated(page: str) -> str:
    """The page with the table as it is now."""
    text, count = _BETWEEN.subn(lambda match: f"{match[1]}{markdown()}{match[2]}", page)
    assert count == 1
    return text


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
