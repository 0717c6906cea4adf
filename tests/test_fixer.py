from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Edit,
    Evidence,
    Fix,
    Severity,
)
from covlint.engine import Options
from covlint.files import MemoryFiles
from covlint.fixer import ROUNDS, apply_edits, compatible, fix
from covlint.source import Span
from toys import (
    AddTags,
    Back,
    Breaking,
    DropA,
    Growing,
    Shrinking,
    There,
    TwoFiles,
    dockerfile,
    registry,
)

FILES = MemoryFiles(dockerfile("go build -a -o /x ./cmd/x"))
WHOLE = Options()


def diagnostic(*edits: Edit, code: str = "COV901") -> Diagnostic:
    found = Fix("fix", Applicability.SAFE, edits)
    return Diagnostic(
        code, "x", Severity.ERROR, Evidence.REPRODUCED, edits[0].span, "message", fix=found
    )


def edit(start: int, end: int, text: str = "x", path: str = "f") -> Edit:
    return Edit(Span(path, start, end), text.encode())


def test_safe_fixes_only_unless_asked() -> None:
    safe = fix(FILES, registry(DropA, AddTags), WHOLE)
    assert safe.changes[0].after == b"FROM golang:1.22\nRUN go build -o /x ./cmd/x\n"
    assert [item.code for item in safe.inspection.report.diagnostics] == ["COV902"]
    both = fix(FILES, registry(DropA, AddTags), WHOLE, unsafe=True)
    assert both.changes[0].after == b"FROM golang:1.22\nRUN go build -tags e2e -o /x ./cmd/x\n"
    assert not both.inspection.report.diagnostics


def test_a_second_run_changes_nothing() -> None:
    first = fix(FILES, registry(DropA, AddTags), WHOLE, unsafe=True)
    files = MemoryFiles({"Dockerfile": first.changes[0].after})
    assert not fix(files, registry(DropA, AddTags), WHOLE, unsafe=True).changes


def test_fixed_diagnostics_keep_the_source_they_point_into() -> None:
    outcome = fix(FILES, registry(DropA), WHOLE)
    (applied,) = outcome.applied
    assert applied.sources["Dockerfile"].slice(applied.diagnostic.span) == b"-a"


def test_fixes_that_call_for_themselves_are_left_out_and_the_others_apply() -> None:
    outcome = fix(FILES, registry(Growing, DropA), WHOLE)
    assert not outcome.converged
    assert outcome.changes[0].after == b"FROM golang:1.22\nRUN go build -o /x ./cmd/x\n"
    assert [one.reason for one in outcome.skipped] == [
        f"its fix was still called for after {ROUNDS} rounds"
    ]
    again = MemoryFiles({"Dockerfile": outcome.changes[0].after})
    assert not fix(again, registry(Growing, DropA), WHOLE).changes


def test_as_many_rounds_as_there_may_be_are_no_round_too_many() -> None:
    files = MemoryFiles(dockerfile("go build" + " -v" * ROUNDS + " ./cmd/x"))
    outcome = fix(files, registry(Shrinking), WHOLE)
    assert (outcome.converged, outcome.rounds) == (True, ROUNDS)


def test_fixes_that_undo_one_another_are_not_applied_and_the_others_are() -> None:
    files = MemoryFiles(dockerfile("go build -a -tags e2e ./cmd/x"))
    outcome = fix(files, registry(DropA, There, Back), WHOLE)
    assert outcome.converged
    assert outcome.changes[0].after == b"FROM golang:1.22\nRUN go build -tags e2e ./cmd/x\n"
    assert [one.reason for one in outcome.skipped] == ["its fix and another one undo each other"]
    again = MemoryFiles({"Dockerfile": outcome.changes[0].after})
    assert not fix(again, registry(DropA, There, Back), WHOLE).changes


def test_a_fix_that_breaks_the_file_is_dropped_and_the_others_apply() -> None:
    outcome = fix(FILES, registry(Breaking, DropA), WHOLE)
    assert outcome.changes[0].after == b"FROM golang:1.22\nRUN go build -o /x ./cmd/x\n"
    assert [item.code for item in outcome.inspection.report.diagnostics] == ["COV904"]
    assert "would no longer parse" in outcome.skipped[0].reason


def test_a_fix_over_two_files_is_applied_whole_or_not_at_all() -> None:
    files = MemoryFiles({**dockerfile("go build -v ./cmd/x"), "Dockerfile.note": "FROM a\n"})
    outcome = fix(files, registry(TwoFiles), WHOLE)
    assert [change.path for change in outcome.changes] == ["Dockerfile", "Dockerfile.note"]
    narrow = fix(files, registry(TwoFiles), Options(reported=frozenset({"Dockerfile"})))
    assert not narrow.changes
    assert "also changes Dockerfile.note" in narrow.skipped[0].reason


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (edit(0, 2), edit(2, 4), True),
        (edit(0, 3), edit(2, 4), False),
        (edit(2, 2), edit(2, 2, "y"), False),  # the order of two insertions is not known
        (edit(2, 2), edit(2, 2), True),  # the same insertion twice is one
        (edit(0, 2), edit(2, 2), True),
        (edit(2, 2), edit(2, 4), False),
        (edit(0, 4), edit(1, 2), False),
        (edit(0, 4), edit(1, 2, path="g"), True),
    ],
)
def test_which_fixes_go_together(first: Edit, second: Edit, together: bool) -> None:
    chosen = compatible([diagnostic(first), diagnostic(second, code="COV902")])
    assert (len(chosen) == 2) is together


def test_a_fix_whose_own_edits_overlap_is_not_applied() -> None:
    assert compatible([diagnostic(edit(0, 3), edit(2, 4))]) == []


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6), st.binary(max_size=5)))


@given(st.binary(min_size=50, max_size=60), SPANS)
def test_bytes_outside_the_edits_stay(data: bytes, places: list[tuple[int, int, bytes]]) -> None:
    edits = [Edit(Span("f", start, start + length), text) for start, length, text in places]
    chosen = compatible(diagnostic(item) for item in edits)
    applied = {item.fix.edits[0] for item in chosen if item.fix}
    result = apply_edits(data, applied)
    position = shift = 0
    for item in sorted(applied, key=lambda item: item.span):
        kept = data[position : item.span.start]
        assert result[position + shift : item.span.start + shift] == kept
        begin = item.span.start + shift
        assert result[begin : begin + len(item.replacement)] == item.replacement
        shift += len(item.replacement) - (item.span.end - item.span.start)
        position = item.span.end
    assert result[position + shift :] == data[position:]
