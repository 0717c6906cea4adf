"""What docker-compose files say: services as containers, and how their images are built.

A service is told apart from a pod's container by the kind of its pod,
:data:`~covlint.facts.kubernetes.pod.COMPOSE`. Values that compose fills in (``$VAR``,
``${VAR:-x}``) are not known; nor is what ``extends``, ``env_file`` or an
overriding file adds.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from covlint.documents.yaml import (
    AnyNode,
    YamlDocument,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.documents.yaml_script import scalar_text
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.facts.kubernetes.pod import (
    COMPOSE,
    Container,
    EnvVar,
    Identity,
    Pod,
    Volume,
    VolumeKind,
    VolumeMount,
)
from covlint.source import Span, Word

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_MODES = re.compile(r"[a-zA-Z,=]+$")


def read_compose(document: YamlDocument) -> tuple[Container | ImageBuild, ...]:
    """Each service of the file: how its image is built, if it is, and its container."""
    found: list[Container | ImageBuild] = []
    for root in document.documents:
        services = root.mapping("services") if isinstance(root, YamlMapping) else None
        seen: set[str] = set()
        for entry in reversed(services.entries if services is not None else ()):
            if isinstance(entry.value, YamlMapping) and entry.key.text not in seen:
                seen.add(entry.key.text)
                found[:0] = _service(entry, entry.value)
    return tuple(found)


def _service(entry: YamlEntry, node: YamlMapping) -> Iterator[Container | ImageBuild]:
    path = node.source.path
    image = _known(node.get("image"))
    build = node.get("build")
    if build is not None:
        # An image without a name can still be told: it is this service's own.
        own = image or Word(f"{path}#{entry.key.text}", entry.key.span)
        yield _build(entry, build, own.text)
        image = own
    yield _container(entry.key, node, image, partial=build is None and node.get("image") is None)


def _known(node: AnyNode | None) -> Word | None:
    if not isinstance(node, YamlScalar) or node.is_null or node.templated or "$" in node.text:
        return None
    return node.word


def _true(node: AnyNode | None) -> Word | None:
    return node.word if isinstance(node, YamlScalar) and node.boolean is True else None


# -- the image ---------------------------------------------------------------


def _build(entry: YamlEntry, build: AnyNode, tag: str) -> ImageBuild:
    source = entry.key.source
    folder = posixpath.dirname(source.path)
    inner = build if isinstance(build, YamlMapping) else None
    written = build if inner is None else inner.get("context")
    known = _known(written)
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
    elif directory is not None and (name := _known(file)) is not None:
        dockerfile = _below(directory, name.text)
    target = inner.get("target") if inner is not None else None
    goal = _known(target)
    arguments, opaque = _arguments(inner.get("args") if inner is not None else None)
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


def _arguments(node: AnyNode | None) -> tuple[tuple[BuildArgument, ...], bool]:
    pairs, opaque = _pairs(node)
    found = [
        BuildArgument(name.text, value.text if value is not None else None, span)
        for name, value, span in pairs
    ]
    return tuple(found), opaque


def _texts(node: AnyNode | None) -> tuple[str, ...]:
    items = node.items if isinstance(node, YamlSequence) else ()
    return tuple(word.text for item in items if (word := _known(item)) is not None)


def _pairs(node: AnyNode | None) -> tuple[list[tuple[Word, Word | None, Span]], bool]:
    """Name, value and place of each item of a mapping, or of a list of ``NAME=value``;
    whether some could not be read. A value is None when it comes from elsewhere."""
    found: list[tuple[Word, Word | None, Span]] = []
    opaque = node is not None and isinstance(node, YamlScalar) and not node.is_null
    if isinstance(node, YamlMapping):
        for key, value in node.items():
            entry = node.entry(key)
            place = entry.span if entry is not None else value.span
            name = Word(key, entry.key.span if entry is not None else value.span)
            found.append((name, _known(value), place))
    elif isinstance(node, YamlSequence):
        for item in node.items:
            if not isinstance(item, YamlScalar):
                opaque = True
                continue
            text, equals, _ = item.text.partition("=")
            if "$" in text:
                opaque = True
                continue
            known = equals and "$" not in item.text
            word = _part(item, len(text) + 1, len(item.text)) if known else None
            found.append((_part(item, 0, len(text)), word, item.span))
    return found, opaque


def _part(node: YamlScalar, start: int, end: int) -> Word:
    """Characters ``[start, end)`` of a scalar."""
    written = scalar_text(node)
    first = len(node.text[:start].encode("utf-8", "replace"))
    last = len(node.text[:end].encode("utf-8", "replace"))
    if first == last:
        place = written.original(max(first - 1, 0), first)
        return Word("", Span(place.path, place.end, place.end))
    return Word(node.text[start:end], written.original(first, last))


# -- the container -----------------------------------------------------------


def _container(
    key: YamlScalar, node: YamlMapping, image: Word | None, *, partial: bool
) -> Container:
    """``partial``: the service is completed by another file."""
    partial = partial or node.get("extends") is not None
    env, env_opaque = _environment(node)
    mounts, volumes, mounts_opaque = _volumes(node)
    command, command_opaque = _words(node.get("entrypoint"))
    arguments, arguments_opaque = _words(node.get("command"))
    signal, user = _known(node.get("stop_signal")), node.get("user")
    pod = Pod(
        kind=COMPOSE,
        name=Word(key.text, key.span),
        namespace=None,
        labels=(),
        replicas=None,
        grace_period=_seconds(node.get("stop_grace_period")),
        volumes=volumes,
        node=node,
        span=key.span,
        volumes_opaque=mounts_opaque or partial,
    )
    return Container(
        pod=pod,
        name=Word(key.text, key.span),
        image=image,
        init=False,
        env=env,
        env_opaque=env_opaque or partial,
        mounts=mounts,
        mounts_opaque=mounts_opaque or partial,
        command=command,
        arguments=arguments,
        identity=_identity(user, partial),
        read_only_root=_true(node.get("read_only")),
        pre_stop=None,
        init_containers=(),
        node=node,
        span=key.span,
        process_opaque=command_opaque or arguments_opaque or partial,
        stop_signal=signal,
    )


def _environment(node: YamlMapping) -> tuple[tuple[EnvVar, ...], bool]:
    written = node.get("environment")
    pairs, opaque = _pairs(written)
    holder = written if isinstance(written, YamlMapping) else node
    in_mapping = holder is written
    found = [
        EnvVar(name, value, span, holder, key=name.text if in_mapping else "")
        for name, value, span in pairs
    ]
    return tuple(found), opaque or node.get("env_file") is not None


def _volumes(node: YamlMapping) -> tuple[tuple[VolumeMount, ...], tuple[Volume, ...], bool]:
    mounts: list[VolumeMount] = []
    volumes: dict[str, Volume] = {}
    written = node.get("volumes")
    opaque = node.get("volumes_from") is not None or isinstance(written, YamlMapping)
    for item in written.items if isinstance(written, YamlSequence) else ():
        mounted = None
        if isinstance(item, YamlScalar):
            mounted = _short(item, node)
        elif isinstance(item, YamlMapping):
            mounted = _long(item)
        if mounted is None:
            opaque = True
            continue
        mounts.append(mounted[0])
        volumes.setdefault(mounted[1].name.text, mounted[1])
    for scalar in _list(node.get("tmpfs")):
        target, _, _ = scalar.text.partition(":")
        if "$" in target:
            opaque = True
            continue
        path = _part(scalar, 0, len(target))
        mounts.append(_mount(path, path, None, scalar.span, node))
        kind = VolumeKind.EMPTY_DIR
        volumes.setdefault(target, Volume(path, kind, None, None, scalar.span, node))
    return tuple(mounts), tuple(volumes.values()), opaque


def _list(node: AnyNode | None) -> list[YamlScalar]:
    items = node.items if isinstance(node, YamlSequence) else [node]
    return [item for item in items if isinstance(item, YamlScalar) and not item.is_null]


def _mount(
    name: Word, path: Word, read_only: Word | None, span: Span, node: YamlMapping
) -> VolumeMount:
    return VolumeMount(name, path, read_only, None, None, span, node)


def _short(item: YamlScalar, node: YamlMapping) -> tuple[VolumeMount, Volume] | None:
    """``[SOURCE:]TARGET[:MODE]``."""
    text = item.text
    # A ``${X:-y}`` has colons of its own.
    shape = re.sub(r"\$\{[^{}]*\}", lambda match: "$" * len(match[0]), text)
    pieces = shape.split(":")
    if len(pieces) > 1 and re.fullmatch(r"[A-Za-z]", pieces[0]):
        return None  # a drive of Windows
    mode = pieces.pop() if len(pieces) > 1 and _MODES.match(pieces[-1]) else ""
    if not 1 <= len(pieces) <= 2 or "$" in pieces[-1] or not pieces[-1].startswith("/"):
        return None
    start = 0 if len(pieces) == 1 else len(pieces[0]) + 1
    target = _part(item, start, start + len(pieces[-1]))
    only = "ro" in mode.split(",")
    read_only = _part(item, len(text) - len(mode), len(text)) if only else None
    if len(pieces) == 1:
        volume = Volume(target, VolumeKind.OTHER, None, None, item.span, node)
        return _mount(target, target, read_only, item.span, node), volume
    name = _part(item, 0, len(pieces[0]))
    return _mount(name, target, read_only, item.span, node), _volume(name, item.span, node)


def _long(item: YamlMapping) -> tuple[VolumeMount, Volume] | None:
    target, kind = _known(item.get("target")), _known(item.get("type"))
    if target is None or kind is None:
        return None
    source = item.scalar("source")
    name = source.word if source is not None else target
    read_only = _true(item.get("read_only"))
    if kind.text == "tmpfs":
        volume = Volume(name, VolumeKind.EMPTY_DIR, None, None, item.span, item)
    elif source is None:
        volume = Volume(name, VolumeKind.OTHER, None, None, item.span, item)
    else:
        volume = _volume(name, item.span, item)
    return _mount(name, target, read_only, item.span, item), volume


def _volume(name: Word, span: Span, node: YamlMapping) -> Volume:
    if name.text.startswith((".", "/", "~", "$")):
        bind = None if "$" in name.text else name
        return Volume(name, VolumeKind.BIND, None, None, span, node, bind=bind)
    return Volume(name, VolumeKind.NAMED, None, None, span, node)


def _words(node: AnyNode | None) -> tuple[tuple[Word, ...] | None, bool]:
    """A command: a list, or a text that compose splits as a shell does."""
    if node is None or (isinstance(node, YamlScalar) and node.is_null):
        return None, False
    if isinstance(node, YamlSequence):
        words = [word for item in node.items if (word := _known(item)) is not None]
        return (tuple(words), False) if len(words) == len(node.items) else (None, True)
    if not isinstance(node, YamlScalar) or "$" in node.text:
        return None, True
    try:
        return tuple(Word(text, node.span) for text in shlex.split(node.text)), False
    except ValueError:
        return None, True


def _identity(user: AnyNode | None, partial: bool) -> Identity:
    word = _known(user)
    if word is not None and isinstance(user, YamlScalar):
        name, _, group = word.text.partition(":")
        place = _part(user, 0, len(name)).span
        own = Word("0" if name == "root" else name, place)
        return Identity(own, None, Word(group, word.span) if group else None, None)
    return Identity(None, None, None, None, opaque=user is not None or partial)


def _seconds(node: AnyNode | None) -> Word | None:
    """``stop_grace_period`` in whole seconds; another text for what cannot be told."""
    if not isinstance(node, YamlScalar) or node.is_null:
        return None
    match = _DURATION.match(node.text)
    if not match or not any(match.groups()):
        return Word("not seen", node.span)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return Word(str(hours * 3600 + minutes * 60 + seconds), node.span)
