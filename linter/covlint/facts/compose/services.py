"""What docker-compose files say: services as containers, and how their images are built.

A service is told apart from a pod's container by the kind of its pod,
:data:`~covlint.facts.kubernetes.pod.COMPOSE`. Values that compose fills in (``$VAR``,
``${VAR:-x}``) are not known; nor is what ``extends``, ``env_file`` or an
overriding file adds.
"""

from __future__ import annotations

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
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.compose.builds import read_build
from covlint.facts.compose.values import known_word, pairs_of, part_of
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
    image = known_word(node.get("image"))
    build = node.get("build")
    if build is not None:
        # An image without a name can still be told: it is this service's own.
        own = image or Word(f"{path}#{entry.key.text}", entry.key.span)
        yield read_build(entry, build, own.text)
        image = own
    yield _container(entry.key, node, image, partial=build is None and node.get("image") is None)


def _true(node: AnyNode | None) -> Word | None:
    return node.word if isinstance(node, YamlScalar) and node.boolean is True else None


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
    signal, user = known_word(node.get("stop_signal")), node.get("user")
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
    pairs, opaque = pairs_of(written)
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
        path = part_of(scalar, 0, len(target))
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
    target = part_of(item, start, start + len(pieces[-1]))
    only = "ro" in mode.split(",")
    read_only = part_of(item, len(text) - len(mode), len(text)) if only else None
    if len(pieces) == 1:
        volume = Volume(target, VolumeKind.OTHER, None, None, item.span, node)
        return _mount(target, target, read_only, item.span, node), volume
    name = part_of(item, 0, len(pieces[0]))
    return _mount(name, target, read_only, item.span, node), _volume(name, item.span, node)


def _long(item: YamlMapping) -> tuple[VolumeMount, Volume] | None:
    target, kind = known_word(item.get("target")), known_word(item.get("type"))
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
        words = [word for item in node.items if (word := known_word(item)) is not None]
        return (tuple(words), False) if len(words) == len(node.items) else (None, True)
    if not isinstance(node, YamlScalar) or "$" in node.text:
        return None, True
    try:
        return tuple(Word(text, node.span) for text in shlex.split(node.text)), False
    except ValueError:
        return None, True


def _identity(user: AnyNode | None, partial: bool) -> Identity:
    word = known_word(user)
    if word is not None and isinstance(user, YamlScalar):
        name, _, group = word.text.partition(":")
        place = part_of(user, 0, len(name)).span
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
