"""One verification from target to verdict: plan, run, validate, diagnose, keep the results."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from covlint.diagnostics import Symptom
from covlint.runner.cleanup import Cleaner
from covlint.runner.command import Processes, last_words
from covlint.runner.diagnosis.crash import crash_site
from covlint.runner.diagnosis.diagnose import Observation, diagnose, signs_of
from covlint.runner.diagnosis.symptoms import Sign
from covlint.runner.evidence.build_claims import log_claims
from covlint.runner.evidence.profile import Profile, read_profile
from covlint.runner.evidence.results import Results, read_results, results_in_output
from covlint.runner.evidence.validate import (
    EXERCISE,
    TESTS_RAN,
    Expectations,
    results_claims,
    validate,
)
from covlint.runner.ledger import MARK, new_run, open_ledger
from covlint.runner.running import Found, Surrounding, run_engine
from covlint.runner.steps import ENDS_ALONE, Progress, Ran, read_text
from covlint.runner.target import Target
from covlint.runner.verdict import (
    Cause,
    Outcome,
    StepResult,
    Validation,
    Verdict,
    decide,
)

__all__ = ["Surrounding", "verify"]

_CONSEQUENCES = frozenset({Symptom.NO_META, Symptom.MISSING_DIRECTORY})
_OF_MAIN = frozenset({Symptom.META_ONLY, Symptom.KILLED, Symptom.CRASHED})


def verify(
    target: Target, around: Surrounding, processes: Processes, progress: Progress
) -> Verdict:
    """Run one target. Raises TargetError, NoToolchain and NoRuntime before anything is started."""
    started = time.time()
    ledger = open_ledger(new_run())
    processes.mark = {MARK: ledger.run}
    try:
        ran, found = run_engine(target, around, ledger, processes, progress)
        progress.begin("report", "read the data")
        begin = time.monotonic()
        profile = read_profile(ran.data or around.out / "data", found.sources, around.out)
        report = StepResult(
            "report",
            "read the data",
            time.monotonic() - begin,
            None,
            failed=not profile.packages,
        )
        ran.steps.append(report)
        verdict = _judge(target, around, ran, profile, found, started)
        # Told before what was created is removed: a cluster takes seconds to go.
        progress.end(replace(report, detail=f"{verdict.outcome.value}{_share(profile)}"))
        return verdict
    finally:
        with processes.cleaning():
            processes.end_all()
            if not around.keep:
                Cleaner(processes, around.environ).finish(ledger)
            processes.mark = {}


def _share(profile: Profile) -> str:
    return f", {profile.total_percent:.1f} % covered" if profile.packages else ""


def _judge(
    target: Target,
    around: Surrounding,
    ran: Ran,
    profile: Profile,
    found: Found,
    started: float,
) -> Verdict:
    wanted = Expectations(
        target.expect,
        found.main,
        found.module,
        started if found.foreign else None,
        found.earlier,
        ran.processes,
        ran.started if ran.started is not None else found.started,
        found.built,
    )
    results = _results(target, around, started)
    claims = (
        *ran.claims,
        *results_claims(results, exercised=_exercised(ran), required=target.require_exercise),
        *validate(_named(profile, found.engine), wanted),
        *log_claims(
            ran.observation.log if ran.observation is not None else "",
            profile.folder,
            required=found.engine != "suite",  # whose log holds other programs too
        ),
    )
    outcome = decide(claims)
    causes: tuple[Cause, ...] = ()
    if outcome is not Outcome.PASSED:
        failed = [claim for claim in claims if claim.outcome is Outcome.FAILED]
        seen = replace(ran.observation or Observation(profile.folder), folder=profile.folder)
        signs = [_tidy(sign, around.out) for sign in signs_of(seen, failed)]
        causes = diagnose(signs, around.diagnostics, around.chain, around.locate)
        if around.chain is None:
            place = _main_function(target, around.root)
            causes = tuple(_placed(cause, place) for cause in causes)
        site = crash_site(seen.log, lambda path: (around.root / path).is_file())
        causes = tuple(_crashed_at(cause, site) for cause in causes)
        causes = (*_of_the_run(failed, causes, seen.log), *causes)
    artifacts = (*profile.artifacts, ("data", profile.folder.path), *_logs(around.out))
    return Verdict(
        target.name,
        found.engine,
        outcome,
        tuple(ran.steps),
        profile,
        claims,
        found.unproven,
        causes,
        tuple((kind, path) for kind, path in artifacts if path.exists()),
        found.tools,
        found.notes,
        results,
    )


def _results(target: Target, around: Surrounding, started: float) -> Results | None:
    """The results of the tests, as far as the target or an output says where they are."""
    if target.results is not None:
        return read_results(target.results, around.root, started)
    for name in ("suite", "exercise"):
        found = results_in_output(read_text(around.out / f"{name}.log"))
        if found is not None:
            return found
    return None


def _exercised(ran: Ran) -> bool:
    return any(claim.claim == EXERCISE and claim.outcome is Outcome.PASSED for claim in ran.claims)


def _of_the_run(failed: Iterable[Validation], causes: Iterable[Cause], log: str) -> Iterator[Cause]:
    """What failed before the data did, where the log and the data explain nothing:
    a suite that ends at once leaves an empty folder, and that is not for want of ``-cover``."""
    if any(cause.symptom not in _CONSEQUENCES for cause in causes):
        return
    for claim in failed:
        if not claim.required or claim.symptom is not None:
            continue
        if claim.claim == EXERCISE:
            yield Cause(
                None,
                None,
                None,
                f"the exercise itself failed: {claim.evidence}; with `require_exercise: false` "
                "the data alone decides",
            )
        elif claim.claim == TESTS_RAN:
            yield Cause(None, None, None, f"no test ran: {claim.evidence}")
        elif claim.claim == ENDS_ALONE:
            yield Cause(None, None, None, f"the service: {claim.evidence}{last_words(log)}")


def _main_function(target: Target, root: Path) -> tuple[str, int] | None:
    """Where ``func main`` of the target's main package is written."""
    if target.main is None:
        return None
    for file in sorted((root / target.main).glob("*.go")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            if line.startswith("func main("):
                return Path(os.path.relpath(file, root)).as_posix(), number
    return None


def _placed(cause: Cause, place: tuple[str, int] | None) -> Cause:
    """A cause that lies in the program is told at its ``func main``."""
    if place is None or cause.path is not None or cause.symptom not in _OF_MAIN:
        return cause
    return replace(cause, path=place[0], line=place[1])


def _crashed_at(cause: Cause, site: tuple[str, int] | None) -> Cause:
    if site is None or cause.code is not None or cause.symptom is not Symptom.CRASHED:
        return cause
    return replace(cause, path=site[0], line=site[1])


def _named(profile: Profile, engine: str) -> Profile:
    """An empty folder is spoken of as what it stands for, not by its place under ``out``."""
    if engine == "suite" or profile.folder.meta or profile.folder.counters:
        return profile
    return replace(profile, folder=replace(profile.folder, path=Path("the data folder")))


def _tidy(sign: Sign, out: Path) -> Sign:
    return replace(sign, evidence=sign.evidence.replace(f"{out}/", ""))


def _logs(out: Path) -> list[tuple[str, Path]]:
    return [(f"{log.stem} log", log) for log in sorted(out.glob("*.log"))]
