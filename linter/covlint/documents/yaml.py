"""YAML, read so that every value knows the bytes it was written as.

The parser is libyaml, through the events of ruamel.yaml: an event of a scalar
has exact marks (in code points, mapped to bytes here), and building the nodes
from events keeps three things that a composed tree loses: where an alias
stands, which nodes are reached by more than one way, and the documents that
come before an error. Aliases are never expanded, so a file that multiplies
itself by aliases ("billion laughs") costs what its bytes cost.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import field
from typing import Any

from covlint.documents.yaml_nodes import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlNode,
    YamlScalar,
    YamlSequence,
    walk,
)
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

__all__ = [
    "AnyNode",
    "YamlDocument",
    "YamlEntry",
    "YamlError",
    "YamlMapping",
    "YamlNode",
    "YamlScalar",
    "YamlSequence",
    "may_be_manifest",
    "open_yaml",
    "walk",
]

#: Collections nested deeper than this are refused: a manifest has about 15 levels.
DEPTH_LIMIT = 200

#: NEL, LS and PS are line breaks to YAML 1.1, which the parser follows.
_BREAKS = rb"\xc2\x85|\xe2\x80\xa8|\xe2\x80\xa9"
_PROPERTIES = re.compile(
    rb"(?:&[\w-]*|!(?:(?!" + _BREAKS + rb")\S)*|\s+|" + _BREAKS + rb"|#[^\r\n]*(?=[\r\n]))*"
)
#: What libyaml says of ``[./data:/data]``, which is valid since YAML 1.2.
_COLON_IN_FLOW = "found unexpected ':'"
#: Characters that the parser in Python, some 20 times slower (2 s), is given at most.
_SLOW_LIMIT = 1 << 19
_COLON = re.compile(rb"\s*:")
_NOT_ASCII = re.compile("[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class YamlError:
    """Why the rest of a file could not be read; 1-based line, column in code points.

    ``reason`` is "template" when the file has markers of a template engine
    (it may be valid once rendered), else "invalid YAML".
    """

    line: int
    column: int
    message: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A file: the roots of its documents up to the first error, if there is one."""

    source: SourceFile
    documents: tuple[AnyNode, ...]
    error: YamlError | None


def may_be_manifest(data: bytes) -> bool:
    """Whether a file is worth parsing: it names a kind, and it has containers or is a
    Kind configuration. Anything else says nothing about coverage."""
    return (
        b"apiVersion" in data
        and b"kind" in data
        and (b"ontainers" in data or b"kind.x-k8s.io" in data)
    )


def open_yaml(source: SourceFile) -> YamlDocument:
    """Read every document of a file, once.

    Raises UnreadableSource when the file is not UTF-8 text. Invalid YAML is no
    exception: it is the document's ``error``.
    """
    from ruamel.yaml import YAML  # slow to import, and most runs read no YAML
    from ruamel.yaml.error import YAMLError

    # All of them, where a file has two: libyaml drops the next one, and counts it nowhere.
    text = source.text.lstrip("\ufeff")
    marks = 3 * (len(source.text) - len(text))  # bytes

    def read(*, pure: bool) -> YamlDocument:
        reader = _Reader(source, _byte_mapper(text, marks))
        error: YamlError | None = None
        try:
            for event in YAML(typ="safe", pure=pure).parse(text):
                reader.feed(event)
        except _RefusedError as refused:
            error = _error_at(source, refused.offset, str(refused))
        except YAMLError as problem:
            error = _explain(source, text, problem)
        reader.mark_shared()
        return YamlDocument(source, tuple(reader.documents), error)

    document = read(pure=False)
    if document.error is not None and _COLON_IN_FLOW in document.error.message:
        # YAML 1.2, as Kubernetes and compose read it; the slow parser does, too
        again = read(pure=True) if len(text) <= _SLOW_LIMIT else document
        return again if again.error is None else document
    return document


class _RefusedError(Exception):
    """A file that parses but that we do not take; ``offset`` in bytes."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(slots=True)
class _Frame:
    """A collection that is still open: its children with the bytes they take here."""

    mapping: bool
    flow: bool
    start: int
    anchor: str | None
    tag: str | None
    children: list[tuple[AnyNode, int, int, bool]] = field(default_factory=list)


class _Reader:
    """Builds nodes from parser events, without recursion."""

    def __init__(self, source: SourceFile, to_byte: Callable[[int], int]) -> None:
        self.source = source
        self.data = source.data
        self.to_byte = to_byte
        self.documents: list[AnyNode] = []
        self.frames: list[_Frame] = []
        self.anchors: dict[str, AnyNode | None] = {}
        self.aliased: list[AnyNode] = []

    def feed(self, event: Any) -> None:
        name = type(event).__name__
        if name == "ScalarEvent":
            self._scalar(event)
        elif name == "MappingStartEvent" or name == "SequenceStartEvent":
            self._open(event, name == "MappingStartEvent")
        elif name == "MappingEndEvent" or name == "SequenceEndEvent":
            self._close(self.to_byte(event.end_mark.index))
        elif name == "AliasEvent":
            self._alias(event)
        elif name == "DocumentStartEvent":
            self.anchors = {}

    def mark_shared(self) -> None:
        seen: set[int] = set()
        pending = list(self.aliased)
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            node.shared = True
            if isinstance(node, YamlMapping):
                for entry in node.entries:
                    pending += (entry.key, entry.value)
            elif isinstance(node, YamlSequence):
                pending += node.items

    def _scalar(self, event: Any) -> None:
        start = begin = self.to_byte(event.start_mark.index)
        end = self.to_byte(event.end_mark.index)
        tag = _tag(event)
        if event.anchor is not None or tag is not None:
            start = self._after_properties(start, end)
        style = event.style or ""
        if style in ("|", ">"):
            end = _without_line_break(self.data, start, end)
        elif start == end and not style and self.frames and self.frames[-1].flow:
            start = begin = end = self._empty_in_flow(end)
        node = YamlScalar(self.source, start, end, event.anchor, tag, event.value, style)
        self._add(node, min(begin, start), end)

    def _empty_in_flow(self, mark: int) -> int:
        """libyaml puts a missing value of a flow mapping at the next token; put it after
        the colon, or after the key where there is none."""
        frame = self.frames[-1]
        if not frame.mapping or len(frame.children) % 2 == 0:
            return mark
        key_end = frame.children[-1][2]
        colon = _COLON.match(self.data, key_end, mark)
        return colon.end() if colon else key_end

    def _open(self, event: Any, mapping: bool) -> None:
        start = self.to_byte(event.start_mark.index)
        if len(self.frames) >= DEPTH_LIMIT:
            raise _RefusedError(start, f"nested deeper than {DEPTH_LIMIT} levels")
        flow = bool(event.flow_style)
        self.frames.append(_Frame(mapping, flow, start, event.anchor, _tag(event)))
        if event.anchor is not None:
            self.anchors[event.anchor] = None

    def _close(self, end: int) -> None:
        frame = self.frames.pop()
        start = frame.start
        if frame.anchor is not None or frame.tag is not None:
            if frame.flow or not frame.mapping:
                start = self._after_properties(start, end)
            elif frame.children:
                start = frame.children[0][1]
        if not frame.flow and frame.children:
            end = frame.children[-1][2]
        node: AnyNode
        if frame.mapping and frame.flow and self.data.startswith(b"{{", start):
            text = self.data[start:end].decode("utf-8", "replace")
            node = YamlScalar(self.source, start, end, frame.anchor, frame.tag, text, "template")
        elif frame.mapping:
            entries = tuple(
                YamlEntry(
                    self._key(frame.children[i]),
                    frame.children[i + 1][0],
                    Span(self.source.path, frame.children[i][1], frame.children[i + 1][2]),
                    frame.children[i + 1][3],
                )
                for i in range(0, len(frame.children), 2)
            )
            node = YamlMapping(
                self.source, start, end, frame.anchor, frame.tag, entries, frame.flow
            )
        else:
            node = YamlSequence(
                self.source,
                start,
                end,
                frame.anchor,
                frame.tag,
                tuple(child[0] for child in frame.children),
                tuple(Span(self.source.path, child[1], child[2]) for child in frame.children),
                frame.flow,
            )
        if isinstance(node, (YamlMapping, YamlSequence)):
            for child, _, _, alias in frame.children:
                if not alias:
                    child.parent = node
        self._add(node, frame.start, end)

    def _key(self, child: tuple[AnyNode, int, int, bool]) -> YamlScalar:
        node, start, end, _ = child
        if isinstance(node, YamlScalar):
            return node
        text = self.data[start:end].decode("utf-8", "replace")
        return YamlScalar(self.source, start, end, node.anchor, node.tag, text, "complex")

    def _alias(self, event: Any) -> None:
        start = self.to_byte(event.start_mark.index)
        end = self.to_byte(event.end_mark.index)
        if event.anchor not in self.anchors:
            raise _RefusedError(start, f"unknown anchor in the alias *{event.anchor}")
        target = self.anchors[event.anchor]
        if target is None:
            raise _RefusedError(start, f"the anchor &{event.anchor} contains itself")
        self.aliased.append(target)
        self._add(target, start, end, alias=True)

    def _add(self, node: AnyNode, start: int, end: int, alias: bool = False) -> None:
        if not alias and node.anchor is not None:
            self.anchors[node.anchor] = node
        if self.frames:
            self.frames[-1].children.append((node, start, end, alias))
        else:
            self.documents.append(node)

    def _after_properties(self, start: int, end: int) -> int:
        match = _PROPERTIES.match(self.data, start, end)
        return match.end() if match else start


def _tag(event: Any) -> str | None:
    tag = event.tag
    return None if tag is None else str(tag)


def _without_line_break(data: bytes, start: int, end: int) -> int:
    for line_break in (b"\r\n", b"\n", b"\r"):
        if data.endswith(line_break, start, end):
            return end - len(line_break)
    return end


def _byte_mapper(text: str, base: int) -> Callable[[int], int]:
    """From an index into ``text`` to a byte offset in the file, ``base`` bytes further."""
    if text.isascii():
        return (lambda index: index) if base == 0 else (lambda index: index + base)
    indices: list[int] = []
    extras: list[int] = [base]
    for match in _NOT_ASCII.finditer(text):
        indices.append(match.start())
        code = ord(match.group())
        extras.append(extras[-1] + (1 if code < 0x800 else 2 if code < 0x10000 else 3))
    return lambda index: index + extras[bisect_left(indices, index)]


def _error_at(source: SourceFile, offset: int, message: str) -> YamlError:
    position = source.position(offset)
    return YamlError(position.line, position.column, message, _reason(source))


def _reason(source: SourceFile) -> str:
    return "template" if b"{{" in source.data or b"{%" in source.data else "invalid YAML"


def _explain(source: SourceFile, text: str, problem: Any) -> YamlError:
    """libyaml's message with its place, and in plain words where it names a symptom only."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    if mark is None:
        position = max(int(getattr(problem, "position", 0) or 0), 0)
        before = text[:position]
        message = str(getattr(problem, "reason", None) or problem).splitlines()[0]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return YamlError(line, column, message, _reason(source))
    message = str(getattr(problem, "problem", None) or problem).splitlines()[0]
    context = getattr(problem, "context", None)
    lines = text.split("\n")
    written = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        message = f"a tab in the indentation, where YAML allows only spaces ({message})"
    elif context:
        message = f"{message} ({context})"
    return YamlError(mark.line + 1, mark.column + 1, message, _reason(source))
