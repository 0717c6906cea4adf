"""PID 1 of an image: ENTRYPOINT and CMD put together."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from covlint.documents.dockerfile import Dockerfile, Instruction
from covlint.documents.shell import Command
from covlint.facts.dockerfile.base_images import BaseImage, Shell
from covlint.facts.dockerfile.directories import DirectoryReader
from covlint.facts.dockerfile.scope import Scope, exec_commands, running
from covlint.source import Span, Word


@dataclass(frozen=True, slots=True)
class Process:
    """PID 1 of the image: ENTRYPOINT and CMD put together.

    ``interpreter`` is the shell that PID 1 is (shell form, or ``sh -c`` spelled
    out), None when PID 1 is the program. ``commands`` are those of its script.
    ``script_file`` is the context path of the script that PID 1 is, if it was
    copied from the build context (``argv`` names it in the image).
    """

    interpreter: Shell | None
    shell_form: bool
    argv: tuple[Word, ...]
    commands: tuple[Command, ...]
    instruction: Span
    body: Span
    keyword: str
    script_file: str | None


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
        return Process(
            interpreter,
            True,
            (),
            running(instruction, dockerfile.source.data).commands,
            instruction.span,
            body,
            instruction.keyword,
            None,
        )
    if not words and command is not None and command is not deciding:
        return read_process(dockerfile, None, command, facts, directories)
    if entrypoint is not None and command is not None:
        words = (*words, *(command[0].exec_form or ()))
    if not words:
        return None
    commands = exec_commands(words, instruction.span)
    nested = tuple(c for c in commands if c.nested)
    runs_script = len(words) >= 3 and words[1].text.startswith("-") and words[1].text.endswith("c")
    interpreter_of_c = None
    if runs_script and words[0].text.rsplit("/", 1)[-1] in {"sh", "bash", "ash", "dash"}:
        interpreter_of_c = _interpreter(words[0].text, facts)
    return Process(
        interpreter_of_c,
        False,
        words,
        nested if interpreter_of_c is not None else commands,
        instruction.span,
        body,
        instruction.keyword,
        directories.copied.get(posixpath.normpath(posixpath.join(scope.workdir, words[0].text))),
    )


def _interpreter(program: str, facts: BaseImage) -> Shell:
    name = program.rsplit("/", 1)[-1]
    if program.startswith("/busybox/"):  # where distroless debug images have it
        return Shell.BUSYBOX
    return _SHELL_NAMES.get(name, facts.shell if name == "sh" else Shell.UNKNOWN)
