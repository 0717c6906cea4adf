"""Adding an import to a Go file so that gofmt has nothing to change."""

from __future__ import annotations

import re

from covlint.diagnostics import Edit
from covlint.documents.golang import GoFile, GoImport

_PACKAGE = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*package[ \t]+\w+", re.MULTILINE)


def add_import(file: GoFile, path: str, beside: str) -> Edit | None:
    """The edit that imports ``path``; None when the file imports it under a usable name.

    It goes into the group (lines without an empty line between them) that
    imports ``beside``, at its place by path; gofmt sorts each group so.
    """
    if any(entry.path.text == path and entry.alias not in ("_", ".") for entry in file.imports):
        return None
    newline = file.source.newline
    quoted = f'"{path}"'.encode()
    neighbour = next((one for one in file.imports if one.path.text == beside), None)
    if neighbour is None:
        return _after_package(file, quoted)
    if not neighbour.grouped or _line(file, neighbour.span.start) == _line(
        file, neighbour.declaration.start
    ):
        end = neighbour.declaration.end
        return Edit(file.source.span(end, end), newline + b"import " + quoted)
    group = _group(file, neighbour)
    for entry in group:
        if entry.path.text > path:
            start = entry.span.start
            indent = _indent(file, start)
            return Edit(file.source.span(start, start), quoted + newline + indent)
    last = group[-1].span.end
    end = _line_end(file, last)
    behind = file.source.data[last:end].strip()
    if behind and not behind.startswith(b"//"):  # the declaration may end on this line
        end = last
    indent = _indent(file, group[-1].span.start)
    return Edit(file.source.span(end, end), newline + indent + quoted)


def exchange_import(file: GoFile, old: str, new: str) -> tuple[Edit, ...]:
    """The edits that import ``new`` in the place of ``old``, which nothing uses any more; empty
    when this would take more."""
    entry = next((one for one in file.imports if one.path.text == old), None)
    if entry is None or entry.alias:
        return ()
    added = add_import(file, new, old)
    if added is not None and not _moves(file, entry, new):
        return (Edit(entry.path.span, f'"{new}"'.encode()),)
    whole = entry.span if entry.grouped else entry.declaration
    start = file.source.line_starts[_line(file, whole.start) - 1]
    end = _line_end(file, whole.end) + len(file.source.newline)
    if file.source.data[start:end].strip() != file.source.slice(whole):
        return ()
    removed = Edit(file.source.span(start, end), b"")
    if added is None:
        return (removed,)
    if start <= added.span.start <= end:
        return ()
    return tuple(sorted((removed, added), key=lambda edit: edit.span.start))


def _moves(file: GoFile, entry: GoImport, path: str) -> bool:
    """Whether ``path`` would stand at another place of the group than ``entry`` does."""
    group = _group(file, entry)
    at = group.index(entry)
    before, after = group[:at], group[at + 1 :]
    return any(one.path.text > path for one in before) or any(one.path.text < path for one in after)


def _group(file: GoFile, member: GoImport) -> list[GoImport]:
    """The imports of the declaration that stand on adjacent lines around ``member``."""
    entries = [one for one in file.imports if one.declaration == member.declaration]
    at = entries.index(member)
    first = last = at
    while first > 0 and _adjacent(file, entries[first - 1], entries[first]):
        first -= 1
    while last + 1 < len(entries) and _adjacent(file, entries[last], entries[last + 1]):
        last += 1
    return entries[first : last + 1]


def _adjacent(file: GoFile, one: GoImport, other: GoImport) -> bool:
    return _line(file, other.span.start) - _line(file, one.span.end) <= 1


def _line(file: GoFile, offset: int) -> int:
    return file.source.line_of(offset)


def _line_end(file: GoFile, offset: int) -> int:
    """The offset of the line ending of the line that holds ``offset``."""
    line = _line(file, offset)
    return file.source.line_starts[line - 1] + len(file.source.line_bytes(line))


def _indent(file: GoFile, offset: int) -> bytes:
    start = file.source.line_starts[_line(file, offset) - 1]
    before = file.source.data[start:offset]
    return before if not before.strip() else b"\t"


def _after_package(file: GoFile, quoted: bytes) -> Edit | None:
    data = file.source.data
    clause = _PACKAGE.search(data)
    if clause is None:
        return None
    end = _line_end(file, clause.start())
    if b";" in data[clause.end() : end].partition(b"//")[0]:
        return None
    newline = file.source.newline
    return Edit(file.source.span(end, end), newline * 2 + b"import " + quoted)
