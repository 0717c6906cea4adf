"""The repository's Kind configuration, with what a run of its own needs changed in memory."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from covlint.frozen import dataclass
from covlint.runner.target import TargetError

_API = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}


@dataclass(frozen=True, slots=True)
class KindConfig:
    """``data`` is for ``kind create cluster --config``; ``folders`` are those of this run that
    stand for folders of the host, by the path that the configuration gives. ``ports`` lead from
    a node's port to the host's."""

    data: str
    nodes: int
    folders: tuple[tuple[str, Path], ...]
    ports: tuple[tuple[int, int], ...]
    notes: tuple[str, ...] = ()


def kind_config(
    text: str | None,
    root: Path,
    run: Path,
    data_paths: frozenset[str],
    missing: str | None,
) -> KindConfig:
    """The configuration ``text``, or one of covlint's own when there is none.

    Mounts of a folder in ``data_paths`` (as written) lead to a folder of this run,
    so that nothing is mixed with data that lies there. ``missing`` is a node path
    that covlint mounts where the repository has no configuration at all. A port
    that something else uses is replaced. Raises TargetError.
    """
    config: dict[str, Any] = dict(_API) if text is None else _load(text)
    nodes = config.get("nodes") or [{"role": "control-plane"}]
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise TargetError("the Kind configuration has nodes that cannot be read")
    folders: dict[str, Path] = {}
    ports: dict[int, int] = {}
    notes: list[str] = []
    for node in nodes:
        for mount in node.get("extraMounts") or ():
            written = str(mount.get("hostPath", ""))
            if written in data_paths:
                name = "host" if not folders else f"host-{len(folders) + 1}"
                mount["hostPath"] = str(folders.setdefault(written, run / name))
            else:
                mount["hostPath"] = str(root / written)
        for mapping in node.get("extraPortMappings") or ():
            wanted = int(mapping.get("hostPort") or 0)
            used = wanted if wanted and _free(wanted) else _any_port()
            if wanted and used != wanted:
                notes.append(f"port {wanted} of this host is taken: {used} is used in its place")
            mapping["hostPort"], mapping["listenAddress"] = used, "127.0.0.1"
            ports[int(mapping.get("containerPort", 0))] = used
    if text is None and missing is not None:
        folders[missing] = run / "host"
        nodes[0]["extraMounts"] = [{"hostPath": str(run / "host"), "containerPath": missing}]
    config["nodes"] = nodes
    config.pop("name", None)  # the cluster has a name of this run
    return KindConfig(
        json.dumps(config, indent=1),
        len(nodes),
        tuple(folders.items()),
        tuple(ports.items()),
        tuple(notes),
    )


def _load(text: str) -> dict[str, Any]:
    # Slow to import, and needed only for a cluster.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        documents = list(YAML(typ="safe").load_all(text))
    except YAMLError as error:
        raise TargetError(f"the Kind configuration is no YAML: {str(error)[:200]}") from error
    for document in documents:
        if isinstance(document, Mapping) and document.get("kind") == "Cluster":
            return dict(document)
    raise TargetError("the Kind configuration holds no `kind: Cluster`")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
