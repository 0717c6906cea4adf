"""What a Dockerfile (or script) says about building a Go binary."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from covlint.source import Span, Word


class Instrumentation(Enum):
    """Whether a build writes coverage counters.

    YES: always. NO: never, whatever the build arguments are. CONDITIONAL: it
    depends on an argument or a branch that can turn it on. UNKNOWN: something
    in the line cannot be resolved.
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
class Flag:
    """One build flag, from the command line or from a GOFLAGS value.

    ``name`` has no dashes; ``value`` is None for a bare boolean flag and for a
    value that is not seen (then ``opaque``). ``span`` covers flag and value;
    ``removal`` covers also the white space (and line continuation) that would
    be left behind when the flag goes. ``value_span`` is the value as written,
    its quotes included.
    """

    name: str
    value: str | None
    opaque: bool
    span: Span
    removal: Span
    value_span: Span | None
    from_goflags: bool


@dataclass(frozen=True, slots=True)
class GoFlagsSource:
    """Where a GOFLAGS value comes from: an inline assignment, ENV, ARG, export or `go env -w`.

    ``value`` is the decoded value, None when it is not seen. ``refers`` is True
    when the value includes the former ``$GOFLAGS``. ``span`` is the value as
    written (quotes included; empty span where a value is missing).
    """

    kind: str  # "inline", "env", "arg", "export", "go-env"
    value: str | None
    raw: str
    refers: bool
    span: Span
    statement: Span  # the whole assignment or instruction


@dataclass(frozen=True, slots=True)
class GoBuild:
    """One ``go build`` or ``go install`` command."""

    subcommand: str  # "build" or "install"
    span: Span  # from the ``go`` word to the last argument
    after_subcommand: int  # byte offset where a flag can be inserted (" -cover")
    flags: tuple[Flag, ...]  # of the command line only, in order
    goflags: tuple[GoFlagsSource, ...]  # in order of evaluation; the last one is in force
    packages: tuple[Word, ...]
    packages_opaque: bool
    output: Word | None  # -o
    directory: str | None  # working directory in the image or script, absolute or relative; None: unknown
    branch: Branch
    conditional: Span | None  # the whole if…fi, or the instruction, that the branch is in
    instrumentation: Instrumentation
    variable: str | None  # the ARG or variable that turns the instrumentation on, if conditional
    opaque: bool  # some word is not seen: a flag may hide there
    stage: int | None  # index of the Dockerfile stage, None outside Dockerfiles
    instruction: Span  # the RUN instruction, or the command outside Dockerfiles
    takes_part: bool = False  # set by wiring: there is a sign that this build is meant for coverage

    def flag(self, name: str) -> Flag | None:
        """The last command-line flag of that name (Go: the last wins)."""
        found = None
        for flag in self.flags:
            if flag.name == name:
                found = flag
        return found
