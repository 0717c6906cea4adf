"""The commands of a script in the order in which they run.

A function runs where it is called, with the arguments of the call; what a loop
over a list holds runs once for each item. Where a call or a list is not plain,
the variables are not known. What a subshell sets ends with it, and what branches
set meets behind them (see :mod:`covlint.facts.commands.script_state`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from covlint.documents.expansion import Expansion, Placer
from covlint.documents.scriptvalues import MOVING, READING, Argument, ScriptValues
from covlint.documents.shell import Command
from covlint.documents.shellblocks import EXPANDED, QUOTED, Block, Branch, Loop, Subshell
from covlint.facts.commands.collecting import read_data_commands
from covlint.facts.commands.makecalls import is_make, read_make_call
from covlint.facts.commands.options import unwrapped
from covlint.facts.commands.programs import read_program_step
from covlint.facts.commands.script_builds import ScriptBuilds, goflags_of
from covlint.facts.commands.script_state import Exports, State, joined, names_set_by
from covlint.facts.commands.steps import ScriptFact, Step
from covlint.facts.commands.test_binaries import may_make_test_binary, read_run, read_test_build
from covlint.facts.commands.toolcalls import ToolCalls
from covlint.facts.dockerfile.build import GoFlagsSource
from covlint.source import SourceFile, Span

#: Functions are followed that deep, and so many calls of a script in all, of so many commands.
_DEPTH, _CALLS, _CALLED = 4, 64, 10_000
#: Commands of the shell that do nothing to images, processes and files; scripts have many.
_IDLE = frozenset(
    {"echo", "printf", "local", "return", "exit", "shift", "set", "true", "false", ":", "break"}
)
#: A loop over more items is read once, with its variable unknown.
_ITEMS = 16
#: What follows them in their branch or turn may not run.
_LEAVING = frozenset({"exit", "return", "exec", "break", "continue"})
_DEFAULTS = frozenset({":=", "="})
_SETTING = MOVING | READING | frozenset({"export", "declare", "typeset", "set", "shift"})
_LOCAL = frozenset({"local", "declare", "typeset"})


class ScriptRun:
    """Reads one script of the file ``source``.

    ``expansion``: the script is not the file itself but this text of it.
    ``recipe`` is the target or the job that it belongs to; ``goflags`` the
    GOFLAGS in its environment.
    """

    #: What a branch sets where nothing is set is taken as set.
    assumes = True

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
        self.placer = Placer(expansion, source.data, {}) if expansion is not None else None
        inserted = self.placer.inserted if self.placer is not None else {}
        self.builds = ScriptBuilds(source, inserted)
        given = set(values.variables) if expansion is not None else set()
        self.exports = Exports(given, goflags)
        self.functions: dict[str, list[Command]] = {}
        for command in commands:
            if command.function is not None:
                self.functions.setdefault(command.function, []).append(command)
        self.order = {id(command): index for index, command in enumerate(commands)}
        self.run_bodies: set[str] = set()
        self.seen: set[ScriptFact] = set()
        self.calls = self.called = 0
        self.turns = 1

    def facts(self) -> Iterator[ScriptFact]:
        called = {one.name for one in self.commands if one.name in self.functions}
        here = [one for one in self.commands if one.function not in called]
        for function, commands in groupby(here, lambda one: one.function):
            if function is None:
                yield from self.run([*commands], 0, 0)
            else:
                yield from self.apart([*commands], 0, 0)
        for name, body in self.functions.items():
            if name in called and name not in self.run_bodies:  # called by nobody who runs
                yield from self.apart(body, 0, _DEPTH)

    def run(self, commands: Sequence[Command], level: int, depth: int) -> Iterator[ScriptFact]:
        """The facts of commands that stand in ``level`` blocks together, ``depth`` calls deep."""
        end = 0
        for index, command in enumerate(commands):
            if index < end:
                continue
            if len(command.blocks) <= level:
                yield from self.command(command, depth)
                continue
            block = command.blocks[level]
            end = index + 1
            while end < len(commands) and _within(commands[end], level, block):
                end += 1
            body = commands[index:end]
            if isinstance(block, Subshell):
                yield from self.apart(body, level + 1, depth, block.script)
            elif isinstance(block, Loop):
                yield from self.loop(block, body, level + 1, depth)
            else:
                yield from self.branches(body, level, depth)

    def apart(
        self, commands: Sequence[Command], level: int, depth: int, script: str = ""
    ) -> Iterator[ScriptFact]:
        """Commands after which all is as it was before them."""
        if not script and not self.sets(commands) and not _loops_in(commands, level):
            yield from self.run(commands, level, depth)
            return
        before = self.state()
        if script == QUOTED:  # the new shell gets what is exported
            self.values.variables = self.exports.environment(self.values)
            self.values.lists.clear()
        if script == EXPANDED:
            for command in commands:
                yield from self.run([command], level, depth)
                self.values.variables = dict(before.variables)
        else:
            yield from self.run(commands, level, depth)
        before.put_back(self.values, self.exports)

    def branches(self, commands: Sequence[Command], level: int, depth: int) -> Iterator[ScriptFact]:
        if not self.sets(commands) and not _loops_in(commands, level):
            for _, group in groupby(commands, lambda one: one.blocks[level]):
                yield from self.run([*group], level + 1, depth)
            return
        before = self.state()
        ends = []
        every = False
        for block, group in groupby(commands, lambda one: one.blocks[level]):
            body = [*group]
            before.put_back(self.values, self.exports)
            yield from self.run(body, level + 1, depth)
            every = isinstance(block, Branch) and block.every
            if body[-1].name not in _LEAVING or len(body[-1].blocks) > level + 1:
                ends.append(self.state())
        joined(before, ends, every=every, assumed=self.assumes).put_back(self.values, self.exports)

    def loop(
        self, loop: Loop, body: Sequence[Command], level: int, depth: int
    ) -> Iterator[ScriptFact]:
        values = self.values
        before = self.state()
        texts = [one.text for one in values.expanded(loop.words)]
        turns = len(texts) * self.turns
        if texts and None not in texts and turns <= _ITEMS:
            former, self.turns = self.turns, turns
            for text in texts:
                values.assign(loop.name, text, optional=False)
                yield from self.run(body, level, depth)
            self.turns = former
            if not any(one.name in _LEAVING for one in body):
                return
        else:
            # What a turn sets, the next one finds.
            for command in self.lasting(body, level):
                for name in names_set_by(command):
                    values.assign(name, None, optional=True)
                    values.lists[name] = (None,)
                if command.name in MOVING:
                    values.directory = None
            if loop.name:
                values.assign(loop.name, None, optional=True)
            yield from self.run(body, level, depth)
        joined(before, [self.state()], every=False, assumed=self.assumes).put_back(
            values, self.exports
        )

    def sets(self, commands: Sequence[Command]) -> bool:
        """Whether anything may be different after them."""
        return any(
            one.assignments
            or one.name in _SETTING
            or one.name in self.functions
            or any(part.operator in _DEFAULTS for word in one.words for part in word.parts)
            for one in commands
        )

    def lasting(self, body: Sequence[Command], level: int) -> list[Command]:
        """The commands of a body, and of the functions that it calls, whose effect lasts."""
        found: list[Command] = []
        called: set[str] = set()
        pending = [(one, level) for one in body]
        while pending:
            command, depth = pending.pop()
            if any(isinstance(block, Subshell) for block in command.blocks[depth:]):
                continue
            found.append(command)
            if command.name in self.functions and command.name not in called:
                called.add(command.name)
                pending += [(one, 0) for one in self.functions[command.name]]
        return found

    def state(self) -> State:
        return State.of(self.values, self.exports)

    def command(self, command: Command, depth: int) -> Iterator[ScriptFact]:
        self.values.defaults(command)
        if command.name in self.functions and depth < _DEPTH and self.follows(command.name):
            yield from self.call(command, depth)
        else:
            yield from self.own(command)
        self.exports.goflags = goflags_of(command, self.place, self.exports.goflags)
        self.values.feed(command, certain=True)
        self.exports.take(command)

    def environment(
        self, command: Command, given: Mapping[str, str | None]
    ) -> dict[str, str | None]:
        """What is known of the environment of a command; None: set to what is not known."""
        return {**self.exports.environment(self.values), **self.values.inline(command), **given}

    def own(self, command: Command) -> Iterator[ScriptFact]:
        """The facts of the command itself, those that are new."""
        if not command.words or (command.name in _IDLE and not command.assignments):
            return
        given: dict[str, str | None] = {}
        arguments = unwrapped(list(self.values.arguments(command.words)), given)
        span = self.place_of(command.span)
        recipe = self.recipe or command.function
        calls = ToolCalls(self.values, self.place_of, span, recipe, self.placer)
        made = None
        if is_make(arguments):  # few are, and its environment takes long to put together
            around = self.environment(command, given)
            made = read_make_call(arguments, self.values, around, span, self.placer, recipe)
        following = self.order[id(command)] + 1
        after = self.commands[following : following + 1]
        program = read_program_step(command, after, self.values, span, recipe)
        for fact in (
            *(one for one in (made, program) if one is not None),
            *calls.facts(arguments, None),
            *self.builds.read(command, self.place, self.values, self.exports.goflags),
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
        given = self.exports.coverdir or command.assignments
        if not (command.name == "go" or given or "go" in (one.text for one in arguments[:1])):
            return
        source = self.builds.source
        built = read_test_build(command, self.values, self.builds.inserted, span, recipe)
        run = read_run(command, arguments, self.exports.coverdir, span, recipe)
        if run is not None and not may_make_test_binary(source.data):
            run = None
        yield from (one for one in (built, run) if one is not None)

    def follows(self, function: str) -> bool:
        return self.calls < _CALLS and self.called + len(self.functions[function]) <= _CALLED

    def call(self, command: Command, depth: int) -> Iterator[ScriptFact]:
        """What the function does that a command calls."""
        name = command.name or ""
        self.calls += 1
        self.called += len(self.functions[name])
        self.run_bodies.add(name)
        before = self.state()
        self.values.take_arguments([*self.values.expanded(command.words[1:])])
        body = [inner for inner in self.functions[name] if inner.name != name]
        yield from self.run(body, 0, depth + 1)
        own = {one.name for inner in body if inner.name in _LOCAL for one in inner.assignments}
        self.values.return_from(before.variables, before.unknown, before.lists, own)

    def place(self, command: Command) -> Command:
        return command if self.placer is None else self.placer.command(command)

    def place_of(self, span: Span) -> Span:
        return span if self.placer is None else self.placer.span(span)


def _loops_in(commands: Sequence[Command], level: int) -> bool:
    """Whether a loop in the blocks below sets its variable."""
    return any(isinstance(one, Loop) and one.name for c in commands for one in c.blocks[level:])


def _within(command: Command, level: int, block: Block) -> bool:
    """Whether the command stands in the block, or in another branch of the same statement."""
    if len(command.blocks) <= level:
        return False
    other = command.blocks[level]
    if isinstance(block, Branch) and isinstance(other, Branch):
        return block.statement == other.statement
    return block == other
