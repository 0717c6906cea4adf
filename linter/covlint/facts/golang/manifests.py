"""Manifests and Kind configs that Go code writes as strings.

The text is put together as the code would with coverage switched on; what the
code does not show (a parameter, a call) is a hole, and a hole that may bring
whole entries makes its pod opaque. Only objects that speak of coverage are
facts: Go tests are full of manifests that nobody deploys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.documents.assembled import Piece, Text, known_text
from covlint.documents.gosource import STRINGS, GoSource, call_arguments
from covlint.documents.gotext import GoPackage
from covlint.facts.kubernetes.made_manifests import (
    SPEAKS_OF_COVERAGE,
    AssembledText,
    Manifest,
    assemble,
    manifest_facts,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_MANIFEST = re.compile(rb"apiVersion")
_REPLACING = re.compile(rb"(strings(?<!\wstrings)\.(?:Replace|ReplaceAll|NewReplacer))\(")
_VERB = re.compile(r"%(?:\[\d+\])?[-+# 0-9.]*[svdtq]")


def read_manifests(package: GoPackage) -> tuple[list[Manifest], list[Unread]]:
    """The containers and Kind clusters in the strings of a package."""
    facts: list[Manifest] = []
    unread: list[Unread] = []
    for file in package.files:
        for text in _texts(package, file):
            seen = _without_tokens(package, file, text)
            assembled = assemble(file.source.path, seen, package.sources)
            if SPEAKS_OF_COVERAGE.search(assembled.source.text):
                _read(assembled, file, facts, unread)
    return facts, unread


def _read(
    assembled: AssembledText, file: GoSource, facts: list[Manifest], unread: list[Unread]
) -> None:
    from covlint.documents.yaml import open_yaml  # loads a YAML parser

    source = assembled.source
    document = open_yaml(source)
    if document.error is not None and SPEAKS_OF_COVERAGE.search(source.text):
        line = file.source.line_of(source.pieces[0].start)
        message = f"the manifest in the Go string at line {line}: {document.error.message}"
        unread.append(Unread(file.source.path, message))
    facts.extend(manifest_facts(document, source, assembled.openings))


def _texts(package: GoPackage, file: GoSource) -> Iterator[Text]:
    """Every text of the file that a literal with a manifest in it becomes."""
    if not _holds_pods(file.data):
        return  # without a parse
    seen: set[int] = set()
    for match in _MANIFEST.finditer(file.data):
        literal = file.at(match.start(), match.end())
        while literal is not None and literal.type not in STRINGS:
            literal = literal.parent
        if literal is None or literal.start_byte in seen:
            continue
        seen.add(literal.start_byte)
        written = file.data[literal.start_byte : literal.end_byte]
        if _holds_pods(written):
            yield _text_of(package, file, literal)


def _holds_pods(text: bytes) -> bool:
    """Whether containers or a Kind config may be in a text."""
    return b"kind" in text and (b"ontainers:" in text or b"kind.x-k8s.io" in text)


def _text_of(package: GoPackage, file: GoSource, literal: Node) -> Text:
    expression = literal
    formatted = False
    while expression.parent is not None:
        parent = expression.parent
        if parent.type in ("binary_expression", "parenthesized_expression"):
            expression = parent
            continue
        call = parent.parent
        if parent.type != "argument_list" or call is None or call.type != "call_expression":
            break
        target, arguments = call.child_by_field_name("function"), call_arguments(call)
        callee = file.text(target) if target is not None else ""
        if callee == "fmt.Sprintf" and arguments[0] == expression:
            expression, formatted = call, True
            continue
        if callee in ("fmt.Fprintf", "fmt.Appendf") and arguments[1:2] == [expression]:
            scope = package.scope_at(file, call)
            return package.formatted(expression, arguments[2:], scope)
        break
    if not formatted:
        use = _formatted_elsewhere(package, file, expression)
        if use is not None:
            return package.text(use[1], package.scope_at(*use))
    text = package.text(expression, package.scope_at(file, expression))
    return text if formatted else _with_verbs_open(text)


def _formatted_elsewhere(
    package: GoPackage, file: GoSource, expression: Node
) -> tuple[GoSource, Node] | None:
    """The one Sprintf whose format is the name that the expression is bound to."""
    parent = expression.parent
    if parent is None or parent.type != "expression_list" or parent.parent is None:
        return None
    statement = parent.parent
    name = statement.child_by_field_name("name") or statement.child_by_field_name("left")
    if name is None or not re.fullmatch(r"\w+", file.text(name)):
        return None
    wanted = file.text(name).encode()
    pattern = re.compile(rb"fmt(?<!\wfmt)\.Sprintf\(\s*(" + wanted + rb")\b")
    speaking = (one for one in package.files if wanted in one.data)
    found = [(one, node) for one in speaking for node in one.found(pattern)]
    if len(found) != 1:
        return None
    where, node = found[0]
    call = node.parent.parent if node.parent is not None else None
    return (where, call) if call is not None and call.type == "call_expression" else None


def _with_verbs_open(text: Text) -> Text:
    """A format whose arguments are not seen: each verb is a hole."""
    return _cut(text, _VERB)


def _cut(text: Text, pattern: re.Pattern[str]) -> Text:
    found: list[Piece] = []
    for piece in text:
        if piece.kind == "hole":
            found.append(piece)
            continue
        last = 0
        for match in pattern.finditer(piece.text):
            found.append(piece.cut(last, match.start()))
            found.append(replace(piece.cut(match.start(), match.end()), kind="hole"))
            last = match.end()
        found.append(piece.cut(last, len(piece.text)))
    return tuple(piece for piece in found if piece.text)


def _without_tokens(package: GoPackage, file: GoSource, text: Text) -> Text:
    """Words that the function replaces (``strings.ReplaceAll(text, "TOKEN", …)``) are holes."""
    if not text:
        return text
    anchor = file.at(text[0].start)
    function = package.scope_at(file, anchor).function if anchor is not None else None
    tokens: set[str] = set()
    for node in file.found(_REPLACING, function) if function is not None else ():
        call = node.parent
        while call is not None and call.type != "call_expression":
            call = call.parent
        arguments = call_arguments(call) if call is not None else []
        scope = package.scope_at(file, node)
        olds = arguments[0::2] if file.text(node).endswith("Replacer") else arguments[1:2]
        tokens.update(known_text(package.text(old, scope)) or "" for old in olds)
    tokens.discard("")
    if not tokens:
        return text
    return _cut(text, re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True)))))
