"""What the words of a script become: plain variables, defaults, the working directory.

Values are those of a run without environment: ``${VAR:-x}`` is ``x``. A
variable that gets different values, or a value that only a run can tell, is
not known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from covlint.documents.shell import Command, ShellWord

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

    def feed(self, command: Command) -> None:
        """Take in the assignments of a command, or its ``cd``."""
        name = command.name
        if not command.words or name in ("export", "readonly", "local", "declare"):
            for assignment in command.assignments:
                optional = bool(command.conditions)
                if assignment.items is not None:
                    self.gather(assignment.name, assignment.items, assignment.appends, optional)
                    continue
                self.assign(
                    assignment.name,
                    None if assignment.appends else self.computed(assignment.value),
                    optional,
                )
        elif name in ("cd", "pushd") and not command.substituted and not command.subshell:
            target = self.resolve(command.words[-1]) if len(command.words) > 1 else None
            if target is None and len(command.words) > 1:
                target = self.computed(command.words[-1])
            self.directory = None if target is None else self.join(target)
        elif name == "popd":
            self.directory = None
        elif name in ("read", "for", "mapfile") and command.words[1:]:
            for word in command.words[1:]:
                if word.literal:
                    self.unknown.add(word.literal)

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
            fields = word.fields(self._known(word))
            items += (None,) if fields is None or optional else fields
        if optional and not appends:
            items.append(None)
        self.lists[name] = tuple(items)

    def items_of(self, word: ShellWord) -> tuple[str, ...] | None:
        """The items of the array that ``"${NAME[@]}"`` names; None when one is not known."""
        if len(word.parts) != 1 or word.parts[0].kind != "variable":
            return None
        name, bracket, _ = word.parts[0].text.partition("[")
        items = self.lists.get(name) if bracket and not word.parts[0].operator else None
        if items is None or None in items:
            return None
        return tuple(item for item in items if item is not None)

    def computed(self, word: ShellWord) -> str | None:
        """The value of an assignment, the idioms for directories included."""
        text = self.resolve(word)
        if text is not None:
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
        missing = {
            part.text: ""
            for part in word.parts
            if part.kind == "variable"
            and part.operator in _DEFAULTS
            and part.operand
            and part.text not in self.variables
            and part.text not in self.unknown
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
                yield Argument(literal, word)
                continue
            fields = self.items_of(word)
            if fields is None:
                fields = word.fields(self._known(word))
            if fields is None:
                yield Argument(None, word, _several(word))
            else:
                for text in fields:
                    yield Argument(text, word)

    def join(self, path: str) -> str | None:
        """A path as seen from the working directory; None when that is not known."""
        if path.startswith("/"):
            return path
        if self.directory is None:
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


def _several(word: ShellWord) -> bool:
    """Whether the word may become no argument or several: all of it is an unquoted
    unknown, or it is a list such as ``"$@"``."""
    if any(part.text.endswith(("@", "[*]")) for part in word.parts if part.kind == "variable"):
        return True
    if any(part.kind == "text" and part.text for part in word.parts):
        return False
    return any(part.kind != "text" and not part.quoted for part in word.parts)
