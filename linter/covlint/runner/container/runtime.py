"""docker and podman through one adapter: what is asked of them is the same command line."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Executor
from covlint.runner.container.builder import Builder, BuilderKind, builder_of_docker, version_of
from covlint.runner.ledger import LABEL, OWNER, owner

RUNTIMES = ("docker", "podman")
#: Seconds within which a runtime must answer a question about itself.
_PROBE = 30.0
_DEBUG = re.compile(r'time="[^"]*" level=(?:debug|info) ')


class NoRuntime(Exception):
    """No container runtime can be used; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class Mount:
    """``source`` is a folder of the host, or the name of a volume."""

    source: str
    path: str
    read_only: bool = False

    @property
    def is_volume(self) -> bool:
        return not self.source.startswith("/")


@dataclass(frozen=True, slots=True)
class Box:
    """A container as it is to be started. ``ports`` are (port of the host, port inside)."""

    name: str
    image: str
    env: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    user: str | None = None
    groups: tuple[str, ...] = ()
    read_only: bool = False
    privileged: bool = False
    capabilities: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    no_new_privileges: bool = False
    directory: str | None = None
    command: tuple[str, ...] | None = None  # in place of ENTRYPOINT and CMD
    arguments: tuple[str, ...] = ()
    stop_signal: str | None = None
    network: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """``podman`` is told by what the program says of itself: docker may be a link to it."""

    program: str
    podman: bool
    version: str
    builder: Builder

    def __str__(self) -> str:
        return f"{'podman' if self.podman else 'docker'} {self.version}"

    def build(
        self,
        dockerfile: str,
        context: str,
        tag: str,
        run: str,
        arguments: Sequence[tuple[str, str]] = (),
        target: str | None = None,
    ) -> tuple[str, ...]:
        """Images that are here are built upon as they are; docker pulls one that is not, which
        no option forbids."""
        # Buildah tells only there which containers it makes: those of a killed build are left
        # behind, and are removed by that.
        debug = ["--log-level", "debug"] if self.podman else []
        words = [
            self.program,
            *debug,
            "build",
            "-f",
            dockerfile,
            "-t",
            tag,
            "--label",
            f"{LABEL}={run}",
        ]
        # The classic builder of docker leaves the container of a step that failed; BuildKit makes
        # none, and passes over the option.
        words += ["--pull=never"] if self.podman else ["--pull=false", "--force-rm"]
        words += ["--target", target] if target else []
        for name, value in arguments:
            words += ["--build-arg", f"{name}={value}"]
        return (*words, context)

    def start(self, box: Box, run: str, *, detached: bool = False) -> tuple[str, ...]:
        """In the foreground its output is the container's, and its exit code too."""
        words = [self.program, "run", *(["--detach"] if detached else [])]
        words += ["--name", box.name, *_labels(run)]
        # podman would hand the caller's proxies on, and a proxy's address may hold a password
        words += ["--pull=never", "--http-proxy=false"] if self.podman else ["--pull", "never"]
        for name, value in box.env:
            words += ["--env", f"{name}={value}"]
        for mount in box.mounts:
            flag = ":ro" if mount.read_only else ""
            words += ["--volume", f"{mount.source}:{mount.path}{flag}"]
        for outside, inside in box.ports:
            words += ["--publish", f"127.0.0.1:{outside}:{inside}"]
        words += ["--user", box.user] if box.user is not None else []
        for group in box.groups:
            words += ["--group-add", group]
        if box.read_only:
            words += ["--read-only", *(["--read-only-tmpfs=false"] if self.podman else [])]
        words += ["--privileged"] if box.privileged else []
        for name in box.capabilities:
            words += ["--cap-add", name]
        for name in box.dropped:
            words += ["--cap-drop", name]
        words += ["--security-opt", "no-new-privileges"] if box.no_new_privileges else []
        words += ["--workdir", box.directory] if box.directory is not None else []
        words += ["--stop-signal", box.stop_signal] if box.stop_signal is not None else []
        if box.network is not None:
            words += ["--network", box.network]
            for alias in box.aliases:
                words += ["--network-alias", alias]
        rest = list(box.arguments)
        if box.command:
            words += ["--entrypoint", box.command[0]]
            rest = [*box.command[1:], *rest]
        return (*words, box.image, *rest)

    def stop(self, name: str, grace: float) -> tuple[str, ...]:
        """The image's stop signal, ``grace`` seconds, SIGKILL."""
        return (self.program, "stop", "-t", str(math.ceil(grace)), name)

    def remove(self, name: str) -> tuple[str, ...]:
        """With the anonymous volumes that came with it."""
        return (self.program, "rm", "-f", "-v", name)

    def copy_out(self, name: str, path: str, folder: str) -> tuple[str, ...]:
        """The contents of ``path``; ``folder`` must exist."""
        return (self.program, "cp", f"{name}:{path.rstrip('/')}/.", folder)

    def inspect(self, name: str) -> tuple[str, ...]:
        return (self.program, "container", "inspect", name)

    def create(self, name: str, image: str, run: str) -> tuple[str, ...]:
        """A container that is never started, to look into its image."""
        return (self.program, "create", "--name", name, *_labels(run), image)

    def mounted(self, inspected: str, path: str) -> str | None:
        """The folder of the host behind ``path`` of a container, from the answer to inspect."""
        try:
            mounts = json.loads(inspected)[0]["Mounts"]
        except (ValueError, LookupError, TypeError):
            return None
        found: tuple[str, str] | None = None
        for mount in mounts:
            inner = str(mount.get("Destination", "")).rstrip("/")
            holds = bool(inner) and (path.rstrip("/") + "/").startswith(inner + "/")
            if holds and (found is None or len(inner) > len(found[0])):
                found = (inner, str(mount.get("Source", "")))
        return found[1] + path.rstrip("/")[len(found[0]) :] if found is not None else None

    def make_volume(self, name: str, run: str) -> tuple[str, ...]:
        return (self.program, "volume", "create", *_labels(run), name)

    def make_network(self, name: str, run: str) -> tuple[str, ...]:
        return (self.program, "network", "create", *_labels(run), name)


@dataclass(frozen=True, slots=True)
class State:
    """A container as its engine tells of it. ``program`` is what PID 1 was started as."""

    code: int
    out_of_memory: bool
    error: str
    program: str
    started: bool


def _labels(run: str) -> tuple[str, ...]:
    return ("--label", f"{LABEL}={run}", "--label", f"{OWNER}={owner()}")


def unlabelled(argv: Sequence[str]) -> list[str]:
    """Without the labels by which `covlint verify --clean` finds what a killed run left."""
    kept: list[str] = []
    for before, word in zip(("", *argv), argv, strict=False):
        if word != "--label" and before != "--label":
            kept.append(word)
    return kept


def without_debug(output: str) -> str:
    """What people are to read of a build's output."""
    return "".join(line for line in output.splitlines(keepends=True) if not _DEBUG.match(line))


def find_runtime(executor: Executor, environ: Mapping[str, str], wished: str | None) -> Runtime:
    """The runtime that was asked for, else docker or podman, the first that answers.

    Raises NoRuntime.
    """
    tried: list[str] = []
    for name in (wished,) if wished else RUNTIMES:
        program = shutil.which(name, path=environ.get("PATH"))
        if program is None:
            tried.append(f"{name} is not installed")
            continue
        found = _probe(executor, environ, program)
        if isinstance(found, Runtime):
            return found
        tried.append(f"{name}: {found}")
    raise NoRuntime("; ".join(tried))


def _probe(executor: Executor, environ: Mapping[str, str], program: str) -> Runtime | str:
    said = _ask(executor, environ, program, "--version")
    if isinstance(said, str) and said.startswith("\0"):
        return said[1:]
    found = re.search(r"\d+\.\d+(?:\.\d+)?", said)
    version = found.group() if found else ""
    if "podman" in said.lower():
        # not `info`, which takes ten times as long
        told = _ask(executor, environ, program, "version", "--format", "json")
        if told.startswith("\0"):
            return told[1:]
        version = read_podman(told) or version
        return Runtime(program, True, version, Builder(BuilderKind.BUILDAH, version_of(version)))
    info = _ask(executor, environ, program, "info", "--format", "{{json .}}")
    if info.startswith("\0"):
        return info[1:]
    answer = read_docker(info)
    if isinstance(answer, str):
        return answer
    server, plugins = answer
    return Runtime(program, False, version, builder_of_docker(version, server, plugins, environ))


def read_podman(version: str) -> str | None:
    """The version of the podman that works, which a client may ask over the network; from the
    answer to ``version`` as JSON."""
    try:
        answer = json.loads(version)
        return str((answer.get("Server") or answer["Client"])["Version"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def read_docker(info: str) -> tuple[str, tuple[str, ...]] | str:
    """The version of the daemon and the client's plugins, from the answer to ``info`` as JSON;
    why there is no daemon, which docker 20.10 tells with exit code 0."""
    try:
        answer = json.loads(info)
        problems = answer.get("ServerErrors") or ()
        plugins = (answer.get("ClientInfo") or {}).get("Plugins") or ()
        names = tuple(str(one["Name"]) for one in plugins if not one.get("Err"))
        return str(problems[0]) if problems else (str(answer["ServerVersion"]), names)
    except (ValueError, LookupError, TypeError, AttributeError):
        return "its answer to `info` is none"


def _ask(executor: Executor, environ: Mapping[str, str], *words: str) -> str:
    """What it prints; a leading NUL marks an answer that is the reason of a failure."""
    try:
        done = executor.run(Command(words, Path("/"), environ, "runtime", _PROBE))
    except CannotStart as error:
        return f"\0{error}"
    if done.timed_out:
        return f"\0no answer within {_PROBE:.0f} seconds"
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    if done.code != 0 or not done.stdout.strip():
        return f"\0{lines[-1] if lines else f'exit code {done.code}'}"
    return done.stdout.strip()


def read_state(text: str) -> State | None:
    """From the answer to ``inspect``; None when it is none."""
    try:
        answer = json.loads(text)[0]
        state = answer["State"]
        return State(
            code=int(state["ExitCode"]),
            out_of_memory=bool(state.get("OOMKilled")),
            error=str(state.get("Error") or ""),
            program=str(answer.get("Path") or ""),
            started=not str(state.get("StartedAt", "0001")).startswith("0001"),
        )
    except (ValueError, LookupError, TypeError):
        return None
