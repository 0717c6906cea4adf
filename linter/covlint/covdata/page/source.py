"""A file's source as a list of lines: which were executed, how often, and by which flags.

A line is a list item; styles number it. Only a line of which a part was executed has marks
inside: where the whole line went one way, the item says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from covlint.covdata.meta import Unit
from covlint.covdata.page.markup import code

#: Count in total, and whether each flag executed it.
Seen = tuple[int, tuple[bool, ...]]


def lines(
    source: bytes, counts: Mapping[Unit, int], flags: Sequence[Mapping[Unit, int]], letters: str
) -> Iterator[str]:
    """The items, to be joined by nothing: the line break is in the tag, for in the text it
    would be shown. ``counts`` are the total's, ``flags`` those of each flag by its letter."""
    text = source.split(b"\n")
    if text and not text[-1]:
        text.pop()
    shown = flags[: len(letters)]
    blocks = [
        (unit, (count, tuple(bool(own.get(unit)) for own in shown)))
        for unit, count in sorted(counts.items())
        if unit.statements
    ]
    for row, marks in zip(text, _by_line(len(text), blocks), strict=True):
        yield _line(row.rstrip(b"\r"), marks, letters)


def _by_line(
    length: int, blocks: Iterable[tuple[Unit, Seen]]
) -> list[list[tuple[int, int | None, Seen]]]:
    """Per line: first column (0-based, in bytes), end or None for the line's end, what was seen."""
    found: list[list[tuple[int, int | None, Seen]]] = [[] for _ in range(length)]
    for unit, seen in blocks:
        for number in range(max(unit.start_line, 1), min(unit.end_line, length) + 1):
            start = unit.start_column - 1 if number == unit.start_line else 0
            end = unit.end_column - 1 if number == unit.end_line else None
            if end != 0:
                found[number - 1].append((max(start, 0), end, seen))
    return found


def _line(text: bytes, marks: Sequence[tuple[int, int | None, Seen]], letters: str) -> str:
    if not marks:
        return f"<li\n>{code(text)}"
    if len(marks) == 1:
        seen = marks[0][2]
        return f"<li\n{_attributes(_kind(seen), letters, seen[0])}>{code(text)}"
    cells: list[Seen | None] = [None] * len(text)
    for start, stop, seen in marks:
        end = len(text) if stop is None else min(stop, len(text))
        cells[start:end] = [seen] * max(0, end - start)
    parts = [
        (seen, bytes(text[index] for index, _ in group))
        for seen, group in ((key, list(g)) for key, g in groupby(enumerate(cells), lambda c: c[1]))
    ]
    told = {seen for seen, part in parts if seen is not None and part.strip(b" \t{}()")}
    told = told or {seen for seen, part in parts if seen is not None} or {marks[0][2]}
    most = max(count for count, _ in told)
    if len({_kind(seen) for seen in told}) == 1:
        (kind,) = {_kind(seen) for seen in told}
        return f"<li\n{_attributes(kind, letters, most)}>{code(text)}"
    anywhere = tuple(map(any, zip(*(flags for _, flags in told), strict=True)))
    kind = (True, anywhere) if all(count for count, _ in told) else (None, anywhere)
    inner = "".join(
        code(part)
        if seen is None or not part.strip()
        else f"<b {_attributes(_kind(seen), letters)}>{code(part)}</b>"
        for seen, part in parts
    )
    return f"<li\n{_attributes(kind, letters, most)}>{inner}"


def _kind(seen: Seen) -> tuple[bool | None, tuple[bool, ...]]:
    return bool(seen[0]), seen[1]


def _attributes(
    kind: tuple[bool | None, tuple[bool, ...]], letters: str, count: int | None = None
) -> str:
    """``y`` executed, ``n`` not, ``m`` in part; then the letters of the flags that executed it."""
    executed, flags = kind
    word = "m" if executed is None else "y" if executed else "n"
    own = [letter for letter, hit in zip(letters, flags, strict=True) if hit]
    names = " ".join([word, *own])
    times = f" data-c={count}" if count and count > 1 else ""
    return (f'class="{names}"' if own else f"class={word}") + times
