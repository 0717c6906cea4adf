"""What scripts do to one service, in order: it is started, stopped or killed, its data taken.

Order is that of the commands of one file; two commands are known to follow each
other where they stand in the same recipe, function or job.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

from covlint.facts.commands.data_steps import NODE_TOOLS, host_directory, same_path
from covlint.facts.commands.programs import ANY, PROCESS
from covlint.facts.commands.steps import Step, StepKind, Steps

if TYPE_CHECKING:
    from covlint.chain import Chain
    from covlint.facts.kubernetes.pod import Container

_NAMESPACES = frozenset({"ns", "namespace", "namespaces"})
_ENDINGS = frozenset({StepKind.STOP, StepKind.KILL, StepKind.REMOVE})
_GLOB = re.compile(r"[*?\[{]")


def files(chain: Chain) -> Iterator[tuple[Step, ...]]:
    """The steps of each file that has some, in order; those of jobs that call make, too."""
    steps = chain.steps
    yield from (steps if isinstance(steps, Steps) else Steps(steps)).by_file
    yield from chain.sequences


def started(steps: Sequence[Step], chain: Chain) -> Iterator[tuple[Step, Sequence[Step]]]:
    """Each step that starts the workload, and all that come after it."""
    for index, step in enumerate(steps):
        if starts(step, chain):
            yield step, steps[index + 1 :]


def starts(step: Step, chain: Chain) -> bool:
    """Whether the step starts the workload: its manifest is applied, or its image run."""
    container = chain.container
    if chain.program is not None:
        return step == chain.program
    if step.kind is StepKind.APPLY:
        return container is not None and _in_files(step, container)
    if step.kind is not StepKind.RUN_CONTAINER:
        return False
    tags = {tag for build in chain.image_builds for tag in build.tags}
    if container is not None and container.image is not None:
        tags.add(container.image.text)
    collects = any("GOCOVERDIR" in (word or "") for word in step.words) or (
        chain.image is not None and chain.image.coverdir is not None
    )
    return collects and not tags.isdisjoint(one for one in step.operands if one is not None)


def is_forced(step: Step) -> bool:
    """Whether the program gets no or hardly any time to end."""
    if step.kind in (StepKind.KILL, StepKind.REMOVE, StepKind.DELETE_CLUSTER):
        return True
    if step.kind is not StepKind.DELETE:
        return False
    text = " ".join(word or "?" for word in step.words)
    return re.search(r" --(?:force|now|grace-period[= ][01])(?= |$)", text) is not None


def stops(step: Step, chain: Chain) -> bool:
    """Whether the step may end the workload in order, by SIGTERM and with time."""
    if step.kind is StepKind.SCALE:
        text = " ".join(word or "?" for word in step.words)
        if re.search(r"--replicas[= ][1-9]", text):
            return False
    elif step.kind not in (StepKind.DELETE, StepKind.STOP, StepKind.RESTART) or is_forced(step):
        return False
    return concerns(step, chain) is not False


def concerns(step: Step, chain: Chain) -> bool | None:
    """Whether the step is about this workload; None when that is not seen."""
    if chain.program is not None:
        return _signals(step, chain.program)
    if step.kind is StepKind.DELETE_CLUSTER:
        return True
    if step.kind in _ENDINGS:
        return _names_container(step, chain)
    container = chain.container
    if container is None or container.pod.is_compose:
        return False
    if _in_files(step, container) or "--all" in step.words:
        return True
    pod = container.pod
    selected = _selected(step)
    if selected is not None:
        return all(pair in pod.labels for pair in selected)
    if None in step.operands:
        return None
    words = [part for one in step.operands if one is not None for part in one.split("/")]
    names = {one.text for one in (pod.name, container.name) if one is not None}
    if pod.namespace is not None and not _NAMESPACES.isdisjoint(words):
        names.add(pod.namespace.text)
    if pod.name is None:
        return True if names.intersection(words) else None
    return not names.isdisjoint(words)


def _signals(step: Step, program: Step) -> bool | None:
    """Whether a signal goes to the process of a program that a script runs by itself."""
    if step.through != PROCESS or step.kind not in _ENDINGS:
        return False
    if not set(program.operands[1:]).isdisjoint(step.operands):
        return True
    return None if ANY in step.operands else False


def _names_container(step: Step, chain: Chain) -> bool | None:
    """For ``docker stop|kill|rm`` and ``docker compose …``."""
    container = chain.container
    if step.source == "compose":
        if container is None or not container.pod.is_compose:
            return False
        named = [word for word in step.words if word and re.search(r"\.ya?ml$", word)]
        path = container.span.path
        folder = posixpath.dirname(step.span.path)
        here = posixpath.dirname(path) in ("", folder)
        if named and not any(posixpath.normpath(path).endswith(_bare(word)) for word in named):
            return False
        if not named and not here:
            return None
        service = container.name.text if container.name is not None else None
        return not step.operands or None in step.operands or service in step.operands
    names = {
        name
        for one in chain.steps
        if one.span.path == step.span.path and starts(one, chain)
        for name in [_option(one, "--name")]
    }
    if None in step.operands:
        return None
    return bool(names & set(step.operands))


def _bare(path: str) -> str:
    return posixpath.normpath(path).removeprefix("./").removeprefix("../")


def _option(step: Step, name: str) -> str | None:
    for index, word in enumerate(step.words):
        if word is not None and word.startswith(name + "="):
            return word.partition("=")[2]
        if word == name and index + 1 < len(step.words):
            return step.words[index + 1]
    return None


def _selected(step: Step) -> list[tuple[str, str]] | None:
    text = _option(step, "-l") or _option(step, "--selector")
    if text is None:
        return None
    return [
        (key, value.lstrip("=")) for key, _, value in (p.partition("=") for p in text.split(","))
    ]


def _in_files(step: Step, container: Container) -> bool:
    """Whether ``kubectl … -f`` or ``-k`` takes in the container's manifest."""
    paths = [container.span.path, container.pod.overlay]
    return any(
        path is not None
        and operand is not None
        and (path == (bare := posixpath.normpath(operand)) or path.startswith(bare + "/"))
        for path in paths
        for operand in (*step.operands, step.source)
    )


def below_copied(step: Step, target: str, chains: Iterable[Chain]) -> str:
    """Where the data arrives by a COPY into ``target``: a copy of ``/data`` brings the data
    of ``/data/cov`` to ``target/cov``, where that is the one directory of data in it."""
    if step.source is None:
        return target
    source = posixpath.normpath("/" + step.source.lstrip("/"))
    found = {
        posixpath.relpath(path, source)
        for chain in chains
        if (path := _data_directory(chain, step)) is not None and _within(path, source)
    }
    return posixpath.normpath(posixpath.join(target, found.pop())) if len(found) == 1 else target


def _data_directory(chain: Chain, step: Step) -> str | None:
    """The directory of the data where a COPY takes it from: in the container, or, by a tool
    that copies out of nodes as well, on the node."""
    if chain.coverdir is None or step.through not in {*NODE_TOOLS, "kubectl"}:
        return None
    inside, volume, mount = posixpath.normpath(chain.coverdir.text), chain.volume, chain.mount
    if step.through == "kubectl" or volume is None or volume.host_path is None:
        return inside
    if mount is None or mount.sub_path is not None or not _within(inside, mount.path.text):
        return None
    below = posixpath.relpath(inside, posixpath.normpath(mount.path.text))
    return posixpath.normpath(posixpath.join(volume.host_path.text, below))


def host_data(chain: Chain, started: Step | None = None) -> list[str]:
    """Directories of the host in which the data appears while the program runs."""
    if chain.program is not None:
        return [posixpath.normpath(chain.program.source or ".")]
    found: list[str] = []
    volume, coverdir = chain.volume, chain.coverdir
    if volume is not None and volume.host_path is not None:
        path = volume.host_path.text
        found += [host for one in chain.extra_mounts if (host := host_directory(one, path))]
    if volume is not None and volume.bind is not None and chain.container is not None:
        folder = posixpath.dirname(chain.container.span.path)
        found.append(posixpath.normpath(posixpath.join(folder, volume.bind.text)))
    if started is not None and started.kind is StepKind.RUN_CONTAINER:
        inside = coverdir.text if coverdir is not None else _given(started)
        for word in started.words:
            host, colon, rest = (word or "").partition(":")
            at = rest.partition(":")[0]
            if colon and inside is not None and host[:1] in (".", "/") and same_path(at, inside):
                found.append(posixpath.normpath(host))
    return found


def _given(step: Step) -> str | None:
    values = [w.partition("GOCOVERDIR=")[2] for w in step.words if w and "GOCOVERDIR=" in w]
    return values[-1] if values else None


def takes_data(step: Step, chain: Chain, hosts: Sequence[str]) -> bool:
    """Whether the step copies the data out, or reports it; on the host it lies in ``hosts``."""
    if step.source is None or step.inward:
        return False
    if step.kind is StepKind.REPORT or (step.kind is StepKind.COPY and step.through == "cp"):
        return any(_within(one, host) for one in step.source.split(",") for host in hosts)
    if step.kind is not StepKind.COPY:
        return False
    inside = [chain.coverdir.text] if chain.coverdir is not None else []
    if step.through in NODE_TOOLS and chain.volume is not None and chain.volume.host_path:
        inside = [chain.volume.host_path.text]
    return any(_within("/" + step.source.lstrip("/"), path) for path in inside)


def wipes(step: Step, chain: Chain, hosts: Sequence[str]) -> str | None:
    """The directory of the data that the step deletes from, None when it is another."""
    if step.kind is not StepKind.WIPE:
        return None
    places = list(hosts)
    if step.through in {"docker", "podman", "nerdctl"}:
        volume = chain.volume
        places = [volume.host_path.text] if volume is not None and volume.host_path else []
    elif step.through is not None:
        places = [chain.coverdir.text] if chain.coverdir is not None else []
    for operand in step.operands:
        text = operand or ""
        glob = _GLOB.search(text)
        gone = posixpath.dirname(text[: glob.start()]) if glob else text
        for place in places:
            whole = not glob and posixpath.normpath(place).startswith(
                posixpath.normpath(text) + "/"
            )
            if gone and (same_path(gone, place) or whole or _matches(text, place)):
                return place
    return None


def _matches(pattern: str, directory: str) -> bool:
    """Whether a pattern with wildcards in several components takes files of the directory."""
    parts = posixpath.normpath(pattern).split("/")
    own = [*posixpath.normpath(directory).split("/"), "covmeta.0"]
    return len(parts) == len(own) and all(map(fnmatchcase, own, parts))


@lru_cache(maxsize=4096)  # each chain asks for the same paths of the same steps
def _within(path: str, directory: str) -> bool:
    first, second = posixpath.normpath(path) + "/", posixpath.normpath(directory) + "/"
    return first.startswith(second)
