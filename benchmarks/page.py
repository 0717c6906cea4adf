"""docs/benchmarks.md and the two files behind it: the last run, and the ratios of every run.

``latest.json`` has all that the tables of the page show; ``history.json`` has one line for each
recorded run, with ratios only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from benchmarks.figures import Figure, markdown, mebibytes, ratios, seconds
from benchmarks.measuring import ROOT
from benchmarks.reasons import reason
from benchmarks.repositories import Tree

PAGE = ROOT / "docs" / "benchmarks.md"
LATEST = ROOT / "benchmarks" / "latest.json"
HISTORY = ROOT / "benchmarks" / "history.json"
_PART = re.compile(r"(<!-- (?P<name>[\w-]+) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)

#: The heads of the first three columns of each table.
HEADS = {
    "one file": ("beside", "covlint", "the other"),
    "repositories": ("repository, beside", "covlint", "the other"),
    "memory": ("repository", "covlint", "limit"),
    "growth": ("what grows", "largest", "smallest"),
    "fixes": ("what is fixed", "covlint", "the other"),
    "coverage data": ("data", "covlint", "`go tool covdata`"),
    "verify": ("what", "covlint verify", "the other"),
}


def record(figures: list[Figure], trees: list[Tree], setting: dict[str, Any]) -> None:
    """Writes all three."""
    latest = {
        **setting,
        "figures": [asdict(one) for one in figures],
        "repositories": [asdict(one) for one in trees],
    }
    LATEST.write_text(json.dumps(latest, indent=1, ensure_ascii=False) + "\n")
    entry = {name: setting[name] for name in ("date", "covlint", "commit")}
    entries = [*history(), {**entry, "ratios": ratios(figures)}]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in entries)
    HISTORY.write_text(f"[\n{lines}\n]\n")
    PAGE.write_text(filled(PAGE.read_text(), latest))


def history() -> list[dict[str, Any]]:
    """The recorded runs, the oldest first."""
    if not HISTORY.exists():
        return []
    found: list[dict[str, Any]] = json.loads(HISTORY.read_text())
    return found


def filled(page: str, latest: dict[str, Any]) -> str:
    """The page with each marked part as the last run has it."""
    parts = rendered(latest)
    return _PART.sub(lambda match: match[1] + parts.get(match["name"], "") + match[3], page)


def rendered(latest: dict[str, Any]) -> dict[str, str]:
    """The marked parts of the page by name."""
    figures = [Figure(**one) for one in latest["figures"]]
    parts = {
        table.replace(" ", "-"): markdown([one for one in figures if one.table == table], heads)
        for table, heads in HEADS.items()
    }
    parts["setting"] = _setting(latest)
    parts["trees"] = _trees([Tree(**one) for one in latest["repositories"]])
    parts["missed"] = _missed(figures)
    return parts


def _setting(latest: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in latest["versions"].items())
    return (
        f"Recorded on {latest['date']} with covlint {latest['covlint']} ({latest['commit']}) on"
        f" {latest['cores']} cores of {latest['processor']} ({latest['system']}),"
        f" load {latest['load']} at the start.\n\n{versions}.\n"
    )


def _trees(trees: Iterable[Tree]) -> str:
    lines = [
        "| repository | commit | files | YAML files | Dockerfiles | covlint, wall time | memory |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in trees:
        counts = f"{one.files:,} | {one.yaml:,} | {one.dockerfiles:,}"
        used = f"{seconds(one.wall)} | {mebibytes(one.peak)}"
        lines.append(f"| {one.name} | {one.commit} | {counts} | {used} |")
    return "\n".join(lines) + "\n"


def _missed(figures: Iterable[Figure]) -> str:
    rows = [
        f"- {one.key}: {one.times}, goal {one.goal}. {reason(one.key)}"
        for one in figures
        if one.met is False
    ]
    absent = [f"- {one.key}: {one.theirs}" for one in figures if one.ratio is None]
    return "\n".join([*rows, *absent] or ["None."]) + "\n"
