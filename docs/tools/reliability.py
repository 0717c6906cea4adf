"""Fills the tables of docs/reliability.md from what the tools that measure have recorded.

A table stands between ``<!-- name -->`` and ``<!-- /name -->``, and comes from
fixtures/reliability/name.json: ``{"columns": [...], "rows": [[...], ...], "when": "Go 1.26"}``.
A number in a cell gets its commas here; ``when`` (versions of the tools, or what else the figures
depend on) may be left out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
RECORDS = ROOT / "fixtures" / "reliability"
_TABLE = re.compile(r"(<!-- (?P<name>[\w-]+) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)

Cell = str | int | float


def main() -> None:
    PAGE.write_text(filled(PAGE.read_text()))


def filled(page: str) -> str:
    """The page with each table as it was recorded last; one without a record stays."""

    def table_of(match: re.Match[str]) -> str:
        recorded = (RECORDS / f"{match['name']}.json").exists()
        return match[1] + table(match["name"]) + match[3] if recorded else match[0]

    return _TABLE.sub(table_of, page)


def tables(page: str) -> list[str]:
    """The names of the tables that the page shows."""
    return [match["name"] for match in _TABLE.finditer(page)]


def table(name: str) -> str:
    """Raises FileNotFoundError if nothing was recorded under the name."""
    recorded = json.loads((RECORDS / f"{name}.json").read_text())
    rows = [recorded["columns"], ["---"] * len(recorded["columns"]), *recorded["rows"]]
    lines = [f"| {' | '.join(map(_shown, row))} |" for row in rows]
    if when := recorded.get("when"):
        lines += ["", f"Measured with {when}."]
    return "\n".join(lines) + "\n"


def record(name: str, columns: list[str], rows: list[list[Cell]], when: str = "") -> Path:
    """Writes the file that the table ``name`` comes from; raises ValueError for a ragged row."""
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{name}: {len(row)} cells for {len(columns)} columns: {row}")
    path = RECORDS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = {"columns": columns, "rows": rows, **({"when": when} if when else {})}
    path.write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n")
    return path


def _shown(cell: Cell) -> str:
    text = cell if isinstance(cell, str) else f"{cell:,}"
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
