"""PID 1 of an image: ENTRYPOINT and CMD put together."""

from __future__ import annotations

import posixpath
import re

from covlint.documents.dockerfile import Dockerfile, Instruction
from covlint.documents.shell import Command
from covlint.facts.dockerfile.base_images import BaseImage, Shell
from covlint.facts.dockerfile.directories import DirectoryReader
from covlint.facts.dockerfile.scope import Scope, exec_commands, running
from covlint.frozen import dataclass
from covlint.source import Span, Word


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was copied from the build context.

    ``file`` is its path there, ``path`` that in the image. ``shell`` is the shell that is told
    to read it, None where its first line names one.
    """

    file: str
    path: str
    shell: Shell | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """PID 1 of the image: ENTRYPOINT and CMD put together.

    ``interpreter`` is the shell that PID 1 is (shell form, or ``sh -c`` spelled
    out), None when PID 1 is the program. ``commands`` are those of its script.
    ``script`` is the script that PID 1 is, becomes, or has as its one command.
    ``init`` are the words of a small program before all of that (tini), which is PID 1 then and
    passes signals on to its child alone; ``argv`` begins with them.
    """

    interpreter: Shell | None
    shell_form: bool
    argv: tuple[Word, ...]
    commands: tuple[Command, ...]
    instruction: Span
    body: Span
    keyword: str
    script: Script | None
    init: tuple[Word, ...] = ()

    @property
    def started(self) -> tuple[Word, ...]:
        """What is started in the end: the words without those of an init program."""
        return self.argv[len(self.init) :]


_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
#: Flags of a shell that take no value and read no script from elsewhere.
_FLAGS = re.compile(r"[-+][euxvhfnalm]+|--|--(?:login|norc|noprofile|posix)")
#: Init programs that pass a signal on to their child alone, and their options that take a value.
#: Those that signal its whole group (``tini -g``, dumb-init by itself) race with the shell.
_INITS = {"tini": ("-e", "-p"), "tini-static": ("-e", "-p"), "catatonit": ()}
_SHELL_NAMES = {"bash": Shell.BASH, "dash": Shell.DASH, "ash": Shell.BUSYBOX}


def read_process(
    dockerfile: Dockerfile,
    entrypoint: tuple[Instruction, Scope] | None,
    command: tuple[Instruction, Scope] | None,
    facts: BaseImage,
    directories: DirectoryReader,
) -> Process | None:
    deciding = entrypoint or command
    if deciding is None:
        return None
    instruction, scope = deciding
    words = instruction.exec_form
    body = Span(
        instruction.span.path,
        instruction.body_start,
        instruction.body_start + len(instruction.body.rstrip()),
    )
    if words is None:
        interpreter = facts.shell
        if scope.shell:
            interpreter = _interpreter(scope.shell[0], facts)
        if not instruction.body.strip():
            return None
        commands = running(instruction, dockerfile.source.data).commands
        return Process(
            interpreter,
            True,
            (),
            commands,
            instruction.span,
            body,
            instruction.keyword,
            _only_script(commands, scope, directories),
        )
    if not words and command is not None and command is not deciding:
        return read_process(dockerfile, None, command, facts, directories)
    if entrypoint is not None and command is not None:
        words = (*words, *(command[0].exec_form or ()))
    if not words:
        return None
    init = _init(words)
    started = words[len(init) :]
    commands = exec_commands(words, instruction.span)
    nested = tuple(c for c in exec_commands(started, instruction.span) if c.nested)
    runs_script = len(started) >= 3 and re.fullmatch(r"-\S*c", started[1].text) is not None
    interpreter_of_c = None
    if runs_script and started[0].text.rsplit("/", 1)[-1] in _SHELLS:
        interpreter_of_c = _interpreter(started[0].text, facts)
    if interpreter_of_c is not None:
        script = _only_script(nested, scope, directories)
    else:
        script = _read_script(started, scope, facts, directories)
    return Process(
        interpreter_of_c,
        False,
        words,
        nested if interpreter_of_c is not None else commands,
        instruction.span,
        body,
        instruction.keyword,
        script,
        init,
    )


def _init(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of an init program at the front; none where it signals more than its child."""
    name = posixpath.basename(words[0].text)
    valued = _INITS.get(name, ())
    alone = name in _INITS
    end = 1
    while end < len(words) and words[end].text.startswith("-"):
        option = words[end].text
        end += 1 + (option in valued)
        if option == "--":
            break
        if name in _INITS and "g" in option:
            return ()
        alone = alone or (name == "dumb-init" and option in ("-c", "--single-child"))
    return words[:end] if alone and end < len(words) else ()


def _copied(
    name: str, scope: Scope, directories: DirectoryReader, shell: Shell | None = None
) -> Script | None:
    path = posixpath.normpath(posixpath.join(scope.workdir, name))
    file = directories.copied.get(path)
    return Script(file, path, shell) if file is not None else None


def _read_script(
    words: tuple[Word, ...], scope: Scope, facts: BaseImage, directories: DirectoryReader
) -> Script | None:
    """``/start.sh``, or ``sh /start.sh`` with flags between the two."""
    if posixpath.basename(words[0].text) not in _SHELLS:
        return _copied(words[0].text, scope, directories)
    for word in words[1:]:
        if not word.text.startswith(("-", "+")):
            return _copied(word.text, scope, directories, _interpreter(words[0].text, facts))
        if not _FLAGS.fullmatch(word.text):
            return None
    return None


def _only_script(
    commands: tuple[Command, ...], scope: Scope, directories: DirectoryReader
) -> Script | None:
    """The script that is the one command of a shell, by ``exec`` or not."""
    run = [one for one in commands if one.words]
    if len(run) != 1 or run[0].piped or run[0].background or run[0].conditions:
        return None
    words = run[0].words[run[0].name == "exec" :]
    name = words[0].literal if words else None
    return _copied(name, scope, directories) if name is not None else None


def _interpreter(program: str, facts: BaseImage) -> Shell:
    name = program.rsplit("/", 1)[-1]
    if program.startswith("/busybox/"):  # where distroless debug images have it
        return Shell.BUSYBOX
    return _SHELL_NAMES.get(name, facts.shell if name == "sh" else Shell.UNKNOWN)
