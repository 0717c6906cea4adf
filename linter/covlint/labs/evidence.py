"""What the runs of labs showed, as data: kept in ``fixtures/labs/evidence.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from covlint.frozen import dataclass

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """One run of one project.

    ``state`` is ``complete`` when every claim of the verification held and the profile
    has what the healthy twin's has, ``degraded`` when there are counters all the same,
    else ``lost``. ``symptoms`` come most telling first; ``lines`` are what the build, the
    service and the tools wrote about coverage, with run folders, process ids and hashes
    left out; ``named`` are the rules that covlint's diagnosis of the run names.
    """

    state: str
    symptoms: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    packages: tuple[tuple[str, float], ...] = ()  # import path, per cent
    found: tuple[str, ...] = ()  # what inspection of its files says
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A lab on one Go version. ``disagreements`` are where run and rule differ."""

    code: str
    go: str
    before: Seen
    after: Seen
    healthy: Seen
    remedy: str
    disagreements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that one collection of runs showed; ``date`` is the day of the last run,
    ``machine`` names the kernel, the shells and tools that took part."""

    date: str
    machine: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()

    def of(self, code: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.code == code)

    def with_rows(self, rows: tuple[Row, ...], date: str, machine: Mapping[str, str]) -> Evidence:
        """These rows instead of the older ones of the same labs and versions."""
        new = {(row.code, row.go): row for row in rows}
        merged = {(row.code, row.go): row for row in self.rows} | new
        return Evidence(
            date,
            {**self.machine, **machine},
            tuple(merged[key] for key in sorted(merged, key=_order)),
        )


def _order(key: tuple[str, str]) -> tuple[str, tuple[int, ...]]:
    return key[0], tuple(int(part) for part in key[1].split("."))


def read_evidence(file: Path) -> Evidence:
    """The evidence kept in ``file``; empty where there is none."""
    if not file.is_file():
        return Evidence("")
    content = json.loads(file.read_text(encoding="utf-8"))
    return Evidence(
        content["date"], content["machine"], tuple(_row(entry) for entry in content["rows"])
    )


def write_evidence(evidence: Evidence, file: Path) -> None:
    """One row a line, so that a change of one lab is a change of its lines; how long a run
    took is not kept."""
    rows = [json.dumps(_entry(row), ensure_ascii=False) for row in evidence.rows]
    head = {"format": FORMAT, "date": evidence.date, "machine": dict(evidence.machine)}
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    file.write_text(text + ',\n "rows": [\n' + ",\n".join(rows) + "\n ]\n}\n", encoding="utf-8")


def _entry(row: Row) -> dict[str, Any]:
    entry = asdict(row)
    for run in ("before", "after", "healthy"):
        del entry[run]["seconds"]
    return entry


def _row(entry: Mapping[str, Any]) -> Row:
    return Row(
        entry["code"],
        entry["go"],
        _seen(entry["before"]),
        _seen(entry["after"]),
        _seen(entry["healthy"]),
        entry["remedy"],
        tuple(entry["disagreements"]),
    )


def _seen(entry: Mapping[str, Any]) -> Seen:
    return Seen(
        state=entry["state"],
        symptoms=tuple(entry["symptoms"]),
        lines=tuple(entry["lines"]),
        named=tuple(entry["named"]),
        packages=tuple((path, percent) for path, percent in entry["packages"]),
        found=tuple(entry["found"]),
    )
