"""What the words of a script become: plain variables, defaults, the working directory.

Values are those of a run without environment: ``${VAR:-x}`` is ``x``. A
variable that gets different values, or a value that only a run can tell, is
not known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from covlint.documents.shell import Command, ShellWord
from covlint.documents.shellfields import begins_at_home, may_be_braces, may_be_several
from covlint.documents.shellwords import Part, decode_word
from covlint.source import Span

#: Stands for the project root at the start of a path. No argument can hold it.
ROOT = "/\0"

_OWN_DIRECTORY = re.compile(
    r"""["']?\$\(\s*cd\s+(?:--\s+)?["']?\$\(\s*dirname\s+(?:--\s+)?["']?\$\{?(?:0|BASH_SOURCE)[^)]*\)"""
    r"""((?:/[\w./-]*)?)["']?\s*(?:>[^&]*)?(?:&&|;)\s*pwd[^)]*\)["']?$"""
)
_DIRNAME = re.compile(
    r"""["']?\$\(\s*dirname\s+(?:--\s+)?["']?\$\{?(?:0|BASH_SOURCE)[^)]*\)((?:/[\w./-]*)?)["']?$"""
)
_TOP_LEVEL = re.compile(r"""["']?\$\(\s*git\s+rev-parse\s+--show-toplevel[^)]*\)["']?$""")
_CHANGED = re.compile(
    r"""["']?\$\(\s*cd\s+["']?\$\{?(\w+)\}?["']?((?:/[\w./-]*)?)["']?\s*(?:&&|;)\s*pwd[^)]*\)["']?$"""
)
_HERE = re.compile(r"""["']?\$\(\s*pwd\s*\)["']?$""")
_DEFAULTS = frozenset({":-", ":="})
_DECLARING = frozenset({"export", "readonly", "local", "declare", "typeset"})
MOVING = frozenset({"cd", "pushd", "popd"})
READING = frozenset({"read", "for", "mapfile", "readarray", "getopts", "unset", "let"})
_CD_OPTIONS = frozenset({"-P", "-L", "-e", "-@", "--"})
#: ``$1`` to ``$9``.
ARGUMENTS = 10
_PATTERN = re.compile(r"[*?[]|^~")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(slots=True)
class Argument:
    """One argument that a command gets; ``text`` None when it is not known.

    ``word`` is the word it comes from; ``several``: an unquoted unknown, which
    may be no argument or many.
    """

    text: str | None
    word: ShellWord
    several: bool = False


@dataclass(slots=True)
class ScriptValues:
    """What is known at a point of a script; commands are fed in order.

    ``own`` is the directory of the script, ``directory`` the working directory
    (None: not known), both relative to the project root and led by ROOT.
    """

    data: bytes
    offset: int = 0
    own: str = ROOT
    directory: str | None = ROOT
    variables: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    #: Arrays; an item that is not known is None.
    lists: dict[str, tuple[str | None, ...]] = field(default_factory=dict)

    def feed(self, command: Command, *, certain: bool = False) -> None:
        """Take in what a command sets, or its ``cd``. ``certain``: whatever it depends on holds,
        and its shell is the one, where the values are asked for."""
        name = command.name
        optional = bool(command.conditions) and not certain
        if not certain:
            self.defaults(command)
        elif command.words:  # what stands before it is expanded last
            self.set_defaults([one.value for one in command.assignments])
        if not command.words or name in _DECLARING:
            for assignment in command.assignments:
                if assignment.items is not None:
                    self.gather(assignment.name, assignment.items, assignment.appends, optional)
                    continue
                value = self.computed(assignment.value)
                if assignment.appends:
                    before = self.variables.get(assignment.name)
                    value = None if before is None or value is None else before + value
                self.assign(assignment.name, value, optional)
        elif name in MOVING:
            if certain or not (command.substituted or command.subshell):
                self.change(command)
        elif name == "set":
            self.positional(command.words[1:])
        elif name == "shift":
            self.shift(command.words[1:])
        elif name in READING and command.words[1:]:
            for word in command.words[1:]:
                if word.literal:
                    self.assign(word.literal, None, optional)

    def change(self, command: Command) -> None:
        """Take in a ``cd``."""
        target: str | None = None
        words = [word for word in command.words[1:] if word.literal not in _CD_OPTIONS]
        if words:
            target = self.resolve(words[-1])
            target = self.computed(words[-1]) if target is None else target
        known = target is not None and target != "-" and not begins_at_home(words[-1])
        self.directory = self.join(target) if target is not None and known else None

    def defaults(self, command: Command) -> None:
        """``: ${NAME:=value}`` sets what is not set, for the rest of the command as well."""
        self.set_defaults(command.words or [one.value for one in command.assignments])

    def set_defaults(self, words: Sequence[ShellWord]) -> None:
        named: set[str] = set()
        for part in (part for word in words for part in word.parts if part.kind == "variable"):
            known = self.variables.get(part.text)
            if part.operator in (":=", "=") and part.text not in self.unknown:
                absent = known is None or (known == "" and part.operator == ":=")
                if absent and part.text in named:  # it was empty where it stands before
                    self.assign(part.text, None, optional=False)
                elif absent:
                    self.assign(part.text, self.default_of(part), optional=False)
            named |= {part.text, *_NAME.findall(part.operand or "")}

    def default_of(self, part: Part) -> str | None:
        operand = ShellWord(decode_word((part.operand or "").encode(), 0), Span("", 0, 0))
        return self.resolve(operand)

    def inline(self, command: Command) -> dict[str, str | None]:
        """What stands before a command, ``NAME=value``, for that command alone."""
        given: dict[str, str | None] = {}
        changed: set[str] = set()
        for one in command.assignments:
            value = None if one.appends or one.items is not None else self.value_of(one.value)
            # what stands before has its new value already
            named = {
                (part.text, part.operator) for part in one.value.parts if part.kind == "variable"
            }
            stale = given.keys() | changed
            given[one.name] = None if any(name in stale for name, _ in named) else value
            changed |= {name for name, operator in named if operator in (":=", "=")}
        return given | dict.fromkeys(given.keys() & changed)

    def value_of(self, word: ShellWord) -> str | None:
        """What an assignment gives: ``~`` is the home of somebody."""
        return None if begins_at_home(word) else self.resolve(word)

    def positional(self, words: Sequence[ShellWord]) -> None:
        """``set -- a b``: the arguments that ``$1`` and ``"$@"`` name from then on."""
        first = words[0].literal if words else None
        if first is None or (first != "--" and first[:1] in ("-", "+")):
            return
        self.take_arguments([*self.expanded(words[1:] if first == "--" else words)])

    def take_arguments(self, arguments: Sequence[Argument]) -> None:
        """Make these the arguments of the script or function."""
        texts = [argument.text for argument in arguments]
        several = next((i for i, one in enumerate(arguments) if one.several), None)
        if several is None:
            self.lists["@"] = tuple(texts)
            texts += [""] * (ARGUMENTS - 1 - len(texts))  # what is not given is empty
        else:  # what follows may be any argument
            self.lists["@"] = (None,)
            texts = [*texts[:several], *[None] * ARGUMENTS]
        for position, text in enumerate(texts[: ARGUMENTS - 1], 1):
            self.assign(str(position), text, optional=False)
        self.assign("#", None if several is not None else str(len(arguments)), optional=False)

    def return_from(
        self,
        variables: Mapping[str, str],
        unknown: Collection[str],
        lists: Mapping[str, tuple[str | None, ...]],
        own: Collection[str],
    ) -> None:
        """Put back the arguments of the caller, and what the function had for itself."""
        self.lists.pop("@", None)
        if "@" in lists:
            self.lists["@"] = lists["@"]
        for name in (*own, "#", *map(str, range(1, ARGUMENTS))):
            self.variables.pop(name, None)
            self.unknown.discard(name)
            if name in variables:
                self.variables[name] = variables[name]
            if name in unknown:
                self.unknown.add(name)

    def shift(self, words: Sequence[ShellWord]) -> None:
        items = self.lists.get("@", (None,))
        count = "1" if not words else words[0].literal
        here = ShellWord((), Span("", 0, 0))
        if count is None or not count.isdecimal() or "#" not in self.variables:
            self.take_arguments([Argument(None, here, True)])
        elif int(count) <= len(items):
            self.take_arguments([Argument(text, here) for text in items[int(count) :]])

    def assign(self, name: str, value: str | None, optional: bool) -> None:
        known = self.variables.get(name)
        if value is None or (optional and known not in (None, "", value)):
            self.unknown.add(name)
            self.variables.pop(name, None)
        elif name not in self.unknown:
            self.variables[name] = value
        elif not optional:
            self.unknown.discard(name)
            self.variables[name] = value

    def gather(self, name: str, words: Sequence[ShellWord], appends: bool, optional: bool) -> None:
        """Take in ``NAME=(…)`` or ``NAME+=(…)``. What a branch may add is not known."""
        self.unknown.add(name)
        self.variables.pop(name, None)
        items: list[str | None] = [] if not appends else list(self.lists.get(name, (None,)))
        for word in words:
            texts = [one.text for one in self.expanded([word])]
            items += (None,) if optional else texts
        if optional and not appends:
            items.append(None)
        self.lists[name] = tuple(items)

    def items_of(self, word: ShellWord) -> tuple[str, ...] | None:
        """The items of the array that ``"${NAME[@]}"`` names; None when one is not known."""
        if len(word.parts) != 1 or word.parts[0].kind != "variable":
            return None
        part = word.parts[0]
        name, bracket, kind = part.text.partition("[")
        if name in ("@", "*"):
            name, bracket, kind = "@", "[", name
        items = self.lists.get(name) if bracket and not part.operator else None
        if items is None or None in items:
            return None
        known = tuple(item for item in items if item is not None)
        if part.quoted:
            return (" ".join(known),) if kind[:1] == "*" else known
        return tuple(field for item in known for field in item.split())

    def computed(self, word: ShellWord) -> str | None:
        """The value of an assignment, the idioms for directories included."""
        text = self.value_of(word)
        if text is not None or begins_at_home(word):
            return text
        start, end = word.span.start - self.offset, word.span.end - self.offset
        raw = self.data[start:end].decode("utf-8", "replace")
        for pattern in (_OWN_DIRECTORY, _DIRNAME):
            match = pattern.match(raw)
            if match:
                return posixpath.normpath(self.own + "/" + match[1])
        changed = _CHANGED.match(raw)
        if changed and changed[1] in self.variables:
            return posixpath.normpath(self.variables[changed[1]] + "/" + changed[2])
        if _TOP_LEVEL.match(raw):
            return ROOT
        return self.directory if _HERE.match(raw) else None

    def resolve(self, word: ShellWord) -> str | None:
        """The word's value when everything in it is known."""
        return word.resolve(self._known(word))

    def _known(self, word: ShellWord) -> dict[str, str]:
        # set or not is another question than empty or not
        asked = {part.text for part in word.parts if part.operator == "+"}
        missing = {
            part.text: ""
            for part in word.parts
            if part.kind == "variable"
            and part.operator in _DEFAULTS
            and part.operand
            and part.text not in self.variables
            and part.text not in self.unknown
            and part.text not in asked
        }
        named = any(part.kind == "variable" and part.text == "PWD" for part in word.parts)
        if named and self.directory is not None and "PWD" not in self.variables:
            missing["PWD"] = self.directory
        # With ":-" an empty value stands for the default, as an unset one does.
        return {**self.variables, **missing} if missing else self.variables

    def arguments(self, words: Sequence[ShellWord]) -> Iterator[Argument]:
        """The arguments that a command line becomes."""
        for word in words:
            literal = word.literal
            if literal is not None and word.parts:
                several = "{" in literal and may_be_braces(word)
                yield Argument(None if several else literal, word, several)
                continue
            fields = self.items_of(word)
            if fields is None:
                fields = word.fields(self._known(word))
            if fields is None or may_be_braces(word):
                yield Argument(None, word, may_be_several(word) or may_be_braces(word))
            else:
                for text in fields:
                    yield Argument(text, word)

    def expanded(self, words: Sequence[ShellWord]) -> Iterator[Argument]:
        """The arguments, not known where the shell puts the names of files in their place."""
        for argument in self.arguments(words):
            put_in = begins_at_home(argument.word) or any(
                not part.quoted and (part.kind != "text" or _PATTERN.search(part.text))
                for part in argument.word.parts
            )
            if put_in and argument.text is not None and _PATTERN.search(argument.text):
                yield Argument(None, argument.word, True)
            else:
                yield argument

    def join(self, path: str) -> str | None:
        """A path as seen from the working directory; None when that is not known."""
        if path.startswith("/"):
            return path
        if self.directory is None or path == "~" or path.startswith("~/"):
            return None
        return posixpath.normpath(f"{self.directory}/{path}")


def relative_to_root(path: str | None) -> str | None:
    """A path below the project root without ROOT; None when it is not below it."""
    if path is None:
        return None
    path = posixpath.normpath(path)
    if path == ROOT:
        return "."
    return path[len(ROOT) + 1 :] if path.startswith(ROOT + "/") else None


def plain(text: str) -> str:
    """A value as people write it: the project root as ``.``."""
    return text.replace(ROOT + "/", "./").replace(ROOT, ".")
