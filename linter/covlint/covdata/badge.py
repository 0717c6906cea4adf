"""Coverage as a small flat picture for a README: ``coverage | 81 %``.

It needs no font from elsewhere: each text is given the width that its letters take in
Verdana 11, and is stretched to it by whoever draws it with another one.
"""

from __future__ import annotations

from html import escape

#: Widths in pixels of the letters that are not 7 wide.
_WIDTHS = {
    **dict.fromkeys("ijlI|.,:;'! ", 4),
    **dict.fromkeys("frt()/-", 5),
    **dict.fromkeys("mwMW%@", 11),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ_", 8),
}
#: From this percentage on, the colour; all are dark enough for white text (4.5 to 1).
_COLOURS = (
    (90.0, "#1a7f37"),
    (75.0, "#4c7a1e"),
    (60.0, "#846500"),
    (40.0, "#b35900"),
    (0.0, "#c62f2d"),
)
_UNKNOWN = "#5f6670"
_FONT = "Verdana,Geneva,DejaVu Sans,sans-serif"


def render(percent: float | None, label: str = "coverage") -> str:
    """The SVG. ``percent`` is None where nothing was measured, or nothing to be believed."""
    value = "unknown" if percent is None else told(percent)
    colour = _UNKNOWN if percent is None else next(c for least, c in _COLOURS if percent >= least)
    left, right = _width(label) + 12, _width(value) + 12
    whole = left + right
    name = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" '
        f'aria-label="{name}">\n'
        f"<title>{name}</title>\n"
        f'<clipPath id="r"><rect width="{whole}" height="20" rx="3"/></clipPath>\n'
        '<g clip-path="url(#r)">'
        f'<rect width="{left}" height="20" fill="#40464f"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>\n'
        f'<g fill="#fff" font-family="{_FONT}" font-size="11" text-anchor="middle">'
        f"{_text(label, left / 2, left - 12)}{_text(value, left + right / 2, right - 12)}</g>\n"
        "</svg>\n"
    )


def told(percent: float) -> str:
    """Without a fraction; 100 and 0 only for all and nothing."""
    whole = round(percent)
    if whole == 100 and percent < 100:
        whole = 99
    if whole == 0 and percent > 0:
        whole = 1
    return f"{whole}%"


def _text(text: str, middle: float, length: int) -> str:
    return f'<text x="{middle:g}" y="14" textLength="{length}">{escape(text)}</text>'


def _width(text: str) -> int:
    return sum(_WIDTHS.get(letter, 7) for letter in text)
