"""Containers that Go tests run with testcontainers-go, and the images that it builds for them.

``testcontainers.ContainerRequest{…}`` and ``testcontainers.Run(ctx, image, …)`` are put down
as the compose service that they are like, each value at the place of its expression. Code
that changes the request later, or options that are not known, leave it open.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import HOLE, AssembledSource, Piece, known_text, relocated
from covlint.documents.gosource import Scope, call_arguments, field_of
from covlint.documents.gotext import GoPackage
from covlint.documents.scriptvalues import ROOT, plain, relative_to_root
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.facts.compose.services import read_compose
from covlint.facts.dockerfile.base_images import short_name
from covlint.facts.golang.elements import body_of, resolved
from covlint.facts.kubernetes.made_manifests import opaque_container
from covlint.facts.kubernetes.pod import Container

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUEST = re.compile(rb"\btestcontainers\.(?:(ContainerRequest)\{|(Run)\()")
#: Fields and options that say nothing of data, users and processes.
_PLAIN = frozenset(
    {
        "Name", "ExposedPorts", "WaitingFor", "Networks", "NetworkAliases", "AutoRemove", "Labels",
        "AlwaysPullImage", "ImagePlatform", "LogConsumerCfg", "Hostname", "ShmSize", "Reuse",
        "WithExposedPorts", "WithWaitStrategy", "WithWaitStrategyAndDeadline", "WithLogger",
        "WithStartupCommand", "WithNetwork", "WithLogConsumers", "WithLabels", "WithName",
        "WithAlwaysPull", "WithNoStart", "WithReuseByName", "WithAdditionalWaitStrategy", "Files",
        "WithFiles", "Privileged", "ExtraHosts", "HostAccessPorts", "Started",
    }
)  # fmt: skip
_SAME = {"User": "user", "Cmd": "command", "Entrypoint": "entrypoint",
         "WithCmd": "command", "WithEntrypoint": "entrypoint"}  # fmt: skip


def read_testcontainers(package: GoPackage) -> Iterator[Container | ImageBuild]:
    """The containers of a package, and how their images are built."""
    for file in package.files:
        for match in _REQUEST.finditer(file.data):
            group = 1 if match[1] else 2
            node = file.at(match.start(group), match.end(group))
            kind = "composite_literal" if match[1] else "call_expression"
            while node is not None and node.type != kind:
                node = node.parent
            if node is not None:
                yield from _Request(package, node, package.scope_at(file, node)).facts()


@dataclass(slots=True)
class _Build:
    """``FromDockerfile``, with the tag that the container runs."""

    image: ImageBuild
    tag: str


class _Request:
    def __init__(self, package: GoPackage, node: Node, scope: Scope) -> None:
        self.package = package
        self.node = node
        self.scope = scope
        self.pieces: list[Piece] = []
        self.opaque = False
        self.build: _Build | None = None

    def facts(self) -> Iterator[Container | ImageBuild]:
        values = dict(self.options() if self.node.type == "call_expression" else self.fields())
        if "FromDockerfile" in values:
            self.build = self.dockerfile(values.pop("FromDockerfile"))
            if self.build is not None:
                yield self.build.image
        image = values.pop("Image", None)
        text = self.known(image) if image is not None else None
        name = self.build.tag if self.build is not None else text or "container"
        label = short_name(name.partition("#")[0]) or "container"
        self.made("{services: {" + json.dumps(label) + ": {x-code: go", self.node)
        if self.build is not None:
            self.made(", image: " + json.dumps(self.build.tag), self.node)
        elif image is not None:
            self.made(", image: ", image)
            self.scalar(image)
        for key, value in values.items():
            self.field(key, value)
        self.opaque = self.opaque or {"Mounts", "HostConfigModifier"} <= values.keys()
        self.made("}}}", self.node)
        yield from self.containers()

    # -- fields and options -------------------------------------------------------

    def fields(self) -> Iterator[tuple[str, Node]]:
        body = self.node.child_by_field_name("body")
        for element in body.named_children if body is not None else ():
            if element.type == "keyed_element" and len(element.named_children) == 2:
                key, value = element.named_children
                while value.type == "literal_element" and value.named_children:
                    value = value.named_children[0]
                yield self.text(key), value
        parent = self.node.parent
        while parent is not None and parent.type in ("unary_expression", "expression_list"):
            parent = parent.parent
        if parent is not None and parent.type == "short_var_declaration":
            left = parent.child_by_field_name("left")
            self.opaque = left is None or self.changed(self.text(left))

    def changed(self, name: str) -> bool:
        """Whether a field of the request is set later on."""
        function = self.scope.function
        data = self.scope.file.data
        end = function.end_byte if function is not None else len(data)
        pattern = rb"\b%b\.\w+(?:\[[^\]]*\])?[ \t]*=[^=]" % re.escape(name.encode())
        return re.search(pattern, data[self.node.end_byte : end]) is not None

    def options(self) -> Iterator[tuple[str, Node]]:
        """The image and the ``With…`` options of ``testcontainers.Run``, by field."""
        arguments = call_arguments(self.node)
        if len(arguments) > 1:
            yield "Image", arguments[1]
        for one in arguments[2:]:
            called = one.child_by_field_name("function")
            name = self.text(called).rpartition(".")[2] if called is not None else ""
            inner = call_arguments(one) if called is not None else []
            if name == "WithEnv" and len(inner) == 1:
                yield "Env", inner[0]
            elif name == "WithDockerfile" and len(inner) == 1:
                yield "FromDockerfile", inner[0]
            elif name == "WithMounts":
                yield "Mounts", one
            elif name == "WithHostConfigModifier" and len(inner) == 1:
                yield "HostConfigModifier", inner[0]
            elif name == "WithTmpfs" and len(inner) == 1:
                yield "Tmpfs", inner[0]
            elif name in ("WithCmd", "WithEntrypoint"):
                yield name, one
            elif name not in _PLAIN:
                self.opaque = True

    def field(self, key: str, value: Node) -> None:
        if key == "Env":
            self.mapping("environment", value)
        elif key == "Tmpfs":
            self.listed("tmpfs", [name for name, _ in self.entries(value)])
        elif key == "Mounts":
            self.mounts(value)
        elif key == "HostConfigModifier":
            self.host_config(value)
        elif key in _SAME and key.startswith("With"):
            self.listed(_SAME[key], call_arguments(value))
        elif key == "User":
            self.made(", user: ", value)
            self.scalar(value)
        elif key in _SAME:
            body = body_of(value)
            items = [one.named_children[0] for one in body.named_children] if body else []
            self.opaque = self.opaque or body is None
            self.listed(_SAME[key], items)
        elif key not in _PLAIN:
            self.opaque = True  # ConfigModifier, LifecycleHooks, …

    # -- mounts -------------------------------------------------------------------

    def mounts(self, value: Node) -> None:
        """``testcontainers.Mounts(testcontainers.BindMount(host, path), …)``."""
        body = body_of(value)
        items = call_arguments(value) if body is None else list(body.named_children)
        found: list[tuple[Node, Node]] = []
        for item in items:
            one = item.named_children[0] if item.type == "literal_element" else item
            called = one.child_by_field_name("function")
            arguments = call_arguments(one) if called is not None else []
            name = self.text(called).rpartition(".")[2] if called is not None else ""
            if name in ("BindMount", "VolumeMount") and len(arguments) == 2:
                found.append((arguments[0], arguments[1]))
            else:
                self.opaque = True
        for index, (source, target) in enumerate(found):
            self.made(", " if index else ", volumes: [", source)
            self.made("{type: bind, source: ", source)
            self.scalar(source)
            self.made(", target: ", target)
            self.scalar(target)
            self.made("}", target)
        if found:
            self.made("]", value)

    def host_config(self, value: Node) -> None:
        """``hc.Binds = []string{"/host:/path"}`` in the function that changes the host's side."""
        file = self.scope.file
        data = file.data[value.start_byte : value.end_byte]
        binds = list(re.finditer(rb"\.(Binds)[ \t]*=[ \t]*", data))
        others = re.search(rb"\.(?:Mounts|VolumesFrom|Tmpfs|ReadonlyRootfs)\b", data)
        if others or len(binds) > 1 or value.type != "func_literal":
            self.opaque = True
        if len(binds) != 1:
            return
        start = value.start_byte + binds[0].end()
        node = file.at(start)
        while node is not None and node.parent is not None and node.parent.start_byte == start:
            node = node.parent
        if node is not None and node.type == "expression_list":
            node = node.named_children[0]
        scope = self.package.scope_at(file, node) if node is not None else self.scope
        items = self.package.items(node, scope) if node is not None else []
        self.made(", volumes: [", value)
        for index, (item, text) in enumerate(items):
            known = known_text(text) if text is not None else None
            self.made((", " if index else "") + (json.dumps(known) if known else HOLE), item)
        self.made("]", value)

    # -- the image ----------------------------------------------------------------

    def dockerfile(self, value: Node) -> _Build | None:
        node, scope = resolved(self.package, value, self.scope)
        body = body_of(node)
        if body is None:
            self.opaque = True
            return None
        file = scope.file
        written = {name: field_of(file, body, name) for name in
                   ("Context", "Dockerfile", "BuildArgs", "Repo", "Tag", "ContextArchive",
                    "BuildOptionsModifier")}  # fmt: skip
        home = posixpath.dirname(file.source.path)
        context: str | None = None
        if written["Context"] is not None:
            known = self.known(written["Context"], scope)
            if known is not None:
                context = known if known.startswith("/") else f"{ROOT}/{home}/{known}"
        name = written["Dockerfile"]
        inner = self.known(name, scope) if name is not None else "Dockerfile"
        dockerfile = f"{context}/{inner}" if context is not None and inner else None
        repository, tag = written["Repo"], written["Tag"]
        tags = [self.known(one, scope) for one in (repository, tag) if one is not None]
        own = f"{file.source.path}#{node.start_byte}"
        called = ":".join(filter(None, tags)) if len(tags) == 2 and None not in tags else own
        given, unclear = self.build_arguments(written["BuildArgs"], scope)
        image = ImageBuild(
            dockerfile=relative_to_root(dockerfile),
            context=relative_to_root(context),
            tags=(plain(called),),
            target=None,
            arguments=given,
            opaque=unclear or written["BuildOptionsModifier"] is not None,
            span=file.span(node),
            recipe=None,
            builder="testcontainers",
        )
        return _Build(image, plain(called))

    def build_arguments(
        self, value: Node | None, scope: Scope
    ) -> tuple[tuple[BuildArgument, ...], bool]:
        if value is None:
            return (), False
        found: list[BuildArgument] = []
        node, where = resolved(self.package, value, scope)
        pairs = list(self.entries(node))
        for key, item in pairs:
            name = self.known(key, where)
            if name is None:
                return tuple(found), True
            pointed, there = resolved(self.package, item, where)
            text = self.known(pointed, there)
            start, end = where.file.span(key), where.file.span(item)
            found.append(BuildArgument(name, text, replace(start, end=end.end)))
        return tuple(found), body_of(node) is None

    # -- writing ------------------------------------------------------------------

    def text(self, node: Node) -> str:
        return self.scope.file.text(node)

    def known(self, node: Node, scope: Scope | None = None) -> str | None:
        return known_text(self.package.text(node, scope or self.scope))

    def entries(self, value: Node) -> Iterator[tuple[Node, Node]]:
        """Keys and values of a map literal."""
        body = body_of(value)
        if body is None:
            self.opaque = True
            return
        for element in body.named_children:
            if element.type == "keyed_element" and len(element.named_children) == 2:
                key, item = element.named_children
                while item.type == "literal_element" and item.named_children:
                    item = item.named_children[0]
                while key.type == "literal_element" and key.named_children:
                    key = key.named_children[0]
                yield key, item

    def mapping(self, key: str, value: Node) -> None:
        node, scope = resolved(self.package, value, self.scope)
        if scope.file is not self.scope.file or body_of(node) is None:
            self.opaque = True
            return
        self.made(f", {key}: {{", value)
        for index, (name, item) in enumerate(self.entries(node)):
            known = self.known(name)
            if known is None:
                self.opaque = True
                known = f"UNKNOWN_{index}"
            self.made((", " if index else "") + json.dumps(known) + ": ", name)
            self.scalar(item)
        self.made("}", value)

    def listed(self, key: str, items: list[Node]) -> None:
        self.made(f", {key}: [", self.node)
        for index, item in enumerate(items):
            if index:
                self.made(", ", item)
            self.scalar(item)
        self.made("]", self.node)

    def scalar(self, node: Node) -> None:
        known = self.known(node)
        self.made(json.dumps(plain(known)) if known is not None else HOLE, node)

    def made(self, text: str, node: Node) -> None:
        path = self.scope.file.source.path
        origin = self.node.start_byte
        self.pieces.append(Piece(text, path, node.start_byte, node.end_byte, "made", False, origin))

    def containers(self) -> Iterator[Container]:
        from covlint.documents.yaml import open_yaml  # loads a YAML parser

        file = self.scope.file
        data = "".join(piece.text for piece in self.pieces).encode()
        virtual = f"{file.source.path}#{self.node.start_byte}"
        source = AssembledSource(virtual, data, tuple(self.pieces), self.package.sources)
        for fact in read_compose(open_yaml(source)):
            if isinstance(fact, Container):
                found = opaque_container(fact) if self.opaque else fact
                yield replace(relocated(found, source.place), span=file.span(self.node))
