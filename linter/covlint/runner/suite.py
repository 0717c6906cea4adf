"""The suite engine: the user's own command owns cluster and collection; covlint judges the data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Completed, Processes, last_words
from covlint.runner.diagnosis.diagnose import Observation
from covlint.runner.diagnosis.symptoms import Ending
from covlint.runner.evidence.folder import read_folder
from covlint.runner.evidence.validate import exercise_claim
from covlint.runner.steps import Progress, Ran
from covlint.runner.target import Target, TargetError
from covlint.runner.verdict import StepResult


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """``data`` is the folder that the suite leaves; ``log`` where its output goes."""

    target: Target
    command: Command
    data: Path
    log: Path


def plan_suite(target: Target, root: Path, environ: Mapping[str, str], log: Path) -> SuitePlan:
    """Plan a run of the user's suite. Raises TargetError."""
    if target.run is None or target.data is None:
        raise TargetError(f"targets.{target.name}: the suite engine needs `run:` and `data:`")
    command = Command(
        ("sh", "-c", target.run),
        root,
        {**environ, **dict(target.env)},
        "suite",
        timeout=target.timeout,
        log=log,
    )
    return SuitePlan(target, command, root / target.data, log)


def run_suite(plan: SuitePlan, processes: Processes, progress: Progress) -> Ran:
    """Run the suite and look at what it left, also when it failed."""
    ran = Ran(data=plan.data)
    assert plan.target.run is not None
    progress.begin("suite", plan.target.run)
    begin = time.monotonic()
    code: int | None = None
    log = ""
    try:
        outcome: Completed | str = processes.run(plan.command)
    except CannotStart as error:
        outcome = str(error)
    if isinstance(outcome, str):
        evidence = outcome
    else:
        code, log = outcome.code, outcome.output
        evidence = f"exit code {code}"
        if outcome.timed_out:
            evidence = f"not done after {plan.target.timeout:g} seconds"
        elif code != 0:
            evidence += last_words(log)
    result = StepResult("suite", plan.target.run, time.monotonic() - begin, code)
    ran.steps.append(result)
    progress.end(result)
    passed = not isinstance(outcome, str) and code == 0 and not outcome.timed_out
    ran.claims.append(exercise_claim(passed, evidence, plan.target.require_exercise))
    ran.observation = Observation(read_folder(plan.data), log, Ending.UNKNOWN)
    return ran
