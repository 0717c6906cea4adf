"""Real runs of a project as it stands in a folder: does the data arrive, and if not, how does
its absence show itself?

The process engine plays the container on this host. The scripts and the Makefile are run as
they are written; ``docker`` is whatever runtime this machine has.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from breakit.change import Engine
from breakit.clusters import Clusters
from covlint.diagnostics import Symptom
from covlint.files import DiskFiles
from covlint.project import Project
from covlint.runner.candidates import chain_of, with_build_arguments
from covlint.runner.command import Processes
from covlint.runner.target import parse_target
from covlint.runner.verdict import Outcome, StepResult
from covlint.runner.verification import Surrounding, verify

MODULE = "example.com/parcels"
#: Who has to be in the profile, by what runs.
_PACKAGES = {
    "smoke": (f"{MODULE}/cmd/tracker", f"{MODULE}/cmd/pricer", f"{MODULE}/internal/serve"),
    "image": (f"{MODULE}/cmd/tracker", f"{MODULE}/internal/parcel"),
    "kind": (f"{MODULE}/cmd/tracker", f"{MODULE}/cmd/pricer", f"{MODULE}/internal/serve"),
}
_SCRIPTS = {
    "smoke": (("sh", "scripts/smoke.sh"), "smoke-coverage.txt"),
    "image": (("sh", "scripts/smoke-image.sh"), "image-coverage.txt"),
}
#: Quicker than the Go tests: the answer is an error in both cases, and code all the same.
_ASK = (
    "import os, sys, urllib.error, urllib.request as request\n"
    "opener = request.build_opener(request.ProxyHandler({}))\n"
    'try: opener.open(os.environ["SERVICE_URL"] + sys.argv[1], timeout=10)\n'
    "except urllib.error.HTTPError: pass"
)
#: What is said where data is lost; the messages are those of the facts, parts A and D.
_SIGNS = (
    (r"counter mode clash", Symptom.MODE_CLASH),
    (r"doesn't match expected format", Symptom.UNREADABLE_FILE),
    (r"coverage \S+(?: data)? emit failed: .*permission denied", Symptom.PERMISSION_DENIED),
    (r"coverage \S+(?: data)? emit failed: .*read-only file", Symptom.READ_ONLY),
    (r"coverage \S+(?: data)? emit failed: output directory", Symptom.MISSING_DIRECTORY),
    (r"GOCOVERDIR not set", Symptom.NOT_SET),
    (r"build cache is (?:disabled|required)", Symptom.NOT_EXTRACTED),
    (r"parsing \$GOFLAGS|unknown flag|unknown GOEXPERIMENT", Symptom.NEVER_STARTED),
    (r"ErrImage|ImagePull|not present locally", Symptom.NEVER_STARTED),
    (r"hostPath type check failed|failed to create cluster", Symptom.NEVER_STARTED),
    (r"command-line-arguments", Symptom.WRONG_NAMES),
)


@dataclass(frozen=True, slots=True)
class Run:
    """``arrived``: the profile is there, whole and of the right packages. ``left`` counts the data
    files that have come to the host, and names what the profile lacks."""

    arrived: bool
    symptoms: frozenset[Symptom]
    told: str
    left: str = ""


class Silent:
    """Progress that nobody looks at."""

    def announce(self, commands: Sequence[tuple[str, str]]) -> None:
        pass

    def begin(self, step: str, detail: str) -> None:
        pass

    def end(self, result: StepResult) -> None:
        pass


def put(files: Mapping[str, str], folder: Path) -> Path:
    """Write the project into an empty folder, whatever was there before."""
    if folder.exists():
        shutil.rmtree(folder)
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    folder.chmod(0o755)
    return folder


def run(engine: Engine, folder: Path, service: str) -> Run:
    """One real run of the project in ``folder``; :func:`by_cluster` is for Kind."""
    if engine is Engine.PROCESS:
        return by_process(folder, service)
    return by_script(engine.value, folder)


def by_process(folder: Path, service: str) -> Run:
    """``covlint verify`` of one service, as its image and its manifest have it."""
    name = service.upper()
    path = "/parcels?id=P1" if service == "tracker" else "/?grams=99000"
    target = parse_target(
        service,
        {
            "dockerfile": f"build/{service}.Dockerfile",
            "container": service,
            "env": {f"{name}_ADDR": "127.0.0.1:${PORT}"},
            "ready": {"http": "http://127.0.0.1:${PORT}/healthz", "timeout": 20},
            "exercise": f"{sys.executable} -c '{_ASK}' '{path}'",
            "expect": {"total": 30, "packages": ["./internal/serve"]},
            "grace_period": 3,
        },
    )
    project = Project(DiskFiles(str(folder)))
    chain = chain_of(target, project.chains())
    around = Surrounding(
        root=folder,
        out=folder / ".covlint",
        environ=os.environ,
        read=project.source,
        locate=lambda span: (span.path, project.source(span.path).line_of(span.start)),
        chain=chain,
    )
    with Processes() as processes:
        verdict = verify(with_build_arguments(target, chain), around, processes, Silent())
    symptoms = {one.symptom for one in verdict.causes if one.symptom is not None}
    symptoms |= {
        one.symptom
        for one in verdict.validations
        if one.outcome is Outcome.FAILED and one.symptom is not None
    }
    told = "\n".join(
        f"{one.claim}: {one.outcome.value} {one.evidence}" for one in verdict.validations
    )
    return Run(verdict.outcome is Outcome.PASSED, frozenset(symptoms), told)


def by_script(what: str, folder: Path) -> Run:
    """The project's own script, from build to report."""
    command, profile = _SCRIPTS[what]
    environ = {**os.environ, **_ports(), **tools(folder / ".bin")}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=600, check=False
    )
    if what == "image":  # whatever the script has left behind
        docker = [str(folder / ".bin" / "docker"), "rm", "-f", "parcels-smoke"]
        subprocess.run(docker, env=environ, capture_output=True, check=False)
    return _judged(what, folder, profile, done.returncode, done.stdout + done.stderr)


def by_cluster(made: Clusters, files: Mapping[str, str]) -> Run:
    """The targets of the project's Makefile, in a Kind cluster with its own configuration."""
    code, told = made.run(files)
    return _judged("kind", made.place, "e2e-coverage.txt", code, told)


def _judged(what: str, folder: Path, profile: str, code: int, told: str) -> Run:
    covered = _covered(folder / profile)
    missing = [one for one in _PACKAGES[what] if not covered.get(one)]
    arrived = code == 0 and not missing and _names_are_right(covered)
    symptoms = set() if arrived else {symptom for sign, symptom in _SIGNS if re.search(sign, told)}
    if not arrived and Symptom.NEVER_STARTED not in symptoms:
        symptoms |= set(_shape(folder / "coverdata", covered, missing))
    files = [file.name for file in (folder / "coverdata").rglob("cov*") if file.is_file()]
    left = ", ".join(
        f"{sum(name.startswith(f'{kind}.') for name in files)} {kind}"
        for kind in ("covmeta", "covcounters")
    )
    lacks = ", ".join(one.removeprefix(f"{MODULE}/") for one in missing)
    left += f"; the profile lacks {lacks}" if missing and covered else ""
    left += "; no profile" if not covered else ""
    return Run(arrived, frozenset(symptoms), f"{told[-6000:]}\nmissing: {missing}", left)


def _shape(data: Path, covered: Mapping[str, bool], missing: list[str]) -> list[Symptom]:
    """What the files of the data directory, and the report of them, say."""
    files = [file for file in data.rglob("cov*") if file.is_file()] if data.exists() else []
    meta = {file.parent for file in files if file.name.startswith("covmeta.")}
    counters = {file.parent for file in files if file.name.startswith("covcounters.")}
    found: list[Symptom] = []
    if not files:
        found += [Symptom.NOT_INSTRUMENTED, Symptom.NO_META, Symptom.MAIN_MISSING]
        found += [Symptom.NOT_EXTRACTED]
    if meta - counters or _programs(files, "covmeta") - _programs(files, "covcounters"):
        found += [Symptom.META_ONLY, Symptom.KILLED]
    if counters - meta:
        found += [Symptom.COUNTERS_ONLY]
    if any(place != data for place in counters & meta):
        found += [Symptom.NESTED]
    if covered and not any(covered.values()):
        found += [Symptom.META_ONLY]
    elif counters & meta and covered and missing:
        found += [Symptom.NOT_EXTRACTED, Symptom.WRONG_NAMES]
    return found


def _programs(files: list[Path], kind: str) -> set[str]:
    """The hashes in the names of one kind of data files: one for each program that wrote any."""
    return {file.name.split(".")[1] for file in files if file.name.startswith(f"{kind}.")}


def _covered(profile: Path) -> dict[str, bool]:
    """The packages of a text profile, and whether anything in them was reached."""
    found: dict[str, bool] = {}
    for line in profile.read_text().splitlines()[1:] if profile.exists() else []:
        file, _, rest = line.partition(":")
        package = file.rpartition("/")[0]
        found[package] = found.get(package, False) or not rest.endswith(" 0")
    return found


def _names_are_right(covered: Mapping[str, bool]) -> bool:
    return all(package.startswith(MODULE) for package in covered)


def _ports() -> dict[str, str]:
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(str(probe.getsockname()[1]))
    return {"TRACKER_PORT": ports[0], "PRICER_PORT": ports[1]}


def tools(folder: Path) -> dict[str, str]:
    """``docker`` on PATH, also where it is podman that answers."""
    folder.mkdir(parents=True, exist_ok=True)
    podman = shutil.which("podman")
    if podman is not None:
        docker = folder / "docker"
        docker.write_text(f'#!/bin/sh\nexec {podman} "$@"\n')
        docker.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
