"""What a Dockerfile says about the image that runs: user, directories, PID 1."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace

from covlint.documents.dockerfile import Dockerfile, Instruction
from covlint.facts.dockerfile.base_images import BaseImage, Shell, base_image
from covlint.facts.dockerfile.binaries import builds_for, lineage_of, output_name
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.directories import (
    WORLD_WRITABLE,
    Directory,
    DirectoryReader,
    is_writable,
)
from covlint.facts.dockerfile.process import Process, read_process
from covlint.facts.dockerfile.scope import Scope, ScopedStage
from covlint.facts.dockerfile.stale_copies import StaleCopy, with_stale_copies
from covlint.facts.dockerfile.test_binaries import TestBinary, read_test_binaries
from covlint.frozen import dataclass
from covlint.source import Span, Word

__all__ = ["Directory", "Image", "Process", "Shell", "User", "output_name", "read_images"]

#: Directories that every image of base_images has, scratch and distroless apart.
_USUAL = frozenset(["/var", "/etc", "/usr", "/home", "/root", "/run", "/opt", "/var/lib"])


@dataclass(frozen=True, slots=True)
class User:
    """The user that the image runs as, without its group.

    ``root`` is None when it cannot be told. ``span`` is the USER argument, None
    when the base image decides.
    """

    name: str
    root: bool | None
    span: Span | None


@dataclass(frozen=True, slots=True)
class Image:
    """One buildable stage (a target), with what it inherits from the stages below it."""

    dockerfile: str
    stage: int
    name: str | None
    final: bool  # the default target
    base: str | None
    base_facts: BaseImage
    origin: Span  # the FROM instruction
    user: User
    coverdir: Word | None  # ENV GOCOVERDIR, an empty value left out
    coverdir_instruction: Span | None
    directories: tuple[Directory, ...]
    directories_opaque: bool  # a command that may make directories could not be read
    volumes: tuple[str, ...]
    process: Process | None
    stop_signal: Word | None
    insertion: int  # byte offset of the line before which a RUN or COPY can go
    root_at_insertion: bool  # a RUN there runs as root
    unended: int | None  # the end of a file that has no final line ending
    newline: bytes
    builds: tuple[GoBuild, ...]  # the builds whose output this stage makes or copies
    builder_name: str | None  # the stage of the first of them, when it is another stage
    builder_insertion: int | None  # byte offset of the line after that build
    environment: tuple[tuple[str, str], ...]
    takes_part: bool = False
    workdir: str | None = None  # absolute; None when it is not seen
    test_binaries: tuple[TestBinary, ...] = ()  # of its Dockerfile
    copied_program: str | None = None  # the file that it starts, if it comes from the context
    stale_copies: tuple[StaleCopy, ...] = ()

    @property
    def shell(self) -> Shell:
        return self.base_facts.shell

    def writable(self, path: str) -> bool | None:
        """Whether the image's user can create files in ``path``; None when not seen."""
        if self.user.root:
            return True
        if self.user.root is None:
            return None
        return is_writable(
            path, self.user.name, self.directories, self.directories_opaque, self.base_facts
        )

    def has_directory(self, path: str) -> bool | None:
        """Whether the image has the directory ``path``; None when not seen."""
        path = posixpath.normpath(path)
        for directory in self.directories:
            if directory.path == path or directory.path.startswith(path + "/"):
                return True
        if any(posixpath.normpath(volume) == path for volume in self.volumes):
            return True
        if path in {"/", "/proc", "/dev", "/sys"}:
            return True
        if self.base == "scratch":
            return None if self.directories_opaque else False
        if path in WORLD_WRITABLE or path in _USUAL:
            return True
        if self.directories_opaque or self.base_facts.user is None:
            return None
        if path.startswith(
            ("/usr/", "/var/", "/etc/", "/home/", "/run/", "/opt/", "/root/", "/dev/")
        ):
            return None
        return False


def read_images(
    dockerfile: Dockerfile, stages: tuple[ScopedStage, ...], builds: tuple[GoBuild, ...]
) -> tuple[Image, ...]:
    """The images that the Dockerfile can make from Go builds or with GOCOVERDIR, one per stage."""
    images = []
    tests = read_test_binaries(dockerfile, stages) if b"test" in dockerfile.source.data else ()
    for stage in stages:
        image = _image(dockerfile, stage, stages, builds)
        test = image.copied_program is not None and image.copied_program.endswith(".test")
        if image.builds or image.coverdir is not None or tests or test:
            images.append(replace(image, test_binaries=tests) if tests else image)
    if len(builds) < 2:
        return tuple(images)
    return with_stale_copies(images, stages, builds, output_name)


def _image(
    dockerfile: Dockerfile,
    stage: ScopedStage,
    stages: tuple[ScopedStage, ...],
    builds: tuple[GoBuild, ...],
) -> Image:
    lineage = lineage_of(stage, stages)
    steps = [step for part in lineage for step in part.steps]
    facts = base_image(stage.outer_base)
    reader = DirectoryReader(dockerfile.source.data, facts)
    volumes: list[str] = []
    entrypoint: tuple[Instruction, Scope] | None = None
    command: tuple[Instruction, Scope] | None = None
    stop_signal: Word | None = None
    for instruction, scope in steps:
        if instruction.onbuild:
            continue
        reader.read(instruction, scope)
        if instruction.keyword == "VOLUME":
            words = instruction.exec_form
            texts = (
                [w.text for w in words]
                if words
                else [w.resolve(scope.defaults) or "" for w in instruction.words()]
            )
            volumes.extend(text for text in texts if text)
        elif instruction.keyword == "ENTRYPOINT":
            entrypoint = (instruction, scope)
            if command is not None and command[0] not in stage.stage.instructions:
                command = None  # an ENTRYPOINT drops the CMD of the image below
        elif instruction.keyword == "CMD":
            command = (instruction, scope)
        elif instruction.keyword == "STOPSIGNAL" and instruction.words():
            word = instruction.words()[0]
            stop_signal = Word(word.resolve(scope.defaults) or "", word.span)
    own_builds = builds_for(stage, lineage, stages, builds)
    coverdir, coverdir_instruction = _coverdir(stage)
    process = read_process(dockerfile, entrypoint, command, facts, reader)
    builder = next((b for b in own_builds if b.stage != stage.stage.index), None)
    insertion = _insertion(dockerfile, stage)
    data = dockerfile.source.data
    return Image(
        dockerfile=dockerfile.source.path,
        stage=stage.stage.index,
        name=stage.stage.name,
        final=stage is stages[-1],
        base=stage.outer_base,
        base_facts=facts,
        origin=stage.stage.origin.span,
        user=_user(stage, facts),
        coverdir=coverdir,
        coverdir_instruction=coverdir_instruction,
        directories=reader.finished(),
        directories_opaque=reader.opaque,
        volumes=tuple(volumes),
        process=process,
        stop_signal=stop_signal,
        insertion=insertion,
        root_at_insertion=_root_at(insertion, lineage, facts),
        unended=len(data) if not data.endswith(b"\n") else None,
        newline=dockerfile.source.newline,
        builds=own_builds,
        builder_name=(builder.stage_name or str(builder.stage)) if builder else None,
        builder_insertion=_line_after(dockerfile, builder.instruction) if builder else None,
        environment=tuple(
            (n, v.value)
            for n, v in stage.end.variables.items()
            if v.kind == "env" and v.value is not None
        ),
        workdir=_workdir(lineage, facts),
        copied_program=None if own_builds else _copied_program(process, steps),
    )


def _copied_program(
    process: Process | None, steps: Sequence[tuple[Instruction, Scope]]
) -> str | None:
    """The name of the program that the image starts, where a COPY names it in the context."""
    name = posixpath.basename(process.argv[0].text) if process is not None and process.argv else ""
    for instruction, _ in steps:
        if name and instruction.keyword == "COPY" and instruction.flag("from") is None:
            sources = instruction.words()[:-1]
            if any(posixpath.basename(one.literal or "") == name for one in sources):
                return name
    return None


def _workdir(lineage: list[ScopedStage], facts: BaseImage) -> str | None:
    """The directory in which the image's program starts.

    None where a WORKDIR is not seen, and where only the base image may set one.
    """
    path = lineage[-1].end.workdir
    written = any(i.keyword == "WORKDIR" for part in lineage for i, _ in part.steps)
    if "\0" in path or (not written and not facts.empty):
        return None
    return path


def _user(stage: ScopedStage, facts: BaseImage) -> User:
    word = stage.end.user
    if word is None:
        if facts.user is None:
            return User("", None, None)
        return User(facts.user, facts.user == "", None)
    name = word.text.split(":", 1)[0]
    if "$" in name or "\0" in name:
        return User(name, None, word.span)
    return User(name, name in {"root", "0"}, word.span)


def _coverdir(stage: ScopedStage) -> tuple[Word | None, Span | None]:
    variable = stage.end.variables.get("GOCOVERDIR")
    if variable is None or variable.kind != "env" or not variable.value or variable.word is None:
        return None, None
    if variable.settable is not None:
        return None, None
    return Word(variable.value, variable.word.span), variable.statement


def _line_after(dockerfile: Dockerfile, span: Span) -> int:
    line = dockerfile.source.line_of(max(span.start, span.end - 1))
    starts = dockerfile.source.line_starts
    return starts[line] if line < len(starts) else len(dockerfile.source.data)


def _insertion(dockerfile: Dockerfile, stage: ScopedStage) -> int:
    """Before the USER that drops root; else before ENTRYPOINT or CMD; else after the last line."""
    starts = dockerfile.source.line_starts
    for keywords in ({"USER"}, {"ENTRYPOINT", "CMD"}):
        for instruction, _ in stage.steps:
            if instruction.keyword in keywords and not instruction.onbuild:
                return starts[dockerfile.source.line_of(instruction.span.start) - 1]
    last = stage.steps[-1][0] if stage.steps else stage.stage.origin
    return _line_after(dockerfile, last.span)


def _root_at(offset: int, lineage: list[ScopedStage], facts: BaseImage) -> bool:
    """Whether a RUN at the byte ``offset`` would run as root."""
    user = facts.user
    for part in lineage:
        for instruction, scope in part.steps:
            if part is lineage[-1] and instruction.span.start >= offset:
                return _is_root(scope.user.text if scope.user is not None else user)
    end = lineage[-1].end.user
    return _is_root(end.text if end is not None else user)


def _is_root(user: str | None) -> bool:
    return user is not None and user.split(":", 1)[0] in {"", "root", "0"}
