"""Manifests and Kind configs that Python code writes as strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from covlint.diagnostics import Unread
from covlint.documents.assembled import Piece, Text
from covlint.documents.python import PythonFile, dotted
from covlint.documents.pythontext import PythonTexts
from covlint.facts.kubernetes.made_manifests import (
    SPEAKS_OF_COVERAGE,
    Manifest,
    assemble,
    manifest_facts,
)

_STRINGS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
_FORMATTING = frozenset({"format", "replace", "strip", "lstrip", "rstrip", "format_map"})
_THROUGH = frozenset({"dedent", "cleandoc"})
#: What is filled in somewhere else: ``{name}``, ``%(name)s``, ``%s``, ``$NAME``.
_FIELD = re.compile(
    r"\{[A-Za-z_][\w.\[\]]*(?:![rsa])?(?::[^{}\s]*)?\}|\{\{\s*[\w.|() -]+\s*\}\}"
    r"|%\(\w+\)[sdr]|%[sdr]|\$\{?[A-Za-z_]\w*\}?"
)


def read_manifests(texts: PythonTexts) -> tuple[list[Manifest], list[Unread]]:
    """The containers and Kind clusters in the strings of a file."""
    facts: list[Manifest] = []
    unread: list[Unread] = []
    file = texts.file
    tokens = _tokens(file, texts)
    done: set[cst.CSTNode] = set()
    for node in file.nodes:
        if not isinstance(node, _STRINGS) or not _is_manifest(file, node):
            continue
        expression = _whole(file, node)
        if expression in done:
            continue
        done.add(expression)
        text = _cut(texts.text(expression, file.scope_of(expression)), tokens)
        assembled = assemble(file.source.path, text, {file.source.path: file.source})
        data = assembled.source.text
        if SPEAKS_OF_COVERAGE.search(data) or "kind.x-k8s.io" in data:
            from covlint.documents.yaml import open_yaml  # only where there is a manifest

            document = open_yaml(assembled.source)
            if document.error is not None:
                line = file.source.line_of(file.span(expression).start)
                message = f"the manifest in the string at line {line}: {document.error.message}"
                unread.append(Unread(file.source.path, message))
            facts.extend(manifest_facts(document, assembled.source, assembled.openings))
    return facts, unread


def _is_manifest(file: PythonFile, node: cst.CSTNode) -> bool:
    written = file.source.slice(file.span(node))
    return (
        b"apiVersion" in written
        and b"kind" in written
        and (b"ontainers" in written or b"kind.x-k8s.io" in written)
    )


def _whole(file: PythonFile, node: cst.BaseExpression) -> cst.BaseExpression:
    """The expression around a string that makes its text."""
    while True:
        parent = file.parents.get(node)
        if isinstance(parent, (cst.ConcatenatedString, cst.BinaryOperation)):
            node = parent
            continue
        if isinstance(parent, cst.Attribute) and parent.attr.value in _FORMATTING:
            call = file.parents.get(parent)
            if isinstance(call, cst.Call) and call.func is parent:
                node = call
                continue
        call = file.parents.get(parent) if isinstance(parent, cst.Arg) else None
        if isinstance(call, cst.Call) and dotted(call.func).rpartition(".")[2] in _THROUGH:
            node = call
            continue
        return node


def _tokens(file: PythonFile, texts: PythonTexts) -> re.Pattern[str]:
    """What is filled in elsewhere, the words of ``.replace("TOKEN", …)`` included."""
    words: set[str] = set()
    for node in file.nodes:
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            continue
        if node.func.attr.value == "replace" and len(node.args) >= 2:
            token = texts.known(node.args[0].value, file.scope_of(node))
            words.update([token] if token and len(token) > 2 else [])
    listed = sorted(words, key=len, reverse=True)
    return re.compile("|".join([_FIELD.pattern, *map(re.escape, listed)]))


def _cut(text: Text, pattern: re.Pattern[str]) -> Text:
    return tuple(piece for one in text for piece in _cut_piece(one, pattern) if piece.text)


def _cut_piece(piece: Piece, pattern: re.Pattern[str]) -> Iterator[Piece]:
    if piece.kind == "hole":
        yield piece
        return
    last = 0
    for match in pattern.finditer(piece.text):
        yield piece.cut(last, match.start())
        yield replace(piece.cut(match.start(), match.end()), kind="hole")
        last = match.end()
    yield piece.cut(last, len(piece.text))
