"""What a Dockerfile says about building a Go binary."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from covlint.documents.dockerfile import Dockerfile, Instruction
from covlint.documents.shell import Assignment, Command, Condition
from covlint.documents.shellwords import Part, ShellWord
from covlint.facts.flags import Flag, goflags_flags, read_arguments
from covlint.facts.scope import Scope, ScopedStage, running
from covlint.facts.shutdown import GoModule
from covlint.source import Span, Word


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
    that a build takes (tests left out).
    """

    context: str  # the build context, relative to the project root ("." for the root)
    directory: str | None  # where the build runs, relative to the project root
    module: GoModule | None
    package: str | None
    package_files: tuple[str, ...]

    @property
    def import_path(self) -> str | None:
        """The import path of the main package."""
        if self.module is None or self.package is None:
            return None
        relative = posixpath.relpath(self.package, self.module.directory)
        if relative.startswith(".."):
            return None
        return self.module.module_path if relative == "." else f"{self.module.module_path}/{relative}"


@dataclass(frozen=True, slots=True)
class GoBuild:
    """One ``go build`` or ``go install`` command of a Dockerfile."""

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
    site: BuildSite | None = None  # set by wiring
    takes_part: bool = False  # set by wiring: there is a sign that this build is meant for coverage

    def flag(self, name: str) -> Flag | None:
        """The last command-line flag of that name (Go: the last wins)."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        """The flags in force: those of GOFLAGS, then those of the command line."""
        return (*effective_goflags(self.goflags), *self.flags)

    @property
    def in_production_branch(self) -> bool:
        return self.branch is Branch.PRODUCTION


def effective_goflags(sources: tuple[GoFlagsSource, ...]) -> tuple[Flag, ...]:
    """The flags of the GOFLAGS in force, former values included where they are referred to."""
    flags: tuple[Flag, ...] = ()
    for source in sources:
        if source.kind in {"arg", "go-env"} and source.word is None:
            continue
        flags = (*flags, *source.flags) if source.refers else source.flags
    return flags


COVER_FLAGS = frozenset({"cover", "coverpkg", "covermode"})


def mentions_cover(text: str | None) -> bool:
    return text is not None and "-cover" in text


def is_coverage_name(name: str) -> bool:
    """Whether a variable's name says that it switches coverage (COVER, E2E_COVERAGE, …)."""
    upper = name.upper()
    return "COVER" in upper and "COVERALLS" not in upper


@dataclass
class _ScriptState:
    """What the commands of one RUN have changed so far."""

    directory: str
    goflags: list[GoFlagsSource]
    assigned: dict[str, str | None] = field(default_factory=dict)


def read_builds(dockerfile: Dockerfile, stages: tuple[ScopedStage, ...]) -> tuple[GoBuild, ...]:
    """The Go builds of a Dockerfile, in order."""
    builds: list[GoBuild] = []
    for stage in stages:
        root = source_root(stage, stages)
        for instruction, scope in stage.steps:
            if instruction.keyword != "RUN" or instruction.onbuild:
                continue
            raw = dockerfile.source.data[instruction.span.start : instruction.span.end]
            if b"build" not in raw and b"install" not in raw:
                continue
            builds.extend(_builds_of(dockerfile, stage, instruction, scope, root))
    return tuple(builds)


def source_root(stage: ScopedStage, stages: tuple[ScopedStage, ...]) -> str | None:
    """Where the build context lies in the stage's image: from COPY of everything, or of go.mod."""
    current: ScopedStage | None = stage
    while current is not None:
        for instruction, scope in reversed(current.steps):
            if instruction.keyword == "RUN":
                for flag in instruction.flags:
                    options = dict(p.partition("=")[::2] for p in flag.value.split(","))
                    if flag.name == "mount" and options.get("type") == "bind" and "from" not in options:
                        source = options.get("source", options.get("src", "."))
                        target = options.get("target", options.get("dst", ""))
                        if source in {".", "./"} and target:
                            return posixpath.normpath(posixpath.join(scope.workdir, target))
            if instruction.keyword not in {"COPY", "ADD"} or instruction.flag("from") is not None:
                continue
            words = [word.resolve(scope.defaults) for word in instruction.words()]
            if len(words) < 2 or words[-1] is None:
                continue
            target = posixpath.normpath(posixpath.join(scope.workdir, words[-1]))
            sources = words[:-1]
            if any(source in {".", "./"} for source in sources):
                return target
            if "go.mod" in sources:
                return posixpath.dirname(target) if target.endswith("/go.mod") else target
        current = stages[current.parent] if current.parent is not None else None
    return None


def _builds_of(
    dockerfile: Dockerfile,
    stage: ScopedStage,
    instruction: Instruction,
    scope: Scope,
    root: str | None,
) -> Iterator[GoBuild]:
    # ENV always overrides ARG, wherever they stand (Dockerfile reference, "ARG")
    declarations = sorted(scope.history.get("GOFLAGS", ()), key=lambda v: v.kind == "env")
    sources = [
        GoFlagsSource(v.kind, v.word, _refers(v.word), v.settable, v.statement)
        for v in declarations
    ]
    state = _ScriptState(scope.workdir, sources)
    for command in running(instruction, dockerfile.source.data).commands:
        inline = tuple(a for a in command.assignments if not a.exported)
        if not command.words or command.name in {"export", "declare"}:
            _remember(command, state)
            continue
        if command.name == "cd" and len(command.words) > 1 and not command.function:
            target = command.words[1].resolve(scope.defaults)
            state.directory = posixpath.normpath(posixpath.join(state.directory, target or "\0"))
            continue
        words = _without_wrappers(command.words)
        if len(words) < 2 or not _is_go(words[0]):
            continue
        subcommand = words[1].literal
        if subcommand == "env" and len(words) > 3 and words[2].literal == "-w":
            for word in words[3:]:
                if word.shape.startswith("GOFLAGS="):
                    state.goflags.insert(0, _go_env(word))
            continue
        if subcommand not in {"build", "install"}:
            continue
        yield _build(dockerfile, stage, instruction, scope, root, command, words, inline, state)


def _build(
    dockerfile: Dockerfile,
    stage: ScopedStage,
    instruction: Instruction,
    scope: Scope,
    root: str | None,
    command: Command,
    words: tuple[ShellWord, ...],
    inline: tuple[Assignment, ...],
    state: _ScriptState,
) -> GoBuild:
    fixed = {**scope.fixed, **{n: v for n, v in state.assigned.items() if v is not None}}
    arguments = read_arguments(words[2:], fixed, words[1].span.end)
    goflags = list(state.goflags)
    for assignment in inline:
        if assignment.name == "GOFLAGS" and not (
            assignment.value.literal == "" and any(s.kind == "go-env" for s in goflags)
        ):
            goflags.append(
                GoFlagsSource(
                    "inline",
                    assignment.value,
                    _refers(assignment.value),
                    _settable(assignment.value, scope),
                    assignment.span,
                )
            )
    branch, condition = _branch(command.conditions)
    instrumentation, variable = _instrumentation(
        arguments.flags, arguments.unseen, tuple(goflags), scope, branch, condition
    )
    directory = state.directory
    change = next((f for f in arguments.flags if f.name == "C" and f.value), None)
    if change is not None and change.value is not None:
        directory = posixpath.normpath(posixpath.join(directory, change.value))
    output = next((f for f in reversed(arguments.flags) if f.name == "o"), None)
    resolved = output.word.resolve(scope.defaults) if output is not None and output.value else None
    toolchain = scope.variables.get("GOTOOLCHAIN")
    toolchain_word = None
    if toolchain is not None and toolchain.value and toolchain.word is not None:
        toolchain_word = Word(toolchain.value, toolchain.word.span)
    for assignment in inline:
        if assignment.name == "GOTOOLCHAIN" and assignment.value.literal:
            toolchain_word = Word(assignment.value.literal, assignment.value.span)
    source = dockerfile.source
    return GoBuild(
        subcommand=words[1].literal or "build",
        span=Span(source.path, words[0].span.start, command.words[-1].span.end),
        command=command.span,
        after_subcommand=words[1].span.end,
        flags=arguments.flags,
        goflags=tuple(goflags),
        packages=arguments.packages,
        output=Word(resolved, output.value_span) if output and resolved and output.value_span else None,
        directory=directory,
        source_root=root,
        branch=branch,
        conditional=condition.statement if condition is not None else None,
        condition=condition,
        instrumentation=instrumentation,
        variable=variable,
        unseen=arguments.unseen,
        environment=tuple(
            (a.name, a.value.resolve(scope.defaults)) for a in inline if a.name != "GOFLAGS"
        ),
        stage=stage.stage.index,
        stage_name=stage.stage.name,
        base=stage.outer_base,
        base_span=stage.stage.base.span,
        toolchain=toolchain_word,
        declared=tuple(scope.variables),
        elsewhere=tuple(a for a in _declarations(dockerfile) if a.name.text not in scope.variables),
        text=source.slice(command.span),
        newline=source.newline,
        instruction=instruction.span,
        instruction_start=source.line_starts[source.line_of(instruction.span.start) - 1],
    )


def _declarations(dockerfile: Dockerfile) -> Iterator[ArgDeclaration]:
    places = [(None, dockerfile.preamble), *((s.index, s.instructions) for s in dockerfile.stages)]
    for stage, instructions in places:
        for instruction in instructions:
            if instruction.keyword == "ARG" and not instruction.onbuild:
                for pair in instruction.pairs():
                    default = pair.value.literal if pair.value is not None else None
                    yield ArgDeclaration(pair.name, default, stage)


def _is_go(word: ShellWord) -> bool:
    """``go``, a path to it, a wrapper that takes its arguments, or a variable named for it."""
    literal = word.literal
    if literal is not None:
        return literal.rsplit("/", 1)[-1] in {"go", "xx-go", "garble"} or literal.endswith("/bin/go")
    return len(word.parts) == 1 and word.variables in {("GO",), ("GOCMD",), ("GO_CMD",)}


def _without_wrappers(words: tuple[ShellWord, ...]) -> tuple[ShellWord, ...]:
    """The command without ``env A=b``, ``time``, ``exec`` and the like before it."""
    position = 0
    while position < len(words):
        literal = words[position].literal
        if literal in {"exec", "time", "sudo", "nice", "env", "command"}:
            position += 1
            while position < len(words) and (
                "=" in words[position].shape or words[position].shape.startswith("-")
            ):
                position += 1
        else:
            break
    words = words[position:]
    if len(words) > 2 and words[0].literal == "garble":
        index = next((i for i, w in enumerate(words) if w.literal in {"build", "install"}), None)
        if index is not None and index > 1:
            words = (words[0], *words[index:])
    return words


def _remember(command: Command, state: _ScriptState) -> None:
    for assignment in command.assignments:
        value = assignment.value.literal
        if assignment.items is not None:
            value = None
        if command.conditions or assignment.appends:
            value = None
        state.assigned[assignment.name] = value
        if assignment.name == "GOFLAGS" and not command.conditions:
            state.goflags.append(
                GoFlagsSource(
                    "export", assignment.value, _refers(assignment.value), None, assignment.span
                )
            )


def _refers(word: ShellWord | None) -> bool:
    return word is not None and "GOFLAGS" in word.variables


def _settable(word: ShellWord, scope: Scope) -> str | None:
    for name in word.variables:
        variable = scope.variables.get(name)
        if variable is not None and variable.settable:
            return variable.settable
    return None


def _go_env(word: ShellWord) -> GoFlagsSource:
    """``go env -w GOFLAGS=…``: the word after the "=" as a word of its own."""
    parts: list[Part] = []
    skip = len("GOFLAGS=")
    for part in word.parts:
        if skip and part.kind == "text":
            cut = min(skip, len(part.text))
            rest = part.text[cut:]
            skip -= cut
            if rest:
                start = part.end - len(rest.encode())
                parts.append(Part("text", rest, part.quoted, start=start, end=part.end))
        else:
            parts.append(part)
    start = parts[0].start if parts else word.span.end
    value = ShellWord(tuple(parts), Span(word.span.path, start, word.span.end))
    return GoFlagsSource("go-env", value, _refers(value), None, word.span)


def _branch(conditions: tuple[Condition, ...]) -> tuple[Branch, Condition | None]:
    for condition in reversed(conditions):
        name, value = condition.variable, condition.value or ""
        if name is None:
            continue
        about = "cover" in value.lower() or is_coverage_name(name)
        if not about:
            continue
        positive = condition.operator in {"=", "-n", "matches"}
        if value.lower() in {"false", "0", "no", "off", ""} and condition.operator in {"=", "!="}:
            positive = not positive
        holds = condition.holds == positive
        return (Branch.COVERAGE if holds else Branch.PRODUCTION), condition
    return Branch.NONE, None


def _instrumentation(
    flags: tuple[Flag, ...],
    unseen: tuple[ShellWord, ...],
    goflags: tuple[GoFlagsSource, ...],
    scope: Scope,
    branch: Branch,
    condition: Condition | None,
) -> tuple[Instrumentation, str | None]:
    """Whether the build is instrumented, and the variable that decides it."""
    on = _cover_flag(flags)
    if on is not None:
        if not on:
            return Instrumentation.NO, None
        if branch is Branch.COVERAGE and condition is not None:
            return Instrumentation.CONDITIONAL, condition.variable
        return Instrumentation.YES, None
    if branch is Branch.PRODUCTION and not unseen:
        return Instrumentation.NO, None
    conditional: str | None = None
    in_force = goflags[-1] if goflags else None
    if in_force is not None:
        if _cover_flag(effective_goflags(goflags)):
            if in_force.settable and in_force.kind == "arg":
                return Instrumentation.CONDITIONAL, in_force.settable
            return Instrumentation.YES, None
        conditional = _switch(goflags, scope)
        if branch is Branch.COVERAGE and condition is not None and condition.variable == "GOFLAGS":
            passed = in_force.settable == "GOFLAGS" or in_force.refers
            if passed:
                return Instrumentation.CONDITIONAL, "GOFLAGS"
    for word in unseen:
        for part in word.parts:
            if part.kind == "variable":
                variable = scope.variables.get(part.text)
                if part.operator in {":+", "+"} and mentions_cover(part.operand):
                    return Instrumentation.CONDITIONAL, part.text
                if variable is not None and variable.settable:
                    conditional = conditional or variable.settable
                elif is_coverage_name(part.text):
                    # COVER is never set here: it is the switch that was forgotten
                    conditional = conditional or part.text
                elif variable is None or variable.value is None:
                    return Instrumentation.UNKNOWN, part.text
            elif part.kind == "opaque":
                return Instrumentation.UNKNOWN, None
    if conditional is not None:
        return Instrumentation.CONDITIONAL, conditional
    return Instrumentation.NO, None


def _switch(goflags: tuple[GoFlagsSource, ...], scope: Scope) -> str | None:
    """The ARG through which a build argument reaches the GOFLAGS in force."""
    switch: str | None = None
    for source in goflags:
        if source.kind in {"env", "inline", "export"} and not source.refers:
            switch = source.settable
        else:
            switch = source.settable or switch
    return switch


def _cover_flag(flags: tuple[Flag, ...]) -> bool | None:
    """True when the flags turn instrumentation on, False when they turn it off.

    ``-coverpkg`` and ``-covermode`` imply ``-cover``; on the command line a later
    ``-coverpkg`` turns ``-cover=false`` on again (facts, part A).
    """
    state: bool | None = None
    for flag in flags:
        if flag.name == "cover":
            state = flag.enabled
        elif flag.name in {"coverpkg", "covermode"} and flag.value:
            state = True
    return state
