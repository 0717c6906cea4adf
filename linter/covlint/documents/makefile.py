"""Makefiles: variables, rules and recipe lines, with the byte each one stands at.

An own line reader, because make itself is one (GNU make manual, 3.1, 5.1): a
recipe line is text for the shell once ``$`` references are put in, and every
byte of that text must be traced back. tree-sitter-make 1.1.1 gives recipe text
unexpanded and marks real Makefiles as broken where they are not (a ``define``
whose body looks like a rule).

Values are those that a plain ``make`` sees. A variable that has several values
(a conditional, a target of its own) or that make has to compute (``$(shell …)``)
stays unresolved. Other files (``include``) are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from covlint.documents.expansion import Expansion
from covlint.documents.maketext import closing, colon, joined, without_comment
from covlint.source import SourceFile, Span

#: References nested deeper than this stay unresolved.
_DEPTH = 20
#: A recipe line that expands to more bytes than this stays unexpanded beyond it.
_EXPANDED = 1 << 16

_ASSIGNMENT = re.compile(
    rb"[ ]*((?:(?:export|override|private)\s+)*)([^\s:#=!?+$()]+)[ \t]*(:{0,3}=|\?=|\+=|!=)[ \t]*"
)
_DIRECTIVE = re.compile(
    rb"[ ]*(ifeq|ifneq|ifdef|ifndef|else|endif|-?include|sinclude|export|unexport|undefine|vpath)\b"
)
_DEFINE = re.compile(rb"[ ]*(?:(?:export|override)\s+)*define\s+([^\s:=?+!]+)")
_TARGET_VARIABLE = re.compile(
    rb"[ ]*(?:(?:export|override|private)\s+)*([\w.-]+)[ \t]*(:{0,3}|[?+!])="
)
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class MakeVariable:
    """``value`` is as written (references in it), None when it has several values
    or only a run can tell it."""

    name: str
    value: bytes | None
    span: Span


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """One logical recipe line (continued lines joined), without the tab and ``@-+``."""

    targets: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class MakeRule:
    targets: tuple[str, ...]
    prerequisites: tuple[str, ...]
    recipe: tuple[RecipeLine, ...]
    span: Span


@dataclass(frozen=True)
class Makefile:
    source: SourceFile
    variables: Mapping[str, MakeVariable]
    rules: tuple[MakeRule, ...]

    def lines(self) -> Iterator[RecipeLine]:
        for rule in self.rules:
            yield from rule.recipe

    def expand(self, line: RecipeLine) -> Expansion:
        """The line as the shell gets it.

        A reference that is not resolved becomes ``${NAME}``, which the shell
        reader takes for an unknown variable, or ``$(:)`` when it has no plain name.
        """
        output = _Output()
        automatic: dict[str, bytes] = {}
        if len(line.targets) == 1 and "%" not in line.targets[0]:
            automatic["@"] = line.targets[0].encode()
        raw = self.source.slice(line.span)
        self._expand(raw, line.span.start, None, automatic, output, ())
        return Expansion(
            self.source.path, bytes(output.text), tuple(output.origins), tuple(output.ends)
        )

    def value(self, name: str) -> str | None:
        """The fully resolved value of a variable; None when a part is not known."""
        output = _Output()
        if not self._reference(name, (0, 0), {}, output, ()) or output.unresolved:
            return None
        return output.text.decode("utf-8", "replace")

    def _expand(
        self,
        raw: bytes,
        base: int,
        fixed: tuple[int, int] | None,
        automatic: Mapping[str, bytes],
        output: _Output,
        parents: tuple[str, ...],
    ) -> None:
        """Append ``raw`` expanded; its bytes stand at ``base`` on, or all at ``fixed``."""
        position = 0
        while position < len(raw):
            dollar = raw.find(b"$", position)
            plain = raw[position:] if dollar < 0 else raw[position:dollar]
            output.add(plain, base + position, fixed)
            if dollar < 0:
                return
            following = raw[dollar + 1 : dollar + 2]
            if following in (b"$", b""):
                output.add(b"$", 0, fixed or (base + dollar, base + dollar + 1 + len(following)))
                position = dollar + 2
                continue
            if following in (b"(", b"{"):
                end = closing(raw, dollar + 1)
                inner = raw[dollar + 2 : end - 1]
            else:
                end = dollar + 2
                inner = following
            at = fixed or (base + dollar, base + min(end, len(raw)))
            name = inner.decode("utf-8", "replace")
            if not self._reference(name, at, automatic, output, parents):
                output.unresolved = True
                output.add(b"${%b}" % inner if _NAME.fullmatch(inner) else b"$(:)", 0, at)
            position = end

    def _reference(
        self,
        name: str,
        at: tuple[int, int],
        automatic: Mapping[str, bytes],
        output: _Output,
        parents: tuple[str, ...],
    ) -> bool:
        if name in automatic:
            output.add(automatic[name], 0, at)
            return True
        variable = self.variables.get(name)
        if variable is None or variable.value is None:
            return False
        if name in parents or len(parents) >= _DEPTH or len(output.text) > _EXPANDED:
            return False
        if re.fullmatch(rb"\$\((?:shell|call|eval|file|foreach)\b.*\)", variable.value, re.DOTALL):
            return False
        self._expand(variable.value, 0, at, automatic, output, (*parents, name))
        return True


@dataclass(slots=True)
class _Output:
    text: bytearray = field(default_factory=bytearray)
    origins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    unresolved: bool = False

    def add(self, text: bytes, start: int, fixed: tuple[int, int] | None) -> None:
        """``text`` stands at ``start`` on, or was put in for what stands at ``fixed``."""
        self.text += text
        size = len(text)
        if fixed is None:
            self.origins.extend(range(start, start + size))
            self.ends.extend(range(start + 1, start + size + 1))
        else:
            self.origins.extend([fixed[0]] * size)
            self.ends.extend([fixed[1]] * size)


def read_makefile(source: SourceFile) -> Makefile:
    """Read a Makefile. Never raises: lines that make no sense are left out."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.variables: dict[str, MakeVariable] = {}
        self.rules: list[MakeRule] = []
        self.recipe: list[RecipeLine] = []
        self.heading: tuple[tuple[str, ...], tuple[str, ...], Span] | None = None
        self.conditions = 0
        self.define: str | None = None

    def read(self) -> Makefile:
        for start, end in self.logical_lines():
            self.line(start, end)
        self.finish()
        return Makefile(self.source, self.variables, tuple(self.rules))

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
            if raw.strip() == b"endef" or raw.strip().startswith(b"endef "):
                self.define = None
            return
        if raw.startswith(b"\t") and self.heading is not None:
            self.add_recipe(start + 1, end)
            return
        text = raw.strip()
        if not text or text.startswith(b"#"):
            return
        defined = _DEFINE.match(raw)
        if defined:
            self.define = defined[1].decode("utf-8", "replace")
            self.variables[self.define] = MakeVariable(
                self.define, None, self.source.span(start, end)
            )
            return
        assigned = _ASSIGNMENT.match(raw)
        if assigned:
            self.finish()
            self.assign(assigned, raw, start)
            return
        directive = _DIRECTIVE.match(raw)
        if directive:
            keyword = directive[1]
            if keyword.startswith(b"if"):
                self.conditions += 1
            elif keyword == b"endif":
                self.conditions = max(0, self.conditions - 1)
            if keyword not in (b"export", b"unexport") or b":" not in raw:
                return
        self.rule(raw, start, end)

    def assign(self, match: re.Match[bytes], raw: bytes, start: int) -> None:
        name = match[2].decode("utf-8", "replace")
        operator = match[3].decode()
        value = without_comment(raw[match.end() :])
        span = self.source.span(start + match.end(), start + match.end() + len(value))
        self.bind(name, operator, joined(value), span, self.conditions > 0)

    def bind(self, name: str, operator: str, value: bytes, span: Span, optional: bool) -> None:
        known = self.variables.get(name)
        result: bytes | None = value
        if operator == "!=":
            result = None
        elif known is not None and operator == "?=" and not optional:
            return
        elif known is not None and operator == "+=":
            result = None if known.value is None else known.value + b" " + value
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
            name = own[1].decode("utf-8", "replace")
            self.variables[name] = MakeVariable(name, None, self.source.span(start, end))
            return
        semicolon = rest.find(b";")
        needed = rest if semicolon < 0 else rest[:semicolon]
        self.heading = (
            tuple(one.decode("utf-8", "replace") for one in text[:at].rstrip(b"&").split()),
            tuple(one.decode("utf-8", "replace") for one in needed.split() if one != b"\\"),
            self.source.span(start, end),
        )
        if semicolon >= 0:
            inline = raw.find(b";", at)
            self.add_recipe(start + inline + 1, end)

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
