"""A verdict as JSON, in the shape that the command-line contract gives it."""

from __future__ import annotations

import json
from typing import Any

from covlint.runner.evidence.results import TestOutcome
from covlint.runner.verdict import Verdict

VERSION = 1


def render(verdict: Verdict) -> str:
    """One JSON document, ended by a newline."""
    return json.dumps(document(verdict), indent=2) + "\n"


def document(verdict: Verdict) -> dict[str, Any]:
    """The fields of ``verify --format json``; within a version they are only added to."""
    profile = verdict.profile
    return {
        "version": VERSION,
        "target": verdict.target,
        "engine": verdict.engine,
        "verdict": verdict.outcome.value,
        "toolchain": verdict.toolchain,
        "steps": [
            {
                "name": step.name,
                "command": step.command,
                "seconds": round(step.seconds, 3),
                "exit": step.exit,
            }
            for step in verdict.steps
        ],
        "profile": None
        if profile is None
        else {
            "meta_files": profile.meta_files,
            "counter_files": profile.counter_files,
            "mode": profile.mode,
            "total_percent": round(profile.total_percent, 1),
            "packages": {package.path: round(package.percent, 1) for package in profile.packages},
        },
        "validations": [
            {
                "claim": claim.claim,
                "verdict": claim.outcome.value,
                "evidence": claim.evidence,
                "symptom": claim.symptom.value if claim.symptom is not None else None,
                "required": claim.required,
            }
            for claim in verdict.validations
        ],
        "tests": None
        if verdict.tests is None
        else {
            "source": verdict.tests.source,
            **{outcome.value: list(verdict.tests.names(outcome)) for outcome in TestOutcome},
        },
        "unproven": [hop.hop.value for hop in verdict.unproven],
        "causes": [
            {
                "code": cause.code,
                "path": cause.path,
                "line": cause.line,
                "message": cause.message,
                "symptom": cause.symptom.value if cause.symptom is not None else None,
            }
            for cause in verdict.causes
        ],
        "artifacts": {kind: str(path) for kind, path in verdict.artifacts},
        "notes": list(verdict.notes),
    }
