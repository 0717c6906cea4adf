"""A pod of a cluster as the doctor looks at it: its states, its log, its GOCOVERDIR."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.pods import ContainerState, PodState, problem_of, read_pod
from covlint.runner.cluster.rollout import mount_problem
from covlint.runner.command import CannotStart, Completed
from covlint.runner.diagnosis.killed import OUT_OF_MEMORY
from covlint.runner.diagnosis.symptoms import Sign
from covlint.runner.evidence.folder import Folder, read_folder

#: What is read of a log, in bytes: its end.
_LOG = 4 << 20
#: What is copied out of a pod at most, in bytes.
_DATA = 256 << 20


class NoPod(Exception):
    """The pod cannot be asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class PodFindings:
    """``folder`` is a copy of its GOCOVERDIR, None where none could be taken."""

    signs: tuple[Sign, ...]
    log: str
    folder: Folder | None
    notes: tuple[str, ...]
    running: bool


def examine_pod(
    kubectl: Kubectl, name: str, namespace: str, container: str | None, scratch: Path
) -> PodFindings:
    """Look at a pod; nothing of it is changed. Raises NoPod."""
    asked = kubectl.ask("get", "pod", name, "-n", namespace, "-o", "name")
    if isinstance(asked, str) or asked.code != 0:
        said = asked if isinstance(asked, str) else asked.output.strip().splitlines()[-1:]
        raise NoPod(said if isinstance(said, str) else " ".join(said) or "kubectl gives no answer")
    item = kubectl.object("pod", name, "-n", namespace) or {}
    spec = _container(item, container)
    pod = read_pod(item)
    state = pod.container(spec.get("name"))
    path = _coverdir(spec)
    notes: list[str] = []
    if path is None:
        notes.append("its manifest sets no GOCOVERDIR; the image may do")
    running = state is not None and not state.ended and state.started
    folder = None
    if path is not None and running:
        folder = _copied(kubectl, pod.name, namespace, spec.get("name", ""), path, scratch)
        if folder is None:
            notes.append(f"{path} could not be copied out: the image has no tar, or no such folder")
        else:
            notes.append("it runs: its counters are written when it ends")
    return PodFindings(
        signs=(*_states(pod, state, kubectl, namespace), *_volumes(item, spec, path)),
        log=_log(kubectl, pod.name, namespace, spec.get("name", "")),
        folder=folder,
        notes=tuple(notes),
        running=running,
    )


def _container(item: Mapping[str, Any], wanted: str | None) -> Mapping[str, Any]:
    """The named container, else the one that has GOCOVERDIR, else the first."""
    listed = item.get("spec", {}).get("containers") or [{}]
    if wanted is not None:
        found = next((one for one in listed if one.get("name") == wanted), None)
        if found is None:
            names = ", ".join(one.get("name", "") for one in listed)
            raise NoPod(f"it has no container {wanted}; there is {names}")
        return found  # type: ignore[no-any-return]
    return next((one for one in listed if _coverdir(one) is not None), listed[0])


def _coverdir(container: Mapping[str, Any]) -> str | None:
    for entry in container.get("env") or ():
        if entry.get("name") == "GOCOVERDIR" and entry.get("value"):
            return str(entry["value"])
    return None


def _states(
    pod: PodState, state: ContainerState | None, kubectl: Kubectl, namespace: str
) -> Iterator[Sign]:
    problem = problem_of([pod])
    if problem is None and not pod.ended:  # a volume that does not come is told by events alone
        problem = mount_problem(kubectl, namespace, {pod.name: pod})
    if problem is not None:
        yield Sign(Symptom.NEVER_STARTED, problem)
    if state is None:
        return
    for code, reason in ((state.code, state.reason), (state.last_code, state.last_reason)):
        if reason == "OOMKilled":
            yield Sign(Symptom.KILLED, OUT_OF_MEMORY.words, OUT_OF_MEMORY.advice, ())
        elif code == 137:
            yield Sign(Symptom.KILLED, f"{state.name} ended with exit code 137: SIGKILL")
        elif code == 143:
            yield Sign(
                Symptom.META_ONLY, f"{state.name} ended with exit code 143: SIGTERM, unhandled"
            )
        else:
            continue
        return


def _volumes(
    item: Mapping[str, Any], container: Mapping[str, Any], path: str | None
) -> Iterator[Sign]:
    """Where the data would go to, once it is written."""
    if path is None:
        return
    held = [
        mount
        for mount in container.get("volumeMounts") or ()
        if (path.rstrip("/") + "/").startswith(str(mount.get("mountPath", "")).rstrip("/") + "/")
    ]
    if not held:
        yield Sign(Symptom.NOT_EXTRACTED, f"{path} lies on no volume: it goes with the container")
        return
    mount = max(held, key=lambda one: len(str(one.get("mountPath", ""))))
    if mount.get("readOnly"):
        yield Sign(Symptom.READ_ONLY, f"the mount at {mount.get('mountPath')} is read-only")
    volumes = item.get("spec", {}).get("volumes") or ()
    volume: Mapping[str, Any] = next(
        (one for one in volumes if one.get("name") == mount.get("name")), {}
    )
    if "emptyDir" in volume:
        yield Sign(
            Symptom.NOT_EXTRACTED, f"{path} lies on an emptyDir, which is deleted with the pod"
        )


def _log(kubectl: Kubectl, pod: str, namespace: str, container: str) -> str:
    """The end of its log, that of the container before the last restart first."""
    words = ("logs", pod, "-n", namespace, "-c", container, "--tail=20000")
    parts: list[str] = []
    for more in (("--previous",), ()):
        done = kubectl.ask(*words, *more)
        if isinstance(done, Completed) and done.code == 0:
            parts.append(done.stdout[-_LOG:])
    return "\n".join(parts)


def _copied(
    kubectl: Kubectl, pod: str, namespace: str, container: str, path: str, scratch: Path
) -> Folder | None:
    words = ("exec", pod, "-n", namespace, "-c", container, "--", "tar", "cf", "-", "-C", path, ".")
    folder = scratch / "data"
    folder.mkdir()
    try:
        with (
            kubectl.processes.streaming(kubectl.command("copy", *words)) as stream,
            open(stream, "rb", closefd=False) as source,
        ):
            data = io.BytesIO(source.read(_DATA))
        with tarfile.open(fileobj=data) as tar:
            for member in tar:
                name = Path(member.name).name
                inner = tar.extractfile(member) if member.isfile() else None
                if inner is not None and name.startswith(("cov", "tmp.cov")):
                    with (folder / name).open("wb") as out:
                        shutil.copyfileobj(inner, out)
    except (CannotStart, OSError, tarfile.TarError):
        return None
    return read_folder(folder)
