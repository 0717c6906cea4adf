"""JUnit's XML, for whatever shows test results: a case per finding.

There is no standard; this is what Jenkins, GitLab and others read
(``testsuites``, ``testsuite``, ``testcase``, ``failure``, ``error``, ``skipped``).
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from covlint.diagnostics import Severity
from covlint.report import Finding, Sheet
from covlint.report.places import offer, others, plain, said
from covlint.terminal import visible

_COUNTS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def render(sheet: Sheet) -> str:
    """Errors and warnings that are left fail, notices pass; one passing case where all is well."""
    suite = ET.Element("testsuite", name="covlint")
    for finding in sheet.open:
        _finding(sheet, suite, finding)
    for crash in sheet.crashes:
        case = _case(suite, sheet, crash.path, f"{crash.code} could not run")
        ET.SubElement(case, "error", type="crash", message=visible(crash.error))
    for unread in sheet.unread:
        case = _case(suite, sheet, unread.path, "not read")
        ET.SubElement(case, "skipped", message=visible(unread.reason))
    if not len(suite):
        ET.SubElement(suite, "testcase", name="no findings", classname="covlint")
    return joined("covlint", [suite])


def joined(name: str, suites: Iterable[ET.Element]) -> str:
    """The document of these suites, which are counted here."""
    root = ET.Element("testsuites", name=name)
    for suite in suites:
        for attribute, tag in _COUNTS.items():
            suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
        root.append(suite)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _finding(sheet: Sheet, suite: ET.Element, finding: Finding) -> None:
    diagnostic = finding.diagnostic
    start, _ = finding.positions(diagnostic.span)
    place = f"{start.line}:{start.column}"
    name = f"{diagnostic.code} {diagnostic.name} at {place}"
    case = _case(suite, sheet, diagnostic.span.path, name)
    case.set("file", visible(plain(sheet, diagnostic.span.path)))
    case.set("line", str(start.line))
    advice = offer(diagnostic)
    lines = [f"{visible(diagnostic.span.path)}:{place}: {said(diagnostic)}", *others(finding)]
    text = "\n".join([*lines, advice] if advice else lines)
    if diagnostic.severity is Severity.NOTICE:
        ET.SubElement(case, "system-out").text = text
        return
    kind = diagnostic.severity.value
    told = ET.SubElement(case, "failure", type=kind, message=said(diagnostic))
    told.text = text


def _case(suite: ET.Element, sheet: Sheet, path: str, name: str) -> ET.Element:
    where = visible(plain(sheet, path)) if path else "covlint"
    return ET.SubElement(suite, "testcase", name=name, classname=where)
