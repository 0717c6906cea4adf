"""What a Dockerfile says about building a Go binary."""

from __future__ import annotations

import posixpath
from enum import Enum
from typing import TYPE_CHECKING

from covlint.diagnostics import Edit
from covlint.documents.shell import Condition
from covlint.documents.shellwords import ShellWord
from covlint.facts.dockerfile.flags import Flag, goflags_flags
from covlint.frozen import dataclass
from covlint.source import Span, Word

if TYPE_CHECKING:  # the Go reader is not needed to read a Dockerfile
    from covlint.facts.golang.shutdown import GoModule


#: The stage of a build that is in no Dockerfile but in a script, a Makefile or a CI job.
NO_STAGE = -1


class Instrumentation(Enum):
    """Whether a build writes coverage counters.

    YES: always. NO: never, whatever the build arguments are. CONDITIONAL: a
    build argument or a branch can turn it on. UNKNOWN: something in the line
    cannot be resolved.
    """

    YES = "yes"
    NO = "no"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"


class Branch(Enum):
    """On which side of a conditional build a command stands."""

    NONE = "none"  # not in a conditional on a coverage variable
    COVERAGE = "coverage"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class GoFlagsSource:
    """Where a GOFLAGS value comes from.

    ``kind``: "inline" (before the command), "export" (earlier in the script),
    "env", "arg", or "go-env" (``go env -w``). ``refers``: the value includes the
    former ``$GOFLAGS``. ``word`` is the value as written, None for an ARG
    without default. ``settable`` names the ARG that a build argument can change.
    """

    kind: str
    word: ShellWord | None
    refers: bool
    settable: str | None
    statement: Span  # the assignment, or the instruction

    @property
    def flags(self) -> tuple[Flag, ...]:
        return goflags_flags(self.word) if self.word is not None else ()


@dataclass(frozen=True, slots=True)
class ArgDeclaration:
    """An ARG of the Dockerfile. ``stage`` is None before the first FROM."""

    name: Word
    default: str | None
    stage: int | None


@dataclass(frozen=True, slots=True)
class BuildSite:
    """Where in the repository a build's sources are: what wiring adds to a build.

    ``package`` is the directory of the main package relative to the project
    root, None when it cannot be told; ``package_files`` are the Go files in it
    that a build takes (tests left out). ``workspace``: the paths of the other modules
    of its go.work that the program is made of and that do not lie below ``directory``,
    asked only where -coverpkg is given.
    """

    context: str  # the build context, relative to the project root ("." for the root)
    directory: str | None  # where the build runs, relative to the project root
    module: GoModule | None
    package: str | None
    package_files: tuple[str, ...]
    workspace: tuple[str, ...] = ()

    @property
    def import_path(self) -> str | None:
        """The import path of the main package."""
        if self.module is None or self.package is None:
            return None
        relative = posixpath.relpath(self.package, self.module.directory)
        if relative.startswith(".."):
            return None
        return (
            self.module.module_path if relative == "." else f"{self.module.module_path}/{relative}"
        )


@dataclass(frozen=True, slots=True)
class GoBuild:
    """One ``go build`` or ``go install`` command.

    Outside Dockerfiles ``stage`` is NO_STAGE and the project root is the root of
    the file system.
    """

    subcommand: str  # "build" or "install"
    span: Span  # from the ``go`` word to the last argument
    command: Span  # with the assignments before it
    after_subcommand: int  # byte offset at which " -cover" can be inserted
    flags: tuple[Flag, ...]  # of the command line only, in order
    goflags: tuple[GoFlagsSource, ...]  # in order of evaluation: the last one is in force
    packages: tuple[ShellWord, ...]
    output: Word | None  # -o, None when it is not seen
    directory: str  # working directory in the image, absolute ("\0" in it: not seen)
    source_root: str | None  # where the build context is copied to in the image; None: not seen
    branch: Branch
    conditional: Span | None  # the whole if…fi or case…esac that the branch is in
    condition: Condition | None
    instrumentation: Instrumentation
    variable: str | None  # the ARG or variable that turns the instrumentation on
    unseen: tuple[ShellWord, ...]  # words that may hold any flag
    environment: tuple[tuple[str, str | None], ...]  # inline assignments but GOFLAGS
    stage: int
    stage_name: str | None
    base: str | None  # the stage's outermost base image, ARG defaults put in
    base_span: Span  # the image in the FROM of this stage
    toolchain: Word | None  # GOTOOLCHAIN in force, as written
    declared: tuple[str, ...]  # names of the ARGs and ENVs in force
    elsewhere: tuple[ArgDeclaration, ...]  # ARGs that this build does not see
    text: bytes  # the command as written, with the assignments before it
    newline: bytes  # the file's line ending
    instruction: Span
    instruction_start: int  # byte offset of the line on which the RUN starts
    experiment: GoFlagsSource | None = None  # the GOEXPERIMENT in force
    switch_default: str | None = None  # what ``variable`` is when no build argument is passed
    site: BuildSite | None = None  # set by wiring
    takes_part: bool = False  # set by wiring: there is a sign that this build is meant for coverage
    #: How one more flag is written after the subcommand; None: it cannot be.
    further_flag: str | None = " {}"
    judged: Span | None = None  # set by wiring: the build argument whose value is judged, alone
    #: Characters that end the string of another language in which the build stands.
    forbidden: str = ""

    def flag(self, name: str) -> Flag | None:
        """The last command-line flag of that name (Go: the last wins)."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)

    def with_flag(self, flag: str) -> Edit | None:
        """The edit that adds a flag; None where the command is put together from parts."""
        if self.further_flag is None:
            return None
        at = Span(self.span.path, self.after_subcommand, self.after_subcommand)
        return Edit(at, self.further_flag.format(flag).encode())

    def holds(self, text: str) -> bool:
        """Whether a text can be written into the command."""
        return not set(text) & set(self.forbidden)

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        """The flags in force: those of GOFLAGS, then those of the command line."""
        return (*effective_goflags(self.goflags), *self.flags)

    @property
    def in_production_branch(self) -> bool:
        return self.branch is Branch.PRODUCTION


def effective_goflags(sources: tuple[GoFlagsSource, ...]) -> tuple[Flag, ...]:
    """The flags of the GOFLAGS in force, former values included where they are referred to."""
    stored: tuple[Flag, ...] = ()
    flags: tuple[Flag, ...] = ()
    for source in sources:
        if source.kind == "go-env":
            stored = source.flags
        elif source.kind != "arg" or source.word is not None:
            flags = (*flags, *source.flags) if source.refers else source.flags
    # an empty GOFLAGS leaves what `go env -w` has set in force
    return flags or (stored if _is_empty(sources) else ())


def _is_empty(sources: tuple[GoFlagsSource, ...]) -> bool:
    """Whether GOFLAGS is not set in the environment, or set to nothing."""
    last = next((source for source in reversed(sources) if source.kind != "go-env"), None)
    return last is None or last.word is None or last.word.literal == ""


COVER_FLAGS = frozenset({"cover", "coverpkg", "covermode"})


def mentions_cover(text: str | None) -> bool:
    return text is not None and "-cover" in text


def names_files(argument: str | None) -> bool:
    """Whether an argument of ``go build`` is files, also by a pattern that the shell expands."""
    return argument is not None and (argument.endswith((".go", "/*")) or argument in {"*", "./*"})


def is_coverage_name(name: str) -> bool:
    """Whether a variable's name says that it switches coverage (COVER, E2E_COVERAGE, …)."""
    upper = name.upper()
    return "COVER" in upper and "COVERALLS" not in upper
