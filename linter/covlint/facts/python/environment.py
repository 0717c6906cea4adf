"""What Python code sets in the environment of a command: ``env=``, ``os.environ[…] = …``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import libcst as cst

from covlint.documents.python import Scope, dotted
from covlint.documents.pythontext import PythonTexts
from covlint.facts.python.words import PythonWord, placed

_DEPTH = 6


@dataclass(slots=True)
class Environment:
    """The variables in the order in which they are set; ``cleared``: there is nothing else."""

    words: dict[str, PythonWord] = field(default_factory=dict)
    cleared: bool = False

    def set(self, name: str, word: PythonWord) -> None:
        self.words.pop(name, None)
        self.words[name] = word


def environment_of(
    texts: PythonTexts, call: cst.Call, named: Mapping[str, cst.BaseExpression]
) -> Environment:
    """The environment of the command that ``call`` runs."""
    found = Environment(cleared=True)
    scope = texts.file.scope_of(call)
    given = named.get("env")
    if given is None or dotted(given) == "None":
        _of_process(texts, call, scope, found)
    else:
        _read(texts, call, given, scope, found, 0)
    return found


def _of_process(texts: PythonTexts, call: cst.Call, scope: Scope, found: Environment) -> None:
    """``os.environ["NAME"] = …``, in the module or before the call in its function."""
    found.cleared = False
    for mutation in texts.file.mutations("os", scope):
        path = mutation.path
        if mutation.kind != "set" or mutation.value is None or path is None:
            continue
        if len(path) != 2 or path[0] != "environ" or not isinstance(path[1], str):
            continue
        where = texts.file.function_of(mutation.value)
        earlier = texts.file.span(mutation.value).start < texts.file.span(call).start
        if where is None or (where is scope.function and earlier):
            text = placed(texts, mutation.value, texts.file.scope_of(mutation.value))
            found.set(path[1], PythonWord(mutation.value, text))


def _read(
    texts: PythonTexts,
    call: cst.Call,
    node: cst.BaseExpression,
    scope: Scope,
    found: Environment,
    depth: int,
) -> None:
    if depth > _DEPTH:
        found.cleared = False
    elif isinstance(node, cst.Dict):
        _entries(texts, call, node, scope, found, depth)
    elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        _read(texts, call, node.left, scope, found, depth + 1)
        _read(texts, call, node.right, scope, found, depth + 1)
    elif isinstance(node, cst.Call) and dotted(node.func) == "dict":
        for argument in node.args:
            if argument.keyword is None:
                _read(texts, call, argument.value, scope, found, depth + 1)
            else:
                text = placed(texts, argument.value, scope)
                found.set(argument.keyword.value, PythonWord(argument.value, text))
    elif isinstance(node, cst.IfExp):
        covered = [one for one in (node.body, node.orelse) if texts.covered(one)]
        if len(covered) == 1:
            _read(texts, call, covered[0], scope, found, depth + 1)
        else:
            found.cleared = False
    elif isinstance(node, cst.Name):
        value = texts.file.value_of(node.value, scope)
        if value is None:
            found.cleared = False
            return
        _read(texts, call, value[0], value[1], found, depth + 1)
        _changes(texts, call, node.value, scope, found)
    else:  # os.environ, a copy of it, or something that is not seen
        _of_process(texts, call, scope, found)


def _entries(
    texts: PythonTexts,
    call: cst.Call,
    node: cst.Dict,
    scope: Scope,
    found: Environment,
    depth: int,
) -> None:
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            key = texts.known(element.key, scope)
            if key is None:
                found.cleared = False
            else:
                found.set(key, PythonWord(element.value, placed(texts, element.value, scope)))
        else:
            _read(texts, call, element.value, scope, found, depth + 1)


def _changes(
    texts: PythonTexts, call: cst.Call, name: str, scope: Scope, found: Environment
) -> None:
    """``env["NAME"] = …``; after a change that is not seen nothing is known."""
    for mutation in texts.file.mutations(name, scope):
        path = mutation.path
        if mutation.kind != "set" or path is None or len(path) != 1 or mutation.value is None:
            found.words.clear()
            found.cleared = False
        elif isinstance(path[0], str):
            start = texts.file.span(mutation.value).start
            if start < texts.file.span(call).start:
                text = placed(texts, mutation.value, scope)
                found.set(path[0], PythonWord(mutation.value, text))
