"""Claims about a profile, each decided from what is in the folder.

Exit codes of ``covdata`` prove nothing: it prints 0.0 % or a warning and exits
0 for five kinds of loss (facts, part D).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from fractions import Fraction

from covlint.covdata.points import exactly, points, told
from covlint.covdata.profile import FILE_PACKAGE
from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.evidence.build_claims import Built, build_claims, process_claims
from covlint.runner.evidence.folder import Folder, State
from covlint.runner.evidence.profile import Profile
from covlint.runner.evidence.results import Results, TestOutcome
from covlint.runner.target import Expect
from covlint.runner.verdict import Outcome, Validation


@dataclass(frozen=True, slots=True)
class Expectations:
    """``main`` is the import path of the main package, None when not known;
    ``started`` is when the run began (seconds since the epoch), for stale files;
    ``earlier`` are the covcounters files that were there before: none is written twice.
    ``processes`` are the ids of those that started, ``count`` is their number where only that
    is known; ``built`` is what they ran."""

    expect: Expect = field(default_factory=Expect)
    main: str | None = None
    module: str | None = None
    started: float | None = None
    earlier: frozenset[str] = frozenset()
    processes: tuple[int, ...] = ()
    count: int | None = None
    built: Built | None = None


def validate(profile: Profile, wanted: Expectations) -> tuple[Validation, ...]:
    """Decide every claim that can be decided; claims that rest on a failed one are left out."""
    return tuple(_claims(profile, wanted))


#: The claim that ``require_exercise`` speaks of.
EXERCISE = "the exercise passed"


def exercise_claim(passed: bool, evidence: str, required: bool) -> Validation:
    outcome = Outcome.PASSED if passed else Outcome.FAILED
    return Validation(EXERCISE, outcome, evidence, required=required)


#: The claim that the results of the tests speak of.
TESTS_RAN = "tests ran"
_NAMED = 3  # tests that a claim names


def results_claims(
    results: Results | None, *, exercised: bool, required: bool
) -> tuple[Validation, ...]:
    """What the results of the tests claim. That none ran fails in any case: what such a run
    covers says nothing. ``exercised``: the command that ran them ended with 0; then a test
    that failed, was repeated and passed counts as passed."""
    if results is None:
        return ()
    if results.complaint is not None:
        return (_failed(TESTS_RAN, results.complaint, None),)
    passed, failed, skipped = (len(results.names(outcome)) for outcome in TestOutcome)
    counted = f"{passed} passed, {failed} failed, {skipped} skipped ({results.source})"
    if not results.ran:
        return (_failed(TESTS_RAN, counted, None), *_broken(results, exercised, required))
    return (_passed(TESTS_RAN, counted), *_broken(results, exercised, required))


def _broken(results: Results, exercised: bool, required: bool) -> Iterator[Validation]:
    last = {case.name: case.outcome for case in results.cases}
    broken = results.broken
    if exercised:
        broken = tuple(name for name in broken if last[name] is TestOutcome.FAILED)
    if not broken:
        return
    more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
    names = ", ".join(broken[:_NAMED]) + more
    yield Validation("every test passed", Outcome.FAILED, names, required=required)


def _claims(profile: Profile, wanted: Expectations) -> Iterator[Validation]:
    folder = profile.folder
    yield _meta(folder)
    if not folder.meta and not folder.counters:
        return
    yield _counters(folder)
    yield _undamaged(folder)
    yield _one_mode(folder)
    if wanted.started is not None:
        yield _fresh(folder, wanted.started, wanted.earlier)
    if not folder.meta:
        return
    yield _converts(profile)
    if profile.stale:
        # A suite may well build a program twice; the numbers of both are then mixed all the same.
        yield Validation(
            "one build of each program",
            Outcome.FAILED,
            profile.stale[0],
            Symptom.STALE,
            required=False,
        )
    elif profile.doubled:
        yield Validation(
            "each statement is counted once",
            Outcome.FAILED,
            f"{profile.doubled[0]}: builds of two Go versions, or of two sources, are mixed",
            Symptom.HASH_MISMATCH,
            required=False,
        )
    if folder.paired:
        yield from process_claims(folder, wanted.earlier, wanted.processes, wanted.count)
        if wanted.built is not None:
            yield from build_claims(profile, wanted.built)
    if profile.error is None and folder.paired:
        yield from _content(profile, wanted)


def _meta(folder: Folder) -> Validation:
    claim = "meta-data files exist"
    if folder.meta:
        return _passed(claim, _count(len(folder.meta), "covmeta file"))
    if folder.state is State.MISSING:
        return _failed(claim, f"{folder.path} does not exist", Symptom.MISSING_DIRECTORY)
    if folder.state is not State.FOLDER:
        return _failed(claim, f"{folder.path} is {folder.state.value}", Symptom.MISSING_DIRECTORY)
    if folder.counters:
        return _failed(
            claim,
            f"{_count(len(folder.counters), 'covcounters file')} without the covmeta file that "
            "explains them: the folder was cleaned while the service ran",
            Symptom.COUNTERS_ONLY,
        )
    if folder.nested:
        return _failed(
            claim, f"only in sub-folders ({', '.join(folder.nested[:3])})", Symptom.NESTED
        )
    if folder.temporary:
        return _failed(claim, f"only unfinished files ({folder.temporary[0]})", Symptom.NO_SPACE)
    return _failed(claim, f"{folder.path} holds no coverage files", Symptom.NO_META)


def _counters(folder: Folder) -> Validation:
    claim = "counters belong to the meta-data"
    if not folder.counters:
        return _failed(
            claim,
            f"{_count(len(folder.meta), 'covmeta file')} and no covcounters file: the program "
            "started and never came to write its counters",
            Symptom.META_ONLY,
        )
    if folder.meta and not folder.paired:
        return _failed(
            claim,
            f"the counters are of build {folder.hashes_without_meta[0][:8]}…, the meta-data of "
            f"build {folder.hashes_without_counters[0][:8]}…",
            Symptom.HASH_MISMATCH,
        )
    if folder.meta and folder.hashes_without_counters:
        lonely = len(folder.hashes_without_counters)
        return _failed(
            claim,
            f"{lonely} of {_count(len(folder.meta), 'covmeta file')} without counters: one of "
            "the programs never wrote them",
            Symptom.META_ONLY,
        )
    if not folder.meta:
        return _failed(claim, "there is no meta-data", Symptom.COUNTERS_ONLY)
    return _passed(claim, _count(len(folder.counters), "covcounters file"))


def _undamaged(folder: Folder) -> Validation:
    claim = "every file is whole"
    if folder.damaged:
        first = folder.damaged[0]
        return _failed(claim, f"{first.name} {first.reason}", Symptom.UNREADABLE_FILE)
    return _passed(claim, _count(len(folder.meta) + len(folder.counters), "file"))


def _one_mode(folder: Folder) -> Validation:
    claim = "one counter mode"
    if len(folder.modes) > 1:
        return _failed(claim, f"{' and '.join(folder.modes)} in one folder", Symptom.MODE_CLASH)
    return _passed(claim, folder.modes[0] if folder.modes else "no meta-data")


def _fresh(folder: Folder, started: float, earlier: frozenset[str]) -> Validation:
    claim = "the data is of this run"
    # Two seconds: the coarsest time stamps that a file system keeps.
    dated = [(file.name, file.modified) for file in folder.meta]
    dated += [(file.name, file.modified) for file in folder.counters]
    old = [name for name, modified in dated if modified < started - 2 or name in earlier]
    if old:
        return _failed(
            claim,
            f"{_count(len(old), 'file')} from before the run ({old[0]}): clear the folder first",
            Symptom.STALE,
        )
    return _passed(claim, "nothing older than the run")


def _converts(profile: Profile) -> Validation:
    claim = "the profile converts"
    if profile.error is not None:
        return _failed(claim, profile.error, Symptom.UNREADABLE_FILE)
    return _passed(claim, f"mode {profile.mode}" if profile.mode else "empty")


def _content(profile: Profile, wanted: Expectations) -> Iterator[Validation]:
    packages = {package.path: package for package in profile.packages}
    if FILE_PACKAGE in packages:
        yield _failed(
            "the main package has its name",
            f"it is called {FILE_PACKAGE}: the build names a file, not a package",
            Symptom.WRONG_NAMES,
        )
    elif wanted.main is not None:
        if wanted.main in packages:
            percent = packages[wanted.main].percent
            yield _passed("the main package is there", f"{wanted.main} {percent:.1f} %")
        else:
            yield _failed("the main package is there", f"no {wanted.main}", Symptom.MAIN_MISSING)
    hit = [package for package in profile.packages if package.covered]
    claim = "something was executed"
    if hit:
        yield _passed(claim, f"counters in {len(hit)} of {len(packages)} packages")
    else:
        yield _failed(claim, f"every one of {len(packages)} packages is at 0 %", Symptom.META_ONLY)
    for name in wanted.expect.packages:
        path = _import_path(name, wanted.module)
        found = packages.get(path)
        if found is None:
            yield _failed(f"{path} has counters", "it is not in the profile", Symptom.MAIN_MISSING)
        elif not found.covered:
            yield _failed(f"{path} has counters", "0.0 %", None)
        else:
            yield _passed(f"{path} has counters", f"{found.percent:.1f} %")
            least = dict(wanted.expect.least).get(name)
            if least is not None:
                share = points(found.covered, found.statements)
                yield _least(f"{path} at least {least:g} %", share, exactly(least))
    if wanted.expect.total is not None:
        total = wanted.expect.total
        covered = sum(package.covered for package in profile.packages)
        share = points(covered, sum(package.statements for package in profile.packages))
        yield _least(f"total at least {total:g} %", share, exactly(total))
    if profile.report_error is not None:
        yield _failed("the reports are written", profile.report_error, None)
    if profile.unresolved:
        first = profile.unresolved[0]
        missing = f"{_count(len(profile.unresolved), 'file')} of the profile not found ({first})"
        yield _failed("the sources resolve", missing, Symptom.WRONG_NAMES)
    else:
        yield _passed("the sources resolve", "every file of the module is in the checkout")


def _least(claim: str, percent: Fraction, least: Fraction) -> Validation:
    outcome = Outcome.PASSED if percent >= least else Outcome.FAILED
    return Validation(claim, outcome, f"{told(percent, apart_from=[least])} %")


def _import_path(name: str, module: str | None) -> str:
    if module is not None and (name == "." or name.startswith("./")):
        rest = name[2:].strip("/")
        return f"{module}/{rest}" if rest else module
    return name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _passed(claim: str, evidence: str) -> Validation:
    return Validation(claim, Outcome.PASSED, evidence)


def _failed(claim: str, evidence: str, symptom: Symptom | None) -> Validation:
    return Validation(claim, Outcome.FAILED, evidence, symptom)
