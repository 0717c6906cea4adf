"""How compose files build the images of services."""

from __future__ import annotations

import posixpath

from covlint.documents.yaml import AnyNode, YamlMapping, YamlSequence
from covlint.documents.yaml_script import argument_word
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.facts.compose.layers import Service
from covlint.facts.compose.values import known_word, pairs_of


def read_build(service: Service, tag: str) -> ImageBuild:
    """``build`` of a service; ``tag`` is what the image is told by."""
    written = service.written("build")
    found: dict[str, tuple[str, AnyNode]] = {}  # with the folder that it counts from
    for layer, node in written:
        if isinstance(node, YamlMapping):
            found.update({key: (layer.folder, value) for key, value in node.items()})
        else:
            found["context"] = (layer.folder, node)
    folder, context = found.get("context", (written[-1][0].folder, None))
    known = known_word(context)
    place = "." if context is None else known.text if known is not None else None
    directory = _below(folder, place)
    dockerfile: str | None = None
    file = found["dockerfile"][1] if "dockerfile" in found else None
    if "dockerfile_inline" in found:
        directory = None
    elif directory is not None and file is None:
        dockerfile = _below(directory, "Dockerfile")
    elif directory is not None and (name := known_word(file)) is not None:
        dockerfile = _below(directory, name.text)
    target = found["target"][1] if "target" in found else None
    goal = known_word(target)
    arguments: dict[str, BuildArgument] = {}
    opaque = target is not None and goal is None
    for _, node in written:
        given, unclear = _arguments(node.get("args") if isinstance(node, YamlMapping) else None)
        arguments.update({one.name: one for one in given})
        opaque = opaque or unclear
    return ImageBuild(
        dockerfile=dockerfile,
        context=directory,
        tags=(tag, *_texts(found["tags"][1] if "tags" in found else None)),
        target=goal.text if goal is not None else None,
        arguments=tuple(arguments.values()),
        opaque=opaque,
        span=service.key.span,
        recipe=service.key.text,
        builder="compose",
    )


def _below(folder: str, path: str | None) -> str | None:
    """The path relative to the project root; None where it leaves it or is no path."""
    if path is None or "://" in path or path.startswith(("/", "~", "git@")):
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined.startswith("..") else joined


def _arguments(node: AnyNode | None) -> tuple[tuple[BuildArgument, ...], bool]:
    pairs, opaque = pairs_of(node)
    found: list[BuildArgument] = []
    for name, value, span in pairs:
        if value is None or node is None:
            found.append(BuildArgument(name.text, None, span))
        else:
            word = argument_word(node.source, value)
            found.append(BuildArgument(name.text, value.text, span, word))
    return tuple(found), opaque


def _texts(node: AnyNode | None) -> tuple[str, ...]:
    items = node.items if isinstance(node, YamlSequence) else ()
    return tuple(word.text for item in items if (word := known_word(item)) is not None)
