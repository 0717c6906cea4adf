"""Each property notices the damage that it is there for: here the fixer does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from covlint import fixer
from covlint.diagnostics import Diagnostic, Edit, Fix
from covlint.engine import Options
from covlint.files import MemoryFiles
from covlint.source import Span
from fixes import properties, runs
from fixes.hunks import edited
from fixes.projects import Project, of_rules
from fixes.properties import checked, comments, form
from fixes.runs import REGISTRY, Mode, compared, refused_by_git, tried
from fixes.variants import VARIANTS
from toys import Growing, registry

POD = next(
    one for one in of_rules() if one.fixed and one.code == "COV302" and "e2e/pod.yaml" in one.files
)
PLAIN = VARIANTS[0]
REAL = fixer.apply_edits


def problems(project: Project = POD) -> list[str]:
    return list(tried(project, PLAIN, Mode.UNSAFE).problems)


def test_without_damage_nothing_is_wrong() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("old", "new", "noticed"),
    [
        (b"kind: Pod\n", b"kind:  Pod\n", "bytes outside the edits changed"),
        (b"mountPath: ", b"mountPath:  ", "bytes outside the edits changed"),
    ],
)
def test_a_byte_off_the_edits(
    old: bytes, new: bytes, noticed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
        return REAL(data, edits).replace(old, new, 1)

    monkeypatch.setattr(fixer, "apply_edits", apply)
    assert any(noticed in what for what in problems())


def replaced(monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes) -> None:
    """Every edit writes something else."""
    real = fixer.compatible

    def changed(found: Iterable[Diagnostic]) -> list[Diagnostic]:
        chosen = []
        for one in real(found):
            assert one.fix is not None
            edits = tuple(
                Edit(edit.span, edit.replacement.replace(old, new)) for edit in one.fix.edits
            )
            fix = Fix(one.fix.title, one.fix.applicability, edits)
            chosen.append(
                Diagnostic(
                    one.code, one.name, one.severity, one.evidence, one.span, one.message, fix=fix
                )
            )
        return chosen

    monkeypatch.setattr(fixer, "compatible", changed)


@pytest.mark.parametrize(
    ("old", "new", "noticed"),
    [
        (b"volumeMounts:\n", b"volumeMounts:\r\n", "a carriage return in a file that has none"),
        (b"volumeMounts:\n", b"volumeMounts:  \n", "a new line ends in spaces"),
    ],
)
def test_an_edit_that_writes_something_else(
    old: bytes, new: bytes, noticed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced(monkeypatch, old, new)
    assert any(noticed in what for what in problems())


def test_a_fix_that_is_not_the_same_in_another_notation(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tried(POD, PLAIN, Mode.UNSAFE)
    crlf = next(one for one in VARIANTS if one.name == "CRLF")
    assert not list(compared(plain, tried(POD, crlf, Mode.UNSAFE)))
    replaced(monkeypatch, b"\r\n", b"\n")
    (told,) = compared(plain, tried(POD, crlf, Mode.UNSAFE))
    assert "the other way" in told


def test_fixes_that_never_end() -> None:
    files = MemoryFiles({"Dockerfile": b"FROM golang:1.24\nRUN go build .\n"})
    _, told = checked(files, registry(Growing), Options(), unsafe=True)
    assert told == ["the fixes call for one another without end"]


def test_a_second_run_that_changes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*arguments: Any, **options: Any) -> fixer.Outcome:
        outcome = fixer.fix(*arguments, **options)
        return replace(outcome, changes=outcome.changes[:1])

    monkeypatch.setattr(properties, "fix", forgetful)
    case = next(one for one in of_rules() if one.name == "COV101 4 invalid")
    assert any("a second --fix" in what for what in problems(case))


def test_a_fix_that_settles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, b"/coverdata", b"coverdata")
    assert any("was repaired" in what for what in problems())


def test_a_new_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, b"hostPath:", b"emptyDir:")
    assert any("is new after" in what for what in problems())


def test_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = REGISTRY.rule("COV302")

    def fails(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(rule, "check", fails)
    assert any("COV302 failed" in what for what in problems())


def test_a_diff_that_is_not_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    run = tried(POD, PLAIN, Mode.UNSAFE)
    assert not list(refused_by_git([run]))
    real = runs.unified_diff
    monkeypatch.setattr(
        runs, "unified_diff", lambda *change: real(*change).replace(b"+      vol", b"+      Vol")
    )
    (told,) = refused_by_git([run])
    assert "other bytes" in told
    monkeypatch.setattr(
        runs, "unified_diff", lambda *change: real(*change).replace(b"\n   ", b"\n    ")
    )
    (told,) = refused_by_git([run])
    assert "does not apply" in told


@pytest.mark.parametrize(
    ("before", "after", "noticed"),
    [
        (b"\xef\xbb\xbfa: 1\n", b"a: 2\n", "byte order mark"),
        (b"a: 1\r\n", b"a: 1\r\nb: 2\n", "LF where all end in CRLF"),
        (b"a: 1\n", b"a: 2", "line ending at its end"),
        (b"a: 1", b"a: 2\n", "line ending at its end"),
        (b"a: 1\nb: 2\n", b"a: 1\n\n", "empty line at its end"),
        (b"a: 1\n", b"a: 2 \n", "ends in spaces"),
        (b"a: 1  \n", b"a: 2  \n", None),
        (b"a: 1\r\nb: 2\n", b"a: 1\r\nb: 3\n", None),
    ],
)
def test_the_looks_of_a_file(before: bytes, after: bytes, noticed: str | None) -> None:
    told = list(form("a.yaml", before, after))
    assert (noticed is None and not told) or any(str(noticed) in what for what in told)


@pytest.mark.parametrize(
    ("before", "start", "end", "noticed"),
    [
        (b"a: 1\n# why\nb: 2\n", 5, 16, True),
        (b"a: 1\nb: 2 # why\n", 5, 16, False),  # the comment of a line that goes
        (b"a: 1\nb: 2 # why\n", 8, 15, True),
        (b"a: 1\nb: '#2'\n", 8, 12, False),
    ],
)
def test_comments_stay(before: bytes, start: int, end: int, noticed: bool) -> None:
    step = edited("a.yaml", before, [Edit(Span("a.yaml", start, end), b"")])
    assert bool(list(comments(step))) is noticed
