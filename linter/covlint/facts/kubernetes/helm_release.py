"""Installations of Helm charts: what scripts and skaffold set in place of a chart's defaults."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from covlint.documents.assembled import HOLE
from covlint.frozen import dataclass
from covlint.source import Span

_STEP = re.compile(r"((?:\\.|[^.\[\]\\])+)((?:\[\d+\])*)(?:\.|\Z)")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that an installation sets: ``coverage.enabled`` or ``env[0].name``, apart.

    ``text`` None: it is set, to what is not seen. ``style`` is that of a YAML scalar: a
    quoted value is a string whatever it says. ``exact``: ``span`` is that YAML scalar, which
    can be edited as such; else it is what a command line says, or something around it.
    """

    path: tuple[str | int, ...]
    text: str | None
    span: Span
    style: str = ""
    exact: bool = False
    written: str | None = None  # the template that gives the text


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """``chart`` is the folder of the chart, ``files`` the files of values, the last wins; both
    count from the project root. ``base`` is what these files overrule, ``settings`` overrule
    them. ``opaque``: more may be set than is seen. ``under``: the values stand under that key,
    those of a chart that has this one inside."""

    chart: str
    files: tuple[str, ...]
    settings: tuple[Setting, ...]
    opaque: bool
    span: Span
    base: tuple[Setting, ...] = ()
    under: str = ""


def key_path(key: str) -> tuple[str | int, ...] | None:
    r"""``a.b[0].c\.d`` taken apart as helm does; None where it is not seen or has an odd form."""
    found: list[str | int] = []
    at = 0
    while at < len(key):
        match = _STEP.match(key, at)
        if match is None:
            return None
        found.append(re.sub(r"\\(.)", r"\1", match[1]))
        found.extend(int(number) for number in re.findall(r"\d+", match[2]))
        at = match.end()
    return tuple(found) if found and HOLE not in key and "{{" not in key else None


def assignments(text: str, span: Span, *, string: bool = False) -> Iterator[Setting]:
    """The values of ``--set a=1,b.c={x,y}`` (``string``: of ``--set-string``), where HOLE
    stands for what is not known.

    As helm's strvals: a backslash takes the next character as it is, a comma outside of
    braces ends a value.
    """
    for part in _split(text):
        key, equals, value = part.partition("=")
        path = key_path(key.strip())
        if not equals or path is None:
            continue
        if value.startswith("{") and value.endswith("}"):
            for index, item in enumerate(_split(value[1:-1])):
                yield _setting((*path, index), item, span, string)
        else:
            yield _setting(path, value, span, string)


def json_assignments(text: str, span: Span) -> Iterator[Setting]:
    """The values of ``--set-json 'a.b={"c": [1]},d=true'``, or of one whole object.

    As helm's strvals (ParseJSON): a value ends where JSON does, and a comma follows.
    """
    decoder = json.JSONDecoder()
    if text.lstrip().startswith("{"):
        text = "=" + text
    while text:
        key, equals, rest = text.partition("=")
        path = key_path(key.strip()) if key.strip() else ()
        if not equals or path is None:
            return
        try:
            value, end = decoder.raw_decode(rest.lstrip())
        except (ValueError, RecursionError):
            if path:
                yield Setting(path, None, span)
            return
        yield from _of_json(path, value, span)
        text = rest.lstrip()[end:].lstrip().removeprefix(",")


def _of_json(path: tuple[str | int, ...], value: object, span: Span) -> Iterator[Setting]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _of_json((*path, str(key)), inner, span)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _of_json((*path, index), inner, span)
    elif path:
        known = isinstance(value, (str, bool, int)) and HOLE not in str(value)
        text = value if isinstance(value, str) else json.dumps(value)
        yield Setting(path, text if known else None, span, '"' if isinstance(value, str) else "")


def _setting(path: tuple[str | int, ...], value: str, span: Span, string: bool) -> Setting:
    known = None if HOLE in value else re.sub(r"\\(.)", r"\1", value)
    return Setting(path, known, span, '"' if string else "")


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    escaped = False
    for index, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "{}":
            depth += 1 if character == "{" else -1
        elif character == "," and depth <= 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]] if text else []


def below(folder: str, path: str | None) -> str | None:
    """The path from the project root; None where it is not seen or leaves the project."""
    if not path or path.startswith(("/", "~")) or "://" in path or "{{" in path or "$" in path:
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined.startswith("..") else joined


def releases_of(chart: str, releases: Iterable[HelmRelease]) -> tuple[HelmRelease, ...]:
    """The different installations of the chart in a folder."""
    folder = posixpath.normpath(chart or ".")
    alike: dict[HelmRelease, HelmRelease] = {}
    for one in releases:
        if posixpath.normpath(one.chart) == folder:
            alike.setdefault(_said(one), one)
    return tuple(alike.values())


def _said(release: HelmRelease) -> HelmRelease:
    """A release without its places: that two of them say the same can be told by it."""
    nowhere = Span("", 0, 0)
    settings = tuple(replace(one, span=nowhere) for one in release.settings)
    base = tuple(replace(one, span=nowhere) for one in release.base)
    return replace(release, settings=settings, base=base, span=nowhere)
