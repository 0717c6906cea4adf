"""What one run of covlint over a repository gave, as data that two versions can be compared by."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: Of the JSON file; fields are only ever added within a version.
VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A diagnostic; ``line`` is 1-based."""

    path: str
    line: int
    code: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """A chain that takes part in coverage: the certainty of its hops, in order."""

    service: str
    path: str
    hops: Mapping[str, str]
    missing: str | None  # the hop that breaks it


@dataclass(frozen=True, slots=True)
class Record:
    """One repository.

    ``chains`` are those that take part in coverage, ``other_chains`` counts the
    rest. ``error`` is set when covlint itself failed; then little else is.
    ``seconds`` and ``peak_mib`` are of the whole process, interpreter included.
    """

    repository: str
    commit: str
    files: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    chains: tuple[ChainRecord, ...] = ()
    other_chains: int = 0
    findings: tuple[Finding, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    crashes: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    peak_mib: float = 0.0

    def count(self, *severities: str) -> int:
        return sum(finding.severity in severities for finding in self.findings)


def dump(records: Iterable[Record]) -> str:
    """The JSON text: the same records give the same bytes."""
    listed = sorted(records, key=lambda record: (record.repository, record.commit))
    return (
        json.dumps({"version": VERSION, "repositories": [asdict(r) for r in listed]}, indent=1)
        + "\n"
    )


def load(path: Path) -> dict[str, Record]:
    """Records by repository, or by repository and commit where there are several commits.

    Raises ValueError when the file is of another version.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("version") != VERSION:
        raise ValueError(f"{path}: version {VERSION} is expected")
    found = [record_of(item) for item in document["repositories"]]
    several = Counter(record.repository for record in found)
    return {
        record.repository
        if several[record.repository] == 1
        else f"{record.repository}@{record.commit}": record
        for record in found
    }


def record_of(item: Mapping[str, Any]) -> Record:
    fields = dict(item)
    fields["chains"] = tuple(ChainRecord(**chain) for chain in item["chains"])
    fields["findings"] = tuple(Finding(**finding) for finding in item["findings"])
    fields["unread"] = tuple((path, reason) for path, reason in item["unread"])
    fields["crashes"] = tuple(item["crashes"])
    return Record(**fields)


def table(records: Sequence[Record]) -> str:
    """A Markdown table, one line per repository."""
    head = (
        "repository|commit|files read|facts|chains|with a gap|as far as the copy|"
        "errors|warnings|notices|s|MiB"
    )
    lines = [f"| {' | '.join(head.split('|'))} |", "|" + " --- |" * len(head.split("|"))]
    for record in records:
        cells = (
            record.repository,
            record.commit[:10],
            sum(record.files.values()),
            sum(record.facts.values()),
            len(record.chains),
            sum(chain.missing is not None for chain in record.chains),
            sum("extraction" in chain.hops for chain in record.chains),
            *(record.count(severity) for severity in ("error", "warning", "notice")),
            f"{record.seconds:.1f}",
            f"{record.peak_mib:.0f}",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
