"""Edits of manifests that Python code writes as objects: dicts, lists, calls of classes.

The object is read as YAML in flow style (an assembled text); an edit of that
text comes back as an edit of the literals, in the layout and style that they have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import libcst as cst

from covlint.diagnostics import Edit
from covlint.documents.assembled import AssembledSource
from covlint.documents.python import PythonFile, dotted
from covlint.documents.yaml import open_yaml
from covlint.documents.yaml_nodes import AnyNode, YamlMapping, YamlScalar
from covlint.documents.yaml_text import Value
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

Literal = cst.Call | cst.Dict | cst.List
Part = cst.Arg | cst.BaseDictElement | cst.BaseElement

#: The classes of the Kubernetes client, by the field that holds them.
_CLASSES = {
    "env": "V1EnvVar",
    "volumeMounts": "V1VolumeMount",
    "volumes": "V1Volume",
    "hostPath": "V1HostPathVolumeSource",
    "emptyDir": "V1EmptyDirVolumeSource",
    "initContainers": "V1Container",
}
_WIDTH = 99
_UPPER = re.compile(r"(?<!^)([A-Z])")


@dataclass(frozen=True, slots=True)
class Collection:
    """A literal and the bytes ``[start, end]`` of the YAML between its brackets; ``key``: the
    field that holds it."""

    start: int
    end: int
    node: Literal
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a literal and the bytes of the YAML that it became."""

    start: int
    end: int
    node: Part
    collection: Literal


@dataclass(frozen=True)
class ObjectSource(AssembledSource):
    """The YAML of an object that stands in ``file``."""

    file: PythonFile | None = None
    collections: tuple[Collection, ...] = ()
    entries: tuple[Entry, ...] = ()

    def settle(self, edits: Sequence[Edit]) -> tuple[Edit, ...]:
        settled: list[Edit] = []
        for edit in edits:
            found = self._python(edit)
            if not found:
                return ()
            settled += found
        return tuple(dict.fromkeys(settled))

    def _python(self, edit: Edit) -> tuple[Edit, ...]:
        if self.file is None:
            return ()
        span, text = edit.span, edit.replacement
        if span.start == span.end:
            around = [c for c in self.collections if c.start <= span.start <= c.end]
            inner = max(around, key=lambda c: c.start, default=None)
            return _Writer(self.file).insert(inner, text) if inner is not None else ()
        if not text:
            return self._removal(span)
        piece = self.pieces[self.piece_at(span.start)]
        first = self.starts[self.piece_at(span.start)]
        if piece.kind != "literal" or len(piece.text.encode()) != span.end - span.start:
            return self._filled(span, text)
        written = {b"true": b"True", b"false": b"False"}.get(text, text)
        inner_text = text[1:-1]
        quoted = len(text) > 1 and text[:1] == text[-1:] and text[:1] in (b'"', b"'")
        plain = quoted and not any(m in inner_text for m in (b"'", b'"', b"\\", b"\n"))
        if first != span.start or not (
            plain or written[:4] in (b"True", b"Fals") or text.isdigit()
        ):
            return ()
        return (Edit(Span(piece.path, piece.start, piece.end), written),)

    def _filled(self, span: Span, text: bytes) -> tuple[Edit, ...]:
        """A value in the place of ``None``, ``[]`` or ``{}``."""
        for entry in self.entries:
            value = _value_of(entry.node)
            if entry.end == span.end and entry.start < span.start and value is not None:
                assert self.file is not None
                written = self.file.source.slice(self.file.span(value))
                if written in (b"None", b"[]", b"{}"):
                    key, style = _key_of(entry.node), entry.collection
                    return _Writer(self.file).fill(value, key, style, text)
        return ()

    def _removal(self, span: Span) -> tuple[Edit, ...]:
        """Remove the one element whose text lies in ``span``, with a comma beside it."""
        assert self.file is not None
        inside = [e for e in self.entries if span.start <= e.start and e.end <= span.end]
        entry = max(inside, key=lambda e: e.end - e.start, default=None)
        if entry is None:
            return ()
        parts = _parts(entry.collection)
        index = next(i for i, part in enumerate(parts) if part is entry.node)
        spans = [self.file.span(part) for part in parts]
        if index:
            start, end = spans[index - 1].end, spans[index].end
        elif len(spans) > 1:
            start, end = spans[0].start, spans[1].start
        else:
            return ()
        between = self.file.source.data[start:end].replace(
            self.file.source.slice(spans[index]), b"", 1
        )
        if between.strip() != b",":
            return ()
        return (Edit(Span(spans[0].path, start, end), b""),)


def _parts(node: Literal) -> Sequence[Part]:
    return node.args if isinstance(node, cst.Call) else node.elements


def _value_of(part: Part) -> cst.BaseExpression | None:
    if isinstance(part, (cst.Arg, cst.DictElement, cst.Element)):
        return part.value
    return None


def _key_of(part: Part) -> str:
    if isinstance(part, cst.Arg) and part.keyword is not None:
        return camel(part.keyword.value)
    if isinstance(part, cst.DictElement) and isinstance(part.key, cst.SimpleString):
        return str(part.key.evaluated_value)
    return ""


def camel(name: str) -> str:
    """``mount_path`` as Kubernetes has it."""
    head, *rest = name.strip("_").split("_")
    return head + "".join("API" if word == "api" else word[:1].upper() + word[1:] for word in rest)


def snake(name: str) -> str:
    return _UPPER.sub(lambda match: "_" + match[1].lower(), name)


@dataclass(frozen=True, slots=True)
class _Writer:
    file: PythonFile

    @property
    def data(self) -> bytes:
        return self.file.source.data

    def insert(self, place: Collection, text: bytes) -> tuple[Edit, ...]:
        """Put the element that ``text`` writes in YAML behind the last one of a literal."""
        literal = place.node
        parts = _parts(literal)
        fragment = text.strip().removeprefix(b",").strip()
        listed = isinstance(literal, cst.List)
        value = _parsed(b"[" + fragment + b"]" if listed else b"{" + fragment + b"}")
        if value is None or not isinstance(value, (list, dict)) or len(value) != 1:
            return ()
        column = self._column(parts, literal)
        if isinstance(value, list) and isinstance(literal, cst.List):
            style = self._style(literal, place.key)
            written = self.value(value[0], place.key, style, "", column)
        else:
            assert isinstance(value, dict)
            key, item = next(iter(value.items()))
            written = self.entry(key, item, literal, _own(literal), column)
        return self._place(literal, parts, written) if written is not None else ()

    def fill(
        self, old: cst.BaseExpression, key: str, style: Literal, text: bytes
    ) -> tuple[Edit, ...]:
        value = _parsed(text)
        column = self._column(_parts(style), style)
        written = None
        if value is not None:
            written = self.value(value, key, style, _own(style), column)
        return (Edit(self.file.span(old), written.encode()),) if written is not None else ()

    # -- places ---------------------------------------------------------------

    def _line_prefix(self, offset: int) -> bytes:
        return self.data[self.data.rfind(b"\n", 0, offset) + 1 : offset]

    def _column(self, parts: Sequence[Part], literal: Literal) -> int:
        start = self.file.span(parts[-1] if parts else literal).start
        prefix = self._line_prefix(start)
        return len(prefix) - len(prefix.lstrip(b" \t"))

    def _place(self, literal: Literal, parts: Sequence[Part], text: str) -> tuple[Edit, ...]:
        path, close = self.file.source.path, self.file.span(literal).end - 1
        if literal.rpar:
            close = self.data.rfind(b"}" if isinstance(literal, cst.Dict) else b"]", 0, close + 1)
        if not parts:
            opening = self.data.rfind(b"(" if isinstance(literal, cst.Call) else b"[{", 0, close)
            before = self.data[close - 1 : close]
            if before not in (b"(", b"[", b"{") or opening == close:
                return ()
            return (Edit(Span(path, close, close), text.encode()),)
        last = self.file.span(parts[-1])
        rest = self.data[last.end : close]
        bare = b"\n".join(line.partition(b"#")[0] for line in rest.split(b"\n")).strip()
        if bare not in (b"", b","):
            return ()
        prefix = self._line_prefix(last.start)
        own_line = (
            not prefix.strip()
            and self.data.rfind(b"\n", 0, last.start) > self.file.span(literal).start
        )
        if not own_line:
            return (Edit(Span(path, last.end, last.end), b", " + text.encode()),)
        line = self.file.source.newline + prefix + text.encode()
        comma = () if bare else (Edit(Span(path, last.end, last.end), b","),)
        line_end = self.data.find(b"\n", last.end)
        if not 0 <= line_end < close:  # the closing bracket stands behind the last element
            return (Edit(Span(path, last.end, last.end), b"," + line),)
        if self.data[line_end - 1 : line_end] == b"\r":
            line_end -= 1
        if comma and line_end == last.end:
            return (Edit(Span(path, last.end, last.end), b"," + line + b","),)
        return (*comma, Edit(Span(path, line_end, line_end), line + b","))

    # -- text -----------------------------------------------------------------

    def _style(self, literal: cst.List, key: str) -> Literal:
        """What an element of a list is written like: the last one, else what the list is in."""
        for element in reversed(literal.elements):
            if isinstance(element.value, (cst.Call, cst.Dict)):
                return element.value
        around = self.file.parents.get(literal)
        while around is not None and not isinstance(around, (cst.Call, cst.Dict)):
            around = self.file.parents.get(around)
        return around if around is not None else literal

    def entry(self, key: str, value: Value, style: Literal, own: str, column: int) -> str | None:
        written = self.value(value, key, style, own, column)
        if written is None:
            return None
        if _is_typed(style):
            return f"{snake(key)}={written}"
        if isinstance(style, cst.Call):  # dict(key=…)
            return f"{key}={written}" if key.isidentifier() else None
        return f"{self.string(key)}: {written}"

    def value(self, value: Value, key: str, style: Literal, own: str, column: int) -> str | None:
        """``value`` as Python, on one line where that is short enough; ``own``: the class of
        the object that it is in."""
        if isinstance(value, bool):
            return str(value)
        if isinstance(value, int):
            return str(value)
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, Mapping):
            head, tail = ("{", "}")
            if isinstance(style, cst.Call):
                name = self._class(key, style, own)
                if name is None:
                    return None
                head, tail, own = name + "(", ")", name.rpartition(".")[2]
            items = [self.entry(k, v, style, own, column + 4) for k, v in value.items()]
        else:
            head, tail = ("[", "]")
            items = [self.value(item, key, style, own, column + 4) for item in value]
        known = [item for item in items if item is not None]
        if len(known) != len(items):
            return None
        flat = head + ", ".join(known) + tail
        if len(flat) + column <= _WIDTH or not known:
            return flat
        newline = self.file.source.newline.decode()
        pad = " " * (column + 4)
        return head + newline + "".join(f"{pad}{i},{newline}" for i in known) + " " * column + tail

    def _class(self, key: str, style: cst.Call, own: str) -> str | None:
        """The class of the value of ``key``, spelled like the one around it."""
        prefix, dot, name = dotted(style.func).rpartition(".")
        if name == "dict":
            return "dict"
        wanted = _CLASSES.get(key)
        if key == "securityContext":
            wanted = "V1PodSecurityContext" if own == "V1PodSpec" else "V1SecurityContext"
        if wanted is None or "()" in prefix:
            return None
        return f"{prefix}{dot}{wanted}" if dot or self.file.imports(wanted) else None

    def string(self, text: str) -> str:
        quote = "'" if self.data.count(b"'") > self.data.count(b'"') else '"'
        escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n")
        return quote + escaped + quote


def _own(style: Literal) -> str:
    return dotted(style.func).rpartition(".")[2] if isinstance(style, cst.Call) else ""


def _is_typed(style: Literal) -> bool:
    return isinstance(style, cst.Call) and _own(style) != "dict"


def _parsed(text: bytes) -> Value | None:
    """What a fragment of YAML says."""
    document = open_yaml(SourceFile("fragment", text))
    if document.error is not None or len(document.documents) != 1:
        return None
    return _plain(document.documents[0])


def _plain(node: AnyNode) -> Value:
    if isinstance(node, YamlScalar):
        if node.boolean is not None:
            return node.boolean
        return int(node.text) if node.plain and node.text.isdigit() else node.text
    if isinstance(node, YamlMapping):
        return {entry.key.text: _plain(entry.value) for entry in node.entries}
    return [_plain(item) for item in node.items]
