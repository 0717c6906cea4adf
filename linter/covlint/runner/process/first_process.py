"""The shell that is PID 1 of an image, played where this host has the same shell.

Which shell it is decides whether SIGTERM reaches the service (facts, part C): dash forks
what bash and busybox replace themselves with. So another shell than the image's is not
taken for it, and what cannot be played is left out and said.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from pathlib import Path

from covlint.facts.dockerfile.base_images import Shell
from covlint.facts.dockerfile.image import Image, output_name
from covlint.facts.dockerfile.process import Process, Script
from covlint.frozen import dataclass
from covlint.runner.process.build import Read
from covlint.runner.process.enclosure import is_free
from covlint.runner.process.namespaces import Bind
from covlint.source import UnreadableSource
from covlint.wiring import Chain

_SHELLS = ("sh", "bash", "dash", "ash")
_IN_PATH = "/usr/local/bin"  # first in the PATH of every base image
_SHEBANG = re.compile(r"^#!\s*(?:/usr/bin/env\s+)?(\S+)")


@dataclass(frozen=True, slots=True)
class FirstProcess:
    """The words of PID 1, and the files that it needs at the paths that it has in the image."""

    words: tuple[str, ...]
    binds: tuple[Bind, ...]
    workdir: str | None  # where a relative path leads from; None: it has none


def is_shell(chain: Chain | None) -> bool:
    """PID 1 is a shell, or a script that one reads."""
    command = _command_of(chain)
    if command:
        return posixpath.basename(command[0]) in _SHELLS
    process = chain.image.process if chain is not None and chain.image is not None else None
    return process is not None and (process.interpreter is not None or process.script is not None)


def first_process(chain: Chain | None, program: str, root: Path, read: Read) -> FirstProcess | None:
    """PID 1 with the binary ``program`` (relative to the run's folder) at its path in the image;
    None when PID 1 is no shell, or when it cannot be played here."""
    if chain is None or chain.image is None or not is_shell(chain):
        return None
    image, container = chain.image, chain.container
    if container is not None and container.arguments and not container.command:
        return None  # which words they replace is not seen
    found = _words(image, _command_of(chain), root, read)
    if found is None:
        return None
    words, text, binds = found
    workdir = image.workdir or "/"
    paths: list[str] = []
    relative = False
    for name in {output_name(build) for build in image.builds} - {None}:
        pattern = rf"(?:^|[\s\"'=;&|(])([\w./-]*/)?{re.escape(str(name))}(?=$|[\s\"';&|)])"
        for match in re.findall(pattern, text):
            folder = match or _IN_PATH
            relative = relative or not folder.startswith("/")
            paths.append(posixpath.normpath(posixpath.join(workdir, folder, str(name))))
    places = tuple(Bind(program, path, file=True) for path in dict.fromkeys(paths))
    if not places or not all(is_free(bind.target, root) for bind in (*places, *binds)):
        return None
    return FirstProcess(words, (*places, *binds), workdir if relative else None)


def _command_of(chain: Chain | None) -> tuple[str, ...]:
    container = chain.container if chain is not None else None
    if container is None or not container.command:
        return ()
    return tuple(word.text for word in (*container.command, *(container.arguments or ())))


def _words(
    image: Image, command: tuple[str, ...], root: Path, read: Read
) -> tuple[tuple[str, ...], str, tuple[Bind, ...]] | None:
    """The words of PID 1, the text in which the service is named, and the scripts it needs."""
    if command:
        name = posixpath.basename(command[0])
        shell = image.shell if name == "sh" else _named(name)
        return (command, " ".join(command[1:]), ()) if _is_here(shell, name) else None
    process = image.process
    assert process is not None
    if process.script is not None:
        return _words_of_script(process, process.script, image, root, read)
    if process.shell_form:
        try:
            text = read(process.body.path).slice(process.body).decode("utf-8", "replace")
        except UnreadableSource:
            return None
        shell = process.interpreter or Shell.UNKNOWN
        return (("/bin/sh", "-c", text), text, ()) if _is_here(shell, "sh") else None
    words = tuple(word.text for word in process.started)
    name = posixpath.basename(words[0])
    shell = process.interpreter or Shell.UNKNOWN
    return (words, " ".join(words[1:]), ()) if _is_here(shell, name) else None


def _words_of_script(
    process: Process, script: Script, image: Image, root: Path, read: Read
) -> tuple[tuple[str, ...], str, tuple[Bind, ...]] | None:
    """The same where PID 1 reads a script, or has one as its only command."""
    words = tuple(word.text for word in process.started)
    file = root / script.file
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
        if process.shell_form:
            body = read(process.body.path).slice(process.body).decode("utf-8", "replace")
            words = ("/bin/sh", "-c", body)
    except (OSError, UnreadableSource):
        return None
    first = posixpath.basename(words[0])
    told = script.shell or process.interpreter
    if told is not None and not _is_here(told, first):
        return None
    if script.shell is None:
        shebang = _SHEBANG.match(text)
        name = posixpath.basename(shebang[1]) if shebang else "sh"
        shell = image.shell if name == "sh" else _named(name)
        if not os.access(file, os.X_OK) or not _is_here(shell, name):
            return None
    bind = Bind(str(file), script.path, file=True)
    return words, f"{text}\n{shlex.join(words[1:])}", (bind,)


def _named(name: str) -> Shell:
    return {"bash": Shell.BASH, "dash": Shell.DASH, "ash": Shell.BUSYBOX}.get(name, Shell.UNKNOWN)


def _is_here(shell: Shell, name: str) -> bool:
    """``name`` is that shell on this host too."""
    if shell not in (Shell.DASH, Shell.BASH, Shell.BUSYBOX):
        return False
    for folder in ("/bin", "/usr/bin"):
        if os.path.exists(f"{folder}/{name}"):
            return Path(f"{folder}/{name}").resolve().name == str(shell.value)
    return False
