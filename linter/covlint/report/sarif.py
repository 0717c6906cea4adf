"""SARIF 2.1.0 (OASIS, errata 01), which code scanning of forges and editors read.

Fixes are replacements, the way of the data through the chain is a code flow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from covlint import __version__
from covlint.baseline import identities
from covlint.chain import Chain
from covlint.diagnostics import Diagnostic, Fix, Severity
from covlint.report import Finding, Sheet
from covlint.report.places import HOMEPAGE, offer, page_url, plain, said, uri
from covlint.rule import Rule, describe
from covlint.source import Span
from covlint.terminal import visible

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
#: Chains that one finding shows: a shared file may be a part of dozens.
_FLOWS = 5

Rules = Mapping[str, type[Rule[Any]]]


def render(sheet: Sheet, rules: Rules) -> str:
    """One JSON document of what is left; ``rules`` are those of the codes in it."""
    return json.dumps(document(sheet, rules), indent=2) + "\n"


def document(sheet: Sheet, rules: Rules) -> dict[str, Any]:
    codes = sorted({finding.diagnostic.code for finding in sheet.open})
    found = identities((item.diagnostic, item.source_of) for item in sheet.open)
    run = {
        "tool": {
            "driver": {
                "name": "covlint",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": HOMEPAGE,
                "rules": [_rule(code, rules.get(code)) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The root of the repository."}}
        },
        "invocations": [
            {
                "executionSuccessful": not sheet.crashes,
                "toolExecutionNotifications": list(_notifications(sheet)),
            }
        ],
        "results": [
            _result(sheet, finding, codes.index(finding.diagnostic.code), identity)
            for finding, identity in zip(sheet.open, found, strict=True)
        ],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, rule: type[Rule[Any]] | None) -> dict[str, Any]:
    url = page_url(code)
    entry: dict[str, Any] = {"id": code, **({"helpUri": url} if url else {})}
    if rule is None:
        return entry
    about = describe(rule)
    help_text = "\n\n".join(text for text in (about.why, about.instead) if text) or about.summary
    return {
        **entry,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": about.summary},
        "fullDescription": {"text": about.summary},
        "help": {"text": help_text, "markdown": help_text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["coverage", f"evidence-{rule.evidence.value}"]},
    }


def _result(sheet: Sheet, finding: Finding, index: int, identity: str) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    advice = offer(diagnostic)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": said(diagnostic) + (f"\n{advice}" if advice else "")},
        "locations": [{"physicalLocation": _physical(sheet, finding, diagnostic.span)}],
        "partialFingerprints": {"covlint/v1": identity},
        "properties": {
            "evidence": diagnostic.evidence.value,
            **({"symptom": diagnostic.symptom.value} if diagnostic.symptom else {}),
        },
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(sheet, finding, related.span),
                "message": {"text": visible(related.message)},
            }
            for number, related in enumerate(diagnostic.related, 1)
        ]
    flows = [flow for chain in _chains(sheet, diagnostic) for flow in _flow(sheet, finding, chain)]
    if flows:
        result["codeFlows"] = flows[:_FLOWS]
    if diagnostic.fix is not None and diagnostic.fix.edits:
        result["fixes"] = [_fix(sheet, finding, diagnostic.fix)]
    return result


def _chains(sheet: Sheet, diagnostic: Diagnostic) -> Iterator[Chain]:
    """Those that the finding breaks; a policy may have changed its severity since."""
    for traced in sheet.traced:
        if any((one.code, one.span) == (diagnostic.code, diagnostic.span) for one in traced.breaks):
            yield traced.chain


def _flow(sheet: Sheet, finding: Finding, chain: Chain) -> Iterator[dict[str, Any]]:
    """The links of the chain that are written somewhere, from the build to the report."""
    steps = [
        {
            "location": {
                "physicalLocation": _physical(sheet, finding, link.span),
                "message": {"text": f"{link.hop.value}: {visible(link.label)}"},
            }
        }
        for link in chain.links
        if link.span is not None
    ]
    if steps:
        text = f"the coverage chain of {visible(chain.service)}"
        yield {"message": {"text": text}, "threadFlows": [{"locations": steps}]}


def _fix(sheet: Sheet, finding: Finding, fix: Fix) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        replacement = {
            "deletedRegion": _region(finding, edit.span),
            "insertedContent": {"text": edit.replacement.decode("utf-8", "replace")},
        }
        changes.setdefault(edit.span.path, []).append(replacement)
    return {
        "description": {"text": visible(fix.title)},
        "artifactChanges": [
            {"artifactLocation": _artifact(sheet, path), "replacements": replacements}
            for path, replacements in changes.items()
        ],
        "properties": {"applicability": fix.applicability.value},
    }


def _notifications(sheet: Sheet) -> Iterator[dict[str, Any]]:
    for unread in sheet.unread:
        text = f"{visible(plain(sheet, unread.path))} was not read: {visible(unread.reason)}"
        yield {"level": "warning", "message": {"text": text}}
    for crash in sheet.crashes:
        text = f"rule {crash.code} failed: {visible(crash.error)}"
        yield {"level": "error", "message": {"text": text}}


def _physical(sheet: Sheet, finding: Finding, span: Span) -> dict[str, Any]:
    artifact = _artifact(sheet, span.path)
    return {"artifactLocation": artifact, "region": _region(finding, span)}


def _artifact(sheet: Sheet, path: str) -> dict[str, Any]:
    return {"uri": uri(sheet, path), "uriBaseId": "%SRCROOT%"}


def _region(finding: Finding, span: Span) -> dict[str, int]:
    start, end = finding.positions(span)
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }
