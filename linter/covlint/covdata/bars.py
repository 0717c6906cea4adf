"""Coverage by package as a table with bars, for terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from covlint.covdata.summary import Share, Summary
from covlint.frozen import dataclass

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WIDEST = 30  # columns of a bar
_NARROWEST = 6
_SHORTEST = 24  # columns that a path has beside a bar
_GAP = 2
#: Below the first is bad, from the second on good; in percent.
THRESHOLDS = (50.0, 80.0)
_RESET = "\x1b[0m"
_BOLD, _DIM, _RED, _YELLOW, _GREEN = (f"\x1b[{code}m" for code in (1, 2, 31, 33, 32))


@dataclass(frozen=True, slots=True)
class Look:
    """``width`` in columns, None for as wide as it takes, without bars; ``colour`` is ANSI."""

    width: int | None = None
    colour: bool = False
    ascii: bool = False


def table(summary: Summary, look: Look, *, shown: Mapping[str, str] | None = None) -> str:
    """One row a package and one for all; a column for each flag.

    ``shown`` are the paths as they are to be printed, where that differs.
    """
    flags = list(summary.flags) if len(summary.flags) > 1 else []
    rows = [
        _row(shown.get(part.path, part.path) if shown else part.path, part.share, part.flags, flags)
        for part in summary.packages
    ]
    rows.append(_row("total", summary.total, summary.flags, flags))
    head = ["package", "covered", "statements", "%", *flags]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    widths[0], bar = _shared(look, widths)
    lines = [_line(head, widths, " " * bar, look, _BOLD)]
    shares = [*(part.share for part in summary.packages), summary.total]
    for index, (cells, share) in enumerate(zip(rows, shares, strict=True)):
        last = index == len(rows) - 1
        if last and look.colour:
            lines.append(_DIM + ("-" if look.ascii else "─") * _full(widths, bar) + _RESET)
        drawn = _drawn(share.percent, bar, look) if bar else ""
        lines.append(_line(cells, widths, drawn, look, _BOLD if last else _tone(share, look)))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(name: str, share: Share, own: Mapping[str, Share], flags: Sequence[str]) -> Sequence[str]:
    numbers = [str(share.covered), str(share.statements), f"{share.percent:.1f}"]
    return [name, *numbers, *(f"{own[flag].percent:.1f}" if flag in own else "-" for flag in flags)]


def _line(cells: Sequence[str], widths: Sequence[int], bar: str, look: Look, style: str) -> str:
    name = _cut(cells[0], widths[0], look)
    start = name.ljust(widths[0])
    if look.colour and style:
        start = f"{style}{start}{_RESET}"
    numbers = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    numbers[3:3] = [bar] if bar else []
    return (" " * _GAP).join([start, *numbers])


def _cut(name: str, width: int, look: Look) -> str:
    """Import paths differ at their ends."""
    if len(name) <= width:
        return name
    mark = "~" if look.ascii else "…"
    return mark + name[len(name) - width + 1 :]


def _shared(look: Look, widths: Sequence[int]) -> tuple[int, int]:
    """The widths of the paths and of the bar (0 for none): the numbers need the rest.

    A long path gives way to a short bar, and a bar to a short path.
    """
    if look.width is None:
        return widths[0], 0
    room = look.width - sum(widths[1:]) - _GAP * (len(widths) - 1)
    bar = min(_WIDEST, max(room - _GAP - widths[0], _NARROWEST))
    if room - _GAP - bar >= min(widths[0], _SHORTEST):
        return min(widths[0], room - _GAP - bar), bar
    return max(min(widths[0], room), _SHORTEST // 2), 0


def _drawn(percent: float, width: int, look: Look) -> str:
    if look.ascii:
        filled = round(width * percent / 100)
        bar, rest = "#" * filled, "." * (width - filled)
    else:
        eighths = round(width * 8 * percent / 100)
        full, part = divmod(eighths, 8)
        bar = "█" * full + (_EIGHTHS[part] if part else "")
        rest = "·" * (width - len(bar))
    if not look.colour:
        return bar + rest
    tone = _RED if percent < THRESHOLDS[0] else _YELLOW if percent < THRESHOLDS[1] else _GREEN
    return f"{tone}{bar}{_RESET}{_DIM}{rest}{_RESET}"


def _tone(share: Share, look: Look) -> str:
    return _RED if look.colour and share.statements and not share.covered else ""


def _full(widths: Sequence[int], bar: int) -> int:
    return sum(widths) + _GAP * (len(widths) - 1) + (bar + _GAP if bar else 0)
