"""Coverage over time, drawn: for a terminal, and as SVG for a page."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape

from covlint.covdata.points import told
from covlint.frozen import dataclass

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_TALL = 5  # lines
_LEAST_SPAN = Fraction(2)  # points from the bottom to the top, so that noise does not look steep
_MARGIN = 8
_LEFT = 46
_SVG = "http://www.w3.org/2000/svg"
_BOTTOM = 26


@dataclass(frozen=True, slots=True)
class Point:
    """One run. ``percent`` is None where the collection broke: a number would mean nothing."""

    label: str
    percent: Fraction | None


def text(points: Sequence[Point], *, width: int = 72, plain: bool = False) -> str:
    """Bars, the newest at the right, with the scale at the left; ``×`` is a run that broke.

    ``plain`` uses ASCII alone. ``width`` is in columns. "" where there is nothing to draw.
    """
    low, high = _scale(points)
    names = (f"{told(high)} ", f"{told(low)} ")
    edge = max(map(len, names))
    shown = points[-max(1, (width - edge - 1) // 2) :]
    if not any(point.percent is not None for point in shown):
        return ""
    bar = "|" if plain else "│"
    lines: list[str] = []
    for row in range(_TALL - 1, -1, -1):
        name = names[0] if row == _TALL - 1 else names[1] if row == 0 else ""
        cells = " ".join(_cell(point, row, low, high, plain) for point in shown)
        lines.append(f"{name:>{edge}}{bar}{cells}".rstrip())
    return "\n".join(lines) + "\n"


def svg(
    points: Sequence[Point],
    *,
    title: str = "Coverage",
    width: int = 720,
    height: int = 220,
    ident: str = "covlint-trend",
) -> str:
    """One ``<svg>`` element that needs nothing from outside, in the colours of the page around
    it, light or dark; as a file of its own it follows the reader's preference.

    Width and height are in pixels. Every run has a tooltip; a run that broke is a cross.
    ``ident`` begins the element's ids: of several charts in one page each has its own.
    """
    low, high = _scale(points)
    inner = width - _LEFT - _MARGIN * 2
    step = Fraction(inner, max(len(points) - 1, 1))
    bottom = height - _BOTTOM

    def x(index: int) -> float:
        return round(float(_LEFT + _MARGIN + step * index), 1)

    def y(percent: Fraction) -> float:
        share = (percent - low) / (high - low)
        return round(float(bottom - share * (bottom - _MARGIN * 2)), 1)

    named = f'role="img" aria-labelledby="{ident}-title {ident}-desc"'
    drawn = [
        f'<svg xmlns="{_SVG}" viewBox="0 0 {width} {height}" class="covlint-trend" {named}>',
        f'<title id="{ident}-title">{_safe(title)}</title>',
        f'<desc id="{ident}-desc">{_safe(described(points))}</desc>',
        f"<style>{_STYLE}</style>",
    ]
    drawn += [_tick(value, y(value), width - _MARGIN) for value in _ticks(low, high)]
    for line in _lines(points):
        corners = " ".join(f"{x(index)},{y(percent)}" for index, percent in line)
        drawn.append(f'<polyline class="line" points="{corners}"/>')
    for index, point in enumerate(points):
        if point.percent is None:
            drawn.append(_cross(point.label, x(index), bottom - _MARGIN))
        else:
            tip = f"{point.label}: {told(point.percent)} %"
            drawn.append(_dot(tip, x(index), y(point.percent)))
    for index in sorted({0, len(points) - 1} if points else ()):
        anchor = "start" if index == 0 else "end"
        drawn.append(
            f'<text class="when {anchor}" x="{x(index)}" y="{height - 6}">'
            f"{_safe(points[index].label)}</text>"
        )
    return "\n".join([*drawn, "</svg>", ""])


def described(points: Sequence[Point]) -> str:
    """The chart in a sentence, for who does not see it."""
    whole = [point for point in points if point.percent is not None]
    broken = len(points) - len(whole)
    aside = f", {broken} of them broken" if broken else ""
    runs = f"{len(points)} run{'' if len(points) == 1 else 's'}{aside}"
    if not whole:
        return runs
    percents = [point.percent for point in whole if point.percent is not None]
    return (
        f"{runs}: {told(percents[0])} % at first, {told(percents[-1])} % at last, "
        f"between {told(min(percents))} % and {told(max(percents))} %"
    )


_STYLE = (
    ".covlint-trend{color:inherit;font:12px system-ui,sans-serif}"
    ".covlint-trend:root{color:#1f2328;background:#fff}"
    "@media(prefers-color-scheme:dark){.covlint-trend:root{color:#e6edf3;background:#0d1117}}"
    ".covlint-trend text{fill:currentColor}"
    ".covlint-trend .scale{text-anchor:end;opacity:.75}"
    ".covlint-trend .when{opacity:.75}"
    ".covlint-trend .end{text-anchor:end}"
    ".covlint-trend .grid{stroke:currentColor;opacity:.2}"
    ".covlint-trend .line{fill:none;stroke:currentColor;stroke-width:1.5;stroke-linejoin:round}"
    ".covlint-trend .run{fill:currentColor}"
    ".covlint-trend .broken{stroke:#cf222e;stroke-width:2.5}"
)


def _scale(points: Sequence[Point]) -> tuple[Fraction, Fraction]:
    """The lowest and the highest percentage to be drawn: whole numbers around the data."""
    percents = [point.percent for point in points if point.percent is not None]
    if not percents:
        return Fraction(0), Fraction(100)
    low, high = Fraction(int(min(percents))), Fraction(-int(-max(percents) // 1))
    if high - low < _LEAST_SPAN:
        high = min(Fraction(100), low + _LEAST_SPAN)
        low = high - _LEAST_SPAN
    return max(Fraction(0), low - 1), high


def _cell(point: Point, row: int, low: Fraction, high: Fraction, plain: bool) -> str:
    if point.percent is None:
        return ("x" if plain else "×") if row == 0 else " "
    # At least an eighth: the lowest run is a bar, too.
    filled = max(1, round((point.percent - low) / (high - low) * _TALL * 8)) - row * 8
    if plain:
        return "#" if filled >= 4 or (row == 0 and filled > 0) else " "
    return _EIGHTHS[max(0, min(8, filled))]


def _ticks(low: Fraction, high: Fraction) -> list[Fraction]:
    return [low + (high - low) * part / 4 for part in range(5)]


def _lines(points: Sequence[Point]) -> list[list[tuple[int, Fraction]]]:
    """The runs between breaks: no line is drawn across what is not known."""
    lines: list[list[tuple[int, Fraction]]] = [[]]
    for index, point in enumerate(points):
        if point.percent is None:
            lines.append([])
        else:
            lines[-1].append((index, point.percent))
    return [line for line in lines if len(line) > 1]


def _tick(value: Fraction, y: float, right: int) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>'
        f'<text class="scale" x="{_LEFT - 6}" y="{y + 4}">{told(value)}</text>'
    )


def _dot(tip: str, x: float, y: float) -> str:
    return f'<circle class="run" cx="{x}" cy="{y}" r="3"><title>{_safe(tip)}</title></circle>'


def _cross(label: str, x: float, y: float) -> str:
    tip = _safe(f"{label}: the collection broke")
    shape = f"M{x - 4} {y - 4}l8 8m0 -8l-8 8"
    return f'<path class="broken" d="{shape}"><title>{tip}</title></path>'


def _safe(label: str) -> str:
    """XML has no place for control characters and lone surrogates, escaped or not."""
    kept = "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else "�" for c in label)
    return escape("".join("�" if c in "\ufffe\uffff" else c for c in kept))
