"""Images and the commands that build them, by the names that join them.

Each container asks for its image: to look through every command for each of thousands of
containers takes the square of a repository's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from posixpath import dirname
from typing import TYPE_CHECKING, TypeVar

from covlint.facts.dockerfile.base_images import short_name

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.extraction import ImageBuild
    from covlint.facts.dockerfile.image import Image

_Item = TypeVar("_Item")
_Key = TypeVar("_Key")


class ImageIndex:
    """Everything that it returns is in the order of ``images`` and ``builds``."""

    def __init__(self, images: Sequence[Image], builds: Sequence[ImageBuild]) -> None:
        self.images = images
        self.builds = builds

    def stages(self, dockerfile: str | None) -> Sequence[Image]:
        """The stages of a Dockerfile that are images."""
        return self._stages.get(dockerfile, ())

    def builds_from(self, dockerfile: str) -> Sequence[ImageBuild]:
        """The commands that build from a Dockerfile, whatever the stage."""
        return self._by_dockerfile.get(dockerfile, ())

    def tagged(self, reference: str) -> Sequence[ImageBuild]:
        """The commands that give this very tag."""
        return self._by_tag.get(reference, ())

    def tagged_like(self, name: str) -> Sequence[ImageBuild]:
        """The commands that give a tag of this short name."""
        return self._by_short_tag.get(name, ())

    def called(self, name: str) -> Sequence[ImageBuild]:
        """The commands that build an image of this short name, by a tag or otherwise."""
        return self._by_name.get(name, ())

    def builds_in_go(self, folder: str) -> Sequence[ImageBuild]:
        """The commands that the Go files of a folder run."""
        return self._by_go_folder.get(folder, ())

    @cached_property
    def _stages(self) -> Mapping[str | None, Sequence[Image]]:
        return _grouped((image, (image.dockerfile,)) for image in self.images)

    @cached_property
    def _by_dockerfile(self) -> Mapping[str | None, Sequence[ImageBuild]]:
        return _grouped((build, (build.dockerfile,)) for build in self.builds)

    @cached_property
    def _by_tag(self) -> Mapping[str, Sequence[ImageBuild]]:
        return _grouped((build, build.tags) for build in self.builds)

    @cached_property
    def _by_short_tag(self) -> Mapping[str, Sequence[ImageBuild]]:
        return _grouped((build, map(short_name, build.tags)) for build in self.builds)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[ImageBuild]]:
        return _grouped(
            (build, (*build.names, *map(short_name, build.tags))) for build in self.builds
        )

    @cached_property
    def _by_go_folder(self) -> Mapping[str, Sequence[ImageBuild]]:
        paths = ((build, build.span.path) for build in self.builds)
        return _grouped((build, (dirname(path),)) for build, path in paths if path.endswith(".go"))


def _grouped(items: Iterable[tuple[_Item, Iterable[_Key]]]) -> dict[_Key, list[_Item]]:
    """The items under each of their keys, once under equal ones."""
    groups: dict[_Key, list[_Item]] = {}
    for item, keys in items:
        for key in dict.fromkeys(keys):
            groups.setdefault(key, []).append(item)
    return groups


def makes(build: ImageBuild, image: Image) -> bool:
    """Whether a command that builds from the image's Dockerfile makes its stage."""
    return image.final if build.target is None else build.target == image.name
