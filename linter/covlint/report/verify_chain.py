"""A verdict in the words of reports: the chain with the hop that broke, claims, causes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from covlint.chain import Certainty, Chain, Hop
from covlint.covdata.verification import (
    Claim,
    HopState,
    Reason,
    State,
    Step,
    Verification,
)
from covlint.precedence import hop_of
from covlint.runner.diagnosis.symptoms import MEANINGS
from covlint.runner.verdict import Cause, Outcome, Verdict
from covlint.source import Span

#: The place of a span, as path and 1-based line.
Locate = Callable[[Span], "tuple[str, int] | None"]


def verification_of(
    verdict: Verdict, chain: Chain | None = None, locate: Locate = lambda _: None
) -> Verification:
    """``chain`` is the target's, where the repository shows one."""
    return Verification(
        verdict.target,
        verdict.engine,
        verdict.toolchain,
        verdict.outcome.value,
        tuple(
            Claim(
                claim.claim,
                claim.outcome.value,
                claim.evidence,
                claim.required,
                None if claim.symptom is None else claim.symptom.value,
            )
            for claim in verdict.validations
        ),
        tuple(_hops(verdict, chain, locate)),
        tuple(Reason(cause.message, cause.code, _place(cause)) for cause in verdict.causes),
        tuple(
            Step(
                step.name,
                step.detail or step.command,
                step.seconds,
                step.failed or step.exit not in (None, 0),
            )
            for step in verdict.steps
        ),
        verdict.notes,
    )


def _hops(verdict: Verdict, chain: Chain | None, locate: Locate) -> Iterable[HopState]:
    """The hops that are known of, in the order of the chain.

    What a run shows weighs more than what files say: a hop is broken where the run failed
    and a cause lies there, and a gap in the files breaks nothing in a run that passed.
    """
    found: dict[Hop, HopState] = {}
    for link in chain.links if chain is not None else ():
        state = State.UNSEEN if link.certainty is Certainty.UNKNOWN else State.HOLDS
        place = locate(link.span) if link.span is not None else None
        where = f"{place[0]}:{place[1]}" if place is not None else ""
        found[link.hop] = HopState(link.hop.value, state, link.label, where)
    for hop in verdict.unproven:
        found[hop.hop] = HopState(hop.hop.value, State.UNPROVEN, hop.reason)
    if verdict.outcome is not Outcome.PASSED:
        # Of several causes the first one explains the others.
        for cause in verdict.causes[:1]:
            where_broken = _hop(cause)
            if where_broken is not None:
                name = where_broken.value
                found[where_broken] = HopState(name, State.BROKEN, cause.message, _place(cause))
    order = list(Hop)
    return [state for _, state in sorted(found.items(), key=lambda item: order.index(item[0]))]


def _hop(cause: Cause) -> Hop | None:
    of_code = hop_of(cause.code) if cause.code is not None else None
    if of_code is not None or cause.symptom is None:
        return of_code
    meaning = MEANINGS.get(cause.symptom)
    return None if meaning is None else meaning.hop


def _place(cause: Cause) -> str:
    if cause.path is None:
        return ""
    path = cause.path.replace(os.sep, "/")
    return path if cause.line is None else f"{path}:{cause.line}"
