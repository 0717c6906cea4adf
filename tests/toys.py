"""Small rules over real facts, for tests of what stands above the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Edit,
    Evidence,
    Fix,
    Related,
    Severity,
)
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.image import Image
from covlint.registry import Entry, Registry
from covlint.rule import Rule
from covlint.source import Span
from covlint.testing import subject_of


class DropA(Rule[GoBuild]):
    """Finds ``-a`` and removes it."""

    code = "COV901"
    name = "drop-a"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        flag = subject.flag("a")
        if flag is not None:
            edits = (Edit(flag.removal, b""),)
            yield self.diagnostic(
                flag.span, "-a is there", fix=Fix("remove -a", Applicability.SAFE, edits)
            )


class AddTags(Rule[GoBuild]):
    """Wants ``-tags e2e``; its fix is unsafe."""

    code = "COV902"
    name = "add-tags"
    severity = Severity.WARNING
    evidence = Evidence.REFUTED
    since = "0.1.0"

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        if subject.flag("tags") is None:
            place = Span(subject.span.path, subject.after_subcommand, subject.after_subcommand)
            fix = Fix("add -tags e2e", Applicability.UNSAFE, (Edit(place, b" -tags e2e"),))
            related = (Related(subject.instruction, "in this instruction"),)
            yield self.diagnostic(subject.span, "no tags", fix=fix, related=related)


class Growing(Rule[GoBuild]):
    """A fix that calls for itself without end."""

    code = "COV903"
    name = "growing"
    severity = Severity.NOTICE
    evidence = Evidence.REPORTED
    since = "0.1.0"

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        place = Span(subject.span.path, subject.after_subcommand, subject.after_subcommand)
        yield self.diagnostic(
            subject.span, "more", fix=Fix("add", Applicability.SAFE, (Edit(place, b" -x"),))
        )


class Shrinking(Rule[GoBuild]):
    """Removes one ``-v`` in each round."""

    code = "COV909"
    name = "shrinking"
    severity = Severity.NOTICE
    evidence = Evidence.REPORTED
    since = "0.1.0"

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        flag = subject.flag("v")
        if flag is not None:
            fix = Fix("remove", Applicability.SAFE, (Edit(flag.removal, b""),))
            yield self.diagnostic(flag.span, "one too many", fix=fix)


class There(Rule[GoBuild]):
    """Wants another tag where there is ``e2e``, which Back changes back."""

    code = "COV907"
    name = "there"
    severity = Severity.WARNING
    evidence = Evidence.REPORTED
    since = "0.1.0"
    wanted = ("e2e", "unit")

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        flag = subject.flag("tags")
        if flag is not None and flag.value == self.wanted[0]:
            edits = (Edit(flag.span, f"-tags {self.wanted[1]}".encode()),)
            yield self.diagnostic(
                flag.span, "another tag", fix=Fix("change it", Applicability.SAFE, edits)
            )


class Back(There):
    """Undoes what There does."""

    code = "COV908"
    name = "back"
    wanted = ("unit", "e2e")


class Breaking(Rule[GoBuild]):
    """A fix after which the file is no Dockerfile any more."""

    code = "COV904"
    name = "breaking"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        everything = Span(subject.span.path, 0, 4)
        yield self.diagnostic(
            subject.span, "bad", fix=Fix("break", Applicability.SAFE, (Edit(everything, b"\0"),))
        )


class Failing(Rule[Image]):
    """A rule with a bug."""

    code = "COV905"
    name = "failing"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"

    def check(self, subject: Image) -> Iterator[Diagnostic]:
        raise ZeroDivisionError("a bug")
        yield  # pragma: no cover


class TwoFiles(Rule[GoBuild]):
    """A fix of ``-v`` that changes the build and a note beside it."""

    code = "COV906"
    name = "two-files"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"

    def check(self, subject: GoBuild) -> Iterator[Diagnostic]:
        flag = subject.flag("v")
        if flag is not None:
            note = Edit(Span("Dockerfile.note", 0, 0), b"# note\n")
            fix = Fix("both", Applicability.SAFE, (Edit(flag.removal, b""), note))
            yield self.diagnostic(flag.span, "-v is there", fix=fix)


def registry(*rules: type[Rule[Any]]) -> Registry:
    return Registry(
        Entry(rule.code, rule.__module__, rule.__name__, subject_of(rule)) for rule in rules
    )


def dockerfile(*builds: str, header: str = "FROM golang:1.22\n") -> Mapping[str, str]:
    return {"Dockerfile": header + "".join(f"RUN {build}\n" for build in builds)}
