"""One verification from target to verdict: plan, run, validate, diagnose, keep the results."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from covlint.diagnostics import Diagnostic, Symptom
from covlint.runner.build import Read
from covlint.runner.command import Processes, last_words
from covlint.runner.diagnose import Locate, Observation, diagnose, signs_of
from covlint.runner.engines.process import run_process
from covlint.runner.engines.suite import plan_suite, run_suite
from covlint.runner.folder import read_folder
from covlint.runner.plan import Host, ProcessPlan, plan_process
from covlint.runner.profile import Profile, read_profile
from covlint.runner.steps import ENDS_ALONE, Progress, Ran
from covlint.runner.symptoms import Sign
from covlint.runner.target import Target
from covlint.runner.toolchain import find_toolchain, go_environment
from covlint.runner.validate import EXERCISE, Expectations, validate
from covlint.runner.verdict import (
    Cause,
    Outcome,
    StepResult,
    Unproven,
    Validation,
    Verdict,
    decide,
)
from covlint.wiring import Chain

_PUBLIC = ("/tmp", "/var/tmp")  # noqa: S108 - a folder of one's own is made in it
_CONSEQUENCES = frozenset({Symptom.NO_META, Symptom.MISSING_DIRECTORY})
_OF_MAIN = frozenset({Symptom.META_ONLY, Symptom.KILLED, Symptom.CRASHED})


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a verification knows besides its target. ``root`` is the project's
    folder, ``out`` where results are kept, ``diagnostics`` what inspection found."""

    root: Path
    out: Path
    environ: Mapping[str, str]
    read: Read
    locate: Locate
    chain: Chain | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    keep: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What the data has to be judged against."""

    engine: str
    module: str | None
    main: str | None
    sources: Path
    unproven: tuple[Unproven, ...]
    notes: tuple[str, ...]
    foreign: bool  # the data folder is not covlint's own: it may hold older files
    earlier: frozenset[str] = frozenset()  # the covcounters files that it held before the run


def verify(
    target: Target, around: Surrounding, processes: Processes, progress: Progress
) -> Verdict:
    """Run one target. Raises TargetError and NoToolchain before anything is started."""
    toolchain = find_toolchain(processes, around.environ)
    out = around.out
    env = go_environment(toolchain, around.environ, out / "cache" / "go-build")
    started = time.time()
    run = Path(tempfile.mkdtemp(prefix="covlint-", dir=_scratch()))
    try:
        run.chmod(0o755)  # the service may run as another user
        if target.engine == "suite":
            suite = plan_suite(target, around.root, around.environ, out / "suite.log")
            _renew(out)
            earlier = _counter_files(suite.data)
            ran = run_suite(suite, processes, progress)
            found = replace(_suite_found(around), earlier=earlier)
        else:
            plan = plan_process(
                target, around.chain, around.root, around.read, run, env, this_host()
            )
            _renew(out)
            earlier = _counter_files(plan.arrives)
            ran = run_process(plan, processes, progress)
            found = replace(_process_found(plan), earlier=earlier)
            _keep_logs(plan.run, out)
            ran.data = _collect(ran.data, out / "data")
        progress.begin("report", "read the data")
        begin = time.monotonic()
        profile = read_profile(ran.data or out / "data", found.sources, out)
        report = StepResult(
            "report",
            "read the data",
            time.monotonic() - begin,
            None,
            failed=not profile.packages,
        )
        ran.steps.append(report)
        progress.end(report)
        return _judge(target, around, ran, profile, found, str(toolchain), started)
    finally:
        with processes.uninterrupted():
            processes.end_all()
            if not around.keep:
                _remove(run)


def this_host() -> Host:
    """The uid of covlint and a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Host(os.getuid(), int(probe.getsockname()[1]))


def _scratch() -> str | None:
    """Where the folder of a run goes; None for the usual place.

    Root may start the service as another user, who must be able to get there.
    """
    usual = tempfile.gettempdir()
    if os.getuid() != 0 or _open_to_all(Path(usual)):
        return None
    return next((place for place in _PUBLIC if _open_to_all(Path(place))), None)


def _open_to_all(folder: Path) -> bool:
    try:
        return all(up.stat().st_mode & 0o001 for up in (folder, *folder.resolve().parents))
    except OSError:
        return False


def _process_found(plan: ProcessPlan) -> _Found:
    return _Found(
        "process",
        plan.build.module,
        plan.build.main,
        plan.build.sources,
        plan.unproven,
        plan.notes,
        plan.stand_in.given,
    )


def _suite_found(around: Surrounding) -> _Found:
    chain = around.chain
    module = chain.module if chain is not None else None
    return _Found(
        "suite",
        module.module_path if module is not None else None,
        chain.main.import_path if chain is not None and chain.main is not None else None,
        around.root / module.directory if module is not None else around.root,
        (),
        (),
        True,
    )


def _judge(
    target: Target,
    around: Surrounding,
    ran: Ran,
    profile: Profile,
    found: _Found,
    toolchain: str,
    started: float,
) -> Verdict:
    wanted = Expectations(
        target.expect,
        found.main,
        found.module,
        started if found.foreign else None,
        found.earlier,
    )
    claims = (*ran.claims, *validate(_named(profile, found.engine), wanted))
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
        toolchain,
        found.notes,
    )


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
        elif claim.claim == ENDS_ALONE:
            yield Cause(None, None, None, f"the service: {claim.evidence}{last_words(log)}")


def _counter_files(data: Path) -> frozenset[str]:
    return frozenset(file.name for file in read_folder(data).counters)


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


def _named(profile: Profile, engine: str) -> Profile:
    """An empty folder is spoken of as what it stands for, not by its place under ``out``."""
    if engine == "suite" or profile.folder.meta or profile.folder.counters:
        return profile
    return replace(profile, folder=replace(profile.folder, path=Path("the data folder")))


def _tidy(sign: Sign, out: Path) -> Sign:
    return Sign(sign.symptom, sign.evidence.replace(f"{out}/", ""))


def _renew(out: Path) -> None:
    """Remove what an earlier verification left, so that nothing old is taken for new."""
    out.mkdir(parents=True, exist_ok=True)
    _remove(out / "data")
    for name in ("profile.txt", "func.txt", "coverage.html", "result.json"):
        (out / name).unlink(missing_ok=True)
    for log in out.glob("*.log"):
        log.unlink()


def _collect(data: Path | None, kept: Path) -> Path:
    """Copy the data out of the folder of the run, which is thrown away."""
    if data is not None and data.is_dir():
        shutil.copytree(data, kept, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        kept.chmod(0o755)
    return kept


def _keep_logs(run: Path, out: Path) -> None:
    for log in run.glob("*.log"):
        shutil.copyfile(log, out / log.name)


def _logs(out: Path) -> list[tuple[str, Path]]:
    return [(f"{log.stem} log", log) for log in sorted(out.glob("*.log"))]


def _remove(folder: Path) -> None:
    """Remove a folder whose inner permissions may forbid it to its owner."""
    if not folder.exists():
        return
    for inner, _, _ in os.walk(folder):
        try:
            Path(inner).chmod(0o755)
        except OSError:
            continue
    shutil.rmtree(folder, ignore_errors=True)
