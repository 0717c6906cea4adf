"""Files in another notation: comments, anchors, quotes, flow style, tabs, heredocs.

Each function takes and gives a file; what cannot be written in the other notation stays, or raises
Impossible. Whether the outcome still says the same is for ``variants.py`` to see.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from covlint.documents.yaml import open_yaml
from covlint.documents.yaml_nodes import YamlMapping, YamlScalar, walk
from covlint.source import SourceFile

_COMMENT = "# gemäß 規則 😀"
_CONTINUED = re.compile(rb"\\[ \t]*$")


class Impossible(ValueError):
    """A file that cannot be written that way."""


def commented(data: bytes) -> bytes:
    """A comment above each line, but where the one before goes on: there only a Dockerfile may
    have one, and has it when nothing else there speaks of a script or of YAML."""
    lines = data.split(b"\n")
    out: list[bytes] = []
    block: int | None = None  # the indentation of what a block scalar belongs to
    heredoc: bytes | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        inside = heredoc is not None or (block is not None and (not line.strip() or indent > block))
        goes_on = bool(out) and _CONTINUED.search(lines[number - 1])
        if not inside:
            block = None
            first = number == 0 and line.startswith((b"#", b"{"))
            if line.strip() and not goes_on and not first and not line.startswith(b"\t"):
                out.append(line[:indent] + _COMMENT.encode())
        out.append(line)
        found = re.search(rb"<<-?[\"']?(\w+)", line) if heredoc is None else None
        if found:
            heredoc = found[1]
        elif heredoc is not None and line.strip() == heredoc:
            heredoc = None
        if not inside and re.search(rb"[:-] [|>][-+0-9]*[ \t]*$", line):
            block = len(line) - len(line.lstrip())
    return b"\n".join(out)


def annotated(data: bytes) -> bytes:
    """A comment at the end of each line that ends in a letter, digit or quote, but of a first
    line that names a program: what follows is an argument of it."""
    return re.sub(
        rb"(?m)(?<!^#!/bin/sh)(?<!^#!/bin/bash)(?<=[\w\"'/])$", f"  {_COMMENT}".encode(), data
    )


def tabbed(data: bytes) -> bytes:
    """Tabs where spaces indent, and between the words of an instruction's beginning."""
    data = re.sub(rb"(?m)^ +", b"\t", data)
    return re.sub(rb"(?m)^([A-Z]+) (?=\S)", rb"\1\t", data)


def anchored(data: bytes) -> bytes:
    """An anchor at each plain value on one line."""
    numbers = count(1)
    return _replaced(
        data,
        lambda node, raw: b"&a%d " % next(numbers) + raw if node.anchor is None else raw,
    )


def aliased(data: bytes) -> bytes:
    """Each value that comes again is an alias of the first."""
    seen: dict[bytes, int] = {}

    def change(_: YamlScalar, raw: bytes) -> bytes:
        if len(raw) < 4:
            return raw
        if raw in seen:
            return b"*v%d " % seen[raw]
        seen[raw] = len(seen)
        return b"&v%d " % seen[raw] + raw

    return _replaced(data, change)


def quoted(sign: bytes) -> Callable[[bytes], bytes]:
    """Each plain text in quotes."""

    def change(node: YamlScalar, raw: bytes) -> bytes:
        said = YAML(typ="safe", pure=True).load(raw.decode())
        plain = isinstance(said, str) and node.text == said and not re.search(rb"[\"'\\\\]", raw)
        return sign + raw + sign if plain else raw

    return lambda data: _replaced(data, change)


def _replaced(data: bytes, change: Callable[[YamlScalar, bytes], bytes]) -> bytes:
    """The file with the plain values of its mappings and lists changed."""
    document = open_yaml(SourceFile("a.yaml", data))
    if document.error is not None:
        raise Impossible
    keys = set()
    values: list[YamlScalar] = []
    for node in (node for root in document.documents for node in walk(root)):
        if isinstance(node, YamlMapping):
            keys |= {entry.key.start for entry in node.entries}
        elif isinstance(node, YamlScalar) and node.plain and node.start < node.end:
            values.append(node)
    out = data
    pieces = []
    for node in sorted({node.start: node for node in values}.values(), key=lambda one: one.start):
        raw = data[node.start : node.end]
        if node.start not in keys and b"\n" not in raw and not raw.startswith((b"&", b"!", b"*")):
            pieces.append((node.start, node.end, change(node, raw)))
    for start, end, new in reversed(pieces):
        out = out[:start] + new + out[end:]
    return out


def flow(data: bytes) -> bytes:
    """Each document in braces, on one line."""
    return _dumped(data, lambda one: json.dumps(one, ensure_ascii=False))


def as_json(data: bytes) -> bytes:
    """Each document as JSON, over several lines."""
    return _dumped(data, lambda one: json.dumps(one, ensure_ascii=False, indent=2))


def indented(data: bytes) -> bytes:
    """Four spaces for each level, and lists below their keys."""
    yaml = YAML()
    yaml.indent(mapping=4, sequence=6, offset=3)
    yaml.width = 4096
    yaml.preserve_quotes = True

    def text(one: Any) -> str:
        stream = io.StringIO()
        yaml.dump(one, stream)
        return stream.getvalue().removesuffix("\n")

    return _dumped(data, text, YAML())


def _dumped(data: bytes, write: Callable[[Any], str], yaml: YAML | None = None) -> bytes:
    try:
        loaded = list((yaml or YAML(typ="safe", pure=True)).load_all(data.decode()))
        return "---\n".join(f"{write(one)}\n" for one in loaded).encode()
    except (YAMLError, TypeError, ValueError, AttributeError) as error:
        raise Impossible(str(error)) from error


def surrounded(data: bytes) -> bytes:
    """Other documents before and after, with all marks that documents can have."""
    if data.startswith(b"%") or not re.search(rb"(?m)^kind:(?! Kustomization)", data):
        raise Impossible
    other = (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata:\n  text: |\n    a: b\n"
    )
    body = data if data.startswith(b"---") else b"---\n" + data
    return b"# first\n" + other + body.rstrip(b"\n") + b"\n...\n---\n" + other + b"---\n"


def lowered(data: bytes) -> bytes:
    """Instructions in lower case."""
    words = rb"FROM|RUN|COPY|ADD|ENV|ARG|CMD|ENTRYPOINT|USER|WORKDIR|STOPSIGNAL|VOLUME|EXPOSE|LABEL"
    return re.sub(rb"(?m)^(?:%s)(?=\s)" % words, lambda found: found[0].lower(), data)


def escaped(data: bytes) -> bytes:
    """Backticks continue lines."""
    if data.startswith(b"#") or b"`" in data or b"<<" in data:
        raise Impossible
    return b"# escape=`\n" + _CONTINUED_LINE.sub(b"`\n", data)


_CONTINUED_LINE = re.compile(rb"\\[ \t]*\n")


def heredoc(data: bytes) -> bytes:
    """Each RUN on one line, in shell form, as a heredoc."""
    return re.sub(rb"(?m)^RUN ((?!\[|--|<<|.*<<)[^\n]*[^\\\n])$", rb"RUN <<END\n\1\nEND", data)


def continued(data: bytes) -> bytes:
    """A backslash and a new line before each option of a command."""
    if re.search(rb"<<|(?m:^#)|\[|`", data):
        raise Impossible
    return re.sub(
        rb"(?m)^((?:RUN |go ).*)$", lambda found: found[0].replace(b" -", b" \\\n    -"), data
    )


def moved(directory: bytes) -> Callable[[bytes], bytes]:
    """The coverage directory under another name, in quotes where it is a word of its own."""
    new = b'"' + directory + b'"'
    return lambda data: re.sub(rb"(?m)(?<![\w\"'/.])/coverdata(?=[\s;,]|$)", lambda _: new, data)
