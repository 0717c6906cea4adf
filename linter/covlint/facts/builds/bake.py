"""Image builds of ``docker buildx bake`` files, HCL and JSON.

Only what a target itself says in plain strings is taken; what it inherits, and
what variables and functions make of it, is not resolved, so that every one of
these builds is opaque.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from covlint.facts.builds.image_tools import last_part
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.source import SourceFile, Span

_TARGET = re.compile(rb'(?m)^[ \t]*target[ \t]+"?([\w.-]+)"?[ \t]*\{')
_JSON_TARGETS = re.compile(rb'"target"\s*:\s*\{')
_JSON_TARGET = re.compile(rb'\s*,?\s*"([\w.-]+)"\s*:\s*\{')
#: ``name = "text"``, ``"name": "text"``; the text has no escapes and no ``${``.
_ENTRY = re.compile(
    rb'"?([\w.-]+)"?[ \t]*[=:]\s*(?:"((?:[^"\\\n$]|\$(?!\{))*)"|(\[[^\]]*\]|\{)'
    rb'|"(?:[^"\\\n]|\\.)*"|\S)'
)
_STRING = re.compile(rb'"((?:[^"\\\n$]|\$(?!\{))*)"')
_TAGS = re.compile(rb'(?m)^[ \t]*"?tags"?[ \t]*[=:][ \t]*(\[[^\]]*\]|[^\n]*)')
_ANY_STRING = re.compile(rb'"((?:[^"\\\n]|\\.)*)"')
#: ``${target.app.name}`` is ``app``.
_TARGET_NAME = re.compile(r"\$\{target\.([\w-]+)\.name\}")
_COMMENT = re.compile(rb'"(?:[^"\\\n]|\\.)*"|(?:#|//)[^\n]*|/\*.*?\*/', re.DOTALL)


def read_bake(source: SourceFile) -> tuple[ImageBuild, ...]:
    """The targets of a bake file."""
    data = source.data
    if not source.path.endswith(".json"):
        data = _COMMENT.sub(
            lambda match: match[0] if match[0][:1] == b'"' else b" " * len(match[0]), data
        )
    found = []
    for name, start, end in _targets(data, source.path.endswith(".json")):
        found.append(_build(source, data[start:end], name, start))
    return tuple(found)


def _targets(data: bytes, json: bool) -> Iterator[tuple[Span, int, int]]:
    """Name and body of each target."""
    if not json:
        end = 0  # blocks of targets lie in none of their kind
        while (match := _TARGET.search(data, end)) is not None:
            end = _closing(data, match.end())
            yield Span("", match.start(1), match.end(1)), match.end(), end
        return
    opening = _JSON_TARGETS.search(data)
    position = opening.end() if opening else len(data)
    while (entry := _JSON_TARGET.match(data, position)) is not None:
        end = _closing(data, entry.end())
        yield Span("", entry.start(1), entry.end(1)), entry.end(), end
        position = end + 1


def _closing(data: bytes, position: int) -> int:
    """The offset of the brace that closes the one before ``position``."""
    depth = 1
    for match in re.compile(rb'"(?:[^"\\\n]|\\.)*"|[{}]').finditer(data, position):
        depth += {b"{": 1, b"}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return len(data)


def _build(source: SourceFile, body: bytes, name: Span, offset: int) -> ImageBuild:
    texts: dict[str, str] = {}
    keys: set[str] = set()
    tags: tuple[str, ...] = ()
    arguments: list[BuildArgument] = []
    position = 0
    while (entry := _ENTRY.search(body, position)) is not None:
        key = entry[1].decode()
        keys.add(key)
        position = entry.end()
        if entry[2] is not None:
            texts[key] = entry[2].decode("utf-8", "replace")
        elif entry[3] == b"{":
            end = _closing(body, position)
            if key == "args":
                arguments += _arguments(source, body, position, end, offset)
            position = end + 1
        elif entry[3] and key == "tags":
            tags = tuple(one[1].decode("utf-8", "replace") for one in _STRING.finditer(entry[3]))
    folder = posixpath.dirname(source.path)
    context = _below(folder, texts.get("context") if "context" in keys else ".")
    file = texts.get("dockerfile") if "dockerfile" in keys else "Dockerfile"
    # A target that only others inherit from says nothing of a file.
    own = keys & {"dockerfile", "context", "tags"} and not keys & {"dockerfile-inline"}
    if "inherits" in keys and "dockerfile" not in keys:
        own = False
    dockerfile = _below(context, file) if own and context is not None else None
    return ImageBuild(
        dockerfile=dockerfile,
        context=context if own else None,
        tags=tags,
        target=texts.get("target"),
        arguments=tuple(arguments),
        opaque=True,
        span=Span(source.path, name.start, name.end),
        recipe=None,
        builder="bake",
        names=tuple(_names(body)),
    )


def _names(body: bytes) -> Iterator[str]:
    """What can be told of the names of a target's images: the ends of the strings in ``tags``,
    also where a function makes tags of them."""
    match = _TAGS.search(body)
    for text in _ANY_STRING.findall(match[1]) if match is not None else ():
        written = text.decode("utf-8", "replace")
        named = _TARGET_NAME.fullmatch(written)
        name = named[1] if named is not None else last_part(written)
        if name is not None:
            yield name


def _arguments(
    source: SourceFile, body: bytes, start: int, end: int, offset: int
) -> Iterator[BuildArgument]:
    for entry in _ENTRY.finditer(body, start, end):
        value = entry[2].decode("utf-8", "replace") if entry[2] is not None else None
        span = Span(source.path, offset + entry.start(), offset + entry.end())
        yield BuildArgument(entry[1].decode(), value, span)


def _below(folder: str, path: str | None) -> str | None:
    if path is None or path.startswith("/") or "://" in path:
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined.startswith("..") else joined
