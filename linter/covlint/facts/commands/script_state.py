"""What a script has set at a point of it, and what is left of that where its branches meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from covlint.documents.scriptvalues import READING, ScriptValues
from covlint.documents.shell import Command
from covlint.facts.dockerfile.build import GoFlagsSource
from covlint.frozen import dataclass

_CHANGING = frozenset({"export", "declare", "typeset", "unset", "set"})


@dataclass(slots=True)
class Exports:
    """The names in the environment of the commands that follow, and the GOFLAGS in it."""

    names: set[str] = field(default_factory=set)
    goflags: GoFlagsSource | None = None
    coverdir: bool = False  # GOCOVERDIR was exported
    every: bool = False  # set -a

    def copy(self) -> Exports:
        return Exports(set(self.names), self.goflags, self.coverdir, self.every)

    def become(self, other: Exports) -> None:
        self.names = set(other.names)
        self.goflags, self.coverdir, self.every = other.goflags, other.coverdir, other.every

    def take(self, command: Command) -> None:
        """Take in ``export NAME``, ``export NAME=value`` and what undoes them."""
        for assignment in command.assignments:
            if assignment.exported or (not command.words and self.every):
                self.names.add(assignment.name)
                self.coverdir |= assignment.name == "GOCOVERDIR"
        if command.name not in _CHANGING:
            return
        words = [word.literal for word in command.words[1:]]
        names = {word for word in words if word is not None and word.isidentifier()}
        options = {word for word in words if word is not None and word[:1] in ("-", "+")}
        if command.name == "set":
            self.every = _exports_all(words, self.every)
        elif command.name == "unset" or options & {"-n", "+x"}:
            self.names -= names
        elif command.name == "export" or "-x" in options:
            self.names |= names
            self.coverdir |= "GOCOVERDIR" in names

    def environment(self, values: ScriptValues) -> dict[str, str]:
        """What is known of it."""
        known = values.variables
        return {name: known[name] for name in sorted(self.names) if name in known}


def _exports_all(words: Sequence[str | None], former: bool) -> bool:
    """Whether each variable that is set is exported after ``set`` with these words."""
    for word, following in zip(words, [*words, None][1:], strict=True):
        if word == "--":
            break
        if not word or word[0] not in "-+":  # what `-o` names, mostly
            continue
        if "a" in word[1:] or (word.endswith("o") and following == "allexport"):
            former = word[0] == "-"
    return former


@dataclass(frozen=True, slots=True)
class State:
    """A copy of all that a script has set."""

    variables: dict[str, str]
    unknown: set[str]
    lists: dict[str, tuple[str | None, ...]]
    directory: str | None
    exports: Exports

    @classmethod
    def of(cls, values: ScriptValues, exports: Exports) -> State:
        return cls(
            dict(values.variables),
            set(values.unknown),
            dict(values.lists),
            values.directory,
            exports.copy(),
        )

    def put_back(self, values: ScriptValues, exports: Exports) -> None:
        values.variables = dict(self.variables)
        values.unknown = set(self.unknown)
        values.lists = dict(self.lists)
        values.directory = self.directory
        exports.become(self.exports)


def joined(before: State, ends: Sequence[State], *, every: bool, assumed: bool = True) -> State:
    """The state behind branches that end in ``ends``; ``every``: one of them is taken.

    What only some branches set, where nothing was set before, is taken as set: that is how
    coverage is switched on (not ``assumed``: it is not known). What they set differently is
    not known.
    """
    outcomes = [*ends] if every and ends else [*ends, before]
    first = outcomes[0]
    differing: set[str] = set()  # few of a script's variables, in most branches
    for one in outcomes[1:]:
        differing |= first.unknown ^ one.unknown
        if one.variables != first.variables:
            differing.update(name for name, _ in first.variables.items() ^ one.variables.items())
    variables = {name: text for name, text in first.variables.items() if name not in differing}
    unknown = first.unknown - differing
    for name in sorted(differing):
        if any(name in one.unknown for one in outcomes):
            unknown.add(name)
            continue
        values = {one.variables.get(name) for one in outcomes}
        if len(values) > 1 and assumed and not before.variables.get(name) and name.isidentifier():
            values = (values - {None, ""}) or (values - {None})
        value = values.pop()
        if values or value is None:
            unknown.add(name)
        else:
            variables[name] = value
    lists = [one.lists for one in outcomes]
    names = {name for one in lists if one != lists[0] for name in (*one, *lists[0])}
    return State(
        variables,
        unknown,
        {**lists[0], **{name: _items(lists, name) for name in sorted(names)}},
        first.directory if all(one.directory == first.directory for one in outcomes) else None,
        Exports(
            (set.union if assumed else set.intersection)(*(one.exports.names for one in outcomes)),
            first.exports.goflags
            if all(one.exports.goflags is first.exports.goflags for one in outcomes)
            else before.exports.goflags,
            any(one.exports.coverdir for one in outcomes),
            all(one.exports.every for one in outcomes),
        ),
    )


def _items(
    lists: Sequence[Mapping[str, tuple[str | None, ...]]], name: str
) -> tuple[str | None, ...]:
    first = lists[0].get(name)
    same = all(one.get(name) == first for one in lists)
    return first if same and first is not None else (None,)


def names_set_by(command: Command) -> Iterator[str]:
    """The variables that a command may set for those that follow."""
    for assignment in command.assignments:
        yield assignment.name
    if command.name in READING:
        yield from (word.literal for word in command.words[1:] if word.literal)
    for word in (*command.words, *(one.value for one in command.assignments)):
        yield from (part.text for part in word.parts if part.operator in (":=", "="))
