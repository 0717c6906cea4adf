"""Image builds that skaffold, goreleaser and ko describe.

Where such a tool builds without a Dockerfile (ko, buildpacks, a script of its
own), that a build exists is the fact: an image of the repository that nobody
here has resolved, so that no workload is taken for the only one that is left.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from covlint.documents.yaml import AnyNode, YamlDocument, YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_script import argument_word
from covlint.facts.builds.ko import read_ko_build
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.kubernetes.workload import items_of
from covlint.source import Span

#: Stands for the tag that skaffold gives to what it builds, and hands to charts.
IMAGE_TAG = "IMAGE_TAG"
#: Builders of a skaffold artifact that take no Dockerfile that can be read here.
_OTHER = ("ko", "custom", "buildpacks", "bazel", "jib", "kaniko", "docker-bake")
#: Where goreleaser takes the names of images from.
_IMAGES = ("images", "image_templates", "repository", "repositories")
_LAST_PART = re.compile(r"(?:^|/)([\w][\w.-]*)(?:[:@][^/]*(?:\{\{.*\}\}.*)?)?\Z")
_PLAIN = re.compile(r"[^{}$]*\Z")


def read_skaffold(document: YamlDocument) -> tuple[ImageBuild | GoBuild, ...]:
    """The artifacts of a ``skaffold.yaml``, those of its profiles included; of those that ko
    builds, the Go builds that are instrumented."""
    found: list[ImageBuild | GoBuild] = []
    folder = posixpath.dirname(document.source.path)
    for root in document.documents:
        version = root.scalar("apiVersion") if isinstance(root, YamlMapping) else None
        if not isinstance(root, YamlMapping) or version is None:
            continue
        if not version.text.startswith("skaffold/"):
            continue
        profiles, _ = items_of(root.get("profiles"))
        patched = any(profile.get("patches") is not None for profile in profiles)
        for part in (root, *profiles):
            build = part.mapping("build")
            artifacts, _ = items_of(build.get("artifacts") if build is not None else None)
            found.extend(_artifact(one, folder, patched) for one in artifacts)
            ko = (one.mapping("ko") for one in artifacts)
            found.extend(build for one in ko if one is not None for build in read_ko_build(one))
    return tuple(found)


def _artifact(node: YamlMapping, folder: str, patched: bool) -> ImageBuild:
    image = _text(node.get("image"))
    written = node.get("context")
    context = _below(folder, _text(written) if written is not None else ".")
    docker = node.mapping("docker")
    other = next((name for name in _OTHER if node.get(name) is not None), None)
    file = docker.get("dockerfile") if docker is not None else None
    target = docker.get("target") if docker is not None else None
    name = _text(file) if file is not None else "Dockerfile"
    dockerfile = _below(context, name) if context is not None and other is None else None
    arguments = docker.get("buildArgs") if docker is not None else None
    # charts get it with its tag, where they ask for that
    handed = (f"{image}:{IMAGE_TAG}",) if b".IMAGE_" in node.source.data else ()
    return ImageBuild(
        dockerfile=dockerfile,
        context=context,
        tags=(image, *handed) if image else (),
        target=_text(target),
        arguments=tuple(_arguments(arguments)),
        opaque=patched or other is not None or (target is not None and _text(target) is None),
        span=_place(node),
        recipe=None,
        builder="skaffold" if other is None else "ko" if other == "ko" else "skaffold",
    )


def read_goreleaser(document: YamlDocument) -> tuple[ImageBuild, ...]:
    """The images of a ``.goreleaser.yaml``: built from a folder of its own, with binaries in it."""
    found: list[ImageBuild] = []
    folder = posixpath.dirname(document.source.path)
    for root in document.documents:
        if not isinstance(root, YamlMapping):
            continue
        for key in ("dockers", "dockers_v2"):
            for node in items_of(root.get(key))[0]:
                file = node.get("dockerfile")
                name = _text(file) if file is not None else "Dockerfile"
                found.append(_unresolved(node, "goreleaser", _below(folder, name)))
        found.extend(_unresolved(node, "ko", None) for node in items_of(root.get("kos"))[0])
    return tuple(found)


def read_ko(document: YamlDocument) -> tuple[ImageBuild | GoBuild, ...]:
    """A ``.ko.yaml``: ko makes an image of any main package that a manifest names."""
    found: list[ImageBuild | GoBuild] = []
    for root in document.documents:
        if isinstance(root, YamlMapping):
            found.append(_unresolved(root, "ko", None))
            for node in items_of(root.get("builds"))[0]:
                found.extend(read_ko_build(node))
    return tuple(found)


def _unresolved(node: YamlMapping, builder: str, dockerfile: str | None) -> ImageBuild:
    """``names``: what templates leave of the image's names is often the last part."""
    written = [node.get(key) for key in _IMAGES]
    scalars = [
        item
        for one in written
        for item in (one.items if isinstance(one, YamlSequence) else (one,))
        if isinstance(item, YamlScalar)
    ]
    names = tuple(dict.fromkeys(name for one in scalars if (name := last_part(one.text))))
    place = _place(node)
    return ImageBuild(dockerfile, None, (), None, (), True, place, None, builder, names=names)


def last_part(image: str) -> str | None:
    """The name in ``{{ .Env.REPO }}/name:{{ .Tag }}`` or ``${REPO}/name:${TAG}``."""
    match = _LAST_PART.search(image)
    return match[1] if match is not None else None


def _place(node: YamlMapping) -> Span:
    return node.entries[0].span if node.entries else node.span


def _arguments(node: AnyNode | None) -> Iterator[BuildArgument]:
    if not isinstance(node, YamlMapping):
        return
    for name, value in node.items():
        entry = node.entry(name)
        text, word = _text(value), None
        if text is not None and isinstance(value, YamlScalar):
            word = argument_word(value.source, value.word)
        yield BuildArgument(name, text, entry.span if entry is not None else value.span, word)


def _text(node: AnyNode | None) -> str | None:
    """The text of a scalar that no template fills in."""
    if not isinstance(node, YamlScalar) or node.is_null or not _PLAIN.match(node.text):
        return None
    return node.text


def _below(folder: str | None, path: str | None) -> str | None:
    """The path relative to the project root; None where it leaves it."""
    if folder is None or path is None or path.startswith("/") or "://" in path:
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined.startswith("..") else joined
