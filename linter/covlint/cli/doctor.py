"""``covlint doctor``: explain a data folder and a log that somebody already has."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from covlint.cli.exits import CLEAN, FINDINGS, Failure, Misuse
from covlint.diagnostics import Symptom
from covlint.report import doctor as report
from covlint.report.doctor import Examination
from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.pod_examination import NoPod, examine_pod
from covlint.runner.command import Processes
from covlint.runner.diagnosis.examination import Program, look_at, signs_of_exit
from covlint.runner.diagnosis.startup import failed_start
from covlint.runner.diagnosis.symptoms import Sign, signs_in_folder, signs_in_log, unexplained
from covlint.runner.evidence.folder import Folder, read_folder
from covlint.runner.evidence.profile import Profile, read_profile

#: What a log can be at most, in bytes; of a longer one the end is read.
_LOG_LIMIT = 16 << 20


@click.command()
@click.argument("folder", required=False, type=click.Path())
@click.option("--log", type=click.Path(), help="The log of the service, or of go tool covdata.")
@click.option("--binary", type=click.Path(), help="The binary of the service.")
@click.option("--exit-code", type=int, help="How the service ended: 137, 143, 2, ….")
@click.option("-n", "--namespace", default="default", help="Of a pod.  [default]")
@click.option("-c", "--container", help="Of a pod with several; else the one with GOCOVERDIR.")
@click.option("--context", help="The cluster of a pod, by its name in the kubeconfig.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def doctor(
    folder: str | None,
    log: str | None,
    binary: str | None,
    exit_code: int | None,
    namespace: str,
    container: str | None,
    context: str | None,
    form: str,
) -> int:
    """Explain FOLDER, a GOCOVERDIR after a run: which hop broke, and why.

    Without FOLDER it is $GOCOVERDIR; with --log, --binary or --exit-code alone, these are
    all there is.
    `pod/NAME` is a pod of a cluster: its states, its log and its GOCOVERDIR.
    """
    if folder is not None and folder.startswith("pod/"):
        found = examine_pod_at(folder, namespace, container, context)
        click.echo(report.render_json(found) if form == "json" else report.render(found), nl=False)
        return FINDINGS if found.signs else CLEAN
    if folder is None and log is None and binary is None and exit_code is None:
        folder = os.environ.get("GOCOVERDIR") or None
        if folder is None:
            raise Misuse("name the folder with the coverage data, or a log with --log FILE")
    found = examine(folder, log, binary, exit_code)
    click.echo(report.render_json(found) if form == "json" else report.render(found), nl=False)
    return FINDINGS if found.signs else CLEAN


def examine(
    folder: str | None, log: str | None, binary: str | None = None, exit_code: int | None = None
) -> Examination:
    """Look at what is given. Raises Failure for what does not exist."""
    for path in (folder, log, binary):
        if path is not None and not os.path.lexists(path):
            raise Failure(f"no such file or directory: {path}")
    text = _read_log(log) if log is not None else ""
    seen = read_folder(Path(folder)) if folder is not None else None
    signs = list(signs_in_log(text))
    if not signs and (seen is None or not seen.counters):
        line = failed_start(text)
        signs += [Sign(Symptom.NEVER_STARTED, line)] if line is not None else []
    program = _look_at(binary, seen) if binary is not None else None
    if program is not None:
        signs = [*program.signs, *unexplained(signs, {sign.symptom for sign in program.signs})]
    if exit_code is not None:
        signs += signs_of_exit(exit_code, seen, {sign.symptom for sign in signs})
    if seen is not None:
        signs += unexplained(signs_in_folder(seen), {sign.symptom for sign in signs})
    profile = None
    if seen is not None and seen.paired:
        profile = read_profile(seen.path, Path.cwd())
        known = {sign.symptom for sign in signs}
        signs += unexplained(signs_in_folder(profile.folder), known)
        if profile.stale and Symptom.STALE not in known:
            signs.append(Sign(Symptom.STALE, profile.stale[0]))
        if profile.error is not None:
            profile = None
        signs += _names(profile)
    return Examination(seen, log, tuple(signs), profile, None, program, exit_code)


def _look_at(binary: str, folder: Folder | None) -> Program:
    if os.path.isdir(binary):
        raise Misuse(f"{binary}: a folder; --binary takes a file")
    try:
        return look_at(binary, folder)
    except OSError as error:
        raise Failure(f"{binary}: cannot be read: {error.strerror}") from error


def examine_pod_at(
    what: str, namespace: str, container: str | None, context: str | None
) -> Examination:
    """Look at ``pod/NAME``. Raises Failure when it cannot be asked for."""
    with Processes() as processes, tempfile.TemporaryDirectory(prefix="covlint-") as scratch:
        kubectl = Kubectl(processes, os.environ, Path.cwd(), None, context)
        name = what.removeprefix("pod/")
        try:
            pod = examine_pod(kubectl, name, namespace, container, Path(scratch))
        except NoPod as error:
            raise Failure(f"{what}: {error}") from error
        logged = signs_in_log(pod.log)
        known = {sign.symptom for sign in logged}
        signs = [*logged, *(sign for sign in pod.signs if sign.symptom not in known)]
        if pod.folder is not None and not pod.running:
            signs += unexplained(signs_in_folder(pod.folder), {sign.symptom for sign in signs})
        note = "; ".join(pod.notes) or None
        return Examination(pod.folder, f"of {what}", tuple(signs), None, note)


def _names(profile: Profile | None) -> list[Sign]:
    if profile is None:
        return []
    return [
        Sign(Symptom.WRONG_NAMES, f"a package is called {package.path}: a file was built")
        for package in profile.packages
        if package.path == "command-line-arguments"
    ]


def _read_log(path: str) -> str:
    if os.path.isdir(path):
        raise Misuse(f"{path}: a folder; --log takes a file")
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(max(0, size - _LOG_LIMIT))
            return stream.read(_LOG_LIMIT).decode("utf-8", "replace")
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}") from error
