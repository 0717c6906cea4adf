"""What a Dockerfile says about the image that runs: user, directories, PID 1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from covlint.facts.build import GoBuild
from covlint.source import Span, Word


class Shell(Enum):
    """Which program ``/bin/sh`` is; it decides whether SIGTERM reaches the service (facts, part C)."""

    DASH = "dash"
    BASH = "bash"
    BUSYBOX = "busybox"
    NONE = "none"  # scratch and distroless: a shell form cannot start
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class User:
    """The user that the image runs as. ``root`` is None when it cannot be told."""

    name: str  # as written, without the group; "" when nothing sets it
    root: bool | None
    span: Span | None  # None: inherited from the base image


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that the final stage creates.

    ``owner`` is "" for root, None when not seen; ``mode`` the permission bits
    that a chmod (or COPY --chmod, mkdir -m) gives it, None when none does.
    """

    path: str
    owner: str | None
    mode: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Process:
    """PID 1 of the image: ENTRYPOINT and CMD put together.

    ``shell`` is True when a shell runs ``script`` (shell form, or ``sh -c``
    spelled out); ``argv`` the words of the exec form; ``script_span`` the
    script's text; ``instruction`` the ENTRYPOINT or CMD that decides.
    """

    shell: bool
    argv: tuple[Word, ...]
    script_span: Span | None
    instruction: Span
    keyword: str


@dataclass(frozen=True, slots=True)
class Image:
    """One buildable stage (a target), with what it inherits from the stages below it."""

    dockerfile: str
    stage: int
    name: str | None
    final: bool  # the default target
    base: str | None  # the outermost base image, resolved; None when unknown
    from_span: Span
    shell: Shell
    user: User
    coverdir: Word | None  # ENV GOCOVERDIR
    directories: tuple[Directory, ...]
    directories_opaque: bool  # a command that may create or open directories could not be read
    volumes: tuple[str, ...]
    process: Process | None
    stop_signal: Word | None
    insertion: int  # byte offset of a line start in the stage where a COPY or RUN (as root) can go
    builds: tuple[GoBuild, ...]  # the builds whose output this stage makes or copies
    takes_part: bool = False
