"""Changing composite literals of Go so that gofmt has nothing to change.

gofmt aligns the values of ``key: value`` elements that stand on consecutive
lines, one a line; an element of several lines, an empty line or a comment ends
such a run (go/printer, exprList; Go 1.21 to 1.27). What is added takes its
indentation from the lines around it, and a run that it joins is aligned anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from covlint.diagnostics import Edit
from covlint.documents.gosource import GoSource
from covlint.frozen import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

Edits = tuple[Edit, ...]
#: The texts of elements, without commas, whose lines but the first begin with the given
#: indentation; each on one line for None. None where they cannot be written.
Writer = Callable[[str | None], Sequence[str] | None]

#: Keys longer than this are aligned by another rule (go/printer, ``smallSize``).
_SHORT_KEY = 40
_KEY = re.compile(r"(\w+|\"[^\"\n]*\"): (?!\n)")
_OPENED = frozenset({"literal_value", "argument_list"})


@dataclass(frozen=True, slots=True)
class _Line:
    """An element of an aligned run: its key, and the bytes between its colon and its value."""

    key: str
    start: int
    end: int


def insert_elements(file: GoSource, body: Node, write: Writer) -> Edits:
    """Add elements after the last one of a literal's body, or of the arguments of a call.

    Empty where the layout is not one that gofmt leaves.
    """
    elements = elements_in(body)
    opening, closing = body.children[0], body.children[-1]
    if body.type not in _OPENED or closing.type not in ("}", ")"):
        return ()
    last = elements[-1] if elements else None
    place = last.end_byte if last is not None else opening.end_byte
    comma = b", " if last is not None else b""
    if _row(opening) == _row(closing):
        if last is not None and file.data[place : closing.start_byte].strip():
            return ()
        if not keeps_comments(file, place):
            return ()
        return _inserted(file, place, comma, write(None))
    if last is None:
        return ()
    if last.end_point[0] == closing.start_point[0]:
        if file.data[place : closing.start_byte].strip():
            return ()
        if last.start_point[0] == last.end_point[0] or _KEY.match(file.text(last)):
            return ()
        return _inserted(file, place, comma, write(indentation(file, closing.start_byte)))
    return _insert_line(file, body, elements, write)


def _insert_line(file: GoSource, body: Node, elements: Sequence[Node], write: Writer) -> Edits:
    last = elements[-1]
    indent = indentation(file, last.start_byte)
    between = file.data[last.end_byte : body.children[-1].start_byte]
    if not between.startswith(b",") or not _is_regular([body.children[0], *elements]):
        return ()
    if re.search(rb"\n[ \t\r]*\n", between):
        return ()  # gofmt keeps an empty line below a comment, but not below a field
    texts = write(indent)
    if not texts:
        return ()
    line_end = last.end_byte + between.index(b"\n")
    if file.data[line_end - 1 : line_end] == b"\r":
        line_end -= 1
    realigned: Edits = ()
    if _KEY.match(texts[0]) is None:
        lines = [f"{indent}{text}," for text in texts]
    else:
        found = _joining(file, elements, [text.partition(": ") for text in texts], indent)
        if found is None:
            return ()
        lines, realigned = found
    newline = file.source.newline
    written = newline + "\n".join(lines).replace("\n", newline.decode()).encode()
    return (*realigned, Edit(file.source.span(line_end, line_end), written))


def _joining(
    file: GoSource, elements: Sequence[Node], parts: list[tuple[str, str, str]], indent: str
) -> tuple[list[str], Edits] | None:
    """Lines of new fields below the last element, and what moves in the run that they join."""
    fields = [(key, text) for key, _, text in parts]
    joining = list(takewhile(lambda field: "\n" not in field[1], fields))
    run = _runs(file, elements)[-1] if joining else []
    keys = [*(line.key for line in run), *(key for key, _ in joining)]
    if any(len(key) > _SHORT_KEY for key in keys) or (run and not _alone(file, elements[-1])):
        return None
    width = max(map(len, keys), default=0)
    lines = [f"{indent}{key}:{' ' * (width - len(key) + 1)}{text}," for key, text in joining]
    lines += aligned_fields(fields[len(joining) :], indent)
    return lines, _aligned(file, run, width)


def replace_element(file: GoSource, element: Node, write: Writer) -> Edits:
    """Write another element in the place of one, in as many lines as it had."""
    single = element.start_point[0] == element.end_point[0]
    texts = write(None if single else indentation(file, element.start_byte))
    if not texts or len(texts) != 1:
        return ()
    text = texts[0]
    new, old = _KEY.match(text), _KEY.match(file.text(element))
    aligned = single and _alone(file, element)
    if aligned and (new is None or old is None or len(old[1]) != len(new[1])):
        body = element.parent
        if body is None or len(elements_in(body)) > 1:
            return ()
    if not keeps_comments(file, element.end_byte):
        return ()
    span = file.source.span(element.start_byte, element.end_byte)
    return (Edit(span, text.replace("\n", file.source.newline.decode()).encode()),)


def remove_element(file: GoSource, element: Node) -> Edits:
    """Remove an element that stands on lines of its own, or between others on one line."""
    body = element.parent
    if body is None or body.type != "literal_value":
        return ()
    elements = elements_in(body)
    index = elements.index(element)
    data = file.data
    if _alone(file, element):
        return _removed_lines(file, elements, index)
    comments = any(child.type == "comment" for child in body.children)
    if comments or not keeps_comments(file, element.end_byte):
        return ()
    if index:
        start, end = elements[index - 1].end_byte, element.end_byte
        between = data[start : element.start_byte]
    elif len(elements) > 1:
        start, end = element.start_byte, elements[1].start_byte
        between = data[element.end_byte : end]
    else:
        return (Edit(file.source.span(element.start_byte, element.end_byte), b""),)
    return (Edit(file.source.span(start, end), b""),) if between.strip(b" ") == b"," else ()


def _removed_lines(file: GoSource, elements: Sequence[Node], index: int) -> Edits:
    """Only where the neighbours stand on the next lines, and no comments are aligned."""
    element, body, data = elements[index], elements[index].parent, file.data
    start = data.rfind(b"\n", 0, element.start_byte) + 1
    end = data.find(b"\n", element.end_byte) + 1
    if body is None or len(elements) == 1 or data[element.end_byte : end].strip() != b",":
        return ()
    before = elements[index - 1] if index else body.children[0]
    after = elements[index + 1] if index + 1 < len(elements) else body.children[-1]
    if element.start_point[0] - before.end_point[0] != 1:
        return ()
    if after.start_point[0] - element.end_point[0] != 1:
        return ()
    if any(child.type == "comment" for child in body.children) or not _is_regular(elements):
        return ()
    run = _runs(file, elements)[index]
    gone = _line_of(file, element).start
    inner = 0 < index < len(elements) - 1
    if not _is_single(element) and inner and _is_single(before) and _is_single(after):
        return ()  # two runs would become one
    realigned = _aligned(file, [line for line in run if line.start != gone])
    return (*realigned, Edit(file.source.span(start, end), b""))


def elements_in(body: Node) -> list[Node]:
    """The elements of a literal's body, or the arguments of a call."""
    return [node for node in body.named_children if node.type != "comment"]


def indentation(file: GoSource, offset: int) -> str:
    """The white space at the beginning of the line that holds ``offset``."""
    start = file.data.rfind(b"\n", 0, offset) + 1
    match = re.compile(rb"[ \t]*").match(file.data, start)
    return match[0].decode() if match is not None else ""


def aligned_fields(fields: Sequence[tuple[str, str]], indent: str) -> list[str]:
    """The lines of ``key: value`` elements, runs of single lines aligned."""
    lines: list[str] = []
    run: list[tuple[str, str]] = []

    def close() -> None:
        width = max((len(key) for key, _ in run), default=0)
        lines.extend(f"{indent}{key}:{' ' * (width - len(key) + 1)}{text}," for key, text in run)
        run.clear()

    for key, text in fields:
        if "\n" in text:
            close()
            lines.append(f"{indent}{key}: {text},")
        else:
            run.append((key, text))
    close()
    return lines


def _inserted(file: GoSource, place: int, comma: bytes, texts: Sequence[str] | None) -> Edits:
    if not texts:
        return ()
    written = comma + ", ".join(texts).replace("\n", file.source.newline.decode()).encode()
    return (Edit(file.source.span(place, place), written),)


def _row(node: Node) -> int:
    return int(node.start_point[0])


def _is_single(element: Node) -> bool:
    return element.start_point[0] == element.end_point[0]


def _is_regular(elements: Sequence[Node]) -> bool:
    """Whether each begins on a line below the one before it."""
    return all(one.end_point[0] < other.start_point[0] for one, other in pairwise(elements))


def keeps_comments(file: GoSource, offset: int) -> bool:
    """Whether the line may become longer or shorter: gofmt aligns the comments at the ends of
    lines that follow each other."""
    line = file.source.line_of(offset)
    return not _has_comment(file, line) or not (
        _has_comment(file, line - 1) or _has_comment(file, line + 1)
    )


def _has_comment(file: GoSource, line: int) -> bool:
    if not 0 < line <= len(file.source.line_starts):
        return False
    text = file.source.line_bytes(line)
    return re.search(rb"\S.*(?://|/\*)", text) is not None


def _alone(file: GoSource, element: Node) -> bool:
    """Whether nothing but a comma and a comment stands beside the element on its lines."""
    start = file.data.rfind(b"\n", 0, element.start_byte) + 1
    end = file.data.find(b"\n", element.end_byte)
    after = file.data[element.end_byte : end if end != -1 else len(file.data)]
    return not file.data[start : element.start_byte].strip() and (
        re.fullmatch(rb",[ \t]*(?://.*|/\*.*\*/)?\s*", after) is not None
    )


def _line_of(file: GoSource, element: Node) -> _Line:
    key, value = element.named_children[0], element.named_children[-1]
    return _Line(file.text(key), key.end_byte + 1, value.start_byte)


def _runs(file: GoSource, elements: Sequence[Node]) -> list[list[_Line]]:
    """The aligned run that each element is in; empty where it is in none."""
    runs: list[list[_Line]] = []
    current: list[_Line] = []
    previous: Node | None = None
    for element in elements:
        if element.type != "keyed_element" or not _is_single(element):
            current = []
            runs.append([])
            previous = None
            continue
        if previous is None or element.start_point[0] != previous.end_point[0] + 1:
            current = []
        current.append(_line_of(file, element))
        runs.append(current)
        previous = element
    return runs


def _aligned(file: GoSource, run: Sequence[_Line], width: int | None = None) -> Edits:
    return tuple(_moved(file, run, width))


def _moved(file: GoSource, run: Sequence[_Line], width: int | None) -> Iterator[Edit]:
    widest = width if width is not None else max((len(line.key) for line in run), default=0)
    for line in run:
        padding = b" " * (widest - len(line.key) + 1)
        if file.data[line.start : line.end] != padding:
            yield Edit(file.source.span(line.start, line.end), padding)
