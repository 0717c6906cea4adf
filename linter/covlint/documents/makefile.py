"""Makefiles: variables, rules and recipe lines, with the byte each one stands at.

An own line reader, because make itself is one (GNU make manual, 3.1, 5.1): a
recipe line is text for the shell once ``$`` references are put in, and every
byte of that text must be traced back. tree-sitter-make 1.1.1 gives recipe text
unexpanded and marks real Makefiles as broken where they are not (a ``define``
whose body looks like a rule).

Values are those that a plain ``make`` sees. A variable that has several values
(a conditional) or that make has to compute (``$(shell …)``) stays unresolved;
what a target sets for itself is in :mod:`covlint.documents.makevariants`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from covlint.documents.expansion import Expansion
from covlint.documents.maketext import closing, split_arguments
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

#: References nested deeper than this stay unresolved.
_DEPTH = 20
#: A recipe line that expands to more bytes than this stays unexpanded beyond it.
_EXPANDED = 1 << 16

_COMPUTED = re.compile(rb"\$[({](?:shell|eval|file|foreach|if|or)\b.*[)}]", re.DOTALL)
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class MakeVariable:
    """``value`` is as written (references in it), None when it has several values
    or only a run can tell it. ``exported``: recipes find it in their environment."""

    name: str
    value: bytes | None
    span: Span
    exported: bool = False


@dataclass(frozen=True, slots=True)
class TargetVariable:
    """``target: NAME = value``, which holds for the target and what it needs.

    ``value`` None: not known, or for targets that a pattern names.
    """

    target: str
    name: str
    value: bytes | None
    span: Span
    exported: bool


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
    """A Makefile with what it includes; ``sources`` are all of its files by path."""

    source: SourceFile
    variables: Mapping[str, MakeVariable]
    rules: tuple[MakeRule, ...]
    sources: Mapping[str, SourceFile]
    own: tuple[TargetVariable, ...] = ()
    given: frozenset[str] = frozenset()  # variables with values from outside

    @property
    def goal(self) -> tuple[str, ...]:
        """The target of a call that names none (GNU make manual, 9.2)."""
        targets = (target for rule in self.rules for target in rule.targets)
        return tuple(t for t in targets if "%" not in t and (t[0] != "." or "/" in t))[:1]

    def lines(self) -> Iterator[RecipeLine]:
        for rule in self.rules:
            yield from rule.recipe

    def expand(
        self, line: RecipeLine, given: Mapping[str, bytes | None] | None = None
    ) -> Expansion:
        """The line as the shell gets it; ``given``: variables that have other values there.

        A reference that is not resolved becomes ``${NAME}``, which the shell
        reader takes for an unknown variable, or ``$(:)`` when it has no plain name.
        """
        output = _Output()
        automatic: dict[str, bytes] = {}
        for name, value in (given or {}).items():
            automatic[name] = b"${%b}" % name.encode() if value is None else value
        if len(line.targets) == 1 and "%" not in line.targets[0]:
            automatic["@"] = line.targets[0].encode()
        raw = self.sources[line.span.path].slice(line.span)
        self._expand(raw, line.span.start, None, automatic, output, ())
        return Expansion(
            line.span.path, bytes(output.text), tuple(output.origins), tuple(output.ends)
        )

    def text(self, raw: bytes) -> str:
        """``raw`` expanded; ``\\0`` stands for what is not resolved."""
        output = _Output()
        self._expand(raw, 0, (0, 0), {}, output, ())
        return ("\0" if output.unresolved else "") + output.text.decode("utf-8", "replace")

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
        if name.startswith("call "):
            return self._call(name, at, automatic, output, parents)
        if name.startswith("if "):
            return self._choice(name, at, automatic, output, parents)
        variable = self.variables.get(name)
        if variable is None or variable.value is None:
            return False
        if name in parents or len(parents) >= _DEPTH or len(output.text) > _EXPANDED:
            return False
        if _COMPUTED.fullmatch(variable.value):
            choice = variable.value[2:5] == b"if "
            if not choice or closing(variable.value, 1) != len(variable.value):
                return False  # its own name says more than the call
            inner = variable.value[2:-1].decode("utf-8", "replace")
            return self._choice(inner, at, automatic, output, (*parents, name))
        self._expand(variable.value, 0, at, automatic, output, (*parents, name))
        return True

    def _choice(
        self,
        text: str,
        at: tuple[int, int],
        automatic: Mapping[str, bytes],
        output: _Output,
        parents: tuple[str, ...],
    ) -> bool:
        """``$(if condition,then,else)``; False where the condition is not known, or is one
        that nobody has decided: it is there for somebody to choose."""
        condition, *branches = split_arguments(text.removeprefix("if ").encode())
        if not any(name.encode() in condition for name in self.given):
            return False
        inner = _Output()
        self._expand(condition.strip(), 0, at, automatic, inner, parents)
        if inner.unresolved or len(parents) >= _DEPTH:
            return False
        chosen = branches[0 if inner.text.strip() else 1 :][:1]
        for branch in chosen:
            self._expand(branch, 0, at, automatic, output, parents)
        return True

    def _call(
        self,
        text: str,
        at: tuple[int, int],
        automatic: Mapping[str, bytes],
        output: _Output,
        parents: tuple[str, ...],
    ) -> bool:
        """``$(call NAME,argument,…)``."""
        name, *arguments = split_arguments(text.removeprefix("call ").encode())
        numbered = dict(automatic)
        for index, argument in enumerate(arguments, 1):
            inner = _Output()
            self._expand(argument, 0, at, automatic, inner, parents)
            numbered[str(index)] = bytes(inner.text)
        return self._reference(
            name.decode("utf-8", "replace").strip(), at, numbered, output, parents
        )


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
