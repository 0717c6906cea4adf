"""The Helm releases of a ``skaffold.yaml``: what it sets in the values of charts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from covlint.documents.yaml import (
    AnyNode,
    YamlDocument,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.facts.builds.image_tools import IMAGE_TAG, read_skaffold
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.kubernetes.helm_release import HelmRelease, Setting, below, key_path
from covlint.facts.kubernetes.workload import items_of

#: Its variables for the images that it builds: by number or by name, the first without either.
_VARIABLE = re.compile(
    r"\{\{-?\s*\.IMAGE_(?P<what>REPO|NAME|TAG|FULLY_QUALIFIED)"
    r"(?:(?P<number>\d+)|_(?P<image>\w+))?\s*-?\}\}"
)
#: Where releases stand: skaffold 1 and ``deploy`` of skaffold 2, and what 2 renders.
_SECTIONS = ("deploy", "manifests")


def read_skaffold_file(document: YamlDocument) -> tuple[ImageBuild | GoBuild | HelmRelease, ...]:
    """What a ``skaffold.yaml`` builds and what it installs."""
    return (*read_skaffold(document), *read_skaffold_releases(document))


def read_skaffold_releases(document: YamlDocument) -> tuple[HelmRelease, ...]:
    """The releases whose chart is a folder of the project, those of profiles included."""
    found: list[HelmRelease] = []
    folder = posixpath.dirname(document.source.path)
    for root in document.documents:
        version = root.scalar("apiVersion") if isinstance(root, YamlMapping) else None
        if not isinstance(root, YamlMapping) or version is None:
            continue
        if not version.text.startswith("skaffold/"):
            continue
        profiles, _ = items_of(root.get("profiles"))
        patched = any(map(_patches_helm, profiles))
        names = _artifacts((root, *profiles))
        for part in (root, *profiles):
            for section in _SECTIONS:
                above = part.mapping(section)
                helm = above.mapping("helm") if above is not None else None
                nodes, _ = items_of(helm.get("releases") if helm is not None else None)
                releases = (_release(node, folder, patched, names) for node in nodes)
                found.extend(one for one in releases if one is not None)
    return tuple(found)


def _patches_helm(profile: YamlMapping) -> bool:
    paths = (patch.scalar("path") for patch in items_of(profile.get("patches"))[0])
    return any(path is not None and "/helm" in path.text for path in paths)


def _artifacts(parts: Sequence[YamlMapping]) -> tuple[str, ...]:
    """The names of the images that are built, in order."""
    builds = (part.mapping("build") for part in parts)
    nodes = (one for build in builds if build for one in items_of(build.get("artifacts"))[0])
    images = (node.scalar("image") for node in nodes)
    return tuple(dict.fromkeys(one.text for one in images if one is not None))


def _release(
    node: YamlMapping, folder: str, patched: bool, images: tuple[str, ...]
) -> HelmRelease | None:
    """skaffold puts ``overrides`` before the files of values and everything else after them:
    ``setValues``, ``setFiles``, ``setValueTemplates``, in this order."""
    written = node.get("chartPath")
    chart = below(folder, written.text) if isinstance(written, YamlScalar) else None
    if chart is None:
        return None
    listed = node.get("valuesFiles")
    names = listed.items if isinstance(listed, YamlSequence) else ()
    files = [below(folder, one.text) if isinstance(one, YamlScalar) else None for one in names]
    settings: list[Setting] = []
    for key in ("setValues", "setFiles", "setValueTemplates"):
        for one in _flat(node.get(key), (), seen=key != "setFiles"):
            built = _built(one, images) if key == "setValueTemplates" else None
            settings.append(replace(one, text=built) if built is not None else one)
    image = node.get("artifactOverrides")
    if isinstance(image, YamlMapping):  # with the tag that skaffold has built
        settings += [
            Setting(one.path, one.text, one.span, one.style) for one in _flat(image, (), seen=True)
        ]
    return HelmRelease(
        chart,
        tuple(one for one in files if one is not None),
        tuple(settings),
        patched or None in files,
        node.entries[0].span if node.entries else node.span,
        tuple(_flat(node.get("overrides"), (), seen=True, typed=True)),
    )


def _built(setting: Setting, images: tuple[str, ...]) -> str | None:
    """What a template of skaffold's variables for images becomes; None where it is none."""
    source = setting.written
    if source is None or not _VARIABLE.search(source):
        return None
    unseen = False

    def value(match: re.Match[str]) -> str:
        nonlocal unseen
        index = int(match["number"] or 1) - 1
        wanted = match["image"]
        named = [one for one in images if re.sub(r"[^A-Za-z0-9]", "_", one) == wanted]
        found = named[:1] if wanted is not None else list(images[index : index + 1])
        unseen = unseen or not found
        image = found[0] if found else ""
        if match["what"] == "TAG":
            return IMAGE_TAG
        return f"{image}:{IMAGE_TAG}" if match["what"] == "FULLY_QUALIFIED" else image

    text = _VARIABLE.sub(value, source)
    return None if unseen or "{{" in text else text


def _flat(
    node: AnyNode | None, above: tuple[str | int, ...], *, seen: bool, typed: bool = False
) -> Iterator[Setting]:
    """The values of ``a: {b: c}`` and of ``a.b: c``. ``typed``: YAML as it stands, where keys
    have no dots in them; else words for ``--set``, to which quotes mean nothing."""
    if isinstance(node, YamlMapping):
        for key, value in node.items():
            path = (key,) if typed else key_path(key)
            if path is not None:
                yield from _flat(value, (*above, *path), seen=seen, typed=typed)
    elif isinstance(node, YamlSequence):
        for index, item in enumerate(node.items):
            yield from _flat(item, (*above, index), seen=seen, typed=typed)
    elif isinstance(node, YamlScalar) and above and not (typed and node.is_null):
        known = node.text if seen and not node.templated and "\n" not in node.text else None
        style = node.style if typed else ""
        written = node.text if seen and node.templated else None
        yield Setting(above, known, node.span, style, exact=True, written=written)
