"""Findings that somebody read in their file and judged; ``judgements.json`` keeps them.

Each says, in the words of whoever judged, why a finding of a given commit is
true or false; no text of the repository is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ecosystem.records import Finding, Record

PATH = Path(__file__).with_name("judgements.json")

#: The severities that have to be judged; notices never fail a run.
JUDGED = ("error", "warning")

_Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True, order=True)
class Judgement:
    """``line`` is 1-based; ``true``: what the finding says is so, and matters as it says."""

    repository: str
    commit: str
    path: str
    line: int
    code: str
    true: bool
    why: str

    @property
    def key(self) -> _Key:
        return (self.repository, self.commit, self.code, self.path, self.line)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the findings of a run stand against the judgements."""

    true: tuple[tuple[Record, Finding], ...]
    false: tuple[tuple[Record, Finding], ...]
    unjudged: tuple[tuple[Record, Finding], ...]
    gone: tuple[Judgement, ...]  # of commits that were run, and no longer found

    def precision(self, severity: str) -> float | None:
        """The share of true findings among those judged; None when none is."""
        true = sum(finding.severity == severity for _, finding in self.true)
        false = sum(finding.severity == severity for _, finding in self.false)
        return true / (true + false) if true + false else None


def load(path: Path = PATH) -> list[Judgement]:
    """The judgements. Raises TypeError for an entry with other fields."""
    return [Judgement(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def standing(records: Mapping[str, Record], judgements: Iterable[Judgement]) -> Standing:
    """Matches the errors and warnings of a run with the judgements, by commit and place."""
    by_key = {judgement.key: judgement for judgement in judgements}
    found: dict[bool | None, list[tuple[Record, Finding]]] = {True: [], False: [], None: []}
    met: set[_Key] = set()
    for record in records.values():
        for finding in record.findings:
            key = (record.repository, record.commit, finding.code, finding.path, finding.line)
            met.add(key)
            if finding.severity in JUDGED:
                judgement = by_key.get(key)
                found[None if judgement is None else judgement.true].append((record, finding))
    commits = {(record.repository, record.commit) for record in records.values()}
    gone = sorted(
        judgement
        for key, judgement in by_key.items()
        if key not in met and (judgement.repository, judgement.commit) in commits
    )
    return Standing(tuple(found[True]), tuple(found[False]), tuple(found[None]), tuple(gone))


def text(standing: Standing) -> Iterator[str]:
    """What is false, what nobody judged, what is gone; then the precision."""
    for label, found in (("false", standing.false), ("not judged", standing.unjudged)):
        for record, finding in found:
            place = f"{record.repository} {finding.path}:{finding.line}"
            yield f"{label}: {finding.severity} {finding.code} {place} {finding.message}"
    for judgement in standing.gone:
        verdict = "true" if judgement.true else "false"
        place = f"{judgement.repository} {judgement.path}:{judgement.line}"
        yield f"gone: {judgement.code} {place} was judged {verdict}: {judgement.why}"
    for severity in JUDGED:
        share = standing.precision(severity)
        shown = "none judged" if share is None else f"{share:.1%} true"
        yield f"{severity}s: {shown}"
    yield (
        f"{len(standing.true)} true, {len(standing.false)} false, "
        f"{len(standing.unjudged)} not judged, {len(standing.gone)} gone"
    )
