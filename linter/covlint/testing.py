"""The cases that rules carry, as tests: for the built-in rules and for those of other packs.

    @pytest.mark.parametrize("case", cases(MyRule), ids=case_id)
    def test_my_rule(case):
        run_case(MyRule, case)

``«`` and ``»`` mark where a diagnostic must be; they are no part of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from covlint.diagnostics import Applicability, Diagnostic
from covlint.engine import Options, inspect
from covlint.files import Files, MemoryFiles
from covlint.fixer import fix
from covlint.registry import Entry, Registry
from covlint.rule import Invalid, Rule, Valid, subject_of
from covlint.selection import Selection
from covlint.source import Span

__all__ = [
    "Case",
    "MarkError",
    "alone",
    "case_id",
    "cases",
    "entry_of",
    "run_case",
    "subject_of",
    "unmarked",
]

Case = Valid | Invalid
_OPEN, _CLOSE = "«".encode(), "»".encode()


class MarkError(ValueError):
    """A case whose ``«…»`` do not pair."""


def cases(rule: type[Rule[Any]]) -> list[Case]:
    """The cases of a rule: first those on which it is silent."""
    return [*rule.VALID, *rule.INVALID]


def case_id(case: Case) -> str:
    """A name for a case that says what is expected of the rule."""
    if isinstance(case, Valid):
        return f"valid-{case.why.replace(' ', '-')[:60]}" if case.why else "valid"
    return f"invalid-{case.message.replace(' ', '-')[:60]}" if case.message else "invalid"


def run_case(rule: type[Rule[Any]], case: Case, settings: Mapping[str, str] | None = None) -> None:
    """Checks one case; raises AssertionError with what was expected and what was found."""
    contents, expected = unmarked(case.files)
    files = MemoryFiles(contents)
    registry = alone(rule)
    found = _diagnostics(files, registry, rule, settings)
    if isinstance(case, Valid):
        assert not expected, "a valid case has no marks"
        assert not found, _told(files, found, "nothing is to be found here")
        return
    spans = sorted({diagnostic.span for diagnostic in found})
    assert spans == expected, _spans(files, expected, spans) + _told(files, found, "")
    for diagnostic in found:
        assert case.message in diagnostic.message, (
            f"the message {diagnostic.message!r} does not contain {case.message!r}"
        )
        severity = case.severity or rule.severity
        assert diagnostic.severity is severity, f"{diagnostic.severity} instead of {severity}"
        if case.safe is not None:
            assert diagnostic.fix is not None, "a fix is expected"
            safe = diagnostic.fix.applicability is Applicability.SAFE
            assert safe is case.safe, f"the fix is {diagnostic.fix.applicability.value}"
    _run_fix(rule, registry, files, contents, case, settings)


def unmarked(files: str | Mapping[str, str]) -> tuple[dict[str, bytes], list[Span]]:
    """The bytes of the files without marks, and the marked spans. Raises MarkError."""
    listed = {"Dockerfile": files} if isinstance(files, str) else files
    contents: dict[str, bytes] = {}
    spans: list[Span] = []
    for path, text in listed.items():
        contents[path], found = _without_marks(path, text.encode())
        spans += found
    return contents, sorted(spans)


def alone(rule: type[Rule[Any]]) -> Registry:
    """A registry that holds this rule and no other."""
    return Registry([entry_of(rule)])


def entry_of(rule: type[Rule[Any]]) -> Entry:
    """The row of a RULES table that leads to this rule."""
    return Entry(rule.code, rule.__module__, rule.__name__, subject_of(rule))


def _without_marks(path: str, data: bytes) -> tuple[bytes, list[Span]]:
    out = bytearray()
    opened: list[int] = []
    spans = []
    position = 0
    while position < len(data):
        if data.startswith(_OPEN, position):
            opened.append(len(out))
            position += len(_OPEN)
        elif data.startswith(_CLOSE, position):
            if not opened:
                raise MarkError(f"{path}: » without «")
            spans.append(Span(path, opened.pop(), len(out)))
            position += len(_CLOSE)
        else:
            out.append(data[position])
            position += 1
    if opened:
        raise MarkError(f"{path}: « without »")
    return bytes(out), spans


def _diagnostics(
    files: Files, registry: Registry, rule: type[Rule[Any]], settings: Mapping[str, str] | None
) -> list[Diagnostic]:
    report = inspect(files, registry, _options(rule, settings)).report
    assert not report.crashes, f"the rule failed: {report.crashes[0].error}"
    return list(report.diagnostics)


def _options(rule: type[Rule[Any]], settings: Mapping[str, str] | None) -> Options:
    return Options(selection=Selection(select=(rule.code,)), settings=settings or {})


def _run_fix(
    rule: type[Rule[Any]],
    registry: Registry,
    files: Files,
    contents: Mapping[str, bytes],
    case: Invalid,
    settings: Mapping[str, str] | None,
) -> None:
    options = _options(rule, settings)
    outcome = fix(files, registry, options, unsafe=True)
    changed = {change.path: change.after for change in outcome.changes}
    assert outcome.converged, "the fixes do not converge"
    expected: dict[str, bytes] = {}
    if case.fixed is not None:
        fixed = {"Dockerfile": case.fixed} if isinstance(case.fixed, str) else case.fixed
        expected = {path: text.encode() for path, text in fixed.items()}
    for path in sorted({*changed, *expected}):
        got = changed.get(path, contents.get(path))
        want = expected.get(path, contents.get(path))
        assert got == want, f"{path} after the fix:\n{_text(got)}\ninstead of:\n{_text(want)}"
    again = fix(MemoryFiles({**contents, **changed}), registry, options, unsafe=True)
    assert not again.changes, f"a second --fix changes {again.changes[0].path} again"


def _spans(files: Files, expected: list[Span], found: list[Span]) -> str:
    missing = [_quoted(files, span) for span in expected if span not in found]
    extra = [_quoted(files, span) for span in found if span not in expected]
    return f"not found: {missing or 'nothing'}; found instead: {extra or 'nothing'}"


def _quoted(files: Files, span: Span) -> str:
    source = files.read(span.path)
    start = source.position(span.start)
    text = source.slice(span).decode("utf-8", "replace")
    return f"{span.path}:{start.line}:{start.column} {text!r}"


def _told(files: Files, found: list[Diagnostic], what: str) -> str:
    said = [f"{_quoted(files, item.span)}: {item.message}" for item in found]
    return "\n".join([what, *said])


def _text(data: bytes | None) -> str:
    return "(no such file)" if data is None else data.decode("utf-8", "backslashreplace")
