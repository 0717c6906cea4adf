"""Joins for what Go code deploys: it holds image names in variables.

A suite builds several images and deploys several workloads in one package;
which belongs to which is told by names, when exactly one fits.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from covlint.documents.assembled import HOLE
from covlint.facts.commands.steps import ImageBuild, Step, StepKind
from covlint.facts.dockerfile.base_images import split_reference
from covlint.facts.dockerfile.build import mentions_cover
from covlint.facts.dockerfile.image import Image, output_name
from covlint.wiring.image_index import ImageIndex, makes

if TYPE_CHECKING:
    from covlint.facts.kubernetes.cluster import KindCluster
    from covlint.facts.kubernetes.workload import Container

#: Names that every second service has for its container or binary.
_GENERIC = frozenset({"controller", "manager", "operator", "server", "service", "app", "main", ""})
_SUFFIX = re.compile(r"(?:controller|manager|service|server|operator)$")


def in_go(path: str) -> bool:
    return path.endswith(".go")


def image_of(container: Container, index: ImageIndex) -> Image | None:
    """The one image built by the same Go package that has the container's name."""
    built = [
        (build, image)
        for build in index.builds_in_go(posixpath.dirname(container.span.path))
        for image in index.stages(build.dockerfile)
        if image.builds and makes(build, image)
    ]
    here = [pair for pair in built if pair[0].span.path == container.span.path]
    for names in _names_of_container(container):
        for pairs in (here, built):
            found = {id(image): image for _, image in pairs if names & _names_of_image(image)}
            if found:
                return found.popitem()[1] if len(found) == 1 else None
    only = {id(image): image for _, image in built}
    generic = container.name is not None and any(
        container.name.text == output_name(build) for _, image in built for build in image.builds
    )
    return only.popitem()[1] if len(only) == 1 and generic else None


def _names_of_container(container: Container) -> tuple[set[str], ...]:
    """Its own names, then those of its pod."""
    words = [container.name.text] if container.name is not None else []
    image = container.node.scalar("image")
    if image is not None and HOLE not in image.text.rpartition(":")[0]:
        words.append(split_reference(image.text)[0].rpartition("/")[2])
    pod = [container.pod.name.text] if container.pod.name is not None else []
    return _normalised(words), _normalised(pod)


def _names_of_image(image: Image) -> set[str]:
    base = posixpath.basename(image.dockerfile)
    words = [re.sub(r"(?i)[.\-_]?(?:dockerfile|containerfile)[.\-_]?", "", base)]
    if not words[0]:
        words = [posixpath.basename(posixpath.dirname(image.dockerfile))]
    words += [output_name(build) or "" for build in image.builds]
    return _normalised(words)


def _normalised(words: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for word in words:
        plain = re.sub(r"[^a-z0-9]", "", word.lower())
        found.update((plain, _SUFFIX.sub("", plain)))
    return found - _GENERIC


def builds_for(container: Container, of_image: Sequence[ImageBuild]) -> tuple[ImageBuild, ...]:
    """Of the commands that build an image, those for this container: of the same file where
    there are some, and of these the ones for coverage."""
    here = [b for b in of_image if b.span.path == container.span.path] or list(of_image)
    covering = [b for b in here if any(mentions_cover(a.value) for a in b.arguments)]
    return tuple(covering or here)


def clusters_of(
    container: Container, clusters: Sequence[KindCluster], steps: Sequence[Step]
) -> tuple[KindCluster, ...] | None:
    """The Kind configs that the container's own file names; none where its package creates
    clusters from configs that are not seen. None: Go code creates no cluster."""
    folder = posixpath.dirname(container.span.path)
    created = [
        step
        for step in steps
        if step.kind is StepKind.CREATE_CLUSTER
        and in_go(step.span.path)
        and posixpath.dirname(step.span.path) == folder
    ]
    here = [step for step in created if step.span.path == container.span.path]
    if not created:
        return None
    if any(step.source is None for step in here):
        return ()
    return tuple(c for c in clusters if c.span.path in {step.source for step in here})
