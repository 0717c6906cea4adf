"""Verdicts as JUnit's XML: a suite per target, a case per claim.

What is written is what Jenkins' schema (xunit plugin, ``junit-10.xsd``) and GitLab read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from covlint.report.junit import joined
from covlint.runner.verdict import Cause, Outcome, Validation, Verdict
from covlint.terminal import visible


def render(verdicts: Sequence[Verdict]) -> str:
    """A claim that failed is a failure, one that could not be decided an error; those that the
    verdict does not rest on pass or are skipped, and say so."""
    return joined("covlint verify", map(_suite, verdicts))


def _suite(verdict: Verdict) -> ET.Element:
    suite = ET.Element("testsuite", name=visible(verdict.target))
    seconds = sum(step.seconds for step in verdict.steps)
    suite.set("time", f"{seconds:.3f}")
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(verdict):
        ET.SubElement(properties, "property", name=name, value=visible(value))
    for claim in verdict.validations:
        _case(suite, verdict, claim)
    if not any(claim.required for claim in verdict.validations):
        case = ET.SubElement(suite, "testcase", name="the target is verified")
        case.set("classname", visible(verdict.target))
        ET.SubElement(case, "error", type="unknown", message="no claim could be decided")
    if verdict.causes:
        told = "\n".join(map(_told, verdict.causes))
        ET.SubElement(suite, "system-out").text = f"Why:\n{told}"
    return suite


def _properties(verdict: Verdict) -> Iterable[tuple[str, str]]:
    yield "engine", verdict.engine
    yield "toolchain", verdict.toolchain
    yield "verdict", verdict.outcome.value
    if verdict.profile is not None and verdict.profile.packages:
        covered = sum(package.covered for package in verdict.profile.packages)
        yield "covered", str(covered)
        yield "statements", str(sum(p.statements for p in verdict.profile.packages))
    for hop in verdict.unproven:
        yield f"not proven: {hop.hop.value}", hop.reason


def _case(suite: ET.Element, verdict: Verdict, claim: Validation) -> None:
    case = ET.SubElement(suite, "testcase", name=visible(claim.claim))
    case.set("classname", visible(verdict.target))
    evidence = visible(claim.evidence)
    kind = claim.symptom.value if claim.symptom is not None else claim.outcome.value
    if claim.outcome is Outcome.PASSED:
        ET.SubElement(case, "system-out").text = evidence
    elif not claim.required:
        ET.SubElement(case, "skipped", type=kind, message=f"not required: {evidence}")
    elif claim.outcome is Outcome.UNKNOWN:
        ET.SubElement(case, "error", type=kind, message=evidence)
    else:
        failure = ET.SubElement(case, "failure", type=kind, message=evidence)
        causes = [one for one in verdict.causes if one.symptom is claim.symptom]
        failure.text = "\n".join([evidence, *map(_told, causes)])
        place = next((one for one in causes if one.path is not None), None)
        if place is not None and place.path is not None:
            case.set("file", visible(place.path))
            if place.line is not None:
                case.set("line", str(place.line))


def _told(cause: Cause) -> str:
    place = "" if cause.path is None else visible(cause.path)
    if cause.line is not None:
        place += f":{cause.line}"
    code = f"{cause.code} " if cause.code else ""
    return f"{code}{place}{': ' if place else ''}{visible(cause.message)}"
