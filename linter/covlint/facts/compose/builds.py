"""How compose files build the images of services."""

from __future__ import annotations

import posixpath

from covlint.documents.yaml import AnyNode, YamlEntry, YamlMapping, YamlSequence
from covlint.documents.yaml_script import argument_word
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.facts.compose.values import known_word, pairs_of
from covlint.source import SourceFile


def read_build(entry: YamlEntry, build: AnyNode, tag: str) -> ImageBuild:
    """``build`` of a service; ``tag`` is what the image is told by."""
    source = entry.key.source
    folder = posixpath.dirname(source.path)
    inner = build if isinstance(build, YamlMapping) else None
    written = build if inner is None else inner.get("context")
    known = known_word(written)
    context = known.text if known is not None else None
    if inner is not None and written is None:
        context = "."
    directory = _below(folder, context)
    file = inner.get("dockerfile") if inner is not None else None
    dockerfile: str | None = None
    if inner is not None and inner.get("dockerfile_inline") is not None:
        directory = None
    elif directory is not None and file is None:
        dockerfile = _below(directory, "Dockerfile")
    elif directory is not None and (name := known_word(file)) is not None:
        dockerfile = _below(directory, name.text)
    target = inner.get("target") if inner is not None else None
    goal = known_word(target)
    arguments, opaque = _arguments(source, inner.get("args") if inner is not None else None)
    return ImageBuild(
        dockerfile=dockerfile,
        context=directory,
        tags=(tag, *_texts(inner.get("tags") if inner is not None else None)),
        target=goal.text if goal is not None else None,
        arguments=arguments,
        opaque=opaque or (target is not None and goal is None),
        span=entry.key.span,
        recipe=entry.key.text,
        builder="compose",
    )


def _below(folder: str, path: str | None) -> str | None:
    """The path relative to the project root; None where it leaves it or is no path."""
    if path is None or "://" in path or path.startswith(("/", "~", "git@")):
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined.startswith("..") else joined


def _arguments(source: SourceFile, node: AnyNode | None) -> tuple[tuple[BuildArgument, ...], bool]:
    pairs, opaque = pairs_of(node)
    found = [
        BuildArgument(name.text, value.text, span, argument_word(source, value))
        if value is not None
        else BuildArgument(name.text, None, span)
        for name, value, span in pairs
    ]
    return tuple(found), opaque


def _texts(node: AnyNode | None) -> tuple[str, ...]:
    items = node.items if isinstance(node, YamlSequence) else ()
    return tuple(word.text for item in items if (word := known_word(item)) is not None)
