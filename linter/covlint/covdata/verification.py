"""A verification as reports show it: its verdict, the claims, and the chain with its break.

The runner's own types know engines, processes and folders; a report needs their words only.
"""

from __future__ import annotations

from enum import Enum

from covlint.covdata.summary import FailedClaim, Verified
from covlint.frozen import dataclass


class State(Enum):
    """What is known of a hop of the chain."""

    HOLDS = "holds"  # the files say so, and nothing that was run contradicts it
    BROKEN = "broken"
    UNSEEN = "cannot be seen"
    UNPROVEN = "not proven by this engine"


@dataclass(frozen=True, slots=True)
class HopState:
    """``detail`` says what the hop is set to, or what is wrong; ``place`` is ``path:line``."""

    name: str
    state: State
    detail: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """``verdict`` is passed, failed or unknown; one that is not ``required`` decides nothing."""

    claim: str
    verdict: str
    evidence: str
    required: bool = True
    symptom: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it failed: the rule that predicts it, if any, and the ``path:line`` to look at."""

    message: str
    code: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """``seconds`` is how long it took; ``detail`` the command or what came of it."""

    name: str
    detail: str
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Verification:
    target: str
    engine: str
    toolchain: str
    verdict: str
    claims: tuple[Claim, ...] = ()
    hops: tuple[HopState, ...] = ()
    reasons: tuple[Reason, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    @property
    def broken(self) -> HopState | None:
        """The first hop that is known to be broken."""
        return next((hop for hop in self.hops if hop.state is State.BROKEN), None)

    @property
    def summed_up(self) -> Verified:
        """What a run's summary keeps of it."""
        return Verified(
            self.target,
            self.engine,
            self.verdict,
            tuple(
                FailedClaim(claim.claim, claim.evidence, claim.symptom)
                for claim in self.claims
                if claim.required and claim.verdict == "failed"
            ),
            None if self.broken is None else self.broken.name,
            tuple(dict.fromkeys(reason.code for reason in self.reasons if reason.code)),
        )
