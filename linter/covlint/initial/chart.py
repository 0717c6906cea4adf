"""A toggle in a Helm chart, off by default: what the chart renders without it stays the same.

A template is edited by lines, since only its author knows what its actions make; where
its shape is not one of those below, nothing is proposed and the chart's owner is told.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from covlint.diagnostics import Edit
from covlint.documents.yaml_text import Layout, Value, entry_lines
from covlint.facts.kubernetes.workload import Container
from covlint.frozen import dataclass
from covlint.initial.chart_values import (
    closed,
    coverage_values,
    free_key,
    image_paths,
    keys_of,
    toggle_in,
)
from covlint.initial.draft import Draft
from covlint.initial.overlay import DIRECTORY, e2e_folder
from covlint.initial.service import Service, Survey
from covlint.source import SourceFile

_OPEN = re.compile(r"\{\{-?\s*(?:if|with|range|define|block)\b")
_END = re.compile(r"\{\{-?\s*end\b")
_GUARD = re.compile(r"\s*\{\{-?\s*(?:with|if)\s+(\.Values(?:\.\w+)+)\s*-?\}\}\s*$")
_ALONE = re.compile(r"\s*\{\{.*\}\}\s*$")
_FILLED = re.compile(
    r"\s*\{\{-?\s*toYaml\s+(?:\.|\.Values[\w.]+)\s*\|\s*(n?)indent\s+(\d+)\s*-?\}\}\s*$"
)


class _ShapeError(Exception):
    """The template is written in a way that is not edited here; what it is about."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """A template by lines, without their endings."""

    texts: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, source: SourceFile) -> _Lines:
        texts = [line.rstrip("\r") for line in source.text.split("\n")]
        return cls(tuple(texts), tuple(source.line_starts))

    def column(self, number: int) -> int | None:
        """Where the text of a line starts; None for empty ones, actions and comments."""
        text = self.texts[number]
        if not text.strip() or _ALONE.match(text) or text.lstrip().startswith("#"):
            return None
        return len(text) - len(text.lstrip(" "))

    def block(self, number: int, column: int) -> range:
        """The lines around one that belong to the same mapping, whose keys stand at ``column``."""
        first = number
        while first > 0 and not self._is_dash(first, column) and not self._leaves(first, column):
            first -= 1
        if self._leaves(first, column):
            first += 1
        last = number + 1
        while last < len(self.texts) and not self._is_dash(last, column):
            if self._leaves(last, column):
                break
            last += 1
        return range(first, last)

    def _is_dash(self, number: int, column: int) -> bool:
        return self.texts[number][:column].strip() == "-"

    def _leaves(self, number: int, column: int) -> bool:
        at = self.column(number)
        return at is not None and at < column and not self._is_dash(number, column)

    def depth(self, block: range, number: int) -> int:
        """How many actions are open before a line, counted from the start of the block."""
        text = "\n".join(self.texts[block.start : number])
        return len(_OPEN.findall(text)) - len(_END.findall(text))


def toggle(draft: Draft, survey: Survey, services: Sequence[Service]) -> dict[str, str]:
    """Give charts a toggle for coverage; the file of values that switches it on, by service."""
    files: dict[str, str] = {}
    for service in services:
        container = service.container
        source = draft.read(container.span.path) if container is not None else None
        if container is None or source is None or "/templates/" not in source.path:
            continue
        folder = source.path.partition("/templates/")[0]
        values = draft.read(f"{folder}/values.yaml")
        key = toggle_in(source)
        if key is None and service.collected:
            continue  # by a toggle of the chart's own
        name = key or free_key(values)
        try:
            if closed(draft.read(f"{folder}/values.schema.json")):
                raise _ShapeError("values.schema.json says which values there may be")
            lines = _Lines.of(source)
            condition = f".Values.{name}.enabled"
            edits = [] if key else list(_edits(source, lines, container, condition))
            paths = image_paths(_about_image(source, lines, container), values)
            if not paths:
                raise _ShapeError("its image does not come from values that are seen")
            text = coverage_values(paths, name, service.name)
        except _ShapeError as error:
            draft.notes.append(
                f"{source.path}: {error}; set GOCOVERDIR={DIRECTORY} and mount hostPath "
                f"{DIRECTORY} there by hand, behind a value that is off by default"
            )
            continue
        if key is None:
            draft.edit(
                source.path,
                edits,
                f"GOCOVERDIR and the node's {DIRECTORY}, behind {name}.enabled; off, the chart "
                "renders what it renders today",
            )
        if name not in keys_of(values):
            draft.add_lines(
                f"{folder}/values.yaml",
                [
                    "",
                    f"# For e2e tests alone: the counters go to {DIRECTORY} of the node.",
                    f"{name}:",
                    "  enabled: false",
                ],
                "the toggle, off by default",
            )
        path = f"{e2e_folder(survey)}/{posixpath.basename(folder)}-values.yaml"
        files[service.name] = path
        if not draft.has(path):
            why = "switches it on in the e2e cluster, with the instrumented image"
            draft.create(path, text, why)
    return files


_NAMES = ("coverage", "goCoverage", "e2eCoverage")


def _edits(
    source: SourceFile, lines: _Lines, container: Container, condition: str
) -> Iterator[Edit]:
    row = source.line_of(container.span.start) - 1
    column = container.span.start - lines.starts[row]
    block = lines.block(row, column)
    variable: Value = [{"name": "GOCOVERDIR", "value": DIRECTORY}]
    mounts: Value = [{"name": "coverage", "mountPath": DIRECTORY}]
    after = _after_image(lines, block, column)
    new: dict[str, Value] = {}
    for key, items in (("env", variable), ("volumeMounts", mounts)):
        found = _entry(lines, block, column, key)
        if found is None:
            new[key] = items
        else:
            yield _extended(source, lines, block, found, key, items, condition)
    if new:
        yield _inserted(source, lines, after, column, new, condition)
    top = _row_of_containers(lines, block.start, column)
    above = lines.column(top)
    if above is None:
        raise _ShapeError("its containers are not seen")
    spec = lines.block(top, above)
    volumes: Value = [
        {"name": "coverage", "hostPath": {"path": DIRECTORY, "type": "DirectoryOrCreate"}}
    ]
    found = _entry(lines, spec, above, "volumes")
    if found is not None:
        yield _extended(source, lines, spec, found, "volumes", volumes, condition)
    elif lines.depth(spec, top) == 0:
        yield _inserted(source, lines, top, above, {"volumes": volumes}, condition)
    else:
        raise _ShapeError("its containers are behind a condition")


def _after_image(lines: _Lines, block: range, column: int) -> int:
    """The line below those that say which image runs, outside of any condition."""
    rows = [
        n
        for n in block
        if re.match(r"(?:image|imagePullPolicy|name):", lines.texts[n][column:])
        and lines.depth(block, n) == 0
        and (lines.column(n) == column or n == block.start)
    ]
    if not rows:
        raise _ShapeError("its image is not seen")
    return rows[-1] + 1


def _row_of_containers(lines: _Lines, start: int, column: int) -> int:
    for row in range(start, -1, -1):
        at = lines.column(row)
        if at is not None and at < column and lines.texts[row].strip() == "containers:":
            return row
    raise _ShapeError("its containers are not seen")


def _entry(lines: _Lines, block: range, column: int, key: str) -> int | None:
    rows = [
        n
        for n in block
        if lines.texts[n][column:].startswith(f"{key}:")
        and lines.texts[n][:column].strip() in ("", "-")
    ]
    if len(rows) > 1:
        raise _ShapeError(f"it has {key} more than once")
    return rows[0] if rows else None


def _extended(
    source: SourceFile,
    lines: _Lines,
    block: range,
    row: int,
    key: str,
    items: Value,
    condition: str,
) -> Edit:
    """More items for a list that is there."""
    text = lines.texts[row]
    indent = len(text) - len(text.lstrip(" -"))
    if text[indent:].strip() != f"{key}:":
        raise _ShapeError(f"{key} is written on one line")
    depth = lines.depth(block, row)
    following = lines.texts[row + 1] if row + 1 < len(lines.texts) else ""
    filled = _FILLED.match(following)
    column = int(filled[2]) if filled else len(following) - len(following.lstrip(" "))
    if not filled and not following.lstrip().startswith("- "):
        raise _ShapeError(f"{key} is not a plain list")
    added = _items(column, items, condition)
    if depth == 0:
        return _lines_at(source, lines, row + 1, added)
    guard = _GUARD.match(lines.texts[row - 1])
    closed = lines.texts[row + 2] if row + 2 < len(lines.texts) else ""
    if depth != 1 or guard is None or filled is None or not _END.search(closed):
        raise _ShapeError(f"{key} is behind a condition")
    pad = " " * column
    before = lines.texts[row - 1]
    outer = before[: len(before) - len(before.lstrip())]
    put = f"{pad}{{{{- toYaml . | {filled[1]}indent {column} }}}}"
    texts = [
        f"{outer}{{{{- if or {guard[1]} {condition} }}}}",
        text,
        *added,
        f"{pad}{{{{- with {guard[1]} }}}}",
        put if filled[1] else following,
        f"{pad}{{{{- end }}}}",
    ]
    body = source.newline.join(one.encode() for one in texts) + source.newline
    return Edit(source.span(lines.starts[row - 1], lines.starts[row + 2]), body)


def _items(column: int, items: Value, condition: str) -> list[str]:
    pad = " " * column
    written = [f"{pad}{line}" for line in entry_lines("x", items, Layout(2, 0))[1:]]
    return [f"{pad}{{{{- if {condition} }}}}", *written, f"{pad}{{{{- end }}}}"]


def _inserted(
    source: SourceFile,
    lines: _Lines,
    row: int,
    column: int,
    entries: dict[str, Value],
    condition: str,
) -> Edit:
    pad, layout = " " * column, Layout(2, 2)
    body = [x for key, value in entries.items() for x in entry_lines(key, value, layout)]
    texts = [f"{{{{- if {condition} }}}}", *body, "{{- end }}"]
    return _lines_at(source, lines, row, [pad + text for text in texts])


def _lines_at(source: SourceFile, lines: _Lines, row: int, texts: Sequence[str]) -> Edit:
    at = lines.starts[row] if row < len(lines.starts) else len(source.data)
    body = source.newline.join(text.encode() for text in texts) + source.newline
    return Edit(source.span(at, at), body)


def _about_image(source: SourceFile, lines: _Lines, container: Container) -> str:
    """The lines of a container that say which image it runs, and when that is pulled."""
    row = source.line_of(container.span.start) - 1
    column = container.span.start - lines.starts[row]
    block = lines.block(row, column)
    image = _entry(lines, block, column, "image")
    if image is None:
        raise _ShapeError("its image is not seen")
    pull = [n for n in block if "imagePullPolicy:" in lines.texts[n]]
    return "\n".join(lines.texts[n] for n in (image, *pull))
