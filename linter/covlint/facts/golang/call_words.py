"""The words of command lines in Go code, and where the command runs."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from covlint.documents.assembled import Text, known_text
from covlint.documents.gosource import GoSource, Scope
from covlint.documents.gotext import GoPackage
from covlint.documents.scriptvalues import ROOT, Argument
from covlint.documents.shell import Part, ShellWord
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

#: Expressions that give the directory of the repository.
ROOT_NAME = re.compile(
    r"(?i)^(?:\w+\.)*(?:get|find|must)?_?(?:project|repo|repository|workspace|module)_?"
    r"(?:root|dir|directory|path)(?:dir|path)?(?:\(\))?$|^(?:\w+\.)*rootdir(?:\(\))?$"
)
_CHDIR = re.compile(rb"\b(?:os|t|tb|b)\.Chdir\(")
_NAMED = re.compile(r"[A-Za-z]\w*(?:\.\w+)*")
_SET_DIRECTORY = re.compile(rb"\.(Dir)\s*=")


def call_of(node: Node | None) -> Node | None:
    """The call that ``exec.Command`` or a literal argument belongs to."""
    while node is not None and node.type not in ("call_expression", "block", "literal_value"):
        node = node.parent
    return node if node is not None and node.type == "call_expression" else None


def argument_of(node: Node, text: Text | None, path: str) -> Argument:
    span = Span(path, node.start_byte, node.end_byte)
    if text is None:
        return Argument(None, ShellWord((Part("opaque", "", False),), span), several=True)
    parts: list[Part] = []
    for piece in text:
        if piece.kind != "hole":
            parts.append(Part("text", piece.text, True))
        elif ROOT_NAME.match(piece.text):
            parts.append(Part("text", ROOT, True))
        else:
            parts.append(Part("variable", piece.text, True))
    if text and all(piece.path == path and piece.linear for piece in text):
        span = Span(path, text[0].start, text[-1].end)
    word = ShellWord(tuple(parts), span)
    return Argument(word.literal, word)


def assigned_name(call: Node, file: GoSource) -> str | None:
    """The name that ``cmd := exec.Command(…)`` gives to the command, ``s.cmd`` for a field."""
    listed = call.parent
    statement = listed.parent if listed is not None else None
    if listed is None or listed.type != "expression_list" or statement is None:
        return None
    left = statement.child_by_field_name("left") or statement.child_by_field_name("name")
    name = file.text(left) if left is not None else ""
    return name if _NAMED.fullmatch(name) else None


def directory_of(
    package: GoPackage, file: GoSource, scope: Scope, call: Node | None = None
) -> str | None:
    """Where the commands of a function, or just ``call``, run: ``cmd.Dir`` if it is seen, the
    package in a test (go test runs there, unless the code changes it), else not known."""
    path = file.source.path
    folder = path.rpartition("/")[0]
    own = None
    if path.endswith("_test.go") and not _changes_directory(package):
        own = f"{ROOT}/{folder}" if folder else ROOT
    function = scope.function
    name = assigned_name(call, file) if call is not None else None
    if function is not None:
        for node in file.found(_SET_DIRECTORY, function):
            statement = node.parent
            while statement is not None and statement.type != "assignment_statement":
                statement = statement.parent
            if name is not None and node.parent is not None and call is not None:
                of_call = file.text(node.parent) == f"{name}.Dir"
                if not of_call or node.start_byte < call.start_byte:
                    continue
            right = statement.child_by_field_name("right") if statement is not None else None
            if right is None:
                continue
            text = package.text(right.named_children[0], scope)
            rooted = len(text) == 1 and text[0].kind == "hole" and ROOT_NAME.match(text[0].text)
            return ROOT if rooted else _below(own, known_text(text))
    return own


@lru_cache(maxsize=4)  # asked for every command of a package
def _changes_directory(package: GoPackage) -> bool:
    return any(b"Chdir(" in one.data and _CHDIR.search(one.data) for one in package.files)


def _below(own: str | None, path: str | None) -> str | None:
    if own is None or path is None or path.startswith("/"):
        return path if path is not None and path.startswith("/") else None
    joined = posixpath.normpath(f"{own}/{path}")
    return joined if f"{joined}/".startswith(f"{ROOT}/") else None


def function_name(file: GoSource, scope: Scope) -> str | None:
    name = scope.function.child_by_field_name("name") if scope.function is not None else None
    return file.text(name) if name is not None else None
