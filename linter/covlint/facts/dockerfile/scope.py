"""What is in force at each instruction of a Dockerfile: variables, directory, user, shell.

Rules of the Dockerfile reference: ENV is inherited by stages built on a stage,
an ARG before the first FROM is only seen by a stage that declares it again,
and ENV always overrides an ARG of the same name.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace

from covlint.documents.dockerfile import Dockerfile, Instruction, Stage
from covlint.documents.grammars import TangledSyntax
from covlint.documents.shell import SHELLS, Command, Script, parse_script
from covlint.documents.shellwords import Part, ShellWord
from covlint.frozen import dataclass
from covlint.source import Span, UnreadableSource, Word

#: Every instruction has its own variables and those of all before it: 700 of them in a stage
#: take 50 MiB, and no Dockerfile is known with a tenth of these.
_MOST_TAKEN = 250_000
_MOST_STAGES = 1_000


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a stage.

    ``value`` is the text that it has when no build argument is passed, None
    when that cannot be told. ``settable`` names the ARG through which a build
    argument changes it; None: it is what it is. ``word`` is the value as
    written (None for an ARG without default).
    """

    name: str
    kind: str  # "env" or "arg"
    value: str | None
    settable: str | None
    word: ShellWord | None
    statement: Span


@dataclass(frozen=True, slots=True)
class Scope:
    """What is in force before one instruction."""

    variables: dict[str, Variable]
    history: dict[str, tuple[Variable, ...]]  # former declarations of each name, in order
    workdir: str  # absolute
    user: Word | None
    shell: tuple[str, ...] | None  # SHELL, None for the default

    @property
    def defaults(self) -> dict[str, str]:
        """Values as they are when no build argument is passed."""
        return {n: v.value for n, v in self.variables.items() if v.value is not None}

    @property
    def fixed(self) -> dict[str, str]:
        """Values that no build argument can change."""
        return {
            n: v.value
            for n, v in self.variables.items()
            if v.value is not None and v.settable is None
        }


@dataclass(frozen=True, slots=True)
class ScopedStage:
    stage: Stage
    parent: int | None  # the index of the stage that it is built on
    base: str | None  # the base image with ARG defaults put in; None when unknown
    outer_base: str | None  # the base of the outermost stage below it
    steps: tuple[tuple[Instruction, Scope], ...]  # inherited steps of the parent left out
    end: Scope


def scoped_stages(dockerfile: Dockerfile) -> tuple[ScopedStage, ...]:
    """The stages of a Dockerfile with the scope before each instruction.

    Raises UnreadableSource when there are too many instructions to keep their scopes.
    """
    if len(dockerfile.stages) > _MOST_STAGES:
        path = dockerfile.source.path
        raise UnreadableSource(path, f"more than {_MOST_STAGES:,} build stages")
    preamble: dict[str, Variable] = {}
    for instruction in dockerfile.preamble:
        if instruction.keyword == "ARG":
            for variable in _declared(instruction, preamble, {}):
                preamble[variable.name] = variable
    stages: list[ScopedStage] = []
    for stage in dockerfile.stages:
        stages.append(_scoped(stage, stages, preamble))
    return tuple(stages)


def _scoped(stage: Stage, earlier: list[ScopedStage], preamble: dict[str, Variable]) -> ScopedStage:
    values = {n: v.value for n, v in preamble.items() if v.value is not None}
    base = stage.base.resolve(_with_unset(stage.base, values, preamble)) or None
    parent = None
    for candidate in earlier:
        if base is not None and (candidate.stage.name or "").lower() == base.lower():
            parent = candidate
    if parent is not None:
        scope = parent.end
        outer = parent.outer_base
    else:
        scope = Scope({}, {}, "/", None, None)
        outer = base
    taken = 0
    steps: list[tuple[Instruction, Scope]] = []
    for instruction in stage.instructions:
        steps.append((instruction, scope))
        if not instruction.onbuild:
            scope = _after(instruction, scope, preamble)
        if instruction.keyword in {"ARG", "ENV", "WORKDIR"}:
            taken += sum(map(len, scope.history.values())) + len(scope.workdir) // 8
        if taken > _MOST_TAKEN:
            raise UnreadableSource(instruction.span.path, "too many ARG, ENV and WORKDIR")
    return ScopedStage(
        stage, parent.stage.index if parent else None, base, outer, tuple(steps), scope
    )


def _after(instruction: Instruction, scope: Scope, preamble: dict[str, Variable]) -> Scope:
    """The scope after an instruction."""
    keyword = instruction.keyword
    if keyword in {"ARG", "ENV"}:
        variables, history = dict(scope.variables), dict(scope.history)
        for variable in _declared(instruction, variables, preamble):
            name = variable.name
            history[name] = (*history.get(name, ()), variable)
            if variable.kind == "arg" and name in variables and variables[name].kind == "env":
                continue
            variables[name] = variable
        return replace(scope, variables=variables, history=history)
    if keyword == "WORKDIR":
        text = _resolved_line(instruction, scope)
        return replace(scope, workdir=posixpath.normpath(posixpath.join(scope.workdir, text)))
    if keyword == "USER":
        words = instruction.words()
        if words:
            user = words[0].resolve(_with_unset(words[0], scope.defaults, scope.variables))
            return replace(scope, user=Word(user or "$", words[0].span))
    if keyword == "SHELL":
        words_of_shell = instruction.exec_form
        if words_of_shell:
            return replace(scope, shell=tuple(word.text for word in words_of_shell))
    return scope


def _resolved_line(instruction: Instruction, scope: Scope) -> str:
    return " ".join(word.resolve(scope.defaults) or "\0" for word in instruction.words())


#: Set by the builder, also where nothing declares a value (Dockerfile reference, "Automatic
#: platform ARGs in the global scope").
_BY_BUILDER = frozenset(
    f"{side}{what}"
    for side in ("BUILD", "TARGET")
    for what in ("PLATFORM", "OS", "ARCH", "VARIANT")
)


def _with_unset(
    word: ShellWord, values: dict[str, str], declared: dict[str, Variable]
) -> dict[str, str]:
    """``values`` with "" for variables of ``word`` that nothing sets, as the builder does.

    Only for those that a base image does not set either: the word says what stands
    in for them, or the name is one of ours. Any other stays unknown.
    """
    unset = {
        part.text: ""
        for part in word.parts
        if part.kind == "variable"
        and part.text not in declared
        and part.text not in _BY_BUILDER
        and (part.operator or part.text == "GOFLAGS" or "COVER" in part.text.upper())
    }
    return {**values, **unset}


def _declared(
    instruction: Instruction, variables: dict[str, Variable], preamble: dict[str, Variable]
) -> list[Variable]:
    declared: list[Variable] = []
    for pair in instruction.pairs():
        name = pair.name.text
        arg = instruction.keyword == "ARG"
        settable: str | None = name if arg else None
        if pair.value is None:
            inherited = preamble.get(name)
            value: str | None = None if name in _BY_BUILDER else ""
            if inherited is not None:
                value = inherited.value
            word = inherited.word if inherited is not None else None
        else:
            word = pair.value
            values = {n: v.value for n, v in variables.items() if v.value is not None}
            value = word.resolve(_with_unset(word, values, variables))
            for used in word.variables:
                if not arg and used in variables and variables[used].settable is not None:
                    settable = variables[used].settable
        kind = "arg" if arg else "env"
        declared.append(Variable(name, kind, value, settable, word, instruction.span))
    return declared


@dataclass(frozen=True, slots=True)
class Running:
    """A script that a RUN instruction runs, or the words of its exec form."""

    commands: tuple[Command, ...]
    broken: bool = False
    interpreter: str | None = None  # set when something else than a shell reads it


def running(instruction: Instruction, source: bytes) -> Running:
    """The commands of a RUN, CMD or ENTRYPOINT instruction, heredocs included."""
    path = instruction.span.path
    words = instruction.exec_form
    if words is not None:
        return Running(exec_commands(words, instruction.span))
    text = bytearray(instruction.body)
    for heredoc in instruction.heredocs:
        start = heredoc.marker.start - instruction.body_start
        end = heredoc.marker.end - instruction.body_start
        text[start:end] = b" " * (end - start)
    commands: list[Command] = []
    broken = False
    line = bytes(text)
    runs_body = bool(instruction.heredocs) and not line.strip()
    if line.strip():
        script = parse_script(path, line, instruction.body_start)
        if script.tangled:
            raise TangledSyntax
        commands.extend(script.commands)
        broken = script.broken
        names = [c.name for c in script.commands if c.words]
        if (
            instruction.heredocs
            and len(names) == 1
            and (names[0] or "").rsplit("/", 1)[-1] in SHELLS
        ):
            runs_body = True
    if runs_body:
        body = instruction.heredocs[0].body
        data = source[body.start : body.end]
        if data.startswith(b"#!"):
            first = data.split(b"\n", 1)[0]
            if b"sh" not in first:
                return Running((), False, first.decode("utf-8", "replace"))
        inner: Script = parse_script(path, data, body.start)
        commands.extend(inner.commands)
        broken = broken or inner.broken
    return Running(tuple(commands), broken)


def exec_commands(words: tuple[Word, ...], span: Span) -> tuple[Command, ...]:
    """The command that an exec form is; the script of ``sh -c`` is read too."""
    shell_words = tuple(
        ShellWord(
            (Part("text", word.text, True, start=word.span.start + 1, end=word.span.end - 1),),
            word.span,
        )
        for word in words
    )
    command = Command(shell_words, (), span, (), None, False, False, False, False, False, True, "")
    commands = [command]
    if (
        len(words) >= 3
        and words[0].text.rsplit("/", 1)[-1] in SHELLS
        and words[1].text.startswith("-")
        and words[1].text.endswith("c")
    ):
        inner = words[2]
        # JSON escapes would move the bytes; a script that has none is read in place
        if len(inner.text.encode()) == inner.span.end - inner.span.start - 2:
            script = parse_script(inner.span.path, inner.text.encode(), inner.span.start + 1)
            commands.extend(replace(c, nested=True) for c in script.commands)
    return tuple(commands)
