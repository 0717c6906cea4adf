"""A lab that is a script: it is run as it stands, and judged by the data and report it leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from covlint.frozen import dataclass
from covlint.labs.lab import Script
from covlint.labs.place import Place
from covlint.labs.reports import signs_of_report
from covlint.labs.variants import Prepared
from covlint.runner.command import Command, Completed, Processes
from covlint.runner.diagnosis.diagnose import Locate, Observation, diagnose, signs_of
from covlint.runner.evidence.folder import read_folder
from covlint.runner.evidence.profile import read_profile
from covlint.runner.evidence.validate import Expectations, exercise_claim, validate
from covlint.runner.verdict import Outcome, Validation, Verdict, decide

_TIMEOUT = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """What is run where, with which environment; ``out`` is for its log and its data."""

    script: Script
    prepared: Prepared
    env: Mapping[str, str]
    out: Path
    locate: Locate
    place: Place | None = None  # where it calls docker, kind or kubectl


def run_script(run: ScriptRun, processes: Processes) -> Verdict:
    """Run the script to its end, and judge what it leaves."""
    root, script = run.prepared.root, run.script
    run.out.mkdir(parents=True, exist_ok=True)
    place = run.place
    env = place.env if place is not None else run.env
    lost, able = None, None
    try:
        if script.prepare is not None:
            _shell(script.prepare, root, env, run.out / "prepare.log", processes)
        answer = _shell(script.run, root, env, run.out / "suite.log", processes)
        lost = stray(root, script.data)
        if place is not None:
            lost = lost or place.left_behind(processes)
            if not any(read_folder(root / data).counters for data in script.data):
                able = place.instrumented(processes)
    finally:
        if script.cleanup is not None:
            with processes.cleaning():
                _shell(script.cleanup, root, env, run.out / "cleanup.log", processes)
    places = [root / place for place in script.data]
    joint = join(places, run.out / "data")
    exercise = exercise_claim(answer.code == 0, f"exit code {answer.code}", True)
    judged = Judged(
        run.prepared, run.out, joint, answer.output, run.locate, (exercise,), lost, able
    )
    report = root / script.report if script.report is not None else None
    return judge(judged, report, places)


def _shell(
    text: str, root: Path, env: Mapping[str, str], log: Path, processes: Processes
) -> Completed:
    return processes.run(Command(("sh", "-c", text), root, env, "suite", _TIMEOUT, log))


def stray(root: Path, data: Sequence[str]) -> str | None:
    """Where in the project counters lie that are not where they are looked for."""
    for file in sorted(root.rglob("covcounters.*")):
        place = file.parent.relative_to(root).as_posix()
        if place not in data:
            return f"the counters are in {place}"
    return None


def join(places: Iterable[Path], joint: Path) -> Path:
    """One folder with the files of all of them, as if they had shared it."""
    joint.mkdir(parents=True)
    for place in places:
        if place.is_dir():
            shutil.copytree(place, joint, dirs_exist_ok=True)
    return joint


@dataclass(frozen=True, slots=True)
class Judged:
    """A data folder, and what is known about how it came to be."""

    prepared: Prepared
    out: Path
    data: Path
    log: str
    locate: Locate
    claims: tuple[Validation, ...] = ()
    elsewhere: str | None = None  # where counters lie that the script has not brought out
    instrumented: bool | None = None  # the binary of its image


def judge(judged: Judged, report: Path | None, places: Sequence[Path]) -> Verdict:
    """Claims about the data, and about the report if there is one. Unlike a verification,
    it takes also what only makes numbers wrong for a failure."""
    profile = read_profile(judged.data, judged.prepared.root, judged.out)
    claims = (*judged.claims, *validate(profile, Expectations()))
    failed = [claim for claim in claims if claim.outcome is Outcome.FAILED]
    folder = read_folder(judged.data)
    thrown = judged.elsewhere if not folder.counters else None
    seen = Observation(folder, judged.log, instrumented=judged.instrumented, thrown_away=thrown)
    signs = list(signs_of(seen, failed))
    if report is not None and profile.packages:
        lacking = list(signs_of_report(report, profile, places, judged.log))
        known = {sign.symptom for sign in lacking}
        signs = [*lacking, *(sign for sign in signs if sign.symptom not in known)]
    causes = diagnose(signs, judged.prepared.inspection.report.diagnostics, None, judged.locate)
    outcome = Outcome.FAILED if signs else decide(claims)
    return Verdict("lab", "script", outcome, (), profile, claims, (), causes, (), "")
