"""What holds for every run of ``--fix``: each function gives what is wrong, and nothing when all is well.

Nothing here runs covlint's fixer but :func:`checked`; what it did is read off the outcome.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from covlint.chain import Hop
from covlint.diagnostics import Applicability, Diagnostic
from covlint.engine import Inspection, Options, inspect
from covlint.files import Files, OverlayFiles
from covlint.fixer import Outcome, fix
from covlint.precedence import hop_of, silenced_by
from covlint.registry import Registry
from fixes.hunks import Step, edited
from fixes.structure import broken_scripts, difference

BOM = b"\xef\xbb\xbf"
#: What is told once another finding is repaired, and rightly so.
REVEALED = {
    # the volume that GOCOVERDIR leads to now was nobody's concern before
    ("COV501", "COV305"): "the mounted directory is one that goes with the pod",
    # an unsafe fix, and what it is unsafe for
    ("COV101", "COV118"): "the same Dockerfile makes the release",
}
_COMMENT = {
    ".go": re.compile(rb"//[^\r\n]*"),
    "": re.compile(rb"(?m)(?:^|(?<=[ \t]))#[^\r\n]*"),
}


def checked(
    files: Files,
    registry: Registry,
    options: Options,
    *,
    unsafe: bool,
    structure: bool = True,
    mixed: bool = False,
) -> tuple[Outcome, list[str]]:
    """Fixes, looks, and fixes again; ``structure`` False leaves out what needs other parsers.

    ``mixed``: more than one thing may be wrong with one service, see :func:`fresh`.
    """
    first = inspect(files, registry, options)
    outcome = fix(files, registry, options, unsafe=unsafe, first=first)
    found = list(problems(files, first, outcome, structure=structure, mixed=mixed))
    if outcome.changes:
        after = OverlayFiles(files, {change.path: change.after for change in outcome.changes})
        second = fix(after, registry, options, unsafe=unsafe)
        found += [f"{one.path}: a second --fix changes it again" for one in second.changes]
    return outcome, found


def problems(
    files: Files,
    first: Inspection,
    outcome: Outcome,
    *,
    structure: bool = True,
    mixed: bool = False,
) -> Iterator[str]:
    """All that is wrong with what came of one run of the fixer."""
    if not outcome.converged:
        yield "the fixes call for one another without end"
    for crash in (*first.report.crashes, *outcome.inspection.report.crashes):
        yield f"{crash.code} failed: {crash.error}"
    for skipped in outcome.skipped:
        if "no longer parse" in skipped.reason:
            yield f"{skipped.diagnostic.code}: {skipped.reason}"
    for change in outcome.changes:
        if change.before != files.read(change.path).data:
            yield f"{change.path}: the bytes before are not those of the file"
        told = (*_bytes(outcome, change.path), *form(change.path, change.before, change.after))
        yield from (f"{change.path}: {what}" for what in told)
    yield from _repeated(first, outcome)
    yield from fresh(first, outcome, mixed=mixed)
    if structure:
        kinds = {one.diagnostic.fix.applicability for one in outcome.applied if one.diagnostic.fix}
        unsafe = Applicability.UNSAFE in kinds
        for change in outcome.changes:
            for step in steps(outcome, change.path):
                what = difference(step, shared=unsafe)
                told = (*((what,) if what else ()), *broken_scripts(step))
                yield from (f"{change.path}: {one}" for one in told)


def _repeated(first: Inspection, outcome: Outcome) -> Iterator[str]:
    """What was repaired is repaired: no finding comes back for the same fix."""

    def named(found: Iterable[Diagnostic]) -> Counter[tuple[str, str, str]]:
        return Counter((one.code, one.span.path, one.message) for one in found)

    before = named(first.report.diagnostics)
    applied = [one.diagnostic for one in outcome.applied]
    for finding, times in named(applied).items():
        code, path, _ = finding
        # Another repair may bring the next hop of another workload in the same words.
        others = sum(one.code != code and one.span.path == path for one in applied)
        if times > before[finding] + others and before[finding]:
            yield f"{finding[1]}: {finding[0]} was repaired {times} times: {finding[2]}"


def steps(outcome: Outcome, path: str) -> list[Step]:
    """The rounds in which a file changed, from the edits and the bytes that each fix was made for."""
    made: list[Step] = []
    states: list[tuple[bytes, list[Diagnostic]]] = []
    for applied in outcome.applied:
        fix_ = applied.diagnostic.fix
        if fix_ is None or all(edit.span.path != path for edit in fix_.edits):
            continue
        data = applied.sources[path].data
        if not states or states[-1][0] != data:
            states.append((data, []))
        states[-1][1].append(applied.diagnostic)
    for data, diagnostics in states:
        edits = chain.from_iterable(one.fix.edits for one in diagnostics if one.fix)
        made.append(edited(path, data, [edit for edit in edits if edit.span.path == path]))
    return made


def _bytes(outcome: Outcome, path: str) -> Iterator[str]:
    """Each round changes what its edits name, whole characters, and nothing besides."""
    (change,) = (one for one in outcome.changes if one.path == path)
    state = change.before
    for step in steps(outcome, path):
        if step.before != state:
            yield "bytes outside the edits changed between two rounds"
        state = step.after
        for hunk in step.hunks:
            for place in (hunk.start, hunk.end):
                if step.before[place : place + 1] and 0x80 <= step.before[place] < 0xC0:
                    yield f"an edit parts the character at byte {place}"
                if step.before[max(place - 1, 0) : place + 1] == b"\r\n":
                    yield f"an edit parts the line ending at byte {place}"
        yield from comments(step)
    if state != change.after:
        yield "bytes outside the edits changed"


def form(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """The looks of a file are those that it had: marks, line endings, its end, its comments."""
    if before.startswith(BOM) != after.startswith(BOM):
        yield "the byte order mark came or went"
    if before.count(b"\n") == before.count(b"\r\n") and b"\n" in before:
        if after.count(b"\n") != after.count(b"\r\n"):
            yield "a line ends in LF where all end in CRLF"
    elif b"\r" not in before and b"\r" in after:
        yield "a carriage return in a file that has none"
    if before and before.endswith(b"\n") != after.endswith(b"\n"):
        yield "the line ending at its end came or went"
    if before.endswith((b"\n\n", b"\n\r\n")) < after.endswith((b"\n\n", b"\n\r\n")):
        yield "an empty line at its end came"
    old, new = before.splitlines(), after.splitlines()
    known = set(old)
    for line in new:
        if line not in known and line != line.rstrip() and not _spaced(line, old):
            yield f"a new line ends in spaces: {line!r}"


def comments(step: Step) -> Iterator[str]:
    """A comment goes only with the line that it stands at the end of, never one of its own."""
    pattern = _COMMENT.get(step.path[step.path.rfind(".") :], _COMMENT[""])
    missing = Counter(pattern.findall(step.before)) - Counter(pattern.findall(step.after))
    for found in pattern.finditer(step.before):
        if found[0] not in missing or found[0].rstrip() in step.after:
            continue
        line = step.before.rfind(b"\n", 0, found.start()) + 1
        first = (
            line
            + len(step.before[line : found.start()])
            - len(step.before[line : found.start()].lstrip())
        )
        own = not step.before[line : found.start()].strip()
        if own or not any(one.start <= first and found.end() <= one.end for one in step.hunks):
            yield f"a comment went: {found[0]!r}"


def _spaced(line: bytes, old: list[bytes]) -> bool:
    """Whether the spaces at the end of a new line are those of a line that it was made of."""
    spaces = line[len(line.rstrip()) :]
    return any(one.endswith(spaces) and one != one.rstrip() for one in old)


def fresh(first: Inspection, outcome: Outcome, *, mixed: bool) -> Iterator[str]:
    """Findings that were not there before, by rule and file: a fix must not make new ones.

    What a finding that is repaired now kept from being told (``precedence.py``) was there before. In
    a ``mixed`` project several things are broken in one chain, and what lies behind a break that is
    mended shows itself then.
    """
    before = {
        (one.code, one.span.path) for one in (*first.report.diagnostics, *first.report.accepted)
    }
    repaired = {one.diagnostic.code for one in outcome.applied}
    hidden = silenced_by(repaired)
    while (more := hidden | silenced_by(hidden)) != hidden:
        hidden = more
    start = min((_place(code) for code in repaired), default=0)
    for one in outcome.inspection.report.diagnostics:
        if (one.code, one.span.path) in before or one.code in hidden:
            continue
        if any((code, one.code) in REVEALED for code in repaired):
            continue
        if mixed and _place(one.code) >= start:
            continue
        yield f"{one.span.path}: {one.code} is new after {_names(outcome)}: {one.message}"


def _place(code: str) -> int:
    hop = hop_of(code)
    return -1 if hop is None else list(Hop).index(hop)


def _names(outcome: Outcome) -> str:
    return ", ".join(sorted({one.diagnostic.code for one in outcome.applied}))


def contents_after(files: Mapping[str, bytes], outcome: Outcome) -> dict[str, bytes]:
    return {**files, **{change.path: change.after for change in outcome.changes}}
