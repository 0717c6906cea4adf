"""What the statements of a Python file do to names: bind them, change what they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from covlint.frozen import dataclass

if TYPE_CHECKING:
    from covlint.documents.python import PythonFile


@dataclass(frozen=True, slots=True)
class Binding:
    """``value`` None: bound to something that cannot be seen (a parameter, a loop, an import)."""

    value: cst.BaseExpression | None


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of the object that a name is bound to, at ``path`` below it (None: anywhere).

    ``kind``: "set", "append", "extend", or "unknown".
    """

    path: tuple[str | int, ...] | None
    kind: str
    value: cst.BaseExpression | None


def dotted(node: cst.CSTNode) -> str:
    """``a.b.c`` as written; what is no name becomes ``()``."""
    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    names.append(node.value if isinstance(node, cst.Name) else "()")
    return ".".join(reversed(names))


def bind(file: PythonFile, node: cst.CSTNode) -> None:
    """Note the names that a statement binds."""
    here = file.function_of(node)
    if isinstance(node, cst.FunctionDef):
        file.functions.setdefault(node.name.value, []).append(node)
    if isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Param)):
        file.bind(node.name.value, None, here)
    elif isinstance(node, cst.Assign):
        for target in node.targets:
            if isinstance(target.target, cst.Name):
                value = node.value if len(node.targets) == 1 else None
                file.bind(target.target.value, value, here)
            else:
                _bind_targets(file, target.target, here)
    elif isinstance(node, cst.AnnAssign):
        if isinstance(node.target, cst.Name) and node.value is not None:
            file.bind(node.target.value, node.value, here)
    elif isinstance(node, (cst.NamedExpr, cst.For, cst.CompFor, cst.Del)):
        _bind_targets(file, node.target, here)
    elif isinstance(node, cst.AsName):
        _bind_targets(file, node.name, here)
    elif isinstance(node, cst.ImportAlias) and node.asname is None:
        file.bind(dotted(node.name).partition(".")[0], None, here)
    elif isinstance(node, (cst.Global, cst.Nonlocal)):
        for item in node.names:
            file.bind(item.name.value, None, here)
            file.bind(item.name.value, None, None)


def _bind_targets(file: PythonFile, target: cst.CSTNode, owner: cst.FunctionDef | None) -> None:
    if isinstance(target, cst.Name):
        file.bind(target.value, None, owner)
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            _bind_targets(file, element.value, owner)


#: Calls that leave their arguments as they are, by the last part of the name.
_HARMLESS = re.compile(
    r"V1\w+|create\w*|replace_\w+|patch_\w+|apply\w*|\w*dump\w*|print|len|str|repr|list|tuple|append"
    r"|extend|format|join|write\w*|info|debug|warning|error|k8s_yaml|encode_yaml|encode_json|run"
    r"|check_call|check_output|check_run|Popen|call|system|quote|isinstance|sorted|enumerate|Path"
    r"|sanitize_for_serialization|to_dict|getattr|fail|build\w*|load\w*|from_env|from_dict|Docker\w+"
    r"|KindCluster|docker_build|custom_build|local\w*|kubectl|helm|kustomize|deploy\w*|delete\w*"
    r"|yaml|to_yaml|blob|dict"
)
#: Functions of the file itself whose names say that they only hand an object on.
_HANDING_ON = re.compile(
    r"(?:apply|deploy|print|dump|write|run|sh|kubectl|create_(?:deployment|pod|resource|object|from))\w*"
)
_METHODS = frozenset({"append", "extend"})
_CHANGING = frozenset({"insert", "update", "pop", "remove", "clear", "setdefault", "sort"})


def change(file: PythonFile, node: cst.CSTNode) -> None:
    """Note what happens to objects that have a name."""

    def note(target: cst.BaseExpression, kind: str, value: cst.BaseExpression | None) -> None:
        root, path = _access_path(target)
        if root is not None:
            owner = file.owner(root.value, file.scope_of(node))
            mutation = Mutation(path, kind, value)
            file.changed.setdefault((owner, root.value), []).append(mutation)

    if isinstance(node, cst.Assign):
        for target in node.targets:
            if isinstance(target.target, (cst.Subscript, cst.Attribute)):
                note(target.target, "set", node.value)
    elif isinstance(node, cst.AugAssign):
        plain = isinstance(node.operator, cst.AddAssign)
        note(node.target, "extend" if plain else "unknown", node.value)
    elif isinstance(node, cst.Del) and isinstance(node.target, cst.Subscript):
        note(node.target, "unknown", None)
    elif isinstance(node, cst.Call):
        _called(file, node, note)


def _called(
    file: PythonFile,
    call: cst.Call,
    note: Callable[[cst.BaseExpression, str, cst.BaseExpression | None], None],
) -> None:
    function = call.func
    name = dotted(function).rpartition(".")[2]
    if isinstance(function, cst.Attribute):
        if name in _METHODS and len(call.args) == 1 and not call.args[0].star:
            note(function.value, name, call.args[0].value)
        elif name in _CHANGING:
            note(function.value, "unknown", None)
    own = isinstance(function, cst.Name) and name in file.functions
    if (_HANDING_ON if own else _HARMLESS).fullmatch(name):
        return
    for argument in call.args:
        if isinstance(argument.value, (cst.Name, cst.Attribute, cst.Subscript)):
            note(argument.value, "unknown", None)


def _access_path(
    node: cst.BaseExpression,
) -> tuple[cst.Name | None, tuple[str | int, ...] | None]:
    """The name at the root of ``a.b["c"][0]``, and the keys below it (None: not all seen)."""
    path: list[str | int] = []
    seen = True
    while isinstance(node, (cst.Attribute, cst.Subscript)):
        if isinstance(node, cst.Attribute):
            path.append(node.attr.value)
        else:
            key = _key(node.slice)
            seen = seen and key is not None
            path.append(key if key is not None else "")
        node = node.value
    return (node if isinstance(node, cst.Name) else None), tuple(reversed(path)) if seen else None


def _key(slices: Sequence[cst.SubscriptElement]) -> str | int | None:
    index = slices[0].slice if len(slices) == 1 else None
    if not isinstance(index, cst.Index):
        return None
    value = index.value
    if isinstance(value, cst.Integer):
        return int(value.evaluated_value)
    if isinstance(value, cst.SimpleString) and isinstance(value.evaluated_value, str):
        return value.evaluated_value
    return None
