from __future__ import annotations

import pytest

from covlint.diagnostics import Severity
from covlint.rule import Invalid, Valid
from covlint.source import Span
from covlint.testing import MarkError, run_case, subject_of, unmarked
from toys import AddTags, DropA, Failing, Growing

HEAD = "FROM golang:1.22\n"


def test_marks_become_byte_spans() -> None:
    contents, spans = unmarked({"é": "é«é«b»»\n", "x": "c"})
    assert contents == {"é": "éébç\n".replace("ç", "").encode(), "x": b"c"}
    assert spans == [Span("é", 2, 5), Span("é", 4, 5)]


@pytest.mark.parametrize("text", ["«a", "a»", "»«"])
def test_marks_that_do_not_pair(text: str) -> None:
    with pytest.raises(MarkError):
        unmarked(text)


def test_cases_that_hold() -> None:
    run_case(DropA, Valid(HEAD + "RUN go build -v .\n"))
    run_case(
        DropA,
        Invalid(
            HEAD + "RUN go build «-a» .\n",
            HEAD + "RUN go build .\n",
            message="is there",
            severity=Severity.ERROR,
            safe=True,
        ),
    )
    run_case(
        AddTags,
        Invalid(HEAD + "RUN «go build .»\n", HEAD + "RUN go build -tags e2e .\n", safe=False),
    )


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        (DropA, Valid(HEAD + "RUN go build -a .\n")),
        (DropA, Invalid(HEAD + "RUN go build «-v» .\n")),
        (DropA, Invalid(HEAD + "RUN go «build -a» .\n")),
        (DropA, Invalid(HEAD + "RUN go build «-a» .\n")),  # there is a fix
        (DropA, Invalid(HEAD + "RUN go build «-a» .\n", HEAD + "RUN go build  .\n")),
        (DropA, Invalid(HEAD + "RUN go build «-a» .\n", HEAD + "RUN go build .\n", message="no")),
        (DropA, Invalid(HEAD + "RUN go build «-a» .\n", HEAD + "RUN go build .\n", safe=False)),
        (
            DropA,
            Invalid(
                HEAD + "RUN go build «-a» .\n",
                HEAD + "RUN go build .\n",
                severity=Severity.NOTICE,
            ),
        ),
        (Growing, Invalid(HEAD + "RUN «go build .»\n", HEAD + "RUN go build -x .\n")),
        (Failing, Valid(HEAD + "RUN go build .\n")),
    ],
)
def test_cases_that_do_not_hold(rule: type, case: Valid | Invalid) -> None:
    with pytest.raises(AssertionError):
        run_case(rule, case)


def test_the_subject_is_read_from_the_class() -> None:
    assert subject_of(DropA) == "GoBuild"
    assert subject_of(Failing) == "Image"
