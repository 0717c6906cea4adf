"""The facts of command lines: an image is built, data or workloads are moved.

What is not seen is None, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from covlint.frozen import dataclass
from covlint.source import Span

if TYPE_CHECKING:
    from covlint.documents.shellwords import ShellWord
    from covlint.facts.commands.collecting import DataCommand
    from covlint.facts.commands.makecalls import MakeCall
    from covlint.facts.dockerfile.build import GoBuild
    from covlint.facts.kubernetes.helm_release import HelmRelease


@dataclass(frozen=True, slots=True)
class BuildArgument:
    """``--build-arg NAME=VALUE``; value None when it comes from the environment or is not seen.

    ``word`` is the value with the bytes that it is written as; None where that is not told."""

    name: str
    value: str | None
    span: Span
    word: ShellWord | None = None


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """One ``docker|podman|nerdctl|buildah build`` line, or what builds an image in its place.

    ``dockerfile`` is relative to the project root when it could be resolved
    ("Dockerfile" of the context by default); ``opaque`` is True when some word
    of the line could not be resolved, so that an argument may hide there.
    """

    dockerfile: str | None
    context: str | None
    tags: tuple[str, ...]
    target: str | None
    arguments: tuple[BuildArgument, ...]
    opaque: bool
    span: Span
    recipe: str | None  # the Makefile target, shell function or CI job it stands in
    builder: str = "docker"  # what builds: a container tool, or ko, bake, compose, …
    pushed: bool = False  # it goes to a registry by the same command
    names: tuple[str, ...] = ()  # last parts of the image's names where the tags are not seen


class StepKind(Enum):
    LOAD = "load"  # kind load docker-image|image-archive
    CREATE_CLUSTER = "create-cluster"
    DELETE_CLUSTER = "delete-cluster"
    APPLY = "apply"  # kubectl apply|create
    SCALE = "scale"
    DELETE = "delete"  # kubectl delete
    COPY = "copy"  # cp, docker|podman|kubectl cp, kubectl exec tar
    REPORT = "report"  # go tool covdata …
    PERMISSION = "permission"  # chmod, chown, mkdir -m, install -m, also by docker exec on a node
    RUN_CONTAINER = "run-container"  # docker|podman run
    ARTIFACT = "artifact"  # what a CI job keeps
    STOP = "stop"  # docker|podman stop, docker compose down|stop: SIGTERM first
    KILL = "kill"  # docker|podman kill: SIGKILL at once
    REMOVE = "remove"  # docker|podman rm -f, compose down -t 0: SIGKILL after no or little time
    RESTART = "restart"  # kubectl rollout restart
    WIPE = "wipe"  # rm -r, rm of a pattern, find -delete
    CREATE = "create"  # mkdir
    PUSH = "push"  # docker|podman push
    SAVE = "save"  # docker|podman save: an image becomes an archive
    START = "start"  # a program in the background: its name and process ids, ``source`` GOCOVERDIR
    SIGNAL = "signal"  # kill -USR1: the program goes on; ``source`` is the signal
    FETCH = "fetch"  # curl, wget of the service's own coverage; ``source`` is the path of the URL
    TEST_BUILD = "test-build"  # go test -c with coverage: its binary, ``destination`` the package
    TEST_RUN = "test-run"  # a program with GOCOVERDIR, in a file that has such a build
    EDIT = "edit"  # sed, yq and the like on a file; docker tag, kubectl set image on an image


@dataclass(frozen=True, slots=True)
class Step:
    """One command that moves the data, the image or the workload.

    ``operands`` are its resolved plain arguments (no options); ``source`` is
    where a COPY reads from (a path in a node or pod, or on the host), with
    ``through`` saying by which tool ("docker", "podman", "kubectl", "cp").
    ``mounts`` are the container paths that a RUN_CONTAINER mounts.

    For APPLY and DELETE ``operands`` hold the files of ``-f`` and ``-k`` too, and
    ``source`` is the first; for CREATE_CLUSTER ``source`` is the Kind config (both
    relative to the project root where they lie below it); for REPORT ``source``
    and ``destination`` are ``-i`` and ``-o``; for PERMISSION ``destination`` is
    the last path; for ARTIFACT ``operands`` are the paths. ``inward``: the COPY goes into a
    container. For STOP, KILL and REMOVE ``operands`` are the containers, or the services of
    docker-compose (none: all of them), and ``source`` is "compose" for the latter.
    """

    kind: StepKind
    words: tuple[str | None, ...]
    operands: tuple[str | None, ...]
    source: str | None
    destination: str | None
    through: str | None
    mounts: tuple[str, ...]
    span: Span
    recipe: str | None
    inward: bool = False
    origin: str | None = None  # the container of a COPY, its variables as ``${name}``


class Steps(tuple[Step, ...]):  # noqa: SLOT001  (cached properties need a dictionary)
    """All steps of a project, which each of thousands of chains asks for those of a kind."""

    @cached_property
    def by_file(self) -> tuple[tuple[Step, ...], ...]:
        found: dict[str, list[Step]] = {}
        for step in self:
            found.setdefault(step.span.path, []).append(step)
        return tuple(map(tuple, found.values()))

    @cached_property
    def _by_kind(self) -> dict[StepKind, list[Step]]:
        found: dict[StepKind, list[Step]] = {}
        for step in self:
            found.setdefault(step.kind, []).append(step)
        return found

    def of_kind(self, kind: StepKind) -> Sequence[Step]:
        return self._by_kind.get(kind, ())


def of_kind(steps: Iterable[Step], kind: StepKind) -> Iterable[Step]:
    """The steps of one kind, in order."""
    if isinstance(steps, Steps):
        return steps.of_kind(kind)
    return (step for step in steps if step.kind is kind)


@dataclass(frozen=True, slots=True)
class ComposeCall:
    """``docker compose -f A -f B``: files that are used together, the last one wins. Their
    paths are relative to the project root."""

    files: tuple[str, ...]
    span: Span


Fact: TypeAlias = "ImageBuild | Step | ComposeCall | HelmRelease"
#: What scripts do.
ScriptFact: TypeAlias = (
    "ImageBuild | Step | ComposeCall | GoBuild | DataCommand | MakeCall | HelmRelease"
)
