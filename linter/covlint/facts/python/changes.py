"""What Python code does to an object after it was written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from covlint.documents.python import Mutation, PythonFile, Scope, dotted
from covlint.documents.pythonobjects import camel
from covlint.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the object, at a path that counts from the value that is written now."""

    path: tuple[str | int, ...]
    mutation: Mutation
    scope: Scope

    def below(self, key: str | int) -> Change | None:
        return replace(self, path=self.path[1:]) if self.path[:1] == (key,) else None


Changes = tuple[Change, ...]


def changes_of(file: PythonFile, node: cst.BaseExpression) -> Iterator[Change]:
    """What happens later to the object itself, by the names that it gets."""
    parent = file.parents.get(node)
    names: list[tuple[str, Scope]] = []
    function = file.function_of(node)
    here = Scope(function)
    if isinstance(parent, cst.Assign):
        names = [(t.target.value, here) for t in parent.targets if isinstance(t.target, cst.Name)]
    elif isinstance(parent, cst.AnnAssign) and isinstance(parent.target, cst.Name):
        names = [(parent.target.value, here)]
    returned = isinstance(parent, cst.Return)
    for name, scope in names:
        yield from mutations_of(file, name, scope)
        returned = returned or file.returns(function, name)
    if not returned or function is None:
        return
    own = function.name.value  # what callers do with it, by a name or as a pytest fixture
    for (owner, name), bindings in file.bound.items():
        calls = any(_calls(one.value, own) for one in bindings)
        if calls or (name == own and owner is not None):
            yield from mutations_of(file, name, Scope(owner))


def _calls(value: cst.BaseExpression | None, name: str) -> bool:
    return isinstance(value, cst.Call) and dotted(value.func).rpartition(".")[2] == name


def mutations_of(file: PythonFile, name: str, scope: Scope) -> Iterator[Change]:
    for mutation in file.mutations(name, scope):
        path = mutation.path if mutation.path is not None else ()
        kind = mutation.kind if mutation.path is not None else "unknown"
        keys = tuple(camel(key) if isinstance(key, str) else key for key in path)
        yield Change(keys, replace(mutation, kind=kind), scope)
