"""Where one run of a lab takes place: names and folders of its own on a machine that it shares.

A lab's project is run as it stands. Other runs use the same container engine and the same
cluster meanwhile, so that what the project calls ``bell`` gets a name of this run, on its way
to ``docker`` and ``kind`` and in the copy of its manifests that is run; inspection has read
them before, and no line moves.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from covlint.frozen import dataclass
from covlint.labs.lab import Lab
from covlint.labs.variants import Prepared
from covlint.runner.command import Command, Processes
from covlint.runner.steps import holds_runtime

#: What every lab calls its container, its cluster and its program.
NAME = "bell"
_TIMEOUT = 60.0  # seconds
_MANIFESTS = ("deploy",)
#: They are not part of an image: labs that differ in nothing else share it.
_NOT_BUILT = (*_MANIFESTS, "kind.yaml", ".covlint.yaml", ".github")
_IMAGE = re.compile(rf"(?<=image: )(?:localhost/)?{NAME}(?=:)")
_HOST_PATH = re.compile(r"(?<=\bpath: )(/[^\s,}]+)")


@dataclass(frozen=True, slots=True)
class Names:
    """``container`` and ``image`` stand for the lab's ``bell`` and ``localhost/bell``."""

    run: str
    image: str

    @property
    def container(self) -> str:
        return f"{NAME}-{self.run}"


def names_of(lab: Lab, prepared: Prepared, go: str) -> Names:
    """New names; the image's is the same for projects that build the same one.

    What a lab pushes to a registry is under a name that no other run pulls.
    """
    found = hashlib.sha256(f"{go} {lab.script}".encode())
    if lab.script is not None and lab.script.prepare is not None:
        found.update(prepared.variant.value.encode())
    for file in sorted(prepared.root.rglob("*")):
        below = file.relative_to(prepared.root)
        if file.is_file() and below.parts[0] not in _NOT_BUILT:
            found.update(below.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return Names(secrets.token_hex(4), f"localhost/{NAME}-{found.hexdigest()[:12]}")


def rename_in_manifests(root: Path, names: Names, *, shared: bool) -> str | None:
    """The image of this run, which is returned, and in a shared cluster folders of its own
    below each ``hostPath``: other runs use the same folder of the node."""
    image: str | None = None
    for folder in _MANIFESTS:
        for file in sorted((root / folder).rglob("*.yaml")):
            text = _IMAGE.sub(names.image, file.read_text(encoding="utf-8"))
            if shared:
                text = _HOST_PATH.sub(rf"\1/{names.run}", text)
            file.write_text(text, encoding="utf-8")
            found = re.search(rf"{names.image}:\S+", text)
            image = found[0] if found is not None else image
    return image


@dataclass(frozen=True, slots=True)
class Place:
    """``env`` is for the script, and for what is looked at after it. ``nodes`` are those of
    its cluster, by their containers' names; a cluster that the script makes itself has
    ``own_cluster`` for a name."""

    names: Names
    env: Mapping[str, str]
    out: Path
    nodes: tuple[str, ...] = ()
    own_cluster: str | None = None
    manifest_image: str | None = None  # in a shared cluster

    def left_behind(self, processes: Processes) -> str | None:
        """Where in the lab's container, or in the nodes of its cluster, counters lie; None for
        nowhere."""
        for line in self._lines(processes, "docker", "diff", NAME):
            if "/covcounters." in line:
                return f"the counters are in the container: {os.path.dirname(line.split()[-1])}"
        nodes = self.nodes
        if self.own_cluster is not None and Path(self.env["KUBECONFIG"]).is_file():
            nodes = tuple(self._lines(processes, "kind", "get", "nodes", "--name", NAME))
        below = "" if self.own_cluster is not None else f"*/{self.names.run}/"
        # /proc changes meanwhile
        look = f"find / -xdev -path '{below}*' -name 'covcounters.*' 2>/dev/null; true"
        for node in nodes:
            for place in self._lines(processes, "docker", "exec", node, "sh", "-c", look):
                folder = os.path.dirname(place).removesuffix(f"/{self.names.run}")
                return f"the counters are in a node of the cluster: {folder}"
        return None

    def instrumented(self, processes: Processes) -> bool | None:
        """Whether the program that ran can write data; None when it cannot be had."""
        binary = self.out / NAME
        if self.manifest_image is not None:
            self._from_nodes(self.manifest_image, binary, processes)
        else:
            self._from_image(binary, processes)
        return holds_runtime(binary) if binary.is_file() else None

    def _from_nodes(self, image: str, binary: Path, processes: Processes) -> None:
        """What a node has under the name of the manifest: a pull may have replaced it."""
        at = f"/run/{self.names.container}"
        mount = f"mkdir -p {at} && ctr -n k8s.io images mount {image} {at}"
        gone = f"ctr -n k8s.io images unmount --rm {at}"
        for node in self.nodes:
            self._lines(processes, "docker", "exec", node, "sh", "-c", mount)
            source = f"{node}:{at}/usr/local/bin/{NAME}"
            self._lines(processes, "docker", "cp", source, str(binary))
            self._lines(processes, "docker", "exec", node, "sh", "-c", gone)

    def _from_image(self, binary: Path, processes: Processes) -> None:
        look = f"{NAME}-look-{self.names.run}"
        image = f"localhost/{NAME}:e2e"
        self._lines(processes, "docker", "create", "--name", look, image)
        self._lines(processes, "docker", "cp", f"{look}:/usr/local/bin/{NAME}", str(binary))
        self._lines(processes, "docker", "rm", "-f", look)

    def _lines(self, processes: Processes, *argv: str) -> list[str]:
        answer = processes.run(Command(argv, Path("/"), self.env, "look", _TIMEOUT))
        return answer.stdout.splitlines() if answer.code == 0 else []
