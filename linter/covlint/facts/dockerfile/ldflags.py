"""``-extldflags`` inside a ``-ldflags`` value."""

from __future__ import annotations

import re

from covlint.facts.dockerfile.flags import Flag
from covlint.frozen import dataclass
from covlint.source import Span

_EXTLDFLAGS = re.compile(
    r"""-{1,2}extldflags(?:=|\s+)(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>\S+))"""
)
_STATIC = re.compile(r"(?<!\S)-static(?!\S)")


@dataclass(frozen=True, slots=True)
class StaticLink:
    """A ``-static`` that is handed to the external linker.

    ``span`` is what to point at, ``removal`` what to take out so that the other
    linker flags stay as they are.
    """

    span: Span
    removal: Span


def static_link(flag: Flag) -> StaticLink | None:
    """The ``-extldflags "-static"`` of a ``-ldflags`` flag, if it has one that can be cut out."""
    if flag.name != "ldflags" or flag.value is None:
        return None
    value = flag.value
    match = _EXTLDFLAGS.search(value)
    if match is None:
        return None
    group = next(name for name in ("double", "single", "plain") if match[name] is not None)
    inner, offset = match[group], match.start(group)
    static = _STATIC.search(inner)
    if static is None:
        return None
    if inner.strip() == "-static":
        start, end = match.span()
        if not (value[:start] + value[end:]).strip(" \\\n\t"):
            return StaticLink(flag.span, flag.removal)
    else:
        start, end = offset + static.start(), offset + static.end()
    span = flag.part_span(start, end)
    first, last = start, end
    while last < len(value) and value[last] in " \t":
        last += 1
    if last == len(value) or last == end:
        last = end
        while first > 0 and value[first - 1] in " \t":
            first -= 1
    removal = flag.part_span(first, last)
    return StaticLink(span, removal) if span is not None and removal is not None else None
