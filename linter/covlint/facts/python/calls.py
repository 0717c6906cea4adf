"""Libraries that build images and run containers: the docker SDK, python-on-whales,
testcontainers, pytest-kind."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

import libcst as cst

from covlint.documents.python import dotted
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import ROOT, plain, relative_to_root
from covlint.facts.commands.steps import BuildArgument, Fact, ImageBuild, Step, StepKind
from covlint.source import Span

Named = Mapping[str, cst.BaseExpression]

_MODULES = ("docker", "python_on_whales", "testcontainers", "pytest_kind", "podman")


def read_calls(texts: PythonTexts) -> Iterator[Fact]:
    """The image builds, containers and clusters that a file makes through libraries."""
    if not any(name.encode() in texts.file.source.data for name in _MODULES):
        return
    for node in texts.file.nodes:
        if isinstance(node, cst.Call):
            yield from _Call(texts, node).facts()


class _Call:
    def __init__(self, texts: PythonTexts, call: cst.Call) -> None:
        self.texts = texts
        self.call = call
        self.scope = texts.file.scope_of(call)
        self.name = dotted(call.func)
        self.plain = [a.value for a in call.args if a.keyword is None and not a.star]
        self.named: dict[str, cst.BaseExpression] = {
            a.keyword.value: a.value for a in call.args if a.keyword is not None
        }
        self.opaque = any(a.star for a in call.args)

    def facts(self) -> Iterator[Fact]:
        name = self.name
        last = name.rpartition(".")[2]
        if name.endswith(("images.build", "api.build")):
            yield self.build("path", "buildargs", "tag", within=True)
        elif name.endswith(("docker.build", "buildx.build", "image.build")):
            yield self.build("context_path", "build_args", "tags", within=False)
        elif last == "DockerImage":
            yield self.build("path", "buildargs", "tag", within=True)
        elif name.endswith(("containers.run", "containers.create")):
            yield self.container(self.volumes())
        elif last == "DockerContainer":
            yield self.container(self.mapped())
        elif last == "load_docker_image":
            image = self.known("image") or self.first()
            yield self.step(StepKind.LOAD, ("kind", "load", "docker-image", image), (image,))
        elif last == "KindCluster":
            config = self.path("config", ROOT) if "config" in self.named else None
            words = ("kind", "create", "cluster")
            yield self.step(StepKind.CREATE_CLUSTER, words, (), source=config, through="kind")

    # -- values -----------------------------------------------------------------

    def known(self, *names: str) -> str | None:
        value = next((self.named[name] for name in names if name in self.named), None)
        return self.texts.known(value, self.scope) if value is not None else None

    def first(self) -> str | None:
        return self.texts.known(self.plain[0], self.scope) if self.plain else None

    def path(self, name: str, base: str | None) -> str | None:
        """A path relative to the project root."""
        text = self.known(name)
        if text is None or base is None:
            return None
        return relative_to_root(text if text.startswith("/") else f"{base}/{text}")

    def entries(
        self, name: str
    ) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression, str | None]]:
        value = self.named.get(name)
        if isinstance(value, cst.Name):
            found = self.texts.file.value_of(value.value, self.scope)
            if self.texts.file.mutations(value.value, self.scope):
                self.opaque = True
            value = found[0] if found is not None else value
        if value is None:
            return
        if not isinstance(value, cst.Dict):
            self.opaque = True
            return
        for element in value.elements:
            if isinstance(element, cst.DictElement):
                yield element.key, element.value, self.texts.known(element.key, self.scope)
            else:
                self.opaque = True

    # -- facts ------------------------------------------------------------------

    def build(self, path: str, arguments: str, tag: str, *, within: bool) -> ImageBuild:
        """``within``: the Dockerfile's path counts from the context."""
        home = self.texts.home
        context: str | None
        if path in self.named or self.plain:
            value = self.named.get(path) or self.plain[0]
            known = self.texts.known(value, self.scope)
            context = None
            if known is not None:
                context = known if known.startswith("/") else posixpath.normpath(f"{home}/{known}")
        else:
            context = home if "fileobj" not in self.named else None
        dockerfile = f"{context}/Dockerfile" if context is not None else None
        for key in ("dockerfile", "dockerfile_path", "file"):
            if key in self.named:
                known = self.known(key)
                base = context if within else home
                dockerfile = None
                if known is not None and base is not None:
                    dockerfile = known if known.startswith("/") else f"{base}/{known}"
        tags = [self.known(tag, "tags", "tag")]
        listed = self.named.get("tags")
        if isinstance(listed, cst.List):
            tags = [self.texts.known(e.value, self.scope) for e in listed.elements]
        given = tuple(self.arguments(arguments))
        return ImageBuild(
            dockerfile=relative_to_root(dockerfile),
            context=relative_to_root(context),
            tags=tuple(plain(one) for one in tags if one),
            target=self.known("target"),
            arguments=given,
            opaque=self.opaque or ("target" in self.named and self.known("target") is None),
            span=self.span,
            recipe=self.recipe,
        )

    def arguments(self, name: str) -> Iterator[BuildArgument]:
        for key, value, known in self.entries(name):
            if known is None:
                self.opaque = True
                continue
            start, end = self.texts.file.span(key), self.texts.file.span(value)
            text = self.texts.known(value, self.scope)
            yield BuildArgument(known, text, Span(start.path, start.start, end.end))

    def volumes(self) -> tuple[str, ...]:
        """``volumes={host: {"bind": path}}`` or ``["host:path"]``, ``mounts=`` left aside."""
        value = self.named.get("volumes")
        if isinstance(value, (cst.List, cst.Tuple)):
            texts = [self.texts.known(e.value, self.scope) for e in value.elements]
            pieces = [text.split(":") for text in texts if text]
            return tuple(one[1] if len(one) > 1 else one[0] for one in pieces)
        found = []
        for _, item, _ in self.entries("volumes"):
            if isinstance(item, cst.Dict):
                for element in item.elements:
                    if not isinstance(element, cst.DictElement):
                        continue
                    if self.texts.known(element.key, self.scope) == "bind":
                        found.append(self.texts.known(element.value, self.scope))
        return tuple(path for path in found if path)

    def mapped(self) -> tuple[str, ...]:
        """``.with_volume_mapping(host, path)`` further on in the chain of calls."""
        found: list[str] = []
        node: cst.CSTNode | None = self.call
        while node is not None:
            attribute = self.texts.file.parents.get(node)
            call = self.texts.file.parents.get(attribute) if attribute is not None else None
            if not isinstance(attribute, cst.Attribute) or not isinstance(call, cst.Call):
                break
            if attribute.attr.value == "with_volume_mapping" and len(call.args) > 1:
                path = self.texts.known(call.args[1].value, self.scope)
                found += [path] if path else []
            node = call
        return tuple(found)

    def container(self, mounts: tuple[str, ...]) -> Step:
        image = self.known("image") or self.first()
        words = ("docker", "run", image)
        return self.step(StepKind.RUN_CONTAINER, words, (image,), mounts=mounts, through="docker")

    def step(
        self,
        kind: StepKind,
        words: tuple[str | None, ...],
        operands: tuple[str | None, ...],
        *,
        source: str | None = None,
        mounts: tuple[str, ...] = (),
        through: str | None = "kind",
    ) -> Step:
        return Step(kind, words, operands, source, None, through, mounts, self.span, self.recipe)

    @property
    def span(self) -> Span:
        return self.texts.file.span(self.call)

    @property
    def recipe(self) -> str | None:
        function = self.scope.function
        return function.name.value if function is not None else None
