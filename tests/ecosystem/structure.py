"""Whether a rewritten file still says the same, apart from the lines that were rewritten.

A file is taken apart by a parser that is not the one that covlint edits by: ruamel.yaml
in pure Python, BuildKit's Dockerfile parser, gofmt, Python's ``ast``, ``sh -n``. The parts that lie wholly
on unchanged lines have to be the same before and after, in the same order.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from bisect import bisect_left
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

import dockerfile
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

#: The first and last line of a part (1-based), and what it says.
Part = tuple[int, int, object]


class Unreadable(Exception):
    """The file cannot be taken apart; the message says why."""


def difference(path: str, before: bytes, after: bytes) -> str | None:
    """Why the file says something else off the changed lines; None when it does not.

    A file that was unreadable before may stay so.
    """
    old_lines, new_lines = _changed_lines(before, after)
    reader = _reader(path)
    if reader is None:
        return None
    try:
        parts = list(reader(before))
    except Unreadable:
        return None
    try:
        new_parts = list(reader(after))
    except Unreadable as error:
        return f"does not parse any more: {error}"
    kept, new_kept = _untouched(parts, old_lines), _untouched(new_parts, new_lines)
    if kept != new_kept:
        first = next(
            (pair for pair in zip(kept, new_kept, strict=False) if pair[0] != pair[1]),
            (len(kept), len(new_kept)),
        )
        return f"says something else: {first[0]!r} became {first[1]!r}"
    return None


def _reader(path: str) -> Callable[[bytes], Iterator[Part]] | None:
    name = path.rsplit("/", 1)[-1]
    if name.endswith((".yaml", ".yml")):
        return _yaml
    if name.endswith(".go"):
        return _go
    if name.endswith((".py", "Tiltfile")):
        return _python
    if name.endswith((".sh", ".bash")):
        return _shell
    if "ockerfile" in name or "ontainerfile" in name:
        return _dockerfile
    return None


def _changed_lines(before: bytes, after: bytes) -> tuple[list[int], list[int]]:
    """The 1-based lines that were replaced or removed, and those that are new."""
    old, new = before.split(b"\n"), after.split(b"\n")
    removed: list[int] = []
    added: list[int] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += range(i + 1, j + 1)
            added += range(k + 1, m + 1)
    return removed, added


def _untouched(parts: list[Part], changed: list[int]) -> list[object]:
    def touched(first: int, last: int) -> bool:
        index = bisect_left(changed, first)
        return index < len(changed) and changed[index] <= last

    return [said for first, last, said in parts if not touched(first, last)]


def _yaml(data: bytes) -> Iterator[Part]:
    """Each scalar and empty collection under the keys that lead to it."""
    try:
        for number, node in enumerate(YAML(typ="safe", pure=True).compose_all(data)):
            if node is not None:
                yield from _leaves(node, (number,))
    except (YAMLError, ValueError) as error:
        raise Unreadable(str(error)) from error


def _leaves(node: Node, place: tuple[object, ...]) -> Iterator[Part]:
    if isinstance(node, MappingNode) and node.value:
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            yield from _leaves(value, (*place, name))
    elif isinstance(node, SequenceNode) and node.value:
        for value in node.value:
            yield from _leaves(value, (*place, "[]"))
    else:
        last = node.end_mark.line + (node.end_mark.column > 0)
        first = node.start_mark.line + 1
        yield first, max(first, last), (*place, str(node.tag), str(node.value))


def _dockerfile(data: bytes) -> Iterator[Part]:
    try:
        for command in dockerfile.parse_string(data.decode("utf-8")):
            said = (command.cmd, command.sub_cmd, command.flags, command.value, command.json)
            yield command.start_line, command.end_line, said
    except (dockerfile.GoParseError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def _go(data: bytes) -> Iterator[Part]:
    """Its lines, as gofmt would write them: what was formatted stays formatted."""
    if shutil.which("gofmt") is None:
        raise Unreadable("no gofmt on PATH")
    completed = subprocess.run(["gofmt"], input=data, capture_output=True, check=False)
    if completed.returncode != 0:
        raise Unreadable(completed.stderr.decode("utf-8", "replace").strip())
    yield 0, 0, completed.stdout == data
    for number, line in enumerate(data.split(b"\n"), start=1):
        yield number, number, line


def _python(data: bytes) -> Iterator[Part]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError) as error:
        raise Unreadable(str(error)) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt) and node.end_lineno is not None:
            yield node.lineno, node.end_lineno, ast.dump(node)


def _shell(data: bytes) -> Iterator[Part]:
    """Its lines, once the shell of its first line, else ``sh``, accepts it."""
    shell = "bash" if re.match(rb"#!.*\bbash", data) else "sh"
    completed = subprocess.run([shell, "-n"], input=data, capture_output=True, check=False)
    if completed.returncode != 0:
        raise Unreadable(completed.stderr.decode("utf-8", "replace").strip())
    for number, line in enumerate(data.split(b"\n"), start=1):
        yield number, number, line
