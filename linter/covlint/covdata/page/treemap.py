"""The treemap: packages, and files in them; area is statements, colour is coverage.

Places are in percent of the drawing, so that text keeps its size on every screen; a
narrow screen gets an arrangement of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from covlint.covdata.page.markup import line, percentage
from covlint.covdata.page.tree import flag_letters
from covlint.covdata.summary import Share
from covlint.frozen import dataclass

#: Upper ends of the steps of the scale, in percent; 0 and 100 are steps of their own.
STEPS = (0.0, 25.0, 50.0, 75.0, 90.0, 99.999)
_HEAD = 20.0  # pixels of a package's title
_LEAST = 40.0  # square pixels of a file that is drawn by itself
_LETTER = 6.6  # pixels


class Box(NamedTuple):
    """In pixels of the arrangement's usual size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Cell:
    """What is drawn as one rectangle; ``anchor`` is the id of the place it leads to."""

    name: str
    share: Share
    flags: Mapping[str, Share]
    anchor: str


@dataclass(frozen=True, slots=True)
class Group:
    """A package, with its files."""

    name: str
    anchor: str
    cells: tuple[Cell, ...]

    @property
    def statements(self) -> int:
        return sum(cell.share.statements for cell in self.cells)


def step(share: Share) -> int:
    """The step of the colour scale, from 0 (nothing) to 6 (everything)."""
    if share.covered and share.percent <= STEPS[0]:
        return 1
    return next((index for index, most in enumerate(STEPS) if share.percent <= most), len(STEPS))


def squarified(areas: Sequence[float], box: Box) -> list[Box]:
    """Rectangles of the given areas, near to squares, that fill ``box``; the areas fall.

    Bruls, Huizing, van Wijk: Squarified treemaps (2000): a row along the shorter side is
    filled as long as that makes its worst rectangle better.
    """
    scale = box.width * box.height / (sum(areas) or 1)
    left = [area * scale for area in areas]
    found: list[Box] = []
    while left:
        side = min(box.width, box.height)
        taken = 1
        while taken < len(left) and _worst(left[: taken + 1], side) <= _worst(left[:taken], side):
            taken += 1
        row, left = left[:taken], left[taken:]
        thick = sum(row) / side if side else 0.0
        at = 0.0
        for area in row:
            long = area / thick if thick else 0.0
            if box.width >= box.height:
                found.append(Box(box.x, box.y + at, thick, long))
            else:
                found.append(Box(box.x + at, box.y, long, thick))
            at += long
        if box.width >= box.height:
            box = Box(box.x + thick, box.y, max(box.width - thick, 0.0), box.height)
        else:
            box = Box(box.x, box.y + thick, box.width, max(box.height - thick, 0.0))
    return found


def draw(groups: Sequence[Group], flags: Sequence[str], size: tuple[int, int], name: str) -> str:
    """One ``<svg>``; ``name`` is its class. ``size`` is in pixels."""
    whole = Box(0, 0, *map(float, size))
    drawn = sorted((g for g in groups if g.statements), key=lambda g: -g.statements)
    boxes = squarified([float(group.statements) for group in drawn], whole)
    label = "Packages and files by size and coverage"
    lines = [f'<svg class="map {name}" height="{size[1]}" role="group" aria-label="{label}">']
    for group, box in zip(drawn, boxes, strict=True):
        lines += _group(group, box, whole, flags)
    return "\n".join([*lines, "</svg>"])


def _group(group: Group, box: Box, whole: Box, flags: Sequence[str]) -> Iterator[str]:
    yield f'<svg {_place(box, whole)} class="g">'
    headed = box.height > 2.5 * _HEAD and box.width > 60
    inner = Box(0, _HEAD, box.width, box.height - _HEAD) if headed else Box(0, 0, *box[2:])
    if headed:
        name = _fitting(group.name, box.width - 8)
        yield (
            f'<a href="#{group.anchor}" tabindex="-1"><title>{line(group.name)}</title>'
            f'<text x="5" y="14" class="p">{line(name)}</text></a>'
        )
    cells = sorted(group.cells, key=lambda cell: -cell.share.statements)
    cells = _gathered([cell for cell in cells if cell.share.statements], inner, group)
    areas = [float(cell.share.statements) for cell in cells]
    for cell, place in zip(cells, squarified(areas, inner), strict=True):
        # The title has a fixed height, so the files are placed in the rest of it.
        yield _cell(cell, place, Box(0, 0, box.width, box.height), flags)
    yield "</svg>"


def _gathered(cells: list[Cell], box: Box, group: Group) -> list[Cell]:
    """Files too small to be seen are drawn as one."""
    each = box.width * box.height / (group.statements or 1)
    small = [cell for cell in cells if cell.share.statements * each < _LEAST]
    if len(small) < 2:
        return cells
    share = Share(
        sum(cell.share.covered for cell in small), sum(cell.share.statements for cell in small)
    )
    flags: dict[str, Share] = {}
    for cell in small:
        for flag, own in cell.flags.items():
            former = flags.get(flag, Share(0, 0))
            flags[flag] = Share(former.covered + own.covered, former.statements + own.statements)
    rest = Cell(f"{len(small)} small files", share, flags, group.anchor)
    big = [cell for cell in cells if cell.share.statements * each >= _LEAST]
    return sorted([*big, rest], key=lambda cell: -cell.share.statements)


def _cell(cell: Cell, box: Box, whole: Box, flags: Sequence[str]) -> str:
    steps = [f"--t:var(--s{step(cell.share)})"]
    for flag, letter in zip(flags, flag_letters(flags), strict=False):
        own = cell.flags.get(flag)
        steps.append(f"--{letter}:var(--s{'x' if own is None else step(own)})")
    nothing = ' class="z"' if not cell.share.covered else ""
    told = f"{percentage(cell.share.percent)} %"
    title = f"{cell.name}: {told} of {cell.share.statements} statements"
    texts = ""
    if box.height > 16 and box.width > 24:
        name = _fitting(cell.name, box.width - 8)
        if name:
            texts = f'<text x="4" y="13">{line(name)}</text>'
            if box.height > 30 and box.width > 44:
                texts += f'<text x="4" y="27" class="q">{told}</text>'
    return (
        f'<a href="#{cell.anchor}" tabindex="-1"><title>{line(title)}</title>'
        f'<svg {_place(box, whole)}><rect width="100%" height="100%" style="{";".join(steps)}"/>'
        + (f'<rect width="100%" height="100%"{nothing}/>' if nothing else "")
        + f"{texts}</svg></a>"
    )


def _place(box: Box, whole: Box) -> str:
    x, width = (100 * value / (whole.width or 1) for value in (box.x, box.width))
    y, height = (100 * value / (whole.height or 1) for value in (box.y, box.height))
    return f'x="{x:.2f}%" y="{y:.2f}%" width="{width:.2f}%" height="{height:.2f}%"'


def _fitting(name: str, width: float) -> str:
    """As much of the name as has room; "" where that would say nothing."""
    letters = int(width / _LETTER)
    if len(name) <= letters:
        return name
    return name[: letters - 1] + "…" if letters >= 4 else ""


def _worst(row: Sequence[float], side: float) -> float:
    """The greatest ratio of sides in a row of areas along ``side``."""
    whole = sum(row)
    if not whole or not side:
        return float("inf")
    return max(
        side * side * max(row) / (whole * whole), whole * whole / (side * side * (min(row) or 1e-9))
    )
