"""What a verification says: steps taken, claims decided, causes named."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.evidence.profile import Profile
from covlint.runner.evidence.results import Results
from covlint.wiring import Hop


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step as it happened; ``exit`` is None for steps that are no command.

    ``failed`` is for those: a command has failed when its exit code is not 0.
    """

    name: str
    command: str
    seconds: float
    exit: int | None
    detail: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Validation:
    """A claim about the data, decided from ``evidence``.

    A claim that is not ``required`` is shown and does not change the verdict.
    """

    claim: str
    outcome: Outcome
    evidence: str
    symptom: Symptom | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Unproven:
    """A hop that this engine did not exercise as a cluster would, and why."""

    hop: Hop
    reason: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a verification failed. ``code`` is the rule that predicts it, None when
    there is none; ``path`` and ``line`` (1-based) where it is written, if known."""

    code: str | None
    path: str | None
    line: int | None
    message: str
    symptom: Symptom | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    target: str
    engine: str
    outcome: Outcome
    steps: tuple[StepResult, ...]
    profile: Profile | None
    validations: tuple[Validation, ...]
    unproven: tuple[Unproven, ...]
    causes: tuple[Cause, ...]
    artifacts: tuple[tuple[str, Path], ...]
    toolchain: str
    notes: tuple[str, ...] = ()
    tests: Results | None = None


def decide(validations: tuple[Validation, ...]) -> Outcome:
    """FAILED when a required claim failed, UNKNOWN when one could not be decided."""
    required = [validation.outcome for validation in validations if validation.required]
    if Outcome.FAILED in required:
        return Outcome.FAILED
    return Outcome.UNKNOWN if not required or Outcome.UNKNOWN in required else Outcome.PASSED
