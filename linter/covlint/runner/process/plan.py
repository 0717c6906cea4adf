"""From a target and its chain to the steps of the process engine, before anything runs."""

from __future__ import annotations

import posixpath
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from covlint.facts.dockerfile.image import output_name
from covlint.frozen import dataclass
from covlint.runner.command import Command
from covlint.runner.process.build import Build, Read, plan_build
from covlint.runner.process.enclosure import VOLUMES, Scene, at_own_path, enclose
from covlint.runner.process.first_process import FirstProcess, first_process, is_shell
from covlint.runner.process.namespaces import Inside
from covlint.runner.process.standin import StandIn, stand_in
from covlint.runner.readiness import address_of
from covlint.runner.service import (
    container_environment,
    coverdir_of,
    exercise_of,
    grace_of,
    ready_at,
    user_of,
    with_port,
)
from covlint.runner.target import Ready, Target, TargetError
from covlint.runner.verdict import Unproven
from covlint.wiring import Chain, Hop


@dataclass(frozen=True, slots=True)
class Host:
    """What this host can do: its uid, a port that is free, and whether it makes namespaces:
    ``confined`` says why not, None when it does."""

    uid: int
    port: int
    confined: str | None = None


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
    inside: Inside | None = None  # the namespaces of the service; None: it has none
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def log(self) -> Path:
        return self.run / "service.log"

    @property
    def program(self) -> Path:
        """The binary as the service's user can reach it."""
        return self.run / "bin" / self.build.binary.name


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
    user, named = user_of(chain)
    variables = container_environment(chain)
    variables.update((name, with_port(value, port)) for name, value in target.env)
    coverdir, seen = coverdir_of(chain, variables)
    if chain is None and coverdir is not None:
        place = StandIn(coverdir, str(root / coverdir), True, host.uid, 0o755, given=True)
    else:
        place = stand_in(chain, coverdir, user if user is not None else host.uid)
    folder = run / place.folder
    program = f"bin/{build.binary.name}"
    inside: Inside | None = None
    first: FirstProcess | None = None
    if host.confined is None and target.namespaces:
        first = first_process(chain, program, root, read) if target.args is None else None
        scene = Scene(run, root, user, host.uid if host.uid != 0 else None)
        if first is not None:
            scene = replace(scene, binds=first.binds, workdir=first.workdir)
        inside = enclose(chain, place, coverdir, scene)
    if seen and coverdir is None:
        variables.pop("GOCOVERDIR", None)
    elif not place.given and (inside is None or not at_own_path(chain, place, coverdir, root)):
        variables["GOCOVERDIR"] = str(folder)
    run_as, limits = _run_as(user, named, host, inside)
    ready = ready_at(target.ready, port)
    try:
        address = address_of(ready)
    except ValueError as error:
        raise TargetError(f"targets.{target.name}.{error}") from error
    service = Command(
        first.words
        if first is not None
        else (str(run / program), *_arguments(target, chain, port)),
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
        folders=_folders(run, place, user, host, inside),
        stand_in=place,
        service=service,
        arrives=folder if place.given else run / "host",
        ready=ready,
        address=address,
        exercise=exercise_of(target, root, env, port, ready),
        grace=grace_of(target, container),
        user=user,
        lasting=chain is not None and chain.main is not None and chain.main.runs_forever is True,
        unproven=_unproven(chain, place, (_without(target, host), limits), first is not None),
        notes=build.notes,
        inside=inside,
        stop_signal=_stop_signal(chain),
    )


def _run_as(
    user: int | None, named: str | None, host: Host, inside: Inside | None
) -> tuple[int | None, str | None]:
    """The uid to switch to, None for none; and what could not be done."""
    if user is None or user == host.uid:
        return None, None
    if host.uid == 0:
        return user, f"user {named} is played by uid {user}" if named else None
    if inside is not None:
        return None, f"in its namespace uid {user} is played by uid {host.uid}"
    if user == 0:
        return None, f"root is played by uid {host.uid}"
    return None, f"uid {user} is played by uid {host.uid}, its permissions by a folder's mode"


def _folders(
    run: Path, place: StandIn, user: int | None, host: Host, inside: Inside | None
) -> tuple[Folder, ...]:
    """The stand-ins, with the permissions that the service's user would meet."""
    folders = [Folder(run / "host", 0o755, None)]
    binds = inside.binds if inside is not None else ()
    folders += [
        Folder(run / bind.source, 0o777, None)
        for bind in binds
        if bind.source.startswith(f"{VOLUMES}/")
    ]
    if place.given:
        return tuple(folders)
    base = place.folder.split("/", 1)[0]
    uid = user if user is not None else host.uid
    target = run / place.folder
    if not place.exists:
        mode, owner = _permissions(place, uid, host, inside)
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
    mode, owner = _permissions(place, uid, host, inside)
    kept = [folder for folder in folders if folder.path != target]
    return (*kept, Folder(target, mode, owner))


def _permissions(
    place: StandIn, uid: int, host: Host, inside: Inside | None
) -> tuple[int, int | None]:
    # In namespaces a read-only mount is one; elsewhere its permissions play it.
    free = place.read_only is None or inside is not None
    if host.uid == 0:
        return (place.mode, place.owner) if free else (0o555, 0)
    allowed = place.writable_for(uid) and free
    return (0o755 if allowed else 0o555), None


def _arguments(target: Target, chain: Chain | None, port: int) -> tuple[str, ...]:
    """What follows the program's name."""
    if target.args is not None:
        return tuple(with_port(argument, port) for argument in target.args)
    if chain is None:
        return ()
    container = chain.container
    names = {output_name(build) for build in chain.builds}
    if container is not None and (container.command or container.arguments):
        words = [word.text for word in (container.command or ())]
        arguments = [word.text for word in (container.arguments or ())]
        return () if _is_shell(words) else _after(names, words, tuple(arguments))
    process = chain.image.process if chain.image is not None else None
    if process is None or process.interpreter is not None or process.script is not None:
        return ()
    return _after(names, [word.text for word in process.argv], ())


def _after(names: set[str | None], words: list[str], more: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments of the service itself: what starts it (tini, timeout) is left out."""
    own = (at for at, word in enumerate(words) if posixpath.basename(word) in names)
    return (*words[next(own, 0) + 1 :], *more)


def _is_shell(words: list[str]) -> bool:
    return bool(words) and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash", "dash")


def _stop_signal(chain: Chain | None) -> signal.Signals:
    """STOPSIGNAL of the image; docker and the kubelet both send it."""
    word = chain.image.stop_signal if chain is not None and chain.image is not None else None
    try:
        if word is None:
            return signal.SIGTERM
        if word.text.isdigit():
            return signal.Signals(int(word.text))
        return signal.Signals["SIG" + word.text.upper().removeprefix("SIG")]
    except (KeyError, ValueError):
        return signal.SIGTERM


def _without(target: Target, host: Host) -> str | None:
    """Why there are no namespaces; None when there are."""
    if target.namespaces and host.confined is None:
        return None
    why = host.confined if target.namespaces else "`namespaces: false`"
    return f"no namespaces ({why}): it is not PID 1, and its mounts have other paths"


def _unproven(
    chain: Chain | None, place: StandIn, limits: tuple[str | None, ...], played: bool
) -> tuple[Unproven, ...]:
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
        if is_shell(chain) and not played:
            reason += "; the shell that is PID 1 there is left out"
        found.append(Unproven(Hop.IMAGE, reason))
    found += [Unproven(Hop.CONTAINER, told) for told in limits if told is not None]
    found += place.unproven
    return tuple(found)


def container_path(plan: ProcessPlan, text: str) -> str:
    """``text`` with the stand-in's path written as the container sees it."""
    shown = text.replace(
        str(plan.run / plan.stand_in.folder), plan.stand_in.path.rstrip("/") or "/"
    )
    return posixpath.join(shown) if shown else shown
