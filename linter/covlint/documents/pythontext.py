"""What expressions of Python are as text: constants, f-strings, joined paths.

A text keeps where each piece of it is written. What only a run can tell is a
hole; a value that the environment may give is the default that the code names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from covlint.documents.assembled import Piece, Text, known_text
from covlint.documents.python import PythonFile, Scope, dotted
from covlint.documents.pythonstrings import as_hole, cut, replaced, single_braces, string_pieces
from covlint.documents.scriptvalues import ROOT

#: How deep names and calls are followed, and how many expressions of a file.
_DEPTH = 16
_BUDGET = 40_000

_COVERAGE = re.compile(r"(?i)cover|gocov|covdata")
_VERB = re.compile(r"%(?:\((\w+)\))?[-+# 0-9.]*([sdr%])")
_FIELD = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*|\d*)([^{}]*)\}")
_PATHS = frozenset({"Path", "PurePath", "PosixPath", "PurePosixPath", "LocalPath"})
#: Functions and methods that leave a text as it is, as far as we care.
_THROUGH = frozenset(
    {
        "str",
        "fspath",
        "abspath",
        "realpath",
        "normpath",
        "expanduser",
        "dedent",
        "cleandoc",
        "quote",
    }
)
_METHODS = frozenset({"resolve", "absolute", "as_posix", "strip", "lstrip", "rstrip", "expanduser"})
_ENVIRONMENT = frozenset({"environ.get", "getenv"})


@dataclass(slots=True)
class PythonTexts:
    """The texts of one file. ``home``: the directory that relative paths count from."""

    file: PythonFile
    home: str = ROOT
    _spent: int = field(default=0)

    def hole(self, node: cst.BaseExpression) -> Text:
        span = self.file.span(node)
        name = dotted(node)
        return (Piece(name, span.path, span.start, span.end, "hole", False, span.start),)

    def made(self, node: cst.CSTNode, text: str) -> Text:
        span = self.file.span(node)
        return (Piece(text, span.path, span.start, span.end, "made", False, span.start),)

    def known(self, node: cst.BaseExpression, scope: Scope) -> str | None:
        return known_text(self.text(node, scope))

    def covered(self, node: cst.BaseExpression) -> bool:
        """Whether an expression, as written, speaks of coverage."""
        return _COVERAGE.search(self._written(node)) is not None

    def text(self, node: cst.BaseExpression, scope: Scope) -> Text:
        """The text that an expression is; never raises."""
        self._spent += 1
        if scope.depth > _DEPTH or self._spent > _BUDGET:
            return self.hole(node)
        if isinstance(node, cst.SimpleString):
            return tuple(self._literal(node))
        inner = replace(scope, depth=scope.depth + 1)
        if isinstance(node, cst.ConcatenatedString):
            return (*self.text(node.left, inner), *self.text(node.right, inner))
        if isinstance(node, cst.FormattedString):
            return self._formatted(node, inner)
        if isinstance(node, cst.Integer) or (
            isinstance(node, cst.Name) and node.value in ("True", "False")
        ):
            return self.made(node, self._written(node))
        if isinstance(node, cst.Name):
            return self._named(node, scope)
        if isinstance(node, cst.Attribute):
            return self._attribute(node, inner)
        if isinstance(node, cst.Subscript):
            return self._subscript(node, inner)
        if isinstance(node, cst.BinaryOperation):
            return self._operation(node, inner)
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
            left = self.text(node.left, inner)
            return left if known_text(left) else self.text(node.right, inner)
        if isinstance(node, cst.IfExp):
            return self._branch(node, inner)
        if isinstance(node, cst.Call):
            return self._called(node, inner)
        return self.hole(node)

    def _written(self, node: cst.CSTNode) -> str:
        return self.file.source.slice(self.file.span(node)).decode("utf-8", "replace")

    # -- literals -------------------------------------------------------------

    def _literal(self, node: cst.SimpleString) -> Iterator[Piece]:
        span = self.file.span(node)
        head = span.start + len(node.prefix) + len(node.quote)
        raw = node.raw_value
        yield from string_pieces(
            span.path, raw, head, span.start, node.quote, "r" in node.prefix.lower()
        )

    def _formatted(self, node: cst.FormattedString, scope: Scope) -> Text:
        quote = node.quote
        verbatim = "r" in node.prefix.lower()
        found: list[Piece] = []
        for part in node.parts:
            span = self.file.span(part)
            if isinstance(part, cst.FormattedStringText):
                origin = self.file.span(node).start
                pieces = string_pieces(span.path, part.value, span.start, origin, quote, verbatim)
                for piece in pieces:
                    found.extend(single_braces(piece))
            elif isinstance(part, cst.FormattedStringExpression):
                if part.conversion is None and part.format_spec is None and part.equal is None:
                    found.extend(self.text(part.expression, scope))
                else:
                    found.extend(self.hole(part.expression))
        return tuple(found)

    # -- names ----------------------------------------------------------------

    def _named(self, node: cst.Name, scope: Scope) -> Text:
        if node.value == "__file__":
            return self.made(node, f"{ROOT}/{self.file.source.path}")
        changes = self.file.mutations(node.value, scope)
        if any(m.path == () and m.value is not None and m.kind != "append" for m in changes):
            return self.hole(node)
        found = self.file.value_of(node.value, scope)
        if found is None:
            return self.hole(node)
        value, where = found
        if node.value in scope.bindings:
            return self.text(value, where)
        return tuple(replace(piece, shared=True) for piece in self.text(value, where))

    def _attribute(self, node: cst.Attribute, scope: Scope) -> Text:
        if node.attr.value == "parent":
            return self._directory(node, self.text(node.value, scope), 1)
        if dotted(node) == "config.main_dir":
            return self.made(node, self.home)
        return self.hole(node)

    def _subscript(self, node: cst.Subscript, scope: Scope) -> Text:
        """``Path(__file__).parents[n]``."""
        value, index = node.value, node.slice[0].slice
        if not isinstance(value, cst.Attribute) or value.attr.value != "parents":
            return self.hole(node)
        if not isinstance(index, cst.Index) or not isinstance(index.value, cst.Integer):
            return self.hole(node)
        levels = int(index.value.evaluated_value) + 1
        return self._directory(node, self.text(value.value, scope), levels)

    def _directory(self, node: cst.BaseExpression, text: Text, levels: int) -> Text:
        path = known_text(text)
        if path is None or levels > 50:
            return self.hole(node)
        path = posixpath.normpath(path)
        for _ in range(levels):
            if path in (ROOT, "."):
                return self.hole(node)
            path = posixpath.dirname(path) or "."
        return self.made(node, path)

    # -- operations -----------------------------------------------------------

    def _operation(self, node: cst.BinaryOperation, scope: Scope) -> Text:
        if isinstance(node.operator, cst.Add):
            return (*self.text(node.left, scope), *self.text(node.right, scope))
        if isinstance(node.operator, cst.Divide):
            return self._joined(node, [node.left, node.right], scope)
        if isinstance(node.operator, cst.Modulo):
            left = self.text(node.left, scope)
            values = [node.right]
            if isinstance(node.right, cst.Tuple):
                values = [element.value for element in node.right.elements]
            return tuple(self._verbs(left, values, scope))
        return self.hole(node)

    def _joined(
        self, node: cst.BaseExpression, parts: Sequence[cst.BaseExpression], scope: Scope
    ) -> Text:
        found: Text = ()
        for part in parts:
            text = self.text(part, scope)
            known = known_text(text)
            if known is not None and known.startswith("/"):
                found = text
            elif found:
                found = (*found, *self.made(node, "/"), *text)
            else:
                found = text
        return found or self.hole(node)

    def _verbs(
        self, text: Text, values: Sequence[cst.BaseExpression], scope: Scope
    ) -> Iterator[Piece]:
        """``text % values``."""
        rest = list(values)
        for piece in text:
            last = 0
            for match in _VERB.finditer(piece.text) if piece.kind != "hole" else ():
                yield from cut(piece, last, match.start())
                last = match.end()
                if match[2] == "%":
                    yield replace(piece.cut(match.start(), match.end()), text="%", kind="made")
                elif match[1] is None and rest and not isinstance(rest[0], cst.Dict):
                    yield from self.text(rest.pop(0), scope)
                else:
                    yield as_hole(piece, match.start(), match.end(), match[1] or "value")
            yield from cut(piece, last, len(piece.text))

    def _fields(self, text: Text, call: cst.Call, scope: Scope) -> Iterator[Piece]:
        """``text.format(…)``."""
        given = [a.value for a in call.args if a.keyword is None and not a.star]
        named = {a.keyword.value: a.value for a in call.args if a.keyword is not None}
        number = 0
        for piece in text:
            last = 0
            for match in _FIELD.finditer(piece.text) if piece.kind != "hole" else ():
                yield from cut(piece, last, match.start())
                last = match.end()
                if match.group() in ("{{", "}}"):
                    brace = piece.cut(match.start(), match.end())
                    yield replace(brace, text=match.group()[0], kind="made")
                    continue
                value = named.get(match[1])
                if not match[1] or match[1].isdigit():
                    index = int(match[1]) if match[1] else number
                    number += not match[1]
                    value = given[index] if index < len(given) else None
                if value is not None and not match[2]:
                    yield from self.text(value, scope)
                else:
                    yield as_hole(piece, match.start(), match.end(), match[1] or "value")
            yield from cut(piece, last, len(piece.text))

    def _branch(self, node: cst.IfExp, scope: Scope) -> Text:
        """As with coverage switched on, where that is told by one of the branches."""
        branches = [self.text(node.body, scope), self.text(node.orelse, scope)]
        covered = [b for b in branches if _COVERAGE.search(known_text(b) or "")]
        return covered[0] if len(covered) == 1 else self.hole(node)

    # -- calls ----------------------------------------------------------------

    def _called(self, node: cst.Call, scope: Scope) -> Text:
        name = dotted(node.func)
        last = name.rpartition(".")[2]
        plain = [a.value for a in node.args if a.keyword is None and not a.star]
        if last in _PATHS or (last == "join" and ".path." in f".{name}"):
            return self._joined(node, plain, scope) if plain else self.made(node, ".")
        if last == "joinpath" and isinstance(node.func, cst.Attribute):
            return self._joined(node, [node.func.value, *plain], scope)
        if last == "dirname" and len(plain) == 1:
            return self._directory(node, self.text(plain[0], scope), 1)
        if name.endswith(("getcwd", "Path.cwd")):
            return self.made(node, self.home)
        if any(name.endswith(one) for one in _ENVIRONMENT):
            return self.text(plain[1], scope) if len(plain) > 1 else self.hole(node)
        if last in _THROUGH and len(plain) == 1:
            return self.text(plain[0], scope)
        if isinstance(node.func, cst.Attribute):
            return self._method(node, node.func, plain, scope)
        followed = self.follow(node, scope)
        return self.text(*followed) if followed is not None else self.hole(node)

    def _method(
        self,
        node: cst.Call,
        function: cst.Attribute,
        plain: Sequence[cst.BaseExpression],
        scope: Scope,
    ) -> Text:
        last = function.attr.value
        if last in _METHODS:
            return self.text(function.value, scope)
        if last == "format":
            return tuple(self._fields(self.text(function.value, scope), node, scope))
        if last == "replace" and len(plain) >= 2:
            token, value = self.known(plain[0], scope), self.text(plain[1], scope)
            text = self.text(function.value, scope)
            return tuple(replaced(text, token, value)) if token else self.hole(node)
        if last == "join" and len(plain) == 1 and isinstance(plain[0], (cst.List, cst.Tuple)):
            separator = self.known(function.value, scope)
            found: Text = ()
            for index, element in enumerate(plain[0].elements):
                between = self.made(node, separator or " ") if index else ()
                found = (*found, *between, *self.text(element.value, scope))
            return found
        return self.hole(node)

    def follow(self, node: cst.Call, scope: Scope) -> tuple[cst.BaseExpression, Scope] | None:
        """What a call of a function of this file returns, if it has one return statement."""
        if not isinstance(node.func, cst.Name) or scope.depth > _DEPTH:
            return None
        functions = self.file.functions.get(node.func.value, [])
        if len(functions) != 1:
            return None
        function = functions[0]
        bindings = self.bindings(function, node, scope)
        value = self.returned(function)
        if value is None or bindings is None:
            return None
        return value, Scope(function, bindings, scope.depth + 1)

    def returned(self, function: cst.FunctionDef) -> cst.BaseExpression | None:
        found: list[cst.BaseExpression | None] = []
        pending: list[cst.CSTNode] = [function.body]
        while pending:
            current = pending.pop()
            if isinstance(current, cst.Return):
                found.append(current.value)
            elif not isinstance(current, (cst.FunctionDef, cst.ClassDef, cst.BaseExpression)):
                pending.extend(current.children)
        return found[0] if len(found) == 1 else None

    def bindings(
        self, function: cst.FunctionDef, call: cst.Call, scope: Scope
    ) -> dict[str, tuple[cst.BaseExpression, Scope]] | None:
        """The parameters of a call; None where it cannot be told which is which."""
        names = [p.name.value for p in function.params.params]
        if names[:1] in (["self"], ["cls"]):
            names = names[1:]
        found: dict[str, tuple[cst.BaseExpression, Scope]] = {}
        for parameter in (*function.params.params, *function.params.kwonly_params):
            if parameter.default is not None:
                found[parameter.name.value] = (parameter.default, Scope())
        for index, argument in enumerate(call.args):
            if argument.star:
                return None
            if argument.keyword is not None:
                found[argument.keyword.value] = (argument.value, scope)
            elif index < len(names):
                found[names[index]] = (argument.value, scope)
        return found
