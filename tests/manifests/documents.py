"""The manifests and the Kind configs of a project: each document of its YAML files, and what is
rendered of its overlays and charts.

A document is the text as it was written, since that is what kubectl and kind are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import yaml

from fixes.projects import Project
from manifests.projects import Contents, Stage, stages
from manifests.rendered import parts, rendered

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?$\n?", re.MULTILINE)
_KIND = "kind.x-k8s.io/"
_OTHERS = ("kustomize.config.k8s.io/", "skaffold/")


class Sort(Enum):
    MANIFEST = "Kubernetes manifest"
    KIND = "Kind config"
    TEMPLATE = "template"  # no YAML until something fills it in


@dataclass(frozen=True, slots=True)
class Document:
    """``place`` is its file, or the folder that it was rendered of; ``version`` and ``kind`` are
    what it says, empty for a template."""

    project: Project
    stage: Stage
    place: str
    sort: Sort
    version: str
    kind: str
    text: str

    @property
    def origin(self) -> str:
        """The same before and after fixes."""
        return f"{self.project.group}: {self.project.name}: {self.place}"


def collected(projects: Iterable[Project]) -> list[Document]:
    """Every document of every stage of the projects."""
    return [
        document
        for project in projects
        for stage, files in stages(project)
        for document in documents(project, stage, files)
    ]


def documents(project: Project, stage: Stage, files: Contents) -> Iterator[Document]:
    """The documents of a stage of a project, whose patches and templates are none."""
    left_out = parts(files)
    for path, data in sorted(files.items()):
        if path.endswith((".yaml", ".yml")) and path not in left_out:
            for sort, version, kind, text in read(data.decode()):
                yield Document(project, stage, path, sort, version, kind, text)
    for folder, made in rendered(files):
        for sort, version, kind, text in read(made):
            yield Document(project, stage, f"{folder}, rendered", sort, version, kind, text)


def read(text: str) -> Iterator[tuple[Sort, str, str, str]]:
    """Sort, version, kind and text of each document that has an ``apiVersion``."""
    if "apiVersion" not in text:
        return
    for part in _SEPARATOR.split(text):
        try:
            content = yaml.load(part, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            yield Sort.TEMPLATE, "", "", part
            continue
        if not isinstance(content, Mapping) or not {"apiVersion", "kind"} <= content.keys():
            continue
        version, kind = str(content["apiVersion"]), str(content["kind"])
        if not version.startswith(_OTHERS):
            sort = Sort.KIND if version.startswith(_KIND) else Sort.MANIFEST
            yield sort, version, kind, part
