"""Python and Starlark files: syntax trees, bytes of nodes, and what a name is bound to.

libcst keeps every byte of a file; the place of a node is its byte span. It is
slow to load, so that only readers that need it import this module. Starlark
differs from Python by what it leaves out, so that Tiltfiles are read the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, fields

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, CodeSpan, MetadataWrapper

from covlint.documents.pythonnames import Binding, Mutation, bind, change, dotted
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

__all__ = ["Binding", "Mutation", "PythonError", "PythonFile", "Scope", "dotted", "open_python"]

_BOM = "\ufeff"
#: The native parser recurses without a guard: what nests deeper may overflow its stack
#: (measured with libcst 1.9: 2000 brackets, 8000 links of a chain).
_DEPTH_LIMIT = 1500
_BRACKET = 10
_TOKENS = re.compile(
    r"(?P<string>\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''(?:[^\\]|\\.)*?(?:'''|\Z)"
    r"|\"(?:[^\\\"\n]|\\.)*\"|'(?:[^\\'\n]|\\.)*')"
    r"|(?P<comment>#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;\n])"
    r"|(?P<link>[-+*/%@&|^~<>=!.]|\b(?:not|and|or|if|else|elif|for|in|is|lambda|await)\b)",
    re.DOTALL,
)
_SKIPPED = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine)


class PythonError(Exception):
    """The file cannot be parsed; the text says why, with the line where it is known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: ``function`` is None in a module. ``bindings`` are the
    parameters of a call that is followed, as expressions of the caller."""

    function: cst.FunctionDef | None = None
    bindings: Mapping[str, tuple[cst.BaseExpression, Scope]] = field(default_factory=dict)
    depth: int = 0


@dataclass(slots=True)
class PythonFile:
    """A parsed file. ``nodes`` are its nodes in the order of the text."""

    source: SourceFile
    module: cst.Module
    places: Mapping[cst.CSTNode, CodeSpan]
    shift: int
    nodes: list[cst.CSTNode] = field(default_factory=list)
    parents: dict[cst.CSTNode, cst.CSTNode] = field(default_factory=dict)
    functions: dict[str, list[cst.FunctionDef]] = field(default_factory=dict)
    bound: dict[tuple[cst.FunctionDef | None, str], list[Binding]] = field(default_factory=dict)
    changed: dict[tuple[cst.FunctionDef | None, str], list[Mutation]] = field(default_factory=dict)
    _returned: set[tuple[cst.FunctionDef | None, str]] | None = None

    def returns(self, function: cst.FunctionDef | None, name: str) -> bool:
        """Whether a function returns, or yields, what a name stands for."""
        if self._returned is None:
            self._returned = {
                (self.function_of(one), one.value.value)
                for one in self.nodes
                if isinstance(one, (cst.Return, cst.Yield)) and isinstance(one.value, cst.Name)
            }
        return (function, name) in self._returned

    def bind(
        self, name: str, value: cst.BaseExpression | None, owner: cst.FunctionDef | None
    ) -> None:
        self.bound.setdefault((owner, name), []).append(Binding(value))

    def span(self, node: cst.CSTNode) -> Span:
        place = self.places[node]
        start = place.start + self.shift
        return Span(self.source.path, start, start + place.length)

    def function_of(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        """The innermost function around a node."""
        current = self.parents.get(node)
        while current is not None and not isinstance(current, cst.FunctionDef):
            current = self.parents.get(current)
        return current

    def scope_of(self, node: cst.CSTNode) -> Scope:
        return Scope(self.function_of(node))

    def owner(self, name: str, scope: Scope) -> cst.FunctionDef | None:
        """The function whose local a name is; None for names of the module."""
        function = scope.function
        while function is not None and (function, name) not in self.bound:
            function = self.function_of(function)
        return function

    def value_of(self, name: str, scope: Scope) -> tuple[cst.BaseExpression, Scope] | None:
        """What a name stands for, when it is bound once and that can be seen."""
        owner = self.owner(name, scope)
        if owner is scope.function and owner is not None and name in scope.bindings:
            return scope.bindings[name]
        bindings = self.bound.get((owner, name), [])
        if len(bindings) != 1 or bindings[0].value is None:
            return None
        outer = scope.bindings if owner is scope.function else {}
        return bindings[0].value, Scope(owner, outer, scope.depth + 1)

    def mutations(self, name: str, scope: Scope) -> list[Mutation]:
        return self.changed.get((self.owner(name, scope), name), [])

    def imports(self, name: str) -> bool:
        """Whether the module imports a name (or everything of some module)."""
        return any(
            isinstance(node, cst.ImportFrom)
            and (
                isinstance(node.names, cst.ImportStar)
                or any(one.asname is None and one.evaluated_name == name for one in node.names)
            )
            for node in self.nodes
        )


def open_python(source: SourceFile) -> PythonFile:
    """Parse a file.

    Raises UnreadableSource when it is not UTF-8 text, PythonError when it is not
    Python or nests too deeply.
    """
    text = source.text
    shift = 0
    if text.startswith(_BOM):
        text, shift = text[1:], 3
    if _too_deep(text):
        raise PythonError("nested too deeply")
    try:
        module = cst.parse_module(text)
        if module.code != text:
            raise PythonError("a spelling that the parser does not keep")
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        places = wrapper.resolve(ByteSpanPositionProvider)
        file = PythonFile(source, module, places, shift)
        _index(file)
    except cst.ParserSyntaxError as error:
        raise PythonError(f"line {error.raw_line}: syntax error") from error
    except RecursionError as error:
        raise PythonError("nested too deeply") from error
    return file


def _too_deep(text: str) -> bool:
    """Whether brackets, operators and calls nest deeper than the parser stands."""
    counts, total, branches = [0], 0, 0
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            counts[-1] += 1
            counts.append(0)
            total += _BRACKET + 1
        elif kind == "close":
            if len(counts) > 1:
                total -= _BRACKET + counts.pop()
        elif kind == "end":
            if match.group() != "\n" or len(counts) == 1:
                total -= counts[-1]
                counts[-1] = 0
        elif kind in ("link", "string"):
            counts[-1] += 1
            total += 1
            branches += match.group() == "elif"
        if total > _DEPTH_LIMIT or branches > _DEPTH_LIMIT // 2:
            return True
    return False


# -- the index ---------------------------------------------------------------


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, cst.CSTNode):
            if not isinstance(value, _SKIPPED):
                yield value
        elif isinstance(value, (list, tuple)):
            yield from (v for v in value if isinstance(v, cst.CSTNode))


def _index(file: PythonFile) -> None:
    pending: list[cst.CSTNode] = [file.module]
    while pending:
        node = pending.pop()
        file.nodes.append(node)
        children = list(_children(node))
        for child in children:
            file.parents[child] = node
        pending.extend(reversed(children))
    for node in file.nodes:
        bind(file, node)
    for node in file.nodes:
        change(file, node)
