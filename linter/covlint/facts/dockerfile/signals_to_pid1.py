"""Whether SIGTERM reaches the service when PID 1 is a shell (facts, part C).

Measured with dash 0.5.12, bash 5.2.15 and busybox ash 1.35 in a PID namespace:
dash forks every command that is not `exec`ed; bash and ash replace themselves
by the last command, bash only when it has no redirection.
"""

from __future__ import annotations

import posixpath

from covlint.documents.shell import Command
from covlint.facts.dockerfile.base_images import Shell
from covlint.frozen import dataclass
from covlint.source import Span


@dataclass(frozen=True, slots=True)
class Swallowed:
    """A service that never gets SIGTERM; ``exec_at`` is the byte offset at which
    ``exec `` repairs it, None where more has to change."""

    command: Span
    why: str
    exec_at: int | None


def swallowed(
    commands: tuple[Command, ...], shell: Shell, binaries: frozenset[str], *, file: bool = False
) -> Swallowed | None:
    """What keeps SIGTERM from the service; None when it gets it or that was not measured.

    ``file``: the commands are those of a script file, at whose end bash does not
    become the last command either (busybox was not measured with files).
    """
    if shell not in {Shell.DASH, Shell.BASH, Shell.BUSYBOX}:
        return None
    running = [c for c in commands if c.words and not c.substituted]
    if not running or any(c.function for c in running):
        return None
    names = [posixpath.basename(c.name or "") for c in running]
    if "trap" in names:
        return None
    service = _service(running, names, binaries)
    if service is None or names[running.index(service)] == "exec":
        return None
    place = service.words[0].span.start
    if service.piped:
        return Swallowed(service.span, "it is part of a pipeline", None)
    if service.background:
        return Swallowed(service.span, "it runs in the background", None)
    if not service.last or service.subshell:
        return Swallowed(service.span, "the shell waits to run another command after it", None)
    if shell is Shell.DASH:
        return Swallowed(service.span, "dash, which is sh here, runs it as a child", place)
    if shell is Shell.BASH and file:
        return Swallowed(service.span, "bash runs the commands of a script as children", place)
    if shell is Shell.BASH and service.redirected:
        return Swallowed(service.span, "bash runs a command with a redirection as a child", place)
    return None


def _service(running: list[Command], names: list[str], binaries: frozenset[str]) -> Command | None:
    """The command that is the service: by the binary's name, else the only or last one."""
    for command, name in zip(running, names, strict=True):
        if name in binaries:
            return command
        if name == "exec" and len(command.words) > 1:
            target = posixpath.basename(command.words[1].literal or "")
            if target in binaries:
                return command
    last = [command for command in running if command.last]
    if not last or last[-1].conditions:
        return None
    name = names[running.index(last[-1])]
    # a script that ends in a builtin is not about to become a service
    return (
        None if name in {"echo", "wait", "true", ":", "exit", "set", "cd", "export"} else last[-1]
    )
