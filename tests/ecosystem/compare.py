"""What a change of covlint alters: findings that came, findings that went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecosystem.records import Finding, Record


@dataclass(frozen=True, slots=True)
class Change:
    """One repository; ``note`` says why it was not compared, or what else is new."""

    repository: str
    added: tuple[Finding, ...] = ()
    removed: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def empty(self) -> bool:
        return not (self.added or self.removed or self.note)


def compare(old: Mapping[str, Record], new: Mapping[str, Record]) -> list[Change]:
    """Every repository of either run, sorted; findings of different commits are not compared."""
    return [
        _compared(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())
    ]


def text(changes: list[Change]) -> Iterator[str]:
    """The report: the repositories that differ, then one line for all."""
    for change in changes:
        if change.empty:
            continue
        counts = f"+{len(change.added)} -{len(change.removed)}"
        yield f"{change.repository}: {counts}" + (f" ({change.note})" if change.note else "")
        lines = [("-", f) for f in change.removed] + [("+", f) for f in change.added]
        for sign, finding in sorted(lines, key=lambda line: (line[1], line[0])):
            place = f"{finding.path}:{finding.line}"
            yield f"  {sign} {finding.code} {finding.severity} {place} {finding.message}"
    added = sum(len(change.added) for change in changes)
    removed = sum(len(change.removed) for change in changes)
    same = sum(change.empty for change in changes)
    yield f"{same} of {len(changes)} repositories are unchanged; +{added} -{removed} findings"


def _compared(name: str, old: Record | None, new: Record | None) -> Change:
    if old is None or new is None:
        return Change(name, note="only in the old run" if new is None else "only in the new run")
    if old.commit != new.commit:
        return Change(name, note=f"not compared: commit {old.commit[:10]}, then {new.commit[:10]}")
    before, after = Counter(old.findings), Counter(new.findings)
    return Change(
        name,
        added=tuple(sorted((after - before).elements())),
        removed=tuple(sorted((before - after).elements())),
        note=_news(old, new),
    )


def _news(old: Record, new: Record) -> str:
    notes = []
    if new.error != old.error:
        notes.append(new.error or "no longer fails")
    if new.crashes != old.crashes:
        notes.append(f"{len(new.crashes)} rule crashes, {len(old.crashes)} before")
    return "; ".join(notes)
