"""Where in the repository the sources of a build are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import NO_STAGE, BuildSite, GoBuild, names_files

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.extraction import ImageBuild
    from covlint.facts.golang.modules import GoModule
    from covlint.source import SourceFile
    from covlint.wiring.inputs import Repository

_COPIES_ALL = re.compile(rb"^[ \t]*(?:COPY|ADD)[ \t]+\./?[ \t]", re.MULTILINE | re.IGNORECASE)


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
    site = BuildSite(context, directory, module, package if files else None, files)
    return replace(site, workspace=_of_workspace(build, site, repository))


def _in_repository(build: GoBuild, repository: Repository) -> BuildSite:
    """The site of a build that runs in the repository itself."""
    directory = None if "\0" in build.directory else posixpath.relpath(build.directory, "/")
    if directory is None:
        return BuildSite(".", None, None, None, ())
    module = repository.module_of(directory)
    package = _package_of(build, directory, module)
    files = repository.go_files(package) if package is not None else ()
    site = BuildSite(".", directory, module, package if files else None, files)
    return replace(site, workspace=_of_workspace(build, site, repository))


def _of_workspace(build: GoBuild, site: BuildSite, repository: Repository) -> tuple[str, ...]:
    """The other modules of its workspace that a program is made of and that lie elsewhere; none
    where the go.work may not be there, or GOWORK may switch it off."""
    module, package = site.module, site.package
    if module is None or package is None:
        return ()
    if all(flag.name != "coverpkg" for flag in build.all_flags):
        return ()
    workspace, source = repository.workspace_of(module.directory), None
    if workspace is not None:
        source = repository.file_at(build.span.path)
    if workspace is None or source is None or b"GOWORK" in source.data:
        return ()
    if build.stage != NO_STAGE and not _takes_work_file(workspace.directory, site, source):
        return ()
    ignored = repository.file_at(posixpath.normpath(f"{site.context}/.dockerignore"))
    if ignored is not None and b"go.work" in ignored.data:
        return ()
    main = repository.main_of(package)
    owners = [repository.module_of(one) for one in (main.directories if main is not None else ())]
    # "./..." takes in the modules of the workspace that lie below (facts, part B2)
    here = "" if site.directory in (".", None) else f"{site.directory}/"
    paths = {
        one.module_path
        for one in owners
        if one is not None and one in workspace.modules and not f"{one.directory}/".startswith(here)
    }
    return tuple(sorted(paths - {module.module_path}))


def _takes_work_file(directory: str, site: BuildSite, source: SourceFile) -> bool:
    """Whether a Dockerfile copies all of a build context that the go.work lies in."""
    inside = site.context == "." or f"{directory}/".startswith(f"{site.context}/")
    return inside and _COPIES_ALL.search(source.data) is not None


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
