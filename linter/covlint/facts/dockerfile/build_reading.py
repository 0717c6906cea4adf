"""The Go builds of a Dockerfile, read from its RUN instructions."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from covlint.documents.dockerfile import Dockerfile, Instruction
from covlint.documents.shell import Assignment, Command
from covlint.documents.shellwords import Part, ShellWord
from covlint.facts.dockerfile.build import ArgDeclaration, GoBuild, GoFlagsSource, Instrumentation
from covlint.facts.dockerfile.flags import read_arguments
from covlint.facts.dockerfile.instrumentation import branch_of, instrumentation_of
from covlint.facts.dockerfile.scope import Scope, ScopedStage, running
from covlint.source import Span, Word


@dataclass
class _ScriptState:
    """What the commands of one RUN have changed so far."""

    directory: str
    goflags: list[GoFlagsSource]
    declarations: tuple[ArgDeclaration, ...]  # of the whole file
    assigned: dict[str, str | None] = field(default_factory=dict)
    experiment: GoFlagsSource | None = None  # an exported GOEXPERIMENT
    #: variables that a branch gives a coverage flag, and the variable that decides on the branch
    switched: dict[str, str | None] = field(default_factory=dict)


def read_builds(dockerfile: Dockerfile, stages: tuple[ScopedStage, ...]) -> tuple[GoBuild, ...]:
    """The Go builds of a Dockerfile, in order."""
    builds: list[GoBuild] = []
    declarations = tuple(_declarations(dockerfile))
    stored: list[list[GoFlagsSource]] = []  # by stage: what `go env -w` left in the image
    for stage in stages:
        root = source_root(stage, stages)
        stored.append(list(stored[stage.parent]) if stage.parent is not None else [])
        for instruction, scope in stage.steps:
            if instruction.keyword != "RUN" or instruction.onbuild:
                continue
            raw = dockerfile.source.data[instruction.span.start : instruction.span.end]
            if b"build" not in raw and b"install" not in raw and b"GOFLAGS" not in raw:
                continue
            builds.extend(
                _builds_of(dockerfile, stage, instruction, scope, root, stored[-1], declarations)
            )
    return tuple(builds)


def source_root(stage: ScopedStage, stages: tuple[ScopedStage, ...]) -> str | None:
    """Where the build context lies in the stage's image: from COPY of everything, or of go.mod."""
    current: ScopedStage | None = stage
    while current is not None:
        for instruction, scope in reversed(current.steps):
            if instruction.keyword == "RUN":
                for flag in instruction.flags:
                    options = dict(p.partition("=")[::2] for p in flag.value.split(","))
                    if (
                        flag.name == "mount"
                        and options.get("type") == "bind"
                        and "from" not in options
                    ):
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
    stored: list[GoFlagsSource],
    declarations: tuple[ArgDeclaration, ...],
) -> Iterator[GoBuild]:
    # ENV always overrides ARG, wherever they stand (Dockerfile reference, "ARG")
    values = sorted(scope.history.get("GOFLAGS", ()), key=lambda v: v.kind == "env")
    sources = [
        GoFlagsSource(v.kind, v.word, refers(v.word), v.settable, v.statement) for v in values
    ]
    state = _ScriptState(scope.workdir, [*stored, *sources], declarations)
    for command in running(instruction, dockerfile.source.data).commands:
        inline = tuple(a for a in command.assignments if not a.exported)
        if not command.words or command.name in {"export", "declare"}:
            _remember(command, state)
            continue
        if command.name == "cd" and len(command.words) > 1 and not command.function:
            target = command.words[1].resolve(scope.defaults)
            state.directory = posixpath.normpath(posixpath.join(state.directory, target or "\0"))
            continue
        words = without_wrappers(command.words)
        inline = (*inline, *_env_assignments(command.words, len(command.words) - len(words)))
        if len(words) < 2 or not is_go(words[0]):
            continue
        subcommand = words[1].literal
        if subcommand == "env" and len(words) > 3 and words[2].literal == "-w":
            for word in words[3:]:
                if word.shape.startswith("GOFLAGS="):
                    value = _after_equals(word)
                    source = GoFlagsSource("go-env", value, refers(value), None, word.span)
                    state.goflags.insert(0, source)
                    stored[:] = [source]
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
    arguments = read_arguments(words[2:], fixed, words[1].span.end, dockerfile.source.data)
    goflags = list(state.goflags)
    for assignment in inline:
        if assignment.name == "GOFLAGS" and not (
            assignment.value.literal == "" and any(s.kind == "go-env" for s in goflags)
        ):
            goflags.append(
                GoFlagsSource(
                    "inline",
                    assignment.value,
                    refers(assignment.value),
                    _settable(assignment.value, scope),
                    assignment.span,
                )
            )
    branch, condition = branch_of(command.conditions)
    instrumentation, variable = instrumentation_of(
        arguments.flags, arguments.unseen, tuple(goflags), scope, branch, condition
    )
    if instrumentation in {Instrumentation.NO, Instrumentation.UNKNOWN} and state.switched:
        used = {"GOFLAGS", *(name for word in arguments.unseen for name in word.variables)}
        switches = [state.switched[name] for name in used & state.switched.keys()]
        if switches and all(flag.name != "cover" for flag in arguments.flags):
            instrumentation, variable = Instrumentation.CONDITIONAL, switches[0]
    directory = state.directory
    change = next((f for f in arguments.flags if f.name == "C" and f.value), None)
    if change is not None and change.value is not None:
        directory = posixpath.normpath(posixpath.join(directory, change.value))
    output = next((f for f in reversed(arguments.flags) if f.name == "o"), None)
    resolved = output.word.resolve(scope.defaults) if output is not None and output.value else None
    experiment = state.experiment or _declared_as(scope, "GOEXPERIMENT")
    toolchain = scope.variables.get("GOTOOLCHAIN")
    toolchain_word = None
    if toolchain is not None and toolchain.value and toolchain.word is not None:
        toolchain_word = Word(toolchain.value, toolchain.word.span)
    for assignment in inline:
        if assignment.name == "GOTOOLCHAIN" and assignment.value.literal:
            toolchain_word = Word(assignment.value.literal, assignment.value.span)
        if assignment.name == "GOEXPERIMENT":
            experiment = GoFlagsSource("inline", assignment.value, False, None, assignment.span)
    source = dockerfile.source
    return GoBuild(
        subcommand=words[1].literal or "build",
        span=Span(source.path, words[0].span.start, command.words[-1].span.end),
        command=command.span,
        after_subcommand=words[1].span.end,
        flags=arguments.flags,
        goflags=tuple(goflags),
        packages=arguments.packages,
        output=Word(resolved, output.value_span)
        if output and resolved and output.value_span
        else None,
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
        elsewhere=tuple(a for a in state.declarations if a.name.text not in scope.variables),
        text=source.slice(command.span),
        newline=source.newline,
        instruction=instruction.span,
        instruction_start=source.line_starts[source.line_of(instruction.span.start) - 1],
        experiment=experiment,
        switch_default=scope.defaults.get(variable) if variable is not None else None,
    )


def _declared_as(scope: Scope, name: str) -> GoFlagsSource | None:
    found = scope.variables.get(name)
    if found is None:
        return None
    return GoFlagsSource(found.kind, found.word, False, found.settable, found.statement)


def _declarations(dockerfile: Dockerfile) -> Iterator[ArgDeclaration]:
    places = [(None, dockerfile.preamble), *((s.index, s.instructions) for s in dockerfile.stages)]
    for stage, instructions in places:
        for instruction in instructions:
            if instruction.keyword == "ARG" and not instruction.onbuild:
                for pair in instruction.pairs():
                    default = pair.value.literal if pair.value is not None else None
                    yield ArgDeclaration(pair.name, default, stage)


def is_go(word: ShellWord) -> bool:
    """``go``, a path to it, a wrapper that takes its arguments, or a variable named for it."""
    literal = word.literal
    if literal is not None:
        return literal.rsplit("/", 1)[-1] in {"go", "xx-go", "garble"} or literal.endswith(
            "/bin/go"
        )
    return len(word.parts) == 1 and word.variables in {("GO",), ("GOCMD",), ("GO_CMD",)}


def without_wrappers(words: tuple[ShellWord, ...]) -> tuple[ShellWord, ...]:
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
        if command.conditions and "-cover" in assignment.value.shape:
            _, condition = branch_of(command.conditions)
            deciding = condition or command.conditions[-1]
            state.switched[assignment.name] = deciding.variable
        if assignment.name == "GOEXPERIMENT" and not command.conditions:
            state.experiment = GoFlagsSource(
                "export", assignment.value, False, None, assignment.span
            )
        if assignment.name == "GOFLAGS" and not command.conditions:
            state.goflags.append(
                GoFlagsSource(
                    "export", assignment.value, refers(assignment.value), None, assignment.span
                )
            )


def refers(word: ShellWord | None) -> bool:
    return word is not None and "GOFLAGS" in word.variables


def _settable(word: ShellWord, scope: Scope) -> str | None:
    for name in word.variables:
        variable = scope.variables.get(name)
        if variable is not None and variable.settable:
            return variable.settable
    return None


def _env_assignments(words: tuple[ShellWord, ...], count: int) -> Iterator[Assignment]:
    """``env NAME=value`` among the first ``count`` words."""
    for word in words[:count]:
        name, equals, _ = word.shape.partition("=")
        if equals and name.isidentifier():
            yield Assignment(name, _after_equals(word), word.span)


def _after_equals(word: ShellWord) -> ShellWord:
    """What follows the "=" of ``NAME=value``, as a word of its own."""
    parts: list[Part] = []
    skip = word.shape.index("=") + 1
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
    return ShellWord(tuple(parts), Span(word.span.path, start, word.span.end))
