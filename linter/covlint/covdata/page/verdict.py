"""The part of the page that says whether the numbers can be believed: chain, claims, causes."""

from __future__ import annotations

from collections.abc import Iterator

from covlint.covdata.page.markup import line
from covlint.covdata.verification import HopState, State, Verification

_MARKS = {"passed": "✓", "failed": "✗", "unknown": "?"}
_HOPS = {
    State.HOLDS: ("✓", "ok"),
    State.BROKEN: ("✗", "broken"),
    State.UNSEEN: ("?", "unseen"),
    State.UNPROVEN: ("·", "unproven"),
}
_SAID = {
    "passed": "The coverage of the run arrived whole.",
    "failed": "The coverage of the run did not arrive whole: its numbers cannot be trusted.",
    "unknown": "It could not be decided whether the coverage of the run arrived whole.",
}


def section(verification: Verification) -> Iterator[str]:
    verdict = verification.verdict
    yield f'<section id="verification" class="card {verdict}" aria-label="Verification">'
    yield (
        f'<h2><span class="mark">{_MARKS[verdict]}</span> {line(verification.target)}: '
        f"{verdict}</h2>"
    )
    yield f'<p class="lead">{_SAID[verdict]}</p>'
    if verification.hops:
        yield '<ol class="chain" aria-label="The way of a counter to the report">'
        for hop in verification.hops:
            yield _hop(hop)
        yield "</ol>"
        yield from _legend(verification)
    if verification.reasons:
        yield '<h3>Why</h3><ul class="why">'
        for reason in verification.reasons:
            code = f"<code>{line(reason.code)}</code> " if reason.code else ""
            place = f"<code>{line(reason.place)}</code> " if reason.place else ""
            yield f"<li>{code}{place}{line(reason.message)}</li>"
        yield "</ul>"
    yield from _claims(verification)
    yield from _steps(verification)
    yield "</section>"


def _hop(hop: HopState) -> str:
    mark, name = _HOPS[hop.state]
    said = ": ".join(filter(None, [hop.state.value, hop.detail]))
    place = f" ({hop.place})" if hop.place else ""
    broken = f"<small>{line(hop.detail)}</small>" if hop.state is State.BROKEN else ""
    return (
        f'<li class="{name}" title="{line(said + place)}"><b>{mark}</b> {line(hop.name)}'
        f"{broken}</li>"
    )


def _legend(verification: Verification) -> Iterator[str]:
    """What the marks mean that do not speak for themselves."""
    states = {hop.state for hop in verification.hops}
    told = [
        f"{_HOPS[state][0]} {words}"
        for state, words in (
            (State.UNPROVEN, f"not proven by the {line(verification.engine)} engine"),
            (State.UNSEEN, "cannot be seen in the files"),
        )
        if state in states
    ]
    if told:
        yield f'<p class="hint">{" &nbsp; ".join(told)}</p>'


def _claims(verification: Verification) -> Iterator[str]:
    """All of them; folded where the verdict is good and nobody asks."""
    held = sum(claim.verdict == "passed" for claim in verification.claims)
    folded = "" if verification.verdict == "passed" else " open"
    yield f"<details{folded}><summary>{held} of {len(verification.claims)} claims hold</summary>"
    yield '<ul class="claims">'
    for claim in verification.claims:
        aside = "" if claim.required else " <em>(not required)</em>"
        yield (
            f'<li class="{line(claim.verdict)}"><b>{_MARKS.get(claim.verdict, "?")}</b> '
            f"<span>{line(claim.claim)}{aside}</span> <span>{line(claim.evidence)}</span></li>"
        )
    yield "</ul></details>"


def _steps(verification: Verification) -> Iterator[str]:
    seconds = f"{verification.seconds:.1f} s"
    yield (
        f"<details><summary>{len(verification.steps)} steps in {seconds}, "
        f"{line(verification.engine)} engine, {line(verification.toolchain)}</summary>"
    )
    yield '<ul class="claims steps">'
    for step in verification.steps:
        name, mark = ("failed", "✗") if step.failed else ("passed", "✓")
        yield (
            f'<li class="{name}"><b>{mark}</b> <span>{line(step.name)} '
            f"<em>{step.seconds:.1f} s</em></span> <code>{line(step.detail)}</code></li>"
        )
    for note in verification.notes:
        yield f'<li class="unknown"><b>i</b> <span>note</span> <span>{line(note)}</span></li>'
    unproven = [hop for hop in verification.hops if hop.state is State.UNPROVEN]
    for hop in unproven:
        yield (
            f'<li class="unknown"><b>·</b> <span>not proven: {line(hop.name)}</span> '
            f"<span>{line(hop.detail)}</span></li>"
        )
    yield "</ul></details>"
