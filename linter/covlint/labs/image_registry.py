"""An image registry for the labs that show what a pull from one does: ``docker-registry``.

It speaks plain HTTP and listens on the bridge that leads from this machine to the nodes, on a
port that is free. ``COVLINT_LAB_REGISTRY=HOST:PORT`` names one that runs already instead.
"""

from __future__ import annotations

import json
import shlex
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from covlint.runner.command import CannotStart, Command, Processes

PROGRAM = "docker-registry"
ADDRESS = "COVLINT_LAB_REGISTRY"
_SHORT = 60.0  # seconds
_START = 15.0
_LOOK = 0.05


class NoRegistry(Exception):
    """No registry can be had; the message says why."""


def serve(
    node: str, docker: str, folder: Path, env: Mapping[str, str], processes: Processes
) -> str:
    """The address of a registry that ``node`` reaches too, HOST:PORT. Raises NoRegistry."""
    given = env.get(ADDRESS)
    if given:
        return given
    host = _gateway(node, docker, env, processes)
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise NoRegistry(f"{host}, where the nodes see this machine: {error}") from error
        address = f"{host}:{probe.getsockname()[1]}"
    folder.mkdir()
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": address},
    }
    file = folder / "config.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    log = folder / "log"
    try:
        processes.start(Command((PROGRAM, "serve", str(file)), folder, env, "registry", log=log))
    except CannotStart as error:
        raise NoRegistry(str(error)) from error
    deadline = time.monotonic() + _START
    while not _answers(address):
        if time.monotonic() > deadline:
            raise NoRegistry(f"{PROGRAM} does not answer: {log.read_text()[-300:]}")
        time.sleep(_LOOK)
    return address


def name_on(
    nodes: tuple[str, ...], address: str, docker: str, env: Mapping[str, str], processes: Processes
) -> None:
    """Have each node's containerd ask ``address`` for the images of ``localhost``."""
    text = f'[host."http://{address}"]\n  capabilities = ["pull", "resolve"]\n'
    place = "/etc/containerd/certs.d/localhost"
    line = f"mkdir -p {place} && printf %s {shlex.quote(text)} > {place}/hosts.toml"
    for node in nodes:
        words = (docker, "exec", node, "sh", "-c", line)
        processes.run(Command(words, Path("/"), env, "registry", _SHORT))


def _gateway(node: str, docker: str, env: Mapping[str, str], processes: Processes) -> str:
    """This machine as a node sees it: the bridge of their network."""
    form = "{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}"
    words = (docker, "inspect", "--format", form, node)
    said = processes.run(Command(words, Path("/"), env, "registry", _SHORT)).stdout.split()
    if not said:
        raise NoRegistry(f"{node} is on no network with a gateway")
    return said[0]


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True
