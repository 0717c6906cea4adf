"""What the exit code of a program and its binary tell about its coverage, after the fact."""

from __future__ import annotations

import mmap
import signal
from collections.abc import Collection
from pathlib import Path

from covlint.covdata.layout import BadFile
from covlint.covdata.meta import package_parts
from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.diagnosis.symptoms import Sign
from covlint.runner.evidence.binary import (
    TEST_BINARY,
    BuildInfo,
    NotGo,
    build_info,
    can_emit,
    holds,
    is_packed,
    is_test,
    opened,
)
from covlint.runner.evidence.folder import Folder

#: After these an exit code has nothing to add.
_SAY_MORE = frozenset({Symptom.CRASHED, Symptom.NEVER_STARTED, Symptom.NOT_INSTRUMENTED})
_CRASHES = (signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGQUIT)
_BY_SIGNAL = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_NEVER = {
    125: "docker or podman could not start the container",
    126: "the program may not be executed, or is for another machine",
    127: "there is no program at that path",
}


@dataclass(frozen=True, slots=True)
class Program:
    """A binary that was looked at. ``info`` is None where it has none that can be read,
    ``emits`` is None where that cannot be told (packed binaries)."""

    path: str
    info: BuildInfo | None
    emits: bool | None
    signs: tuple[Sign, ...] = ()


def signs_of_exit(code: int, folder: Folder | None, known: Collection[Symptom]) -> list[Sign]:
    """What an exit code says, as shells and container engines write it: 128 and the number of
    the signal. Nothing where counters are there all the same, or what is known says as much."""
    if folder is not None and folder.counters:
        return []
    found = _of_exit(abs(code) + 128 if code < 0 else code, folder)
    silent = not _SAY_MORE.isdisjoint(known)
    return [found] if found is not None and found.symptom not in known and not silent else []


def _of_exit(code: int, folder: Folder | None) -> Sign | None:
    if code in _NEVER:
        return Sign(Symptom.NEVER_STARTED, f"exit code {code}: {_NEVER[code]}")
    number = code - 128
    if number == signal.SIGKILL:
        return Sign(
            Symptom.KILLED,
            "exit code 137: SIGKILL, at the end of the grace period, for want of memory "
            "(OOMKilled), or by hand",
        )
    if number in _CRASHES or number == signal.SIGSEGV:
        return Sign(Symptom.CRASHED, f"exit code {code}: {signal.Signals(number).name}")
    if number in _BY_SIGNAL:
        name = signal.Signals(number).name
        return Sign(
            Symptom.META_ONLY, f"exit code {code}: {name} ended the program, nothing handles it"
        )
    if code == 2:
        return Sign(
            Symptom.META_ONLY,
            "exit code 2: a panic, or up to Go 1.26 a program as PID 1 without a handler of "
            "the signal that it got",
        )
    if code == 0 and folder is not None and folder.meta:
        return Sign(
            Symptom.META_ONLY,
            "exit code 0 and no counters: syscall.Exit, syscall.Exec or exit() of C",
        )
    return None


def look_at(path: str, folder: Folder | None) -> Program:
    """What a binary says of itself, and whether the data is its own. Raises OSError."""
    try:
        with opened(Path(path)) as data:
            try:
                info: BuildInfo | None = build_info(data)
            except NotGo as error:
                if not is_packed(data):
                    return Program(path, None, False, (_no_go(str(error)),))
                info = None
            signs: list[Sign] = []
            emits = can_emit(data)
            if is_test(data):
                signs.append(Sign(Symptom.NOT_INSTRUMENTED, *TEST_BINARY, ()))
            elif emits is False:
                signs.append(_silent(info))
            elif emits and folder is not None and folder.paired:
                signs += _of_other_build(folder, data)
    except NotGo as error:
        return Program(path, None, False, (_no_go(str(error)),))
    return Program(path, info, emits, tuple(signs))


def _no_go(why: str) -> Sign:
    advice = "name the binary itself, not a script that starts it"
    return Sign(Symptom.NOT_INSTRUMENTED, f"the binary cannot be read as one of Go: {why}", advice)


def _silent(info: BuildInfo | None) -> Sign:
    covered = info is not None and info.setting("-cover") == "true"
    if covered:
        return Sign(
            Symptom.MAIN_MISSING,
            "the binary was built with -cover and holds no coverage runtime: its main package "
            "is not among those of -coverpkg",
        )
    built = f" ({info.go})" if info is not None else ""
    return Sign(Symptom.NOT_INSTRUMENTED, f"the binary holds no coverage runtime{built}")


def _of_other_build(folder: Folder, data: mmap.mmap) -> list[Sign]:
    counted = {file.hash for file in folder.counters}
    for file in folder.meta:
        if file.hash not in counted:
            continue
        try:
            if holds(data, package_parts((folder.path / file.name).read_bytes())):
                return []
        except (OSError, BadFile):
            return []  # told as a damaged file
    return [Sign(Symptom.HASH_MISMATCH, "the data is of another build than this binary")]
