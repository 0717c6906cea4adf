"""Claims that hold the data against what was built and started."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

from covlint.covdata.layout import BadFile
from covlint.covdata.meta import package_parts
from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.diagnosis.symptoms import signs_in_log
from covlint.runner.evidence.binary import (
    RUNTIME_MARK,
    TEST_BINARY,
    NotGo,
    build_info,
    can_emit,
    holds,
    is_packed,
    is_test,
    linked_functions,
    opened,
)
from covlint.runner.evidence.folder import CounterFile, Folder
from covlint.runner.evidence.profile import Profile
from covlint.runner.verdict import Outcome, Validation

EVERY_PROCESS = "every process that started has counters"
OF_THE_BUILD = "the data is of the binary that was built"
WHOLE_MODULE = "every package that is linked in is there"
INSTRUMENTED = "the binary is instrumented"
#: A function declaration with a body, as gofmt writes it.
_FUNCTION = re.compile(r"^func (\w+)[\[(].*\{", re.MULTILINE)
_SAID = re.compile(
    r"warning: GOCOVERDIR not set, no coverage data emitted|"
    r"error: coverage counter data emit failed: .*"
)
_NOT_PACKAGES = frozenset({"vendor", "testdata"})
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Built:
    """``program`` is the binary, ``sources`` the folder of the module ``module``. ``whole`` says
    that the build instruments all of the module: no ``-coverpkg`` narrows it."""

    program: Path
    module: str | None
    sources: Path
    whole: bool = False


def process_claims(
    folder: Folder, earlier: frozenset[str], processes: tuple[int, ...], started: int | None
) -> Iterator[Validation]:
    """Whether each process wrote counters: by the ids that the processes have for themselves
    (they are in the names of the files), else by their number, restarts included."""
    new = [file for file in folder.counters if file.name not in earlier]
    if not new or not (processes or started):
        return
    if processes:
        missing = sorted(set(processes) - {file.process for file in new})
        ids = ", ".join(map(str, missing or processes))
        if missing:
            evidence = f"none of process {ids}; there are files of {_ids(new)}"
            yield Validation(EVERY_PROCESS, Outcome.FAILED, evidence, Symptom.META_ONLY)
        else:
            yield Validation(EVERY_PROCESS, Outcome.PASSED, f"process {ids}")
        return
    assert started is not None
    evidence = f"{started} started, {len(new)} covcounters files"
    if len(new) < started:
        yield Validation(EVERY_PROCESS, Outcome.FAILED, evidence, Symptom.META_ONLY)
    else:
        yield Validation(EVERY_PROCESS, Outcome.PASSED, evidence)


def log_claims(log: str, folder: Folder, *, required: bool) -> Iterator[Validation]:
    """Whether a process says that its own counters are lost, where others have left theirs.

    ``meta-data emit failed`` alone is harmless: another process wrote the same (facts, part B2).
    """
    line = _SAID.search(log)
    if line is not None and folder.counters:
        said = line[0].strip()
        symptom = next((sign.symptom for sign in signs_in_log(said)), Symptom.META_ONLY)
        evidence = f"one of them says: {said[:300]}"
        yield Validation(EVERY_PROCESS, Outcome.FAILED, evidence, symptom, required)


def instrumented_claim(program: Path, shown: str) -> Validation:
    """Whether a binary can write counters, by what it holds and by its build information;
    ``shown`` is its path for people."""
    try:
        with opened(program) as data:
            emits = can_emit(data)
            if emits is None:
                words = f"{shown} is packed (upx): it cannot be looked into"
                return Validation(INSTRUMENTED, Outcome.UNKNOWN, words, required=False)
            info = build_info(data)
            test = is_test(data)
    except (OSError, NotGo) as error:
        words = f"{shown} cannot be read: {error}"
        return Validation(INSTRUMENTED, Outcome.UNKNOWN, words, required=False)
    covered = info.setting("-cover") == "true"  # told since Go 1.23 (facts, part E)
    built = f"{shown} was built by {info.go}{' with -cover' if covered else ''}"
    if test:
        return Validation(
            INSTRUMENTED, Outcome.FAILED, f"{shown}: {TEST_BINARY[0]}", Symptom.NOT_INSTRUMENTED
        )
    if emits:
        return Validation(INSTRUMENTED, Outcome.PASSED, built)
    mark = RUNTIME_MARK.decode()
    evidence = f"{built}, and does not hold {mark!r}, as what writes counters does"
    if covered:
        evidence += ": its main package is not among those of -coverpkg"
    symptom = Symptom.MAIN_MISSING if covered else Symptom.NOT_INSTRUMENTED
    return Validation(INSTRUMENTED, Outcome.FAILED, evidence, symptom)


def build_claims(profile: Profile, built: Built) -> Iterator[Validation]:
    """Whether the data belongs to the binary, and whether it speaks of all that is in it."""
    try:
        with opened(built.program) as data:
            if is_packed(data):
                unread = "the binary is packed (upx): it cannot be compared"
                yield Validation(OF_THE_BUILD, Outcome.UNKNOWN, unread, required=False)
                return
            yield _origin(profile.folder, data)
            if built.module is not None and built.whole:
                yield from _whole(profile, linked_functions(data, built.module), built)
    except (OSError, NotGo) as error:
        why = f"{built.program.name} cannot be read: {error}"
        yield Validation(OF_THE_BUILD, Outcome.UNKNOWN, why, required=False)


def _origin(folder: Folder, data: mmap.mmap) -> Validation:
    """The meta-data of each package stands in the binary as it is written."""
    counted = {file.hash for file in folder.counters}
    ours: list[str] = []
    others: list[str] = []
    for file in folder.meta:
        if file.hash not in counted:
            continue
        try:
            parts = package_parts((folder.path / file.name).read_bytes())
        except (OSError, BadFile):
            continue  # told as a damaged file
        (ours if holds(data, parts) else others).append(file.hash)
    if ours:
        aside = f"; {len(others)} more of other programs" if others else ""
        return Validation(OF_THE_BUILD, Outcome.PASSED, f"covmeta.{ours[0][:8]}…{aside}")
    evidence = (
        f"covmeta.{others[0][:8]}… is of another build" if others else "there is no covmeta to read"
    )
    return Validation(OF_THE_BUILD, Outcome.FAILED, evidence, Symptom.HASH_MISMATCH)


def _whole(profile: Profile, linked: dict[str, set[str]], built: Built) -> Iterator[Validation]:
    seen = {package.path for package in profile.packages}
    missing = sorted(
        path
        for path, functions in linked.items()
        if path not in seen and functions & _written(built, path)
    )
    if not missing:
        yield Validation(WHOLE_MODULE, Outcome.PASSED, f"{len(profile.packages)} packages")
        return
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    evidence = f"without {', '.join(missing[:_NAMED])}{more}"
    yield Validation(WHOLE_MODULE, Outcome.FAILED, evidence, Symptom.MAIN_MISSING)


def _written(built: Built, path: str) -> set[str]:
    """The functions with a body in the sources of a package; none when it is not of the module."""
    assert built.module is not None
    below = path[len(built.module) :].strip("/")
    folder = built.sources / below
    if _NOT_PACKAGES & set(below.split("/")):
        return set()
    for depth in range(1, len(Path(below).parts) + 1):
        if (built.sources.joinpath(*Path(below).parts[:depth]) / "go.mod").exists():
            return set()
    found: set[str] = set()
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".go")]
    except OSError:
        return set()
    for name in names:
        if not name.endswith("_test.go"):
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            found.update(_FUNCTION.findall(text))
    return found


def _ids(files: list[CounterFile]) -> str:
    numbers = sorted({file.process for file in files})
    return ", ".join(map(str, numbers[:_NAMED])) + ("…" if len(numbers) > _NAMED else "")
