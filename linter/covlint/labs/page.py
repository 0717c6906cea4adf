"""``docs/evidence.md``, rendered from what the runs showed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from covlint.labs.evidence import Evidence, Row, Seen
from covlint.labs.lab import Lab
from covlint.rule import Rule

_HEAD = """\
# Evidence: what each rule rests on

Every row is a real run: the files of `fixtures/labs/<code>` as they are (before), after the
repair, and their healthy twin. *complete* means that every claim of `covlint verify` held and
that the profile has what the twin's has; the word behind *lost* or *degraded* is the symptom
that was seen. Below a rule stands what the build, the service or the Go tools wrote about
coverage, with run folders, process ids and hashes left out. This page is made by
`covlint lab --write`; nothing in it is typed by hand.
"""


def render(evidence: Evidence, labs: Iterable[Lab], rules: Iterable[type[Rule[object]]]) -> str:
    """The page; rules without a lab are listed with what they rest on instead."""
    return "\n".join(_page(evidence, {lab.code: lab for lab in labs}, list(rules))) + "\n"


def _page(
    evidence: Evidence, labs: dict[str, Lab], rules: list[type[Rule[object]]]
) -> Iterator[str]:
    yield _HEAD
    machine = "; ".join(f"{name} {what}" for name, what in evidence.machine.items())
    yield f"Last run {evidence.date} on {machine}."
    versions = sorted({row.go for row in evidence.rows}, key=_number)
    yield f"Go {', '.join(versions)}."
    yield ""
    yield "| rule | Go | before | after | repair |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        for versions_of, row in _grouped(evidence.of(rule.code), lines=False):
            yield (
                f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {versions_of} "
                f"| {_state(row.before)} | {_state(row.after)} | {row.remedy} |"
            )
    missing = [rule for rule in rules if not evidence.of(rule.code)]
    if missing:
        yield from ("", "## Without a run", "")
        for rule in missing:
            yield f"- {rule.code} {rule.name}: {rule.evidence.value}. {rule.source}"
    for rule in rules:
        yield from _section(rule, labs.get(rule.code), evidence.of(rule.code))


def _section(rule: type[Rule[object]], lab: Lab | None, rows: tuple[Row, ...]) -> Iterator[str]:
    if lab is None or not rows:
        return
    yield from ("", f"## {rule.code} {rule.name}", "", lab.shows, "")
    yield f"Rule: {rule.severity.value}, {rule.evidence.value}. Engine: {lab.engine.value}."
    for versions, row in _grouped(rows):
        yield from ("", f"Go {versions}: {_state(row.before)}")
        if row.before.lines:
            yield from ("", "```text", *row.before.lines, "```")
        elif row.before.state != "complete":
            yield from ("", "Nothing is written about it.")
        for disagreement in row.disagreements:
            yield from ("", f"**Disagreement:** {disagreement}.")


def table_of(evidence: Evidence, code: str) -> tuple[str, ...]:
    """What the runs of one lab showed, for the rule's own page; empty without a run."""
    rows = evidence.of(code)
    if not rows:
        return ()
    lines = [
        (
            f"The lab `fixtures/labs/{code}`, run on {evidence.date}; "
            f"`covlint lab {code}` runs it again:"
        ),
        "",
        "| Go | as it is | after the repair | repair |",
        "|---|---|---|---|",
    ]
    for versions, row in _grouped(rows, lines=False):
        lines.append(f"| {versions} | {_state(row.before)} | {_state(row.after)} | {row.remedy} |")
    for versions, row in _grouped(rows):
        if row.before.lines:
            lines += ["", f"Go {versions} writes:", "", "```text", *row.before.lines, "```"]
    return tuple(lines)


def _grouped(rows: Iterable[Row], *, lines: bool = True) -> Iterator[tuple[str, Row]]:
    """Versions on which the same was seen share a row; ``lines``: the same was written, too."""
    groups: dict[object, list[Row]] = {}
    for row in rows:
        written = (row.before.lines, row.after.lines) if lines else ()
        key = (_state(row.before), _state(row.after), written, row.remedy, row.disagreements)
        groups.setdefault(key, []).append(row)
    for members in groups.values():
        yield ", ".join(row.go for row in members), members[0]


def _state(seen: Seen) -> str:
    symptom = f": {seen.symptoms[0]}" if seen.symptoms and seen.state != "complete" else ""
    return f"{seen.state}{symptom}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
