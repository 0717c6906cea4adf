"""A script of the repository that an image starts as PID 1."""

from __future__ import annotations

import posixpath

from covlint.documents.shell import Command, parse_script
from covlint.facts.dockerfile.base_images import Shell
from covlint.frozen import dataclass
from covlint.source import SourceFile

_SHELLS = {"bash": Shell.BASH, "dash": Shell.DASH, "ash": Shell.BUSYBOX}


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """Its commands, and the shell that reads it."""

    commands: tuple[Command, ...]
    shell: Shell


def read_entrypoint(
    source: SourceFile, image_shell: Shell, told: Shell | None = None
) -> Entrypoint | None:
    """The script in ``source``; None when its first line names no shell.

    ``image_shell`` is what ``/bin/sh`` is in the image, ``told`` the shell that is started
    with the script as its argument: the first line does not count then.
    """
    if told is not None:
        return Entrypoint(parse_script(source.path, source.data).commands, told)
    first = source.data.split(b"\n", 1)[0].decode("utf-8", "replace")
    if not first.startswith("#!"):
        return None
    words = [word for word in first[2:].split() if not word.startswith("-")]
    name = posixpath.basename(words[-1]) if words else ""
    shell = image_shell if name == "sh" else _SHELLS.get(name)
    if shell is None:
        return None
    return Entrypoint(parse_script(source.path, source.data).commands, shell)
