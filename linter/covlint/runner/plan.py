"""From a target and its chain to the steps of the process engine, before anything runs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from covlint.facts.kubernetes.workload import Container
from covlint.runner.build import Build, Read, plan_build
from covlint.runner.command import Command
from covlint.runner.readiness import address_of
from covlint.runner.standin import StandIn, stand_in
from covlint.runner.target import Ready, Target, TargetError
from covlint.runner.verdict import Unproven
from covlint.wiring import Chain, Hop

#: What ``docker stop`` waits before SIGKILL, in seconds; Kubernetes says 30 itself.
DOCKER_GRACE = 10.0
KUBERNETES_GRACE = 30.0
#: uid of ``nonroot`` in distroless images.
_NONROOT = 65532
#: The uid that a user has of whom only the name is known.
_SOME_USER = 1000
_IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Host:
    """What this host can do: its uid, and a port that is free."""

    uid: int
    port: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to be made before the service starts. ``owner`` None: covlint's own user."""

    path: Path
    mode: int
    owner: int | None


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """Everything that the process engine does, in order.

    ``run`` is the folder of the run, thrown away afterwards; ``arrives`` is where
    the counters must be when the service has ended. ``grace`` is in seconds.
    """

    target: Target
    root: Path
    run: Path
    build: Build
    folders: tuple[Folder, ...]
    stand_in: StandIn
    service: Command
    arrives: Path
    ready: Ready
    address: tuple[str, int] | None
    exercise: Command | None
    grace: float
    user: int | None
    lasting: bool  # main plainly serves or blocks: it is not waited for
    unproven: tuple[Unproven, ...]
    notes: tuple[str, ...]

    @property
    def log(self) -> Path:
        return self.run / "service.log"


def plan_process(
    target: Target,
    chain: Chain | None,
    root: Path,
    read: Read,
    run: Path,
    env: Mapping[str, str],
    host: Host,
) -> ProcessPlan:
    """Plan a run. ``env`` is the environment of ``go``. Raises TargetError."""
    port = target.port if target.port is not None else host.port
    build = plan_build(target, chain, root, read, run / "bin", env)
    container = chain.container if chain is not None else None
    user, named = _user(chain)
    variables = _container_environment(chain)
    variables.update((name, _with_port(value, port)) for name, value in target.env)
    coverdir, seen = _coverdir(chain, variables)
    if chain is None and coverdir is not None:
        place = StandIn(coverdir, str(root / coverdir), True, host.uid, 0o755, given=True)
    else:
        place = stand_in(chain, coverdir, user if user is not None else host.uid)
    folder = run / place.folder
    if seen and coverdir is None:
        variables.pop("GOCOVERDIR", None)
    else:
        variables["GOCOVERDIR"] = str(folder)
    run_as, limits = _run_as(user, named, host)
    ready = _ready(target.ready, port)
    try:
        address = address_of(ready)
    except ValueError as error:
        raise TargetError(f"targets.{target.name}.{error}") from error
    service = Command(
        (str(run / "bin" / build.binary.name), *_arguments(target, chain, port)),
        root,
        variables,
        "service",
        log=run / "service.log",
        user=run_as,
    )
    return ProcessPlan(
        target=target,
        root=root,
        run=run,
        build=build,
        folders=_folders(run, place, user, host),
        stand_in=place,
        service=service,
        arrives=folder if place.given else run / "host",
        ready=ready,
        address=address,
        exercise=_exercise(target, root, env, port, ready),
        grace=_grace(target, container),
        user=user,
        lasting=chain is not None and chain.main is not None and chain.main.runs_forever is True,
        unproven=_unproven(chain, place, limits),
        notes=build.notes,
    )


def _user(chain: Chain | None) -> tuple[int | None, str | None]:
    """The uid of the service, None when it is not known; and a name without a number."""
    if chain is None:
        return None, None
    identity = chain.container.identity if chain.container is not None else None
    if identity is not None and identity.user is not None and identity.user.text.isdigit():
        return int(identity.user.text), None
    if chain.image is None or chain.image.user.root is None:
        return None, None
    if chain.image.user.root:
        return 0, None
    name = chain.image.user.name.partition(":")[0]
    if name.isdigit():
        return int(name), None
    return (_NONROOT if name == "nonroot" else _SOME_USER), name


def _run_as(user: int | None, named: str | None, host: Host) -> tuple[int | None, str | None]:
    """The uid to switch to, None for none; and what could not be done."""
    if user is None or user == host.uid:
        return None, None
    if host.uid == 0:
        return user, f"user {named} is played by uid {user}" if named else None
    if user == 0:
        return None, f"root is played by uid {host.uid}"
    return None, f"uid {user} is played by uid {host.uid}, its permissions by a folder's mode"


def _container_environment(chain: Chain | None) -> dict[str, str]:
    """A container starts with next to nothing in its environment."""
    values = {"PATH": _IMAGE_PATH, "HOME": "/"}
    if chain is not None and chain.image is not None:
        values.update(chain.image.environment)
        if chain.image.coverdir is not None:
            values["GOCOVERDIR"] = chain.image.coverdir.text
    if chain is not None and chain.container is not None:
        for entry in chain.container.env:
            if entry.value is not None:
                values[entry.name.text] = entry.value.text
    return values


def _coverdir(chain: Chain | None, variables: Mapping[str, str]) -> tuple[str | None, bool]:
    """GOCOVERDIR as the container has it, and whether the files decide about it.

    Without a workload and without ENV nothing says where the data should go:
    then covlint gives a folder of its own.
    """
    value = variables.get("GOCOVERDIR")
    if value is not None:
        return value or None, True
    if chain is None or chain.container is None or chain.container.env_opaque:
        return None, False
    return None, True


def _folders(run: Path, place: StandIn, user: int | None, host: Host) -> tuple[Folder, ...]:
    """The stand-ins, with the permissions that the service's user would meet."""
    folders = [Folder(run / "host", 0o755, None)]
    if place.given:
        return tuple(folders)
    base = place.folder.split("/", 1)[0]
    uid = user if user is not None else host.uid
    target = run / place.folder
    if not place.exists:
        mode, owner = _permissions(place, uid, host)
        parent = run / base
        return (
            *folders,
            Folder(
                parent,
                mode if base != "container" else 0o755,
                owner if base != "container" else None,
            ),
        )
    parts = place.folder.split("/")[1:]
    for depth in range(len(parts)):
        inner = run.joinpath(base, *parts[:depth])
        if inner != run / "host":
            folders.append(Folder(inner, 0o755, None))
    mode, owner = _permissions(place, uid, host)
    kept = [folder for folder in folders if folder.path != target]
    return (*kept, Folder(target, mode, owner))


def _permissions(place: StandIn, uid: int, host: Host) -> tuple[int, int | None]:
    if host.uid == 0:
        return (place.mode, place.owner) if place.read_only is None else (0o555, 0)
    allowed = place.writable_for(uid) and place.read_only is None
    return (0o755 if allowed else 0o555), None


def _arguments(target: Target, chain: Chain | None, port: int) -> tuple[str, ...]:
    """What follows the program's name."""
    if target.args is not None:
        return tuple(_with_port(argument, port) for argument in target.args)
    if chain is None:
        return ()
    container = chain.container
    if container is not None and (container.command or container.arguments):
        words = [word.text for word in (container.command or ())]
        arguments = [word.text for word in (container.arguments or ())]
        return () if _is_shell(words) else (*words[1:], *arguments)
    process = chain.image.process if chain.image is not None else None
    if process is None or process.interpreter is not None or process.script_file is not None:
        return ()
    return tuple(word.text for word in process.argv[1:])


def _is_shell(words: list[str]) -> bool:
    return bool(words) and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash", "dash")


def _exercise(
    target: Target, root: Path, env: Mapping[str, str], port: int, ready: Ready
) -> Command | None:
    if target.exercise is None:
        return None
    environment = {**env, "PORT": str(port), "SERVICE_URL": _service_url(ready, port)}
    return Command(
        ("sh", "-c", target.exercise), root, environment, "exercise", timeout=target.timeout
    )


def _service_url(ready: Ready, port: int) -> str:
    if ready.http is not None:
        scheme, _, rest = ready.http.partition("://")
        return f"{scheme}://{rest.split('/', 1)[0]}"
    address = address_of(ready)
    return f"http://{address[0]}:{address[1]}" if address else f"http://127.0.0.1:{port}"


def _ready(ready: Ready, port: int) -> Ready:
    def put(text: str | None) -> str | None:
        return None if text is None else _with_port(text, port)

    return replace(ready, http=put(ready.http), tcp=put(ready.tcp), command=put(ready.command))


def _with_port(text: str, port: int) -> str:
    return text.replace("${PORT}", str(port))


def _grace(target: Target, container: Container | None) -> float:
    if target.grace_period is not None:
        return target.grace_period
    if container is None:
        return DOCKER_GRACE
    written = container.pod.grace_period
    if written is None or not written.text.isdigit():
        return KUBERNETES_GRACE
    return float(written.text)


def _unproven(chain: Chain | None, place: StandIn, limits: str | None) -> tuple[Unproven, ...]:
    found: list[Unproven] = []
    if chain is None:
        found += [
            Unproven(Hop.IMAGE, "no Dockerfile is part of this target"),
            Unproven(Hop.WORKLOAD, "no manifest is part of this target"),
            Unproven(Hop.COVERDIR, "GOCOVERDIR is a folder that covlint gives"),
        ]
    elif chain.container is None:
        found.append(Unproven(Hop.WORKLOAD, "no manifest is part of this target"))
    if chain is not None and chain.image is not None:
        reason = "the binary runs on this host, not in its image"
        process = chain.image.process
        if process is not None and process.interpreter is not None:
            reason += "; the shell that is PID 1 there is left out"
        found.append(Unproven(Hop.IMAGE, reason))
    if limits is not None:
        found.append(Unproven(Hop.CONTAINER, limits))
    found += place.unproven
    return tuple(found)


def container_path(plan: ProcessPlan, text: str) -> str:
    """``text`` with the stand-in's path written as the container sees it."""
    shown = text.replace(
        str(plan.run / plan.stand_in.folder), plan.stand_in.path.rstrip("/") or "/"
    )
    return posixpath.join(shown) if shown else shown
