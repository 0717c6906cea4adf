"""Fixes, applied to the original bytes in rounds until nothing is left to fix.

Nothing is written here: the outcome holds the new bytes of each file, so that
``--diff`` shows what ``--fix`` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from covlint.diagnostics import Applicability, Diagnostic, Edit, Fix
from covlint.engine import Inspection, Options, inspect
from covlint.files import Files, OverlayFiles
from covlint.frozen import dataclass
from covlint.registry import Registry
from covlint.source import SourceFile

#: Rounds after which fixes that call for one another are given up.
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Applied:
    """A diagnostic that was repaired, and the files as they were when it was found."""

    diagnostic: Diagnostic
    sources: Mapping[str, SourceFile]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A diagnostic whose fix was not applied, and why."""

    diagnostic: Diagnostic
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """The bytes of one file before the first round and after the last; ``created``: there
    is no such file before."""

    path: str
    before: bytes
    after: bytes
    created: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """``inspection`` is what the files say after the fixes; ``converged`` is False when fixes
    were left out that had been called for without end."""

    inspection: Inspection
    applied: tuple[Applied, ...]
    skipped: tuple[Skipped, ...]
    changes: tuple[Change, ...]
    rounds: int
    converged: bool


@dataclass(frozen=True, slots=True)
class _Round:
    applied: tuple[Diagnostic, ...]
    contents: Mapping[str, bytes]


def fix(
    files: Files,
    registry: Registry,
    options: Options,
    *,
    unsafe: bool = False,
    first: Inspection | None = None,
) -> Outcome:
    """Applies every fix that may be applied, round by round; ``first`` saves the first look.

    Fixes that overlap an earlier one wait for the next round, in which the file
    is inspected anew. A fix after which a file no longer parses is dropped whole.
    Fixes that undo one another (two containers, two mounts, one shared value), and those that
    are called for in each round, are all dropped, and the rounds begin again without them: a
    second run changes nothing then.
    """
    first = first or inspect(files, registry, options)
    dropped: dict[tuple[str, str, str], str] = {}
    converged = True
    for _ in range(ROUNDS):
        outcome, again = _rounds(files, registry, options, first, dropped, unsafe=unsafe)
        if not again:
            break
        reason = "its fix and another one undo each other"
        if not outcome.converged:
            reason = f"its fix was still called for after {ROUNDS} rounds"
            converged = False
        dropped |= dict.fromkeys(again, reason)
    return replace(outcome, converged=outcome.converged and converged)


def _rounds(
    files: Files,
    registry: Registry,
    options: Options,
    first: Inspection,
    dropped: dict[tuple[str, str, str], str],
    *,
    unsafe: bool,
) -> tuple[Outcome, set[tuple[str, str, str]]]:
    """The outcome of the rounds, and what has to be left out: what was applied between two
    states that are the same, or what a round too many would have applied again."""
    current: dict[str, bytes] = {}
    applied: list[Applied] = []
    former: list[tuple[dict[str, bytes], int]] = [({}, 0)]  # and how many were applied until then
    again: set[tuple[str, str, str]] = set()
    inspection = first
    rounds = 0
    converged = True
    while True:
        candidates = [
            diagnostic
            for diagnostic in inspection.report.diagnostics
            if applicable(diagnostic.fix, unsafe=unsafe)
            and refusal(diagnostic, options.reported) is None
            and _identity(diagnostic) not in dropped
        ]
        result = _one_round(inspection, candidates, dropped)
        if not result.contents:
            break
        if rounds == ROUNDS:
            again = {_identity(one) for one in result.applied}
            converged = False
            break
        rounds += 1
        applied += [
            Applied(diagnostic, _sources(inspection, diagnostic)) for diagnostic in result.applied
        ]
        current.update(result.contents)
        state = {path: data for path, data in current.items() if data != files.read(path).data}
        begin = next((count for known, count in former if known == state), None)
        if begin is not None:
            again = {_identity(one.diagnostic) for one in applied[begin:]}
            break
        former.append((state, len(applied)))
        inspection = inspect(OverlayFiles(files, current), registry, options)
    changes = []
    for path in sorted(current):
        before = files.read(path).data
        if before != current[path]:
            changes.append(Change(path, before, current[path]))
    skipped = _skipped(inspection, options, unsafe=unsafe, dropped=dropped)
    outcome = Outcome(
        inspection, tuple(applied), tuple(skipped), tuple(changes), rounds, converged=converged
    )
    return outcome, again


def applicable(fix: Fix | None, *, unsafe: bool) -> bool:
    """Whether a fix has edits that may be written."""
    if fix is None or not fix.edits:
        return False
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    return fix.applicability in allowed


def refusal(diagnostic: Diagnostic, reported: frozenset[str] | None) -> str | None:
    """Why a fix may not be written although it is safe: it changes a file that was not named."""
    if reported is None or diagnostic.fix is None:
        return None
    others = sorted({edit.span.path for edit in diagnostic.fix.edits} - reported)
    if not others:
        return None
    return f"it also changes {', '.join(others)}, which is not among the given paths"


def compatible(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics whose fixes can be applied together; the first by position wins.

    A fix whose edits are all there already needs no edit of its own: several
    diagnostics of one gap ask for the same change.
    """
    chosen: list[Diagnostic] = []
    taken: dict[str, list[Edit]] = {}
    for diagnostic in sorted(diagnostics, key=_position):
        assert diagnostic.fix is not None
        edits = diagnostic.fix.edits
        present = [edit for edit in edits if edit in taken.get(edit.span.path, ())]
        if len(present) != len(edits):
            own = _without_repeats(edits)
            clash = any(
                _overlap(edit, other) for edit in own for other in taken.get(edit.span.path, ())
            )
            if clash or any(
                _overlap(edit, other) for i, edit in enumerate(own) for other in own[:i]
            ):
                continue
            for edit in own:
                taken.setdefault(edit.span.path, []).append(edit)
        chosen.append(diagnostic)
    return chosen


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with the edits applied; the edits do not overlap, equal ones count once."""
    pieces = []
    position = 0
    for edit in sorted(set(edits), key=lambda edit: (edit.span.start, edit.span.end)):
        pieces += [data[position : edit.span.start], edit.replacement]
        position = edit.span.end
    pieces.append(data[position:])
    return b"".join(pieces)


def _one_round(
    inspection: Inspection,
    candidates: Sequence[Diagnostic],
    dropped: dict[tuple[str, str, str], str],
) -> _Round:
    """Applies what fits together; leaves out, and records, what would break a file."""
    chosen = compatible(candidates)
    while chosen:
        contents = _contents(inspection, chosen)
        broken = {
            path: error
            for path, data in contents.items()
            if (error := _damage(inspection, path, data)) is not None
        }
        if not broken:
            return _Round(tuple(chosen), contents)
        # One by one, to find the fix to blame; when each is fine alone, all of the file's wait.
        culprits = [
            diagnostic
            for diagnostic in chosen
            if any(
                _damage(inspection, path, data) is not None
                for path, data in _contents(inspection, [diagnostic]).items()
            )
        ] or [
            diagnostic
            for diagnostic in chosen
            if diagnostic.fix is not None
            and any(edit.span.path in broken for edit in diagnostic.fix.edits)
        ]
        for diagnostic in culprits:
            path, error = next(iter(broken.items()))
            dropped[_identity(diagnostic)] = f"{path} would no longer parse: {error}"
        chosen = [diagnostic for diagnostic in chosen if diagnostic not in culprits]
    return _Round((), {})


def _contents(inspection: Inspection, chosen: Iterable[Diagnostic]) -> dict[str, bytes]:
    edits: dict[str, list[Edit]] = {}
    for diagnostic in chosen:
        assert diagnostic.fix is not None
        for edit in diagnostic.fix.edits:
            edits.setdefault(edit.span.path, []).append(edit)
    contents = {}
    for path, asked in sorted(edits.items()):
        before = inspection.project.source(path).data
        after = apply_edits(before, asked)
        if after != before:
            contents[path] = after
    return contents


def _damage(inspection: Inspection, path: str, data: bytes) -> str | None:
    """Why the new bytes do not parse; None when they do, or when the old ones did not either."""
    error = inspection.project.parse_error(SourceFile(path, data))
    if error is None:
        return None
    former = inspection.project.parse_error(inspection.project.source(path))
    return None if former is not None else error


def _skipped(
    inspection: Inspection,
    options: Options,
    *,
    unsafe: bool,
    dropped: Mapping[tuple[str, str, str], str],
) -> Iterable[Skipped]:
    for diagnostic in inspection.report.diagnostics:
        reason = dropped.get(_identity(diagnostic))
        if reason is None and applicable(diagnostic.fix, unsafe=unsafe):
            reason = refusal(diagnostic, options.reported)
            reason = reason or "its edits overlap, or change nothing"
        if reason is not None:
            yield Skipped(diagnostic, reason)


def _sources(inspection: Inspection, diagnostic: Diagnostic) -> dict[str, SourceFile]:
    paths = {diagnostic.span.path, *(related.span.path for related in diagnostic.related)}
    if diagnostic.fix is not None:
        paths |= {edit.span.path for edit in diagnostic.fix.edits}
    return {path: inspection.project.source(path) for path in sorted(paths)}


def _identity(diagnostic: Diagnostic) -> tuple[str, str, str]:
    """What stays the same when lines move."""
    return (diagnostic.code, diagnostic.span.path, diagnostic.message)


def _position(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    assert diagnostic.fix is not None
    first = min(edit.span for edit in diagnostic.fix.edits)
    return (first.path, first.start, first.end, diagnostic.code)


def _without_repeats(edits: Sequence[Edit]) -> list[Edit]:
    return list(dict.fromkeys(edits))


def _overlap(one: Edit, other: Edit) -> bool:
    """Insertions at one place overlap as well: their order would be anybody's guess."""
    first, second = sorted((one.span, other.span))
    if first.path != second.path:
        return False
    if first.start == second.start:
        return True
    return second.start < first.end
