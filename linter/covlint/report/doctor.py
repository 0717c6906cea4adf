"""What a data folder and a log have to say, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.diagnosis.examination import Program
from covlint.runner.diagnosis.symptoms import MEANINGS, Sign
from covlint.runner.evidence.folder import Folder, State
from covlint.runner.evidence.profile import Profile
from covlint.terminal import visible

#: Settings of a build that have to do with coverage or with where the program runs.
_TOLD = ("-cover", "-covermode", "-race", "CGO_ENABLED", "GOOS", "GOARCH", "vcs.revision")


@dataclass(frozen=True, slots=True)
class Examination:
    """``profile`` is None where the data was not converted; ``note`` says why."""

    folder: Folder | None
    log: str | None  # its path
    signs: tuple[Sign, ...]
    profile: Profile | None = None
    note: str | None = None
    program: Program | None = None
    exit_code: int | None = None


def render(found: Examination) -> str:
    return "\n".join(_lines(found)) + "\n"


def render_json(found: Examination) -> str:
    return json.dumps(document(found), indent=2) + "\n"


def document(found: Examination) -> dict[str, Any]:
    """One JSON document; within a version fields are only added."""
    folder, profile = found.folder, found.profile
    return {
        "version": 1,
        "folder": None
        if folder is None
        else {
            "path": str(folder.path),
            "state": folder.state.value,
            "meta_files": len(folder.meta),
            "counter_files": len(folder.counters),
            "modes": list(folder.modes),
            "damaged": [{"name": bad.name, "reason": bad.reason} for bad in folder.damaged],
            "temporary": list(folder.temporary),
            "nested": list(folder.nested),
        },
        "log": found.log,
        "binary": None if found.program is None else _binary(found.program),
        "exit_code": found.exit_code,
        "symptoms": [
            {
                "symptom": sign.symptom.value,
                "evidence": sign.evidence,
                "hop": MEANINGS[sign.symptom].hop.value,
                "codes": list(MEANINGS[sign.symptom].codes if sign.codes is None else sign.codes),
                "remedy": sign.remedy,
            }
            for sign in found.signs
        ],
        "profile": None
        if profile is None
        else {
            "total_percent": round(profile.total_percent, 1),
            "packages": {package.path: round(package.percent, 1) for package in profile.packages},
        },
    }


def _binary(program: Program) -> dict[str, Any]:
    info = program.info
    return {
        "path": program.path,
        "emits_coverage": program.emits,
        "go": None if info is None else info.go,
        "package": None if info is None else info.path,
        "settings": {} if info is None else dict(info.settings),
    }


def _lines(found: Examination) -> Iterator[str]:
    if found.folder is not None:
        yield from _folder(found.folder)
    if found.log is not None:
        yield f"log {visible(found.log)}"
    if found.program is not None:
        yield from _program(found.program)
    if found.exit_code is not None:
        yield f"exit code {found.exit_code}"
    yield ""
    if not found.signs:
        whole = found.folder is not None or found.program is not None
        yield "Nothing is wrong with it." if whole else "That shows nothing."
    for sign in found.signs:
        meaning = MEANINGS[sign.symptom]
        yield f"✗ {sign.symptom.value}: {visible(sign.evidence)}"
        codes = meaning.codes if sign.codes is None else sign.codes
        rules = f", see {_listed(codes)}" if codes else ""
        yield f"  breaks at: {meaning.hop.value}{rules}"
        yield f"  {sign.remedy}"
    if found.folder is not None and found.folder.for_owner_only and _is_empty(found):
        yield ""
        yield f"Only user {found.folder.writable_by.partition(':')[0]} can write to it."
    if found.log is None and any(sign.symptom is Symptom.NO_META for sign in found.signs):
        yield ""
        yield "An empty folder may also mean that Go could not write to it, or that GOCOVERDIR was"
        yield "not set: the log of the service tells, give it with --log FILE."
    if found.profile is not None:
        yield ""
        width = max((len(package.path) for package in found.profile.packages), default=5)
        for package in found.profile.packages:
            yield f"  {visible(package.path):<{width}}  {package.percent:5.1f} %"
        yield f"  {'total':<{width}}  {found.profile.total_percent:5.1f} %"
    if found.note is not None:
        yield ""
        yield f"note: {visible(found.note)}"


def _is_empty(found: Examination) -> bool:
    return any(sign.symptom is Symptom.NO_META for sign in found.signs)


def _program(program: Program) -> Iterator[str]:
    yield f"binary {visible(program.path)}"
    info = program.info
    if info is not None:
        shown = [f"{name}={value}" for name, value in info.settings if name in _TOLD]
        yield f"  {visible(', '.join([info.go, info.path or '', *shown]))}"
    known = {True: "can write coverage", False: "cannot write coverage", None: "is packed"}
    yield f"  {known[program.emits]}"


def _folder(folder: Folder) -> Iterator[str]:
    yield f"folder {visible(str(folder.path))}"
    if folder.state is not State.FOLDER:
        yield f"  {folder.state.value}"
        return
    modes = f", counter mode {' and '.join(folder.modes)}" if folder.modes else ""
    yield f"  {len(folder.meta)} covmeta, {len(folder.counters)} covcounters{modes}"
    yield f"  owner and mode {folder.writable_by}"
    if folder.temporary:
        yield f"  {len(folder.temporary)} unfinished ({folder.temporary[0]})"
    if folder.nested:
        yield f"  coverage files below: {visible(', '.join(folder.nested))}"


def _listed(codes: Sequence[str]) -> str:
    return " or ".join([", ".join(codes[:-1]), codes[-1]] if len(codes) > 1 else codes)
