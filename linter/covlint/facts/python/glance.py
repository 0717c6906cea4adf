"""A quick look at a Python file: whether any of its readers can find something in it.

The parser that keeps every byte takes some 70 ms a file, Python's own a tenth of that. What
is said here may be too much, never too little: a file is then read in full.
"""

from __future__ import annotations

import ast
import re
import warnings

from covlint.facts.commands.extraction import COMMANDS
from covlint.facts.kubernetes.made_manifests import SPEAKS_OF_COVERAGE
from covlint.facts.kubernetes.workload import WORKLOADS

_TOOLS = (
    r"(?:docker|podman|nerdctl|buildah|kubectl|oc|kind|go|make|sudo|sh|bash|cp|chmod|chown|rm|mkdir"
    r"|rsync|curl|wget)"
)
_TOOL = re.compile(rf"(?:.*/)?{_TOOLS}\Z")
#: A line that may be a command; what is filled in stands as ``$NAME``.
_COMMAND = re.compile(
    rf"^\s*(?:\w+=(?:\"[^\"]*\"|'[^']*'|[^\s\"'])*\s+)*"
    rf"(?:set\s+-\w+\s+|cd\s+\S+\s*(?:&&|;)\s*)?(?:\S*/)?(?:{_TOOLS}|\$\w*)\s",
    re.MULTILINE,
)
_CALLS = frozenset(
    {
        "kubectl", "create_subprocess_exec", "load_docker_image", "KindCluster", "DockerImage",
        "DockerContainer", "DockerCompose", "V1Deployment", "V1StatefulSet", "V1DaemonSet",
        "V1ReplicaSet", "V1Pod", "V1Job", "V1CronJob", "V1PodTemplate", "V1ReplicationController",
    }
)  # fmt: skip
#: Calls in the place of commands; they matter only where data of coverage is spoken of.
_LIBRARY = frozenset(
    {"rmtree", "copy", "copy2", "copytree", "move", "chmod", "makedirs", "mkdir", "rename", "Popen"}
)
_REQUESTS = frozenset({"get", "post", "urlopen"})
#: Methods of libraries that build images and run containers: ``client.containers.run``.
_METHODS = frozenset({"build", "run", "create"})
_OWNERS = frozenset({"images", "image", "api", "docker", "buildx", "containers", "container"})


def may_say_something(text: str) -> bool:
    """Whether the file has to be read in full; also where it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes are nobody's business here
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    covers = SPEAKS_OF_COVERAGE.search(text) is not None or "kind.x-k8s.io" in text
    nodes = list(ast.walk(tree))
    statements = (node.value for node in nodes if isinstance(node, ast.Expr))
    prose = {id(value) for value in statements if isinstance(value, ast.Constant)}
    return any(_speaks(node, covers=covers) for node in nodes if id(node) not in prose)


def _speaks(node: ast.AST, *, covers: bool) -> bool:
    if isinstance(node, ast.Call):
        return _is_known(node.func) or _is_library(node, covers=covers)
    if isinstance(node, ast.Dict):
        return _is_object(node)
    if isinstance(node, (ast.List, ast.Tuple)):
        return _is_command(node.elts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return isinstance(node.right, ast.List) and _may_do(_shown(node.left))
    text = _text(node)
    if text is None:
        return False
    return (covers and _is_manifest(text)) or (_COMMAND.search(text) is not None and _may_do(text))


def _may_do(text: str) -> bool:
    return COMMANDS.search(text.encode("utf-8", "replace")) is not None


def _is_object(node: ast.Dict) -> bool:
    """Whether a dict may be an object with containers, or a Kind config."""
    entries = {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    }
    kind = entries.get("kind")
    if kind is None or "apiVersion" not in entries:
        return False
    return not isinstance(kind, ast.Constant) or kind.value in {*WORKLOADS, "Cluster", "List"}


def _is_known(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _CALLS
    if not isinstance(function, ast.Attribute):
        return False
    owner = function.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return function.attr in _CALLS or (function.attr in _METHODS and name in _OWNERS)


def _is_library(call: ast.Call, *, covers: bool) -> bool:
    """Whether a call may do what a command does: to the data, or to pull it."""
    name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
    if name in _REQUESTS:
        return any("cov" in _shown(argument).lower() for argument in call.args[:1])
    return covers and name in _LIBRARY


def _is_command(words: list[ast.expr]) -> bool:
    """Whether a list begins with a tool, or with something that may be one."""
    if not words:
        return False
    first = words[0]
    if isinstance(first, ast.Constant):
        tool = isinstance(first.value, str) and _TOOL.match(first.value) is not None
        return tool and _may_do(" ".join(map(_shown, words)) + " ")
    if isinstance(first, (ast.Dict, ast.List)) or not any(map(_text, words[1:])):
        return False
    return _may_do(" ".join(map(_shown, words)))


def _shown(node: ast.expr) -> str:
    """The text of a word, ``$NAME`` for what is filled in."""
    text = _text(node)
    if text is not None:
        return text
    names = (getattr(one, "attr", None) or getattr(one, "id", None) for one in ast.walk(node))
    texts = (_text(one) for one in ast.walk(node))
    return "$" + " $".join(filter(None, (*names, *texts)))


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(one.value) if isinstance(one, ast.Constant) else _hole(one) for one in node.values
        )
    return None


def _hole(node: ast.expr) -> str:
    names = (getattr(one, "attr", None) or getattr(one, "id", None) for one in ast.walk(node))
    return "$" + next(filter(None, names), "")


def _is_manifest(text: str) -> bool:
    return "kind" in text and "apiVersion" in text
