"""The page of a rule: its docstring and its cases, as Markdown or as data.

``covlint rule CODE`` prints it and ``make docs`` writes it to ``docs/rules``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from covlint.config import fix_choices
from covlint.diagnostics import Applicability, Evidence, Severity
from covlint.registry import BUILTIN, OWN_CODES, family_of
from covlint.report.rule_example import (
    Offer,
    invalid_example,
    languages_of,
    offers_of,
    valid_example,
)
from covlint.rule import Rule, describe
from covlint.selection import POLICIES
from covlint.testing import entry_of

#: What the word of a rule's evidence stands for.
EVIDENCE = {
    Evidence.REPRODUCED: "we measured it on a real toolchain or engine",
    Evidence.REPORTED: "it is documented, or was published by others; no lab reproduces it",
    Evidence.REFUTED: "it was published, and we measured that nothing is lost",
}

_SAFETY = {
    Applicability.SAFE: "*safe*, written by `covlint --fix`: it cannot change what a production "
    "build or deployment does.",
    Applicability.UNSAFE: "*unsafe*, written by `covlint --fix --unsafe-fixes`: it may change what "
    "production builds or runs.",
    Applicability.DISPLAY: "*shown*, never written: the choice is yours.",
}

#: The titles of fixes that a page lists for each kind; they differ only by the values in them.
_TITLES = 3

#: The families in the order of the codes, and what they are about.
FAMILIES = {
    "build": "the Go build: is the binary instrumented, and does it name what it counts?",
    "image": "the image: where does the binary write, as which user, and does it hear the signal?",
    "workload": "the container, its mounts and its volumes",
    "cluster": "the Kind cluster: does the node bring the data to the host?",
    "wiring": "two files that name different paths or images",
    "shutdown": "how the program ends: counters are written at the end, or never",
    "collection": "what happens to the data afterwards",
    "covlint": "what covlint reports about its own comments",
}

_FENCES = (
    ("ockerfile", "dockerfile"),
    (".yaml", "yaml"),
    (".yml", "yaml"),
    (".go", "go"),
    (".sh", "sh"),
    (".py", "python"),
    ("akefile", "makefile"),
)


def page(rule: type[Rule[Any]], measured: Sequence[str] = ()) -> str:
    """The page in Markdown; ``measured`` are the lines of a table of lab results."""
    return "\n".join(_lines(rule, measured)).rstrip("\n") + "\n"


def _lines(rule: type[Rule[Any]], measured: Sequence[str]) -> Iterator[str]:
    said = describe(rule)
    yield from (f"# {rule.code} {rule.name}", "", said.summary, "")
    yield from _card(rule)
    yield from _section(_why(rule), said.why)
    yield from _section("What to do instead", said.instead)
    yield from _example(rule)
    yield from _section("What covlint leaves out", said.left_out)
    yield from _silent(rule)
    yield from _fix(offers_of(rule), said.fix)
    yield from _configuration(rule)
    yield from ("## Evidence", "", f"*{rule.evidence.value}*: {EVIDENCE[rule.evidence]}.", "")
    if rule.source:
        yield from (f"Source: {rule.source}.", "")
    yield from (*measured, "") if measured else ()


def _why(rule: type[Rule[Any]]) -> str:
    if rule.evidence is Evidence.REFUTED:
        return "What was measured"
    return "Why the data is lost" if rule.severity is Severity.ERROR else "Why it matters"


def _card(rule: type[Rule[Any]]) -> Iterator[str]:
    cells = {
        "severity": rule.severity.value,
        "family": family_of(entry_of(rule)),
        "symptom": rule.symptom.value if rule.symptom is not None else "",
        "since": f"{_pack(rule)} {rule.since}",
    }
    shown = {name: cell for name, cell in cells.items() if cell}
    yield f"| {' | '.join(shown)} |"
    yield "|" + "---|" * len(shown)
    yield f"| {' | '.join(shown.values())} |"
    yield ""


def _pack(rule: type[Rule[Any]]) -> str:
    """The name of the package that the rule comes with."""
    package = rule.__module__.partition(".")[0]
    return "covlint" if package == BUILTIN else package


def _section(title: str, text: str) -> Iterator[str]:
    if text:
        yield from (f"## {title}", "", _sentence(text), "")


def _example(rule: type[Rule[Any]]) -> Iterator[str]:
    example = invalid_example(rule)
    if example is None:
        return
    yield from ("## Example", "")
    yield from _files(example.files)
    yield from ("covlint says:", "", "```text", *example.said.rstrip("\n").splitlines(), "```", "")
    if example.patch:
        yield from ("The fix:", "", "```diff", *_hunks(example.patch), "```", "")


def _silent(rule: type[Rule[Any]]) -> Iterator[str]:
    found = valid_example(rule)
    if found is None:
        return
    case, files = found
    example = invalid_example(rule)
    above = example.files if example is not None else {}
    new = {path: text for path, text in files.items() if above.get(path) != text}
    start = "With the other files as above, nothing" if len(new) < len(files) else "Nothing"
    yield f"{start} is reported here{f' ({case.why})' if case.why else ''}:"
    yield ""
    yield from _files(new)


def _files(files: Mapping[str, str]) -> Iterator[str]:
    for path, text in files.items():
        language = next((name for ending, name in _FENCES if path.endswith(ending)), "text")
        yield from (f"`{path}`", "", f"```{language}", *text.rstrip("\n").splitlines(), "```", "")


def _hunks(patch: str) -> Iterator[str]:
    """The patch without the line that only git reads."""
    return (line for line in patch.splitlines() if not line.startswith("diff --git "))


def _fix(offers: Sequence[Offer], why: str) -> Iterator[str]:
    yield from ("## Fix", "")
    if not offers:
        yield from ("No fix is offered: what to do stands above.", "")
    for offer in offers:
        titles = [f"“{title}”" for title in offer.titles[:_TITLES]]
        more = ["…"] if len(offer.titles) > _TITLES else []
        yield f"- {_SAFETY[offer.applicability]} {'; '.join(titles + more)}"
    yield from ("",) if offers else ()
    yield from (_sentence(why), "") if why else ()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _configuration(rule: type[Rule[Any]]) -> Iterator[str]:
    yield from ("## Configuration", "", "In `.covlint.yaml`:", "", "```yaml")
    yield f"ignore: [{rule.code}]"
    for policy, codes in sorted(POLICIES.items()):
        if rule.code in codes:
            yield f"policy: {policy}  # makes this warning an error"
    if rule.configured_by:
        yield "fixes:"
        for key in rule.configured_by:
            default, *others = fix_choices(key)
            yield f"  {key}: {default}  # or {', '.join(others)}"
    yield from ("```", "")
    # a comment about what is said of comments would itself be without use
    languages = () if rule.code in OWN_CODES else languages_of(rule)
    if languages:
        yield from ("One finding is silenced by a comment on the line above it:", "")
        for comment in dict.fromkeys(comment for _, comment in languages):
            names = ", ".join(name for name, start in languages if start == comment)
            yield f"- {names}: `{comment} covlint: ignore[{rule.code}] the reason`"
        yield ""


def linked(text: str) -> str:
    """The page as it stands in ``docs/rules``: what sources name is in the folder above."""
    text = re.sub(
        r"\b(facts, parts? [A-G]\d?(?: and [A-G]\d?)?)", r"[\1](../go-coverage-facts.md)", text
    )
    return text.replace("Source: field notes:", "Source: [field notes](../field-notes.md):")


def index(rules: Iterable[type[Rule[Any]]]) -> str:
    """The list of all pages, by family."""
    lines = [
        "# The rules of covlint",
        "",
        "Made by `make docs` from the docstrings and the cases of the rules: every example in",
        "these pages is a test.",
        "",
        *(f"- *{evidence.value}*: {meaning}" for evidence, meaning in EVIDENCE.items()),
        "",
    ]
    family = ""
    for rule in rules:
        found = family_of(entry_of(rule))
        if found != family:
            family = found
            about = FAMILIES.get(family, "")
            lines += [
                *([""] if lines[-1] else []),
                f"## {family.capitalize()}",
                "",
                *([about[:1].upper() + about[1:], ""] if about else []),
                "| code | name | severity | what it finds | fix | evidence |",
                "|---|---|---|---|---|---|",
            ]
        lines.append(row(rule, link=f"{rule.code}.md"))
    return "\n".join(lines) + "\n"


def row(rule: type[Rule[Any]], link: str = "") -> str:
    """The line of a rule in a Markdown table of rules."""
    summary = describe(rule).summary.replace("|", "\\|")
    code = f"[{rule.code}]({link})" if link else rule.code
    cells = [code, rule.name, rule.severity.value, summary]
    cells += ["yes" if fixes(rule) else "", rule.evidence.value]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def fixes(rule: type[Rule[Any]]) -> bool:
    """Whether a case of the rule shows a fix that is written."""
    return any(case.fixed is not None for case in rule.INVALID)


def summary_data(rule: type[Rule[Any]]) -> dict[str, Any]:
    """A rule in the JSON list; within a version fields are only added."""
    said = describe(rule)
    return {
        "code": rule.code,
        "name": rule.name,
        "family": family_of(entry_of(rule)),
        "severity": rule.severity.value,
        "evidence": rule.evidence.value,
        "symptom": rule.symptom.value if rule.symptom is not None else None,
        "since": rule.since,
        "summary": said.summary,
        "fix": fixes(rule),
    }


def page_data(rule: type[Rule[Any]]) -> dict[str, Any]:
    """The page as data."""
    said, example, silent = describe(rule), invalid_example(rule), valid_example(rule)
    return {
        **summary_data(rule),
        "why": said.why,
        "instead": said.instead,
        "left_out": said.left_out,
        "source": rule.source,
        "fixes": [
            {"applicability": offer.applicability.value, "titles": list(offer.titles)}
            for offer in offers_of(rule)
        ],
        "example": None
        if example is None
        else {"files": dict(example.files), "says": example.said, "patch": example.patch or None},
        "silent_on": None
        if silent is None
        else {"files": dict(silent[1]), "why": silent[0].why or None},
    }
