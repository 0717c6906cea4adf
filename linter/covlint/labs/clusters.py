"""What a lab's Kind cluster needs from this machine, and what is left in its nodes."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from covlint.runner.command import Command, Processes
from covlint.runner.steps import holds_runtime

#: A node image that is there already, for machines that cannot pull kind's own.
NODE_IMAGE = "COVLINT_KIND_NODE_IMAGE"
#: What every lab calls its container, its cluster and its program; and its image.
NAME = "bell"
IMAGE = "localhost/bell:e2e"
_TIMEOUT = 60.0  # seconds


def surroundings(env: Mapping[str, str], out: Path, processes: Processes) -> dict[str, str]:
    """The environment of a script: a kubeconfig of its own, so that nothing of the user's is
    touched; a ``kind`` that takes this machine's node image, where one is named; and where no
    Docker answers, podman as ``docker``, whose command line is the same."""
    made = {**env, "KUBECONFIG": str(out / "kubeconfig")}
    image, kind = env.get(NODE_IMAGE), _which("kind", env)
    if image and kind:
        _shim(
            made,
            out,
            "kind",
            f'[ "$1 $2" = "create cluster" ] && exec {shlex.quote(kind)} "$@" '
            f'--image {shlex.quote(image)}\nexec {shlex.quote(kind)} "$@"\n',
        )
    podman = _which("podman", env)
    if podman and not _answers("docker", env, processes):
        _shim(made, out, "docker", f'exec {shlex.quote(podman)} "$@"\n')
    return made


def _which(program: str, env: Mapping[str, str]) -> str | None:
    return shutil.which(program, path=env.get("PATH"))


def _shim(env: dict[str, str], out: Path, name: str, text: str) -> None:
    file = out / "bin" / name
    if not file.parent.is_dir():
        file.parent.mkdir(parents=True)
        env["PATH"] = os.pathsep.join([str(file.parent), env["PATH"]])
    file.write_text(f"#!/bin/sh\n{text}")
    file.chmod(0o755)


def _answers(program: str, env: Mapping[str, str], processes: Processes) -> bool:
    if _which(program, env) is None:
        return False
    return processes.run(Command((program, "info"), Path("/"), env, "look", _TIMEOUT)).code == 0


def left_behind(processes: Processes, env: Mapping[str, str]) -> str | None:
    """Where in the lab's container, or in the nodes of its cluster, counters lie; None for
    nowhere."""
    for line in _lines(processes, env, "docker", "diff", NAME):
        if "/covcounters." in line:
            return f"the counters are in the container: {os.path.dirname(line.split()[-1])}"
    if not Path(env["KUBECONFIG"]).is_file():
        return None
    for node in _lines(processes, env, "kind", "get", "nodes", "--name", NAME):
        look = "find / -xdev -name 'covcounters.*' 2>/dev/null; true"  # /proc changes meanwhile
        for place in _lines(processes, env, "docker", "exec", node, "sh", "-c", look):
            return f"the counters are in the node {node}: {os.path.dirname(place)}"
    return None


def instrumented(processes: Processes, env: Mapping[str, str], out: Path) -> bool | None:
    """Whether the program of the lab's image can write data; None when it cannot be had."""
    look = f"{NAME}-look"
    _lines(processes, env, "docker", "create", "--name", look, IMAGE)
    binary = out / NAME
    _lines(processes, env, "docker", "cp", f"{look}:/usr/local/bin/{NAME}", str(binary))
    _lines(processes, env, "docker", "rm", "-f", look)
    return holds_runtime(binary) if binary.is_file() else None


def _lines(processes: Processes, env: Mapping[str, str], *argv: str) -> list[str]:
    answer = processes.run(Command(argv, Path("/"), env, "look", _TIMEOUT))
    return answer.stdout.splitlines() if answer.code == 0 else []
