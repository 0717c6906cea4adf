"""Charts inside of charts: under which key of its values a chart sets those of another.

A chart in ``charts/`` of another one, or named by ``repository: file://…`` among the
``dependencies`` of a Chart.yaml, gets the values that stand there under its name or alias,
and all that is ``global``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from covlint.documents.yaml import YamlMapping, YamlScalar
from covlint.facts.kubernetes.helm_release import HelmRelease, Setting
from covlint.facts.kubernetes.helm_values import root_of
from covlint.facts.kubernetes.workload import items_of
from covlint.source import SourceFile

_INSIDE = re.compile(r"(?P<parent>(?:.*/)?)charts/(?P<name>[^/]+)/")
_GLOBAL = "global"


def parent_folder(folder: str) -> str | None:
    """The chart in whose ``charts/`` a chart lies; folders end in a slash."""
    match = _INSIDE.fullmatch(folder)
    return match["parent"] if match is not None else None


def key_inside(parent: SourceFile, chart: SourceFile | None, folder: str) -> str | None:
    """The key under which the chart at ``parent`` (its Chart.yaml) sets the values of the one
    in ``folder`` of its ``charts/``; None where it has several."""
    name = posixpath.basename(folder.rstrip("/"))
    root = root_of(chart)
    written = root.scalar("name") if root is not None else None
    if isinstance(written, YamlScalar) and "{{" not in written.text:
        name = written.text
    keys = [key for one, key, _ in dependencies_of(parent) if one == name]
    return (keys or [name])[0] if len(keys) < 2 else None


def key_by_path(parent: SourceFile, folder: str) -> str | None:
    """The same where a dependency is named by its path."""
    home = posixpath.dirname(parent.path)
    wanted = posixpath.normpath(folder or ".")
    keys = [
        key
        for _, key, path in dependencies_of(parent)
        if path is not None and posixpath.normpath(posixpath.join(home, path)) == wanted
    ]
    return keys[0] if len(keys) == 1 else None


@lru_cache(maxsize=64)
def dependencies_of(chart: SourceFile) -> tuple[tuple[str, str, str | None], ...]:
    """Name, key and path (of ``file://``) of each dependency in a Chart.yaml."""
    root = root_of(chart)
    return tuple(_dependencies(root)) if root is not None else ()


def _dependencies(root: YamlMapping) -> Iterator[tuple[str, str, str | None]]:
    for node in items_of(root.get("dependencies"))[0]:
        name, alias, repository = (node.scalar(key) for key in ("name", "alias", "repository"))
        if name is None:
            continue
        text = repository.text if repository is not None else ""
        path = text.removeprefix("file://") if text.startswith("file://") else None
        yield name.text, alias.text if alias is not None else name.text, path


def inside(release: HelmRelease, chart: str, key: str) -> HelmRelease:
    """What an installation of a chart sets in the one at ``chart`` under ``key``, with slashes
    for each further level."""
    settings, base = release.settings, release.base
    for one in key.split("/"):
        settings, base = tuple(_below(settings, one)), tuple(_below(base, one))
    return replace(release, chart=chart, settings=settings, base=base, under=key)


def _below(settings: Iterable[Setting], key: str) -> Iterator[Setting]:
    for one in settings:
        if one.path[0] == _GLOBAL:
            yield one
        elif one.path[0] == key and len(one.path) > 1:
            yield replace(one, path=one.path[1:])
