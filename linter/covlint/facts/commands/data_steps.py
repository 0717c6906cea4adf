"""What scripts and Makefiles do to the directory that holds the data."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from covlint.facts.commands.steps import Step, StepKind, of_kind
from covlint.facts.kubernetes.cluster import ExtraMount

if TYPE_CHECKING:
    from covlint.facts.kubernetes.pod import Container

#: Tools that copy out of a Kind node; the tool of a variable is taken for docker.
NODE_TOOLS = frozenset({"docker", "podman", "nerdctl", None})
#: Tools that copy out of a pod.
POD_TOOLS = frozenset({"kubectl", None})
#: Tools that copy out of a container of docker-compose.
_CONTAINER_TOOLS = frozenset({"docker", "podman", "nerdctl", "kubectl", None})
_OCTAL = re.compile(r"[0-7]{3,4}")


def tools_for(container: Container) -> frozenset[str | None]:
    """Tools that copy out of this container."""
    return _CONTAINER_TOOLS if container.pod.is_compose else POD_TOOLS


def copied(steps: Iterable[Step], tools: Collection[str | None], paths: Collection[str]) -> bool:
    """Whether something copies one of the paths, or what it lies in, out of a container.

    A copy whose source is not seen counts: it may be this one. What comes out of a container
    that a script runs by itself is that container's own data.
    """
    return next(copies(steps, tools, paths), None) is not None


def copies(
    steps: Iterable[Step], tools: Collection[str | None], paths: Collection[str]
) -> Iterator[Step]:
    """The steps that :func:`copied` looks for; the source of some of them is not seen."""
    known = steps if isinstance(steps, tuple) else tuple(steps)
    runs = of_kind(known, StepKind.RUN_CONTAINER)
    own = {name for step in runs if (name := run_name(step)) is not None}
    for step in of_kind(known, StepKind.COPY):
        if step.inward or step.through not in tools:
            continue
        if copied_container(step) in own:
            continue
        if step.source is None or any(_holds_data(step.source, path) for path in paths):
            yield step


def copied_out(steps: Iterable[Step], container: Container, paths: Collection[str]) -> bool:
    """Whether something copies one of the paths out of this very container."""
    own = (step for step in steps if not of_other_pod(step, container))
    return copied(own, tools_for(container), paths)


def of_other_pod(step: Step, container: Container) -> bool:
    """Whether ``kubectl cp NAME:PATH`` names a pod that is not one of the container's workload:
    those have its name in theirs."""
    name, origin = container.pod.name, step.origin
    if step.through != "kubectl" or name is None or origin is None or "$" in origin:
        return False
    pod = origin.rpartition("/")[2]
    return name.text not in pod and pod not in name.text


def run_name(step: Step) -> str | None:
    """The name that ``docker run --name`` gives to its container."""
    if step.kind is not StepKind.RUN_CONTAINER:
        return None
    for index, word in enumerate(step.words):
        if word is not None and word.startswith("--name="):
            return word.partition("=")[2]
        if word == "--name" and index + 1 < len(step.words):
            return step.words[index + 1]
    return None


def copied_container(step: Step) -> str | None:
    """The container that ``docker cp NAME:PATH …`` copies from; None where it is not seen."""
    if step.kind is not StepKind.COPY or step.inward or len(step.operands) < 2:
        return None
    name, colon, _ = (step.operands[-2] or "").partition(":")
    return name if colon and name else None


def opened(steps: Iterable[Step], paths: Collection[str]) -> bool:
    """Whether a chmod, chown, ``mkdir -m`` or ``install -m`` may make one of the paths
    writable for others; by the last component too, since scripts run anywhere.

    What is not seen (a path, a mode) counts.
    """
    names = {posixpath.basename(posixpath.normpath(path)) for path in paths}
    for step in steps:
        if step.kind is not StepKind.PERMISSION or not _opens(step):
            continue
        for operand in _paths(step):
            if operand is None or any(_meet(operand, path) for path in paths):
                return True
            if posixpath.basename(operand.rstrip("/*")) in names:
                return True
    return False


def _meet(source: str, path: str) -> bool:
    """Whether one of the two paths lies in the other. kubectl cp takes paths without
    their leading slash; what stands before a wildcard decides."""
    first, second = _absolute(source.partition("*")[0]), _absolute(path)
    if not source.startswith("/") and posixpath.basename(first) == posixpath.basename(second):
        return True
    return (first + "/").startswith(second.rstrip("/") + "/") or (second + "/").startswith(
        first.rstrip("/") + "/"
    )


def _holds_data(source: str, path: str) -> bool:
    below = _absolute(source.partition("*")[0]).startswith(_absolute(path).rstrip("/") + "/")
    return not (below and is_other_file(source)) and _meet(source, path)


def is_other_file(path: str) -> bool:
    """Whether a path is a single file that Go's data is not in: ``.coverage`` is Python's."""
    last = posixpath.basename(path)
    hidden = last.startswith(".") and last.strip(".") != ""
    return (hidden or "." in last.strip(".")) and not last.startswith("cov")


@lru_cache(maxsize=4096)  # each chain asks for the same paths of the same steps
def _absolute(path: str) -> str:
    return posixpath.normpath("/" + path.removeprefix("./").lstrip("/"))


def _tool(step: Step) -> str:
    return posixpath.basename(step.words[0] or "") if step.words else ""


def _paths(step: Step) -> tuple[str | None, ...]:
    return step.operands[1:] if _tool(step) in ("chmod", "chown") else step.operands


def _opens(step: Step) -> bool:
    tool = _tool(step)
    if tool == "chown":
        return True
    modes = step.operands[:1] if tool == "chmod" else tuple(_mode_options(step))
    return any(mode is None or _for_others(mode) for mode in modes) or "-o" in step.words


def _mode_options(step: Step) -> Iterator[str | None]:
    for index, word in enumerate(step.words[1:], 1):
        if word is None:
            continue
        if re.fullmatch(r"-[a-zA-Z]*m|--mode", word):
            yield step.words[index + 1] if index + 1 < len(step.words) else None
        else:
            match = re.match(r"(?:-[a-zA-Z]*m|--mode=)([0-7]+|[ugoa].*)$", word)
            if match:
                yield match[1]


def _for_others(mode: str) -> bool:
    """Whether a mode lets others than the owner write."""
    if _OCTAL.fullmatch(mode):
        return int(mode, 8) & 0o022 != 0
    return any("w" in part and not part.startswith("u") for part in re.split(r",|-\w*", mode))


def same_path(first: str, second: str) -> bool:
    """Whether two paths are written for the same directory (``./x`` and ``x/.`` are ``x``)."""
    return posixpath.normpath(first) == posixpath.normpath(second)


def host_directory(mount: ExtraMount, path: str) -> str | None:
    """Where the node path ``path``, which lies in the extra mount, is on the host."""
    if mount.host_path is None:
        return None
    return _moved(path, mount.container_path.text, mount.host_path.text)


@lru_cache(maxsize=4096)  # as above
def _moved(path: str, start: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(target, posixpath.relpath(path, start)))


def made_on_node(steps: Iterable[Step], path: str) -> bool:
    """Whether a mkdir in a node may make the directory, or one that lies in it."""
    inside = posixpath.normpath(path) + "/"
    return any(
        operand is None or (posixpath.normpath(operand) + "/").startswith(inside)
        for step in steps
        if step.kind in (StepKind.CREATE, StepKind.PERMISSION) and step.through is not None
        for operand in step.operands
    )


def made_here(steps: Iterable[Step], path: str) -> bool:
    """Whether a script makes the directory ``path`` of the host by mkdir."""
    return any(
        operand is not None and same_path(operand, path)
        for step in steps
        if step.kind is StepKind.CREATE and step.through is None
        for operand in step.operands
    )


def arrival(step: Step, before: Iterable[Step]) -> str | None:
    """The directory that a COPY fills, None where it is not seen.

    ``docker cp NAME:/data there`` copies into ``there/data`` where ``there`` is a directory
    already, as ``cp -r`` does; with ``/data/.`` it is ``there`` in any case (podman as well).
    """
    if step.destination is None:
        return None
    target, source = posixpath.normpath(step.destination), step.source or "."
    if step.through not in {"docker", "podman", "nerdctl"} or source.endswith("/."):
        return target
    there = False
    for one in before:
        if one.recipe != step.recipe or one.through is not None:
            continue
        inside = [posixpath.normpath(operand) + "/" for operand in one.operands if operand]
        if one.kind is StepKind.CREATE:
            there = there or any(path.startswith(target + "/") for path in inside)
        elif one.kind is StepKind.WIPE and any((target + "/").startswith(p) for p in inside):
            there = False
    return (
        posixpath.join(target, posixpath.basename(posixpath.normpath(source))) if there else target
    )
