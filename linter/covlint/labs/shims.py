"""``docker`` and ``kind`` as the script of a lab finds them on its PATH: the real ones, with the
names of its run, and with a cluster that several labs share."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from covlint.frozen import dataclass
from covlint.labs.place import NAME, Names

#: Whose words are renamed on their way to the program: ``bell``, ``bell:/path``, and its image.
_RENAME = f"""\
for word do
  shift
  case $word in
    {NAME}) word={{name}} ;;
    {NAME}:/*) word={{name}}:${{{{word#{NAME}:}}}} ;;
    localhost/{NAME}:*) word={{image}}:${{{{word##*:}}}}
      grep -qxF "$word" {{images}} 2>/dev/null || echo "$word" >> {{images}} ;;
  esac
  set -- "$@" "$word"
done
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """The real ones. ``docker`` may be podman, whose command line is the same; ``node_image``
    is for machines that cannot pull kind's own."""

    docker: str
    kind: str | None
    node_image: str | None
    flock: str | None = None

    @property
    def is_podman(self) -> bool:
        return Path(self.docker).name == "podman"

    def creation(self) -> str:
        """What ``kind create cluster`` is called with, besides."""
        return f" --image {shlex.quote(self.node_image)}" if self.node_image else ""

    def turn(self, lock: Path) -> str:
        """Before a command that others wait for; without flock they do the same work."""
        return f"{shlex.quote(self.flock)} {shlex.quote(str(lock))} " if self.flock else ""


def write_docker(
    folder: Path, programs: Programs, names: Names, locks: Path, registry: str | None
) -> None:
    """Builds of one image wait for one another, so that the second finds the layers of the
    first. ``docker push`` goes to ``registry`` (HOST:PORT), by plain HTTP."""
    docker = shlex.quote(programs.docker)
    plain = " --tls-verify=false" if programs.is_podman else ""
    text = _RENAME.format(name=names.container, image=names.image, images=locks / "images")
    turn = programs.turn(locks / names.image.replace("/", "_"))
    text += f'case $1 in build) exec {turn}{docker} "$@" ;; esac\n'
    if registry is not None:
        text += (
            f'if [ "$1" = push ]; then\n  pushed={registry}/${{2#localhost/}}\n'
            f'  {docker} tag "$2" "$pushed" && {docker} push{plain} "$pushed" || exit\n'
            f'  exec {docker} rmi "$pushed"\nfi\n'
        )
    _write(folder / "docker", text + f'exec {docker} "$@"\n')


def write_kind(folder: Path, programs: Programs, names: Names, locks: Path) -> None:
    """The script makes a cluster, with a name of this run."""
    kind = shlex.quote(programs.kind or "kind")
    text = _RENAME.format(name=names.container, image=names.image, images=locks / "images")
    text += f'[ "$1 $2" = "create cluster" ] && exec {kind} "$@"{programs.creation()}\n'
    _write(folder / "kind", text + f'exec {kind} "$@"\n')


def write_shared_kind(
    folder: Path,
    programs: Programs,
    names: Names,
    locks: Path,
    cluster: str,
    folders: Mapping[Path, Path],
) -> None:
    """A cluster like the one that the script asks for stands already, and stays. ``folders``:
    folder of the project → the folder of this run below the one that the cluster mounts for
    it. An image is loaded into the cluster once, by whoever comes first."""
    kind = shlex.quote(programs.kind or "kind")
    lines = ['case "$1 $2" in', '"create cluster")']
    for wanted, real in folders.items():
        here, there = shlex.quote(str(wanted)), shlex.quote(str(real))
        lines.append(f'  [ -d {here} ] || {{ echo "ERROR: there is no "{here} >&2; exit 1; }}')
        lines.append(f"  rm -rf {here} && ln -s {there} {here} || exit")
    lines += ["  exit ;;", '"delete cluster") exit ;;', "esac\n"]
    text = "\n".join(lines)
    text += _RENAME.format(name=cluster, image=names.image, images=locks / "images")
    mark = f'{shlex.quote(str(locks / cluster))}."$(printf %s "$3" | tr /: __)"'
    once = """sh -c '[ -e "$0" ] || { "$@" && : > "$0"; }'"""
    turn = programs.turn(locks / f"{cluster}.lock")
    text += f'[ "$1" = load ] && exec {turn}{once} {mark} {kind} "$@"\n'
    _write(folder / "kind", text + f'exec {kind} "$@"\n')


def on_path(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The programs in ``folder`` before all others."""
    return {**env, "PATH": os.pathsep.join([str(folder), env.get("PATH", os.defpath)])}


def which(program: str, env: Mapping[str, str]) -> str | None:
    return shutil.which(program, path=env.get("PATH"))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
    file.chmod(0o755)
