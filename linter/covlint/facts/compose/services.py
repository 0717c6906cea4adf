"""What docker-compose files say: services as containers, and how their images are built.

A service is told apart from a pod's container by the kind of its pod,
:data:`~covlint.facts.kubernetes.pod.COMPOSE`. Values that compose fills in (``$VAR``,
``${VAR:-x}``) are not known. Services of ``profiles`` are read like any other: whether
they are started, only the command tells.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from covlint.documents.yaml import (
    AnyNode,
    YamlDocument,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.facts.commands.steps import ComposeCall, ImageBuild
from covlint.facts.compose.builds import read_build
from covlint.facts.compose.env_file import read_env_file
from covlint.facts.compose.layers import Lookup, Service, services_of
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


def read_compose(
    document: YamlDocument, lookup: Lookup | None = None
) -> tuple[Container | ImageBuild | ComposeCall, ...]:
    """Each service of the file: how its image is built, if it is, and its container.
    ``lookup`` finds the files that it names."""
    services = services_of((document,), lookup)
    found = tuple(fact for service in services for fact in _service(service, lookup))
    return (*found, *_included(document))


def _included(document: YamlDocument) -> Iterator[ComposeCall]:
    """``include`` with several paths: files that are put together before they are included."""
    folder = posixpath.dirname(document.source.path)
    for root in document.documents:
        include = root.get("include") if isinstance(root, YamlMapping) else None
        for item in include.items if isinstance(include, YamlSequence) else ():
            paths = item.get("path") if isinstance(item, YamlMapping) else None
            if not isinstance(paths, YamlSequence):
                continue
            words = [known_word(one) for one in paths.items]
            if len(words) > 1 and None not in words:
                files = (posixpath.join(folder, word.text) for word in words if word is not None)
                yield ComposeCall(tuple(map(posixpath.normpath, files)), paths.span)


def read_together(
    documents: Sequence[YamlDocument], lookup: Lookup | None
) -> dict[str, tuple[Container | ImageBuild, ...]]:
    """The services that more than one of the files describe, where they are used together."""
    return {
        service.key.text: tuple(_service(service, lookup))
        for service in services_of(documents, lookup)
        if service.files > 1
    }


def _service(service: Service, lookup: Lookup | None) -> Iterator[Container | ImageBuild]:
    image = known_word(service.get("image"))
    builds = service.written("build")
    if builds:
        # An image without a name can still be told: it is this service's own.
        name = service.key.text
        own = image or Word(f"{service.key.source.path}#{name}", service.key.span)
        yield read_build(service, own.text)
        image = own
    yield _container(service, image, lookup)


def _true(node: AnyNode | None) -> Word | None:
    return node.word if isinstance(node, YamlScalar) and node.boolean is True else None


# -- the container -----------------------------------------------------------


def _container(service: Service, image: Word | None, lookup: Lookup | None) -> Container:
    partial = service.partial or (image is None and service.get("image") is None)
    key, node = service.key, service.node
    env, env_opaque = _environment(service, lookup)
    mounts, volumes, mounts_opaque = _volumes(service)
    command, command_opaque = _words(service.get("entrypoint"))
    arguments, arguments_opaque = _words(service.get("command"))
    signal, user = known_word(service.get("stop_signal")), service.get("user")
    pod = Pod(
        kind=COMPOSE,
        name=Word(key.text, key.span),
        namespace=None,
        labels=(),
        replicas=None,
        grace_period=_seconds(service.get("stop_grace_period")),
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
        read_only_root=_true(service.get("read_only")),
        pre_stop=None,
        init_containers=(),
        node=node,
        span=key.span,
        process_opaque=command_opaque or arguments_opaque or partial,
        stop_signal=signal,
    )


def _environment(service: Service, lookup: Lookup | None) -> tuple[tuple[EnvVar, ...], bool]:
    found: list[EnvVar] = []
    opaque = False
    for layer, written in service.written("env_file"):
        for path in _env_files(written):
            joined = posixpath.normpath(posixpath.join(layer.folder, path)) if path else ""
            source = lookup(joined) if lookup is not None and joined else None
            if source is None:
                opaque = True
                continue
            own = [EnvVar(*one, service.node, key="") for one in read_env_file(source)]
            found = _over(found, own)
    for layer, written in service.written("environment"):
        pairs, unclear = pairs_of(written)
        opaque = opaque or unclear
        holder = written if isinstance(written, YamlMapping) else layer.node
        in_mapping = holder is written
        own = [
            EnvVar(name, value, span, holder, key=name.text if in_mapping else "")
            for name, value, span in pairs
        ]
        found = _over(found, own)
    return tuple(found), opaque


def _over(former: list[EnvVar], own: list[EnvVar]) -> list[EnvVar]:
    names = {one.name.text for one in own}
    return [one for one in former if one.name.text not in names] + own


def _env_files(node: AnyNode) -> Iterator[str | None]:
    """The paths; None for one that is not known. A file that may be missing is no less
    unknown when it is."""
    for item in node.items if isinstance(node, YamlSequence) else (node,):
        word = known_word(item.get("path") if isinstance(item, YamlMapping) else item)
        yield word.text if word is not None else None


def _volumes(service: Service) -> tuple[tuple[VolumeMount, ...], tuple[Volume, ...], bool]:
    mounted: dict[str, tuple[VolumeMount, Volume]] = {}
    opaque = service.get("volumes_from") is not None
    for layer, written in service.written("volumes"):
        known = isinstance(written, YamlSequence)
        opaque = opaque or not (known or (isinstance(written, YamlScalar) and written.is_null))
        for item in written.items if isinstance(written, YamlSequence) else ():
            one = None
            if isinstance(item, YamlScalar):
                one = _short(item, layer.node)
            elif isinstance(item, YamlMapping):
                one = _long(item)
            if one is None:
                opaque = True
                continue
            mounted[one[0].path.text] = one
    for layer, written in service.written("tmpfs"):
        for scalar in _list(written):
            target, _, _ = scalar.text.partition(":")
            if "$" in target:
                opaque = True
                continue
            path = part_of(scalar, 0, len(target))
            volume = Volume(path, VolumeKind.EMPTY_DIR, None, None, scalar.span, layer.node)
            mounted[target] = _mount(path, path, None, scalar.span, layer.node), volume
    volumes: dict[str, Volume] = {}
    for _, volume in mounted.values():
        volumes.setdefault(volume.name.text, volume)
    return tuple(mount for mount, _ in mounted.values()), tuple(volumes.values()), opaque


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
