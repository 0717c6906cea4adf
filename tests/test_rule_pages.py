"""The pages of the rules: what each of them has to say, and that what it says holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from covlint.cli.pages import builtin
from covlint.diagnostics import Applicability, Diagnostic, Evidence, Severity
from covlint.engine import Options, inspect
from covlint.facts.dockerfile.build import GoBuild
from covlint.files import MemoryFiles
from covlint.registry import OWN_CODES
from covlint.report.rule_example import invalid_example, languages_of, offers_of
from covlint.report.rule_page import linked, page
from covlint.rule import Invalid, Rule, Valid, describe
from covlint.selection import Selection
from covlint.testing import alone, unmarked
from toys import DropA

RULES = builtin()
WITH_CASES = [rule for rule in RULES if rule.INVALID]
#: Not of comments: one that silences what is said of another is itself without use.
OF_FILES = [rule for rule in WITH_CASES if rule.code not in OWN_CODES]
COMMENTS = {".go": b"//"}
HEAD = "FROM golang:1.22\n"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
class TestPage:
    def test_it_says_why_what_to_do_and_what_it_leaves_out(self, rule: type[Rule[Any]]) -> None:
        said = describe(rule)
        assert said.why, "Why:"
        assert said.instead, "Instead:"
        assert said.left_out, "Left out:"
        for text in (said.why, said.instead, said.left_out):
            assert text.endswith((".", "}()")), text

    def test_an_unsafe_fix_is_explained(self, rule: type[Rule[Any]]) -> None:
        kinds = {offer.applicability for offer in offers_of(rule)}
        if Applicability.UNSAFE in kinds:
            assert re.search(r"\b(?:un)?safe\b", describe(rule).fix, re.IGNORECASE)

    def test_one_case_at_most_is_the_example(self, rule: type[Rule[Any]]) -> None:
        assert sum(case.example for case in rule.INVALID) <= 1
        assert sum(case.example for case in rule.VALID) <= 1


@pytest.mark.parametrize("rule", OF_FILES, ids=lambda rule: rule.code)
def test_the_comment_that_a_page_shows_silences_its_example(rule: type[Rule[Any]]) -> None:
    case = next((case for case in rule.INVALID if case.example), rule.INVALID[0])
    files, spans = unmarked(case.files)
    assert languages_of(rule), "each marked file is of a language with comments"
    for span in sorted(spans, reverse=True):
        data = files[span.path]
        start = data.rfind(b"\n", 0, span.start) + 1
        line = data[start:]
        indent = line[: len(line) - len(line.lstrip(b" \t"))]
        mark = COMMENTS.get(span.path[span.path.rfind(".") :], b"#")
        comment = indent + mark + f" covlint: ignore[{rule.code}] why\n".encode()
        files[span.path] = data[:start] + comment + data[start:]
    options = Options(selection=Selection(select=(rule.code,)))
    report = inspect(MemoryFiles(files), alone(rule), options).report
    assert report.diagnostics == ()
    assert report.suppressed > 0


def test_the_parts_of_a_docstring() -> None:
    class Spoken(DropA):
        """The summary.

        Why: because
        of it.

        And more.

        Instead: do this:

            some code

        Fix: safe.
        """

    said = describe(Spoken)
    assert said.summary == "The summary."
    assert said.why == "because\nof it.\n\nAnd more."
    assert said.instead == "do this:\n\n    some code"
    assert (said.left_out, said.fix) == ("", "safe.")


def test_a_docstring_without_parts_is_why() -> None:
    assert describe(DropA).summary == "Finds ``-a`` and removes it."

    class Plain(DropA):
        """One line.

        The rest.
        """

    assert describe(Plain).why == "The rest."


class Marked(DropA):
    """Finds ``-a``."""

    VALID = (
        Valid(HEAD + "RUN go build .\n"),
        Valid(HEAD + "RUN go build -v .\n", "another flag"),
    )
    INVALID = (
        Invalid(HEAD + "RUN go build «-a» .\n", HEAD + "RUN go build .\n"),
        Invalid(
            HEAD + "RUN go build «-a» ./cmd/x\n", HEAD + "RUN go build ./cmd/x\n", example=True
        ),
    )


def test_the_marked_case_is_the_example() -> None:
    text = page(Marked)
    assert "RUN go build -a ./cmd/x" in text
    assert "RUN go build -a .\n" not in text
    assert "-RUN go build -a ./cmd/x\n+RUN go build ./cmd/x\n" in text
    assert "is reported here (another flag)" in text


def test_a_rule_without_cases_still_has_a_page() -> None:
    text = page(DropA)
    assert "## Example" not in text
    assert "No fix is offered" in text
    assert invalid_example(DropA) is None


class Shown(Rule[GoBuild]):
    """Only shown."""

    code, name, since = "COV990", "shown", "0.1.0"
    severity, evidence = Severity.WARNING, Evidence.REPORTED
    INVALID = (Invalid(HEAD + "RUN «go build .»\n"),)

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        yield self.diagnostic(subject.span, "found")


def test_the_evidence_is_said_plainly_and_a_table_only_where_there_is_one() -> None:
    assert "*reported*" in page(Shown)
    assert "no lab reproduces it" in page(Shown)
    assert page(Shown, ("| a |",)).endswith("| a |\n")
    assert not re.search(r"^\| Go \|", page(Shown), re.MULTILINE)


def test_sources_become_links_in_the_folder_of_pages() -> None:
    text = linked("Source: facts, parts A and G: measured.\nSource: field notes: seen.\n")
    assert "[facts, parts A and G](../go-coverage-facts.md): measured" in text
    assert "[field notes](../field-notes.md): seen" in text
