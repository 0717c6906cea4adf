"""The commands of a script in the order in which they run.

A function runs where it is called, with the arguments of the call; what a loop
over a list holds runs once for each item. Where a call or a list is not plain,
the variables are not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from covlint.documents.expansion import Expansion, Placer
from covlint.documents.scriptvalues import Argument, ScriptValues
from covlint.documents.shell import Command, Loop
from covlint.facts.commands.collecting import read_data_commands
from covlint.facts.commands.makecalls import read_make_call
from covlint.facts.commands.options import unwrapped
from covlint.facts.commands.programs import read_program_step
from covlint.facts.commands.script_builds import ScriptBuilds, goflags_of
from covlint.facts.commands.steps import ScriptFact, Step
from covlint.facts.commands.test_binaries import may_make_test_binary, read_run, read_test_build
from covlint.facts.commands.toolcalls import ToolCalls
from covlint.facts.dockerfile.build import GoFlagsSource
from covlint.source import SourceFile, Span

#: Functions are followed that deep, and so many calls of a script in all.
_DEPTH, _CALLS = 4, 64
#: Commands of the shell that do nothing to images, processes and files; scripts have many.
_IDLE = frozenset(
    {"echo", "printf", "local", "return", "exit", "shift", "set", "true", "false", ":", "break"}
)
#: A loop over more items is read once, with its variable unknown.
_ITEMS = 16
#: ``$1`` to ``$9``.
_ARGUMENTS = 10


class ScriptRun:
    """Reads one script of the file ``source``.

    ``expansion``: the script is not the file itself but this text of it.
    ``recipe`` is the target or the job that it belongs to; ``goflags`` the
    GOFLAGS in its environment.
    """

    def __init__(
        self,
        source: SourceFile,
        commands: Sequence[Command],
        values: ScriptValues,
        recipe: str | None = None,
        expansion: Expansion | None = None,
        goflags: GoFlagsSource | None = None,
    ) -> None:
        self.commands = commands
        self.values = values
        self.recipe = recipe
        self.goflags = goflags
        self.placer = Placer(expansion, source.data, {}) if expansion is not None else None
        inserted = self.placer.inserted if self.placer is not None else {}
        self.builds = ScriptBuilds(source, inserted)
        self.environment = dict(values.variables) if expansion is not None else {}
        self.functions: dict[str, list[Command]] = {}
        for command in commands:
            if command.function is not None:
                self.functions.setdefault(command.function, []).append(command)
        self.order = {id(command): index for index, command in enumerate(commands)}
        self.run_bodies: set[str] = set()
        self.seen: set[ScriptFact] = set()
        self.exports_coverdir = False
        self.calls = 0

    def facts(self) -> Iterator[ScriptFact]:
        called = {one.name for one in self.commands if one.name in self.functions}
        for command in self.commands:
            if command.function not in called:
                yield from self.command(command, 0)
        for name, body in self.functions.items():
            if name in called and name not in self.run_bodies:  # called by nobody who runs
                for command in body:
                    yield from self.command(command, _DEPTH)

    def command(self, command: Command, depth: int) -> Iterator[ScriptFact]:
        for item in self.items(command.loops):
            saved = {name: self.values.variables.get(name) for name in item}
            self.values.variables.update(item)
            if command.name in self.functions and depth < _DEPTH and self.calls < _CALLS:
                yield from self.call(command, depth)
            else:
                yield from self.own(command)
            for name, former in saved.items():
                self.values.variables.pop(name, None)
                if former is not None:
                    self.values.variables[name] = former
        self.goflags = goflags_of(command, self.place, self.goflags)
        for assignment in command.assignments:
            if assignment.exported and (value := self.values.resolve(assignment.value)):
                self.environment[assignment.name] = value
                self.exports_coverdir |= assignment.name == "GOCOVERDIR"
        self.values.feed(command)

    def own(self, command: Command) -> Iterator[ScriptFact]:
        """The facts of the command itself, those that are new."""
        if not command.words or (command.name in _IDLE and not command.assignments):
            return
        arguments = unwrapped(list(self.values.arguments(command.words)))
        span = self.place_of(command.span)
        recipe = self.recipe or command.function
        calls = ToolCalls(self.values, self.place_of, span, recipe, self.placer)
        made = read_make_call(
            command, arguments, self.values, self.environment, span, self.placer, recipe
        )
        following = self.order[id(command)] + 1
        after = self.commands[following : following + 1]
        program = read_program_step(command, after, self.values, span, recipe)
        for fact in (
            *(one for one in (made, program) if one is not None),
            *calls.facts(arguments, None),
            *self.builds.read(command, self.place, self.values, self.goflags),
            *self.tests(command, arguments, span, recipe),
            *read_data_commands(command, arguments, self.values, self.place_of, self.recipe),
        ):
            if fact not in self.seen:
                self.seen.add(fact)
                yield fact

    def tests(
        self, command: Command, arguments: Sequence[Argument], span: Span, recipe: str | None
    ) -> Iterator[Step]:
        """Test binaries that are built, and programs that may be one and run with GOCOVERDIR."""
        given = self.exports_coverdir or command.assignments
        if not (command.name == "go" or given or "go" in (one.text for one in arguments[:1])):
            return
        source = self.builds.source
        built = read_test_build(command, self.values, self.builds.inserted, span, recipe)
        run = read_run(command, arguments, self.exports_coverdir, span, recipe)
        if run is not None and not may_make_test_binary(source.data):
            run = None
        yield from (one for one in (built, run) if one is not None)

    def call(self, command: Command, depth: int) -> Iterator[ScriptFact]:
        """What the function does that a command calls."""
        name = command.name or ""
        self.calls += 1
        self.run_bodies.add(name)
        variables = self.values.variables
        former = {key: variables.pop(key) for key in list(variables) if key.isdigit()}
        position = 1
        for argument in self.values.arguments(command.words[1:]):
            if argument.several:  # what follows may be any argument
                position = _ARGUMENTS
                break
            if argument.text is not None:
                variables[str(position)] = argument.text
            position += 1
        # What is not given is empty.
        variables.update({str(index): "" for index in range(position, _ARGUMENTS)})
        for inner in self.functions[name]:
            if inner.name != name:
                yield from self.command(inner, depth + 1)
        for key in [key for key in variables if key.isdigit()]:
            del variables[key]
        variables.update(former)

    def items(self, loops: Sequence[Loop]) -> Iterator[dict[str, str]]:
        """The variables of loops, for each turn; one turn without them where a list is not
        plain or long."""
        turns: list[dict[str, str]] = [{}]
        for loop in loops:
            texts = [one.text for one in self.values.arguments(loop.words)]
            if None in texts or not texts or len(turns) * len(texts) > _ITEMS:
                self.values.unknown.add(loop.name)
                self.values.variables.pop(loop.name, None)
                continue
            turns = [
                {**turn, loop.name: text} for turn in turns for text in texts if text is not None
            ]
        yield from turns

    def place(self, command: Command) -> Command:
        return command if self.placer is None else self.placer.command(command)

    def place_of(self, span: Span) -> Span:
        return span if self.placer is None else self.placer.span(span)
