"""The lines of Makefiles: assignments, rules, conditionals, ``define`` and ``include``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from covlint.documents.makebranches import Branches, Given
from covlint.documents.makefile import (
    Makefile,
    MakeRule,
    MakeVariable,
    RecipeLine,
    TargetVariable,
)
from covlint.documents.maketext import closing, colon, joined, without_comment
from covlint.source import SourceFile, Span

#: Gives a file of the project by its path; None when it is not there or cannot be read.
Lookup = Callable[[str], SourceFile | None]

#: A Makefile includes at most that many files, and they include others that deep.
_FILES, _DEPTH = 64, 8

_ASSIGNMENT = re.compile(
    rb"[ ]*((?:(?:export|override|private)\s+)*)([^\s:#=!?+$()]+)[ \t]*(:{0,3}=|\?=|\+=|!=)[ \t]*"
)
_DIRECTIVE = re.compile(rb"[ ]*(-?include|sinclude|export|unexport|undefine|vpath)\b")
_CONDITIONAL = re.compile(rb"[ ]*(ifeq|ifneq|ifdef|ifndef|else|endif)\b(?![ \t]*[:?+!]?=)")
_DEFINE = re.compile(rb"[ ]*(?:(?:export|override)\s+)*define\s+([^\s:=?+!]+)")
_TARGET_VARIABLE = re.compile(
    rb"[ \t]*((?:(?:export|override|private)\s+)*)([\w.-]+)[ \t]*(:{0,3}=|\?=|\+=|!=)[ \t]*"
)
_UNRESOLVED = re.compile(r"[$%*?\0]")


def read_makefile(
    source: SourceFile,
    lookup: Lookup | None = None,
    given: Given | None = None,
    environment: Given | None = None,
) -> Makefile:
    """Read a Makefile, with the files that it includes where ``lookup`` finds them.

    ``given`` are the variables of the command line, which win over those of the file;
    ``environment`` those that hold where the file says nothing else. Conditionals on one of
    these are decided, all others may go either way. Never raises: lines that make no sense
    are left out.
    """
    return _Reader(source, lookup, given or {}, environment or {}).read()


class _Reader:
    def __init__(
        self, source: SourceFile, lookup: Lookup | None, given: Given, environment: Given
    ) -> None:
        self.main = source
        self.source = source
        self.lookup = lookup
        self.depth = 0
        self.sources: dict[str, SourceFile] = {source.path: source}
        self.own: list[TargetVariable] = []
        self.exported: set[str] = set()
        self.variables: dict[str, MakeVariable] = {}
        self.rules: list[MakeRule] = []
        self.recipe: list[RecipeLine] = []
        self.heading: tuple[tuple[str, ...], tuple[str, ...], Span] | None = None
        self.given = given
        self.branches = Branches({**environment, **given})
        for name, value in (*environment.items(), *given.items()):
            self.variables[name] = MakeVariable(name, value, Span(source.path, 0, 0), exported=True)
        self.environment = frozenset(environment) - set(given)
        self.define: str | None = None
        self.body: list[bytes] = []

    def read(self) -> Makefile:
        self.lines()
        variables = {
            name: MakeVariable(name, one.value, one.span, one.exported or name in self.exported)
            for name, one in self.variables.items()
        }
        given = frozenset(self.given) | self.environment
        return Makefile(
            self.main, variables, tuple(self.rules), self.sources, tuple(self.own), given
        )

    def lines(self) -> None:
        for start, end in self.logical_lines():
            self.line(start, end)
        self.finish()

    def logical_lines(self) -> Iterator[tuple[int, int]]:
        """Byte ranges of lines, those that end in an odd number of backslashes joined."""
        begin: int | None = None
        for number in range(1, len(self.source.line_starts) + 1):
            start = self.source.line_starts[number - 1]
            raw = self.source.line_bytes(number)
            if begin is None:
                begin = start + (3 if number == 1 and raw.startswith(b"\xef\xbb\xbf") else 0)
            if (len(raw) - len(raw.rstrip(b"\\"))) % 2 == 0:
                yield begin, start + len(raw)
                begin = None
        if begin is not None:
            yield begin, len(self.source.data)

    def line(self, start: int, end: int) -> None:
        raw = self.source.data[start:end]
        if self.define is not None:
            self.define_line(raw)
            return
        if raw.startswith(b"\t") and self.heading is not None:
            if not self.branches.skipped:
                self.add_recipe(start + 1, end)
            return
        text = raw.strip()
        if not text or text.startswith(b"#"):
            return
        conditional = _CONDITIONAL.match(raw)
        if conditional:
            so_far = Makefile(self.main, self.variables, (), self.sources)
            self.branches.take(conditional[1], raw[conditional.end() :], so_far)
            return
        defined = _DEFINE.match(raw)
        if defined:
            self.define = defined[1].decode("utf-8", "replace")
            self.body = []
            if not self.branches.skipped:
                span = self.source.span(start, end)
                self.bind(self.define, "=", None, span, self.branches.open)
            return
        if self.branches.skipped:
            return
        assigned = _ASSIGNMENT.match(raw)
        if assigned:
            self.finish()
            self.assign(assigned, raw, start)
            return
        directive = _DIRECTIVE.match(raw)
        if directive and self.directive(directive[1], raw[directive.end() :]):
            return
        self.rule(raw, start, end)

    def define_line(self, raw: bytes) -> None:
        """A line of a ``define``; as a recipe it is run without its ``@-+``."""
        if raw.strip() != b"endef" and not raw.strip().startswith(b"endef "):
            self.body.append(raw.lstrip(b" \t@-+"))
            return
        name, self.define = self.define or "", None
        known = self.variables.get(name)
        if known is not None and not self.branches.open and not self.branches.skipped:
            self.variables[name] = MakeVariable(name, b"\n".join(self.body), known.span)

    def directive(self, keyword: bytes, rest: bytes) -> bool:
        """Whether the line is one, and no rule for a target of that name."""
        if keyword.endswith(b"include"):
            self.finish()
            self.include(without_comment(rest))
        elif keyword in (b"export", b"unexport"):
            if b":" in rest:
                return False
            names = without_comment(rest).decode("utf-8", "replace").split()
            if keyword == b"export":
                self.exported.update(names)
            else:
                self.exported.difference_update(names)
        return True

    def include(self, text: bytes) -> None:
        """Read the files that are named; make looks for them in its working directory."""
        if self.lookup is None or self.depth >= _DEPTH:
            return
        so_far = Makefile(self.main, self.variables, (), self.sources)
        for name in so_far.text(joined(text)).split():
            if _UNRESOLVED.search(name):
                continue
            folder = posixpath.dirname(self.main.path)
            path = posixpath.normpath(posixpath.join(folder, name))
            if path in self.sources or path.startswith(("/", "..")) or len(self.sources) > _FILES:
                continue
            found = self.lookup(path)
            if found is not None:
                self.sources[path] = found
                outer, self.source = self.source, found
                self.depth += 1
                self.lines()
                self.depth -= 1
                self.source = outer

    def assign(self, match: re.Match[bytes], raw: bytes, start: int) -> None:
        name = match[2].decode("utf-8", "replace")
        operator = match[3].decode()
        value = without_comment(raw[match.end() :])
        span = self.source.span(start + match.end(), start + match.end() + len(value))
        self.bind(name, operator, joined(value), span, self.branches.open)
        if b"export" in match[1]:
            self.exported.add(name)

    def bind(
        self, name: str, operator: str, value: bytes | None, span: Span, optional: bool
    ) -> None:
        known = self.variables.get(name)
        if name in self.given or (operator == "?=" and name in self.environment):
            return
        result = value
        if operator == "!=" or value is None:
            result = None
        elif known is not None and operator == "?=" and not optional:
            return
        elif known is not None and operator == "+=":
            result = _appended(known.value, value)
        elif re.search(rb"\$[({]%b[)}]" % re.escape(name.encode()), value):
            # X := $(X) more
            result = None
        if optional and known is not None and known.value != result:
            result = None
        self.variables[name] = MakeVariable(name, result, span)

    def rule(self, raw: bytes, start: int, end: int) -> None:
        self.finish()
        text = without_comment(raw)
        at = colon(text)
        if at < 0:
            return
        rest = text[at:].lstrip(b":&")
        own = _TARGET_VARIABLE.match(rest)
        if own:
            self.target_variable(self.names(text[:at]), own, rest, self.source.span(start, end))
            return
        semicolon = rest.find(b";")
        needed = rest if semicolon < 0 else rest[:semicolon]
        targets = tuple(self.names(text[:at].rstrip(b"&")))
        self.heading = (targets, tuple(self.names(needed)), self.source.span(start, end))
        if semicolon >= 0:
            inline = raw.find(b";", at)
            self.add_recipe(start + inline + 1, end)

    def names(self, text: bytes) -> list[str]:
        """Targets or prerequisites; make puts their variables in when it reads the line."""
        if b"$" not in text:
            words = text.decode("utf-8", "replace").split()
        else:
            so_far = Makefile(self.main, self.variables, (), self.sources)
            words = [
                name
                for word in _words(text)
                for name in (
                    so_far.text(word).split() if b"$" in word else [word.decode("utf-8", "replace")]
                )
            ]
        return [word for word in words if word != "\\"]

    def target_variable(
        self, targets: list[str], match: re.Match[bytes], rest: bytes, span: Span
    ) -> None:
        name = match[2].decode("utf-8", "replace")
        known = self.variables.get(name)
        value: bytes | None = joined(rest[match.end() :])
        if match[3] == b"!=" or self.branches.open:
            value = None
        elif match[3] == b"?=" and known is not None:
            return
        elif match[3] == b"+=" and known is not None and value is not None:
            value = _appended(known.value, value)
        elif value is not None and re.search(rb"\$[({]%b[)}]" % re.escape(name.encode()), value):
            value = None  # X := $(X) more
        exported = b"export" in match[1]
        for text in targets:
            if _UNRESOLVED.search(text):
                # It may hold for any target.
                self.variables[name] = MakeVariable(name, None, span)
            else:
                self.own.append(TargetVariable(text, name, value, span, exported))

    def add_recipe(self, start: int, end: int) -> None:
        while start < end and self.source.data[start] in b" \t@-+":
            start += 1
        if start < end and self.heading is not None:
            self.recipe.append(RecipeLine(self.heading[0], self.source.span(start, end)))

    def finish(self) -> None:
        if self.heading is not None:
            self.rules.append(MakeRule(*self.heading[:2], tuple(self.recipe), self.heading[2]))
        self.heading = None
        self.recipe = []


def _appended(known: bytes | None, value: bytes) -> bytes | None:
    """What ``+=`` makes of a value: no blank is put between it and nothing."""
    return value if known == b"" else known and (known + b" " + value if value else known)


def _words(text: bytes) -> list[bytes]:
    """Words between blanks that stand in no reference."""
    found: list[bytes] = []
    begin = position = 0
    while position < len(text):
        byte = text[position : position + 1]
        if byte == b"$" and text[position + 1 : position + 2] in (b"(", b"{"):
            position = closing(text, position + 1)
            continue
        if byte.isspace():
            found.append(text[begin:position])
            begin = position + 1
        position += 1
    found.append(text[begin:])
    return [word for word in found if word]
