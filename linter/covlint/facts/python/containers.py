"""Containers that Python code runs through libraries: the docker SDK, testcontainers.

A container is put down as the compose service that it is like, each value at the place of
its literal, and read by the reader of compose files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from covlint.documents.assembled import HOLE, relocated
from covlint.documents.python import Scope, dotted
from covlint.documents.pythonobjects import ObjectSource
from covlint.documents.pythontext import PythonTexts
from covlint.documents.yaml import open_yaml
from covlint.facts.compose.services import read_compose
from covlint.facts.dockerfile.base_images import short_name
from covlint.facts.kubernetes.made_manifests import opaque_container
from covlint.facts.kubernetes.pod import Container
from covlint.facts.python.objects import ObjectWriter

_MODULES = (b"docker", b"podman", b"testcontainers")
#: Keywords of ``containers.run`` that compose calls the same.
_SAME = ("image", "command", "entrypoint", "environment", "user", "stop_signal", "read_only",
         "working_dir")  # fmt: skip
#: Keys whose value is a text or a list, or a mapping.
_LISTED = frozenset({"command", "entrypoint", "environment", "volumes"})


def read_containers(texts: PythonTexts) -> Iterator[Container]:
    """The containers that a file runs."""
    if not any(name in texts.file.source.data for name in _MODULES):
        return
    for node in texts.file.nodes:
        if not isinstance(node, cst.Call):
            continue
        name = dotted(node.func)
        if name.endswith(("containers.run", "containers.create")):
            yield from _Service(texts, node).of_client()
        elif name.rpartition(".")[2] == "DockerContainer":
            yield from _Service(texts, node).of_testcontainers()


class _Service:
    """Writes one container down."""

    def __init__(self, texts: PythonTexts, call: cst.Call) -> None:
        self.texts = texts
        self.call = call
        self.scope = texts.file.scope_of(call)
        self.writer = ObjectWriter(texts, call)
        self.opaque = any(one.star for one in call.args)
        self.named = {a.keyword.value: a.value for a in call.args if a.keyword is not None}
        plain = [a.value for a in call.args if a.keyword is None and not a.star]
        for key, value in zip(("image", "command"), plain, strict=False):
            self.named.setdefault(key, value)

    def of_client(self) -> Iterator[Container]:
        """``client.containers.run(image, environment=…, volumes=…)``."""
        with_mounts = "mounts" in self.named or "volumes_from" in self.named
        self.open(self.named.get("name"))
        for key in _SAME:
            if key in self.named:
                self.entry(key, self.named[key], self.scope)
        if "volumes" in self.named:
            self.volumes(self.named["volumes"])
        if "tmpfs" in self.named:
            self.tmpfs(self.named["tmpfs"])
        if with_mounts:
            self.writer.made(", volumes_from: [x]", self.call)
        yield from self.close()

    def of_testcontainers(self) -> Iterator[Container]:
        """``DockerContainer(image).with_env(…).with_volume_mapping(…)``."""
        calls = list(self.configured())
        names = [one.args[0].value for one in calls if _method(one) == "with_name" and one.args]
        self.open(names[0] if names else None)
        self.entry("image", self.named.get("image"), self.scope)
        for name, key in (("with_command", "command"), ("with_user", "user")):
            for one in calls:
                if _method(one) == name and one.args:
                    self.entry(key, one.args[0].value, self.texts.file.scope_of(one))
        for one in calls:
            if _method(one) == "with_kwargs":
                self.keywords(one)
        self.variables([one for one in calls if _method(one) in ("with_env", "with_envs")])
        self.mappings([one for one in calls if _method(one) == "with_volume_mapping"])
        yield from self.close()

    # -- testcontainers -----------------------------------------------------------

    def configured(self) -> Iterator[cst.Call]:
        """The ``with_…`` calls on the container, in a chain or by the name it gets."""
        file = self.texts.file
        node: cst.CSTNode = self.call
        while True:
            attribute = file.parents.get(node)
            outer = file.parents.get(attribute) if attribute is not None else None
            if not isinstance(attribute, cst.Attribute) or not isinstance(outer, cst.Call):
                break
            if attribute.attr.value.startswith("with_"):
                yield outer
            node = outer
        name = self.bound_to(node)
        if name is None:
            self.opaque = True  # somebody else may configure it
            return
        function = file.function_of(self.call)
        for one in file.nodes:
            outermost = not isinstance(file.parents.get(one), cst.Attribute)
            if not isinstance(one, cst.Call) or not outermost or _receiver(one) != name:
                continue
            if file.function_of(one) is function:
                yield from (c for c in _chain(one) if _method(c).startswith("with_"))

    def bound_to(self, node: cst.CSTNode) -> str | None:
        parent = self.texts.file.parents.get(node)
        if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
            return dotted(parent.targets[0].target)
        if isinstance(parent, cst.WithItem):
            return dotted(parent.asname.name) if parent.asname is not None else ""
        return None

    def variables(self, calls: Sequence[cst.Call]) -> None:
        if not calls:
            return
        self.writer.made(", environment: {", self.call)
        first = True
        for one in calls:
            scope = self.texts.file.scope_of(one)
            plain = [a.value for a in one.args if a.keyword is None and not a.star]
            pairs: list[tuple[str | None, cst.BaseExpression]] = []
            if _method(one) == "with_envs":
                pairs = [(a.keyword.value, a.value) for a in one.args if a.keyword is not None]
                self.opaque = self.opaque or len(pairs) != len(one.args)
            elif len(plain) == 2:
                pairs = [(self.texts.known(plain[0], scope), plain[1])]
            else:
                self.opaque = True
            for name, value in pairs:
                if name is None:
                    self.opaque = True
                    continue
                self.writer.made(("" if first else ", ") + json.dumps(name) + ": ", one)
                self.writer.scalar(value, scope)
                first = False
        self.writer.made("}", self.call)

    def mappings(self, calls: Sequence[cst.Call]) -> None:
        if not calls:
            return
        self.writer.made(", volumes: [", self.call)
        for index, one in enumerate(calls):
            named = {a.keyword.value: a.value for a in one.args if a.keyword is not None}
            for key, argument in zip(("host", "container", "mode"), one.args, strict=False):
                if argument.keyword is None:
                    named.setdefault(key, argument.value)
            if index:
                self.writer.made(", ", one)
            mode = named.get("mode")
            # without a mode it is read-only (testcontainers for Python, up to 4.14)
            self.mount(named.get("host"), named.get("container"), mode, "ro", one)
        self.writer.made("]", self.call)

    def keywords(self, call: cst.Call) -> None:
        """``with_kwargs(user=…)``: what the docker SDK gets."""
        for argument in call.args:
            key = argument.keyword.value if argument.keyword is not None else ""
            if key in ("user", "stop_signal", "read_only", "entrypoint", "working_dir"):
                self.entry(key, argument.value, self.texts.file.scope_of(call))
            elif key in ("", "environment", "volumes", "mounts", "tmpfs"):
                self.opaque = True

    # -- writing ------------------------------------------------------------------

    def open(self, name: cst.BaseExpression | None) -> None:
        known = self.texts.known(name, self.scope) if name is not None else None
        image = self.named.get("image")
        text = self.texts.known(image, self.scope) if image is not None else None
        label = known or (short_name(text) if text else "container")
        self.writer.made("{services: {", self.call)
        self.writer.made(json.dumps(label, ensure_ascii=False), self.call.func)
        self.writer.made(": {x-code: python", self.call)

    def entry(self, key: str, value: cst.BaseExpression | None, scope: Scope) -> None:
        if value is not None:
            self.writer.made(f", {key}: ", value)
            if key in _LISTED:
                self.writer.value(value, scope, (), key)
            else:
                self.writer.scalar(value, scope)

    def volumes(self, value: cst.BaseExpression) -> None:
        """A list as in compose, or ``{host: {"bind": path, "mode": "rw"}}``."""
        found, scope = value, self.scope
        if isinstance(value, cst.Name):
            bound = self.texts.file.value_of(value.value, self.scope)
            if bound is not None and not self.texts.file.mutations(value.value, self.scope):
                found, scope = bound
        if not isinstance(found, cst.Dict):
            self.entry("volumes", value, self.scope)
            return
        self.writer.made(", volumes: [", value)
        for index, element in enumerate(found.elements):
            if index:
                self.writer.made(", ", value)
            inner = element.value if isinstance(element, cst.DictElement) else None
            if not isinstance(element, cst.DictElement) or not isinstance(inner, cst.Dict):
                self.writer.made(HOLE, value)
                continue
            parts = {
                self.texts.known(one.key, scope): one.value
                for one in inner.elements
                if isinstance(one, cst.DictElement)
            }
            self.mount(element.key, parts.get("bind"), parts.get("mode"), "rw", found)
        self.writer.made("]", value)

    def mount(
        self,
        host: cst.BaseExpression | None,
        path: cst.BaseExpression | None,
        mode: cst.BaseExpression | None,
        default: str,
        place: cst.BaseExpression,
    ) -> None:
        """In the long form of compose."""
        if host is None or path is None:
            self.writer.made(HOLE, place)
            return
        scope = self.texts.file.scope_of(place)
        self.writer.made("{type: bind, source: ", host)
        self.writer.scalar(host, scope)
        self.writer.made(", target: ", path)
        self.writer.scalar(path, scope)
        known = self.texts.known(mode, scope) if mode is not None else default
        if known is not None and "ro" in known.split(","):
            function = place.func if isinstance(place, cst.Call) else place
            method = function.attr if isinstance(function, cst.Attribute) else function
            self.writer.made(", read_only: ", mode or method)
            self.writer.made("true", mode or method)
        self.opaque = self.opaque or known is None
        self.writer.made("}", path)

    def tmpfs(self, value: cst.BaseExpression) -> None:
        if not isinstance(value, cst.Dict):
            self.opaque = True
            return
        keys = [one.key for one in value.elements if isinstance(one, cst.DictElement)]
        self.opaque = self.opaque or len(keys) != len(value.elements)
        self.writer.made(", tmpfs: [", value)
        for index, key in enumerate(keys):
            if index:
                self.writer.made(", ", value)
            self.writer.scalar(key, self.scope)
        self.writer.made("]", value)

    def close(self) -> Iterator[Container]:
        writer, file = self.writer, self.texts.file
        writer.made("}}}", self.call)
        source = ObjectSource(
            f"{file.source.path}#{file.span(self.call).start}",
            "".join(piece.text for piece in writer.pieces).encode(),
            tuple(writer.pieces),
            {file.source.path: file.source},
            file,
            tuple(writer.collections),
            tuple(writer.entries),
        )
        hidden = self.opaque or writer.opaque
        for fact in read_compose(open_yaml(source)):
            if isinstance(fact, Container):
                found = opaque_container(fact) if hidden else fact
                place = relocated(found, source.place)
                yield replace(place, span=file.span(self.call))


def _method(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _chain(call: cst.Call) -> Iterator[cst.Call]:
    """The calls of ``x.a().b()``, the last one first."""
    node: cst.BaseExpression = call
    while isinstance(node, cst.Call):
        yield node
        node = node.func.value if isinstance(node.func, cst.Attribute) else node.func


def _receiver(call: cst.Call) -> str:
    """The name on which a chain of calls begins, for the outermost of them."""
    *_, first = _chain(call)
    return dotted(first.func.value) if isinstance(first.func, cst.Attribute) else ""
