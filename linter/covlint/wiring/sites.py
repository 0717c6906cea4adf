"""Where in the repository the sources of a build are."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import NO_STAGE, BuildSite, GoBuild, names_files

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.extraction import ImageBuild
    from covlint.facts.golang.shutdown import GoModule
    from covlint.wiring.inputs import Repository


def site_of(
    build: GoBuild, dockerfile: str, image_builds: Iterable[ImageBuild], repository: Repository
) -> BuildSite:
    """Where a build's sources are in the repository."""
    if build.stage == NO_STAGE:
        return _in_repository(build, repository)
    context = next(
        (b.context for b in image_builds if b.dockerfile == dockerfile and b.context is not None),
        None,
    )
    folder = posixpath.dirname(dockerfile) or "."
    if context is None:
        module = repository.module_of(folder)
        context = module.directory if module is not None else folder
    directory = None
    if build.source_root is not None and "\0" not in build.directory:
        relative = posixpath.relpath(build.directory, build.source_root)
        if not relative.startswith(".."):
            directory = posixpath.normpath(posixpath.join(context, relative))
    module = repository.module_of(directory if directory is not None else context)
    package = _package_of(build, directory, module)
    files = repository.go_files(package) if package is not None else ()
    return BuildSite(context, directory, module, package if files else None, files)


def _in_repository(build: GoBuild, repository: Repository) -> BuildSite:
    """The site of a build that runs in the repository itself."""
    directory = None if "\0" in build.directory else posixpath.relpath(build.directory, "/")
    if directory is None:
        return BuildSite(".", None, None, None, ())
    module = repository.module_of(directory)
    package = _package_of(build, directory, module)
    files = repository.go_files(package) if package is not None else ()
    return BuildSite(".", directory, module, package if files else None, files)


def _package_of(build: GoBuild, directory: str | None, module: GoModule | None) -> str | None:
    if not build.packages:
        return None if build.unseen else directory
    literals = [word.literal for word in build.packages]
    first = literals[0]
    if first is None or "..." in first or "@" in first:
        return None
    if names_files(first):
        folders = {posixpath.dirname(text or "") for text in literals}
        if len(folders) != 1:
            return None
        first = folders.pop() or "."
    elif len(literals) != 1:
        return None
    if module is not None and (first + "/").startswith(module.module_path + "/"):
        rest = first[len(module.module_path) :].lstrip("/")
        return posixpath.normpath(posixpath.join(module.directory, rest))
    if directory is None or (not first.startswith((".", "cmd")) and "." in first.split("/")[0]):
        return None
    if first.startswith("/") and build.source_root is not None:
        first = posixpath.relpath(first, build.directory)
    package = posixpath.normpath(posixpath.join(directory, first))
    return None if package.startswith("..") else package
