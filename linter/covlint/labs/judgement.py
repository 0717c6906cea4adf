"""What a run showed, in the words of the evidence, and what is to be held against the rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from covlint.diagnostics import Evidence as Proof
from covlint.labs.evidence import Row, Seen
from covlint.labs.lab import Lab
from covlint.labs.variants import Prepared, Variant
from covlint.rule import Rule
from covlint.runner.diagnosis.symptoms import telling_lines
from covlint.runner.verdict import Outcome, Verdict

#: What differs from run to run in the lines that are kept.
_VOLATILE = (
    (re.compile(r"[0-9a-f]{32}(?:\.\d+)*"), "<hash>"),
    (re.compile(r"/\S*?/covlint-(?:lab-)?[A-Za-z0-9_]+"), "<run>"),
    (re.compile(r"<hash>\d+"), "<hash>"),
    (re.compile(r"\bbell-[0-9a-f]{8,12}\b"), "bell"),
    (re.compile(r"\b127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d "), ""),
)
_LINES = 6  # that are kept of one run


def seen_of(verdict: Verdict, prepared: Prepared, out: Path, seconds: float) -> Seen:
    profile = verdict.profile
    packages = profile.packages if profile is not None else ()
    covered = any(package.covered for package in packages)
    passed = verdict.outcome is Outcome.PASSED
    symptoms = [cause.symptom.value for cause in verdict.causes if cause.symptom is not None]
    return Seen(
        state="complete" if passed else "degraded" if covered else "lost",
        symptoms=tuple(dict.fromkeys(symptoms)),
        lines=_lines(out),
        named=tuple(dict.fromkeys(cause.code for cause in verdict.causes if cause.code)),
        packages=tuple((package.path, round(package.percent, 1)) for package in packages),
        found=prepared.found,
        seconds=round(seconds, 1),
    )


def _lines(out: Path) -> tuple[str, ...]:
    """What build, service, exercise and suite wrote about coverage."""
    found: list[str] = []
    for name in ("build", "service", "suite", "tool"):
        for log in sorted(out.glob(f"**/{name}.log")):
            found += telling_lines(log.read_text(encoding="utf-8", errors="replace"))
    return tuple(dict.fromkeys(_steady(line) for line in found))[:_LINES]


def _steady(line: str) -> str:
    for pattern, instead in _VOLATILE:
        line = pattern.sub(instead, line)
    return line


def compared(seen: Seen, healthy: Seen) -> Seen:
    """A run whose claims hold is complete only if it has what the healthy twin's has."""
    same = {path for path, percent in seen.packages if percent} >= {
        path for path, percent in healthy.packages if percent
    }
    return seen if same or seen.state != "complete" else replace(seen, state="degraded")


def disagreements(
    lab: Lab,
    rule: type[Rule[object]],
    row: Row,
    prepared: Mapping[Variant, Prepared],
) -> list[str]:
    """Where a run and the rule say different things; empty when they agree."""
    told: list[str] = []
    if lab.code not in row.before.found and prepared[Variant.BEFORE].severity is None:
        told.append("the rule is silent about the broken project")
    if prepared[Variant.AFTER].severity is not None:
        told.append("the rule still speaks after the repair")
    if row.healthy.found:
        told.append(f"the healthy twin has findings: {', '.join(row.healthy.found)}")
    if row.healthy.state != "complete":
        told.append(f"the healthy twin's data is {row.healthy.state}")
    if row.after.state != "complete":
        told.append(f"after the repair the data is {row.after.state}")
    if lab.harmless or rule.evidence is Proof.REFUTED:
        if row.before.state != "complete":
            told.append(f"the pattern is called harmless here, and the data is {row.before.state}")
        return told
    if row.before.state == "complete":
        told.append("the broken project's data is complete")
        return told
    symptom = lab.symptom or rule.symptom
    if symptom is not None and symptom.value not in row.before.symptoms[:1]:
        seen = ", ".join(row.before.symptoms) or "none"
        told.append(f"the symptom is {seen}, not {symptom.value}")
    if lab.code not in row.before.named:
        told.append("the diagnosis of the run does not name the rule")
    return told
