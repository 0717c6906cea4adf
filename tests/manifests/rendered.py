"""Manifests that a program makes of a project: overlays by kubectl, charts by helm."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

import yaml

from covlint.rendering import Renderer
from manifests.projects import Contents

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CHART = "Chart.yaml"


class CannotBuild(Exception):
    """No kubectl builds the overlay; the message is what the last one says."""


def parts(files: Contents) -> set[str]:
    """The files that are patches of an overlay or templates of a chart: nobody gives them to
    kubectl as they are."""
    found = set()
    for folder, content in _kustomizations(files):
        listed = [*content.get("patchesStrategicMerge", []), *content.get("patches", [])]
        for one in (*listed, *content.get("patchesJson6902", [])):
            path = one.get("path") if isinstance(one, Mapping) else one
            if isinstance(path, str):
                found.add(normpath(join(folder, path)))
    for chart in _charts(files):
        found.update(path for path in files if path.startswith(join(chart, "templates", "")))
    return found


def rendered(files: Contents) -> Iterator[tuple[str, str]]:
    """The folder and the outcome of each overlay that is no other's base, and of each chart where
    helm is on PATH. Raises CannotBuild and RenderError."""
    found = dict(_kustomizations(files))
    bases = {
        normpath(join(folder, str(one)))
        for folder, content in found.items()
        for one in (*content.get("resources", []), *content.get("bases", []))
    }
    overlays = tuple(sorted(found.keys() - bases))
    charts = tuple(_charts(files)) if shutil.which("helm") is not None else ()
    if overlays or charts:
        texts = {path: data for path, data in files.items() if path.endswith((".yaml", ".yml"))}
        for path in charts:
            texts |= {name: data for name, data in files.items() if name.startswith(path)}
        made = _made(tuple(sorted(texts.items())), overlays, charts)
        yield from zip((*overlays, *charts), made, strict=True)


@cache
def _made(
    files: tuple[tuple[str, bytes], ...], overlays: tuple[str, ...], charts: tuple[str, ...]
) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="covlint-rendered-") as place:
        for path, data in files:
            file = Path(place, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        built = [_built(os.path.join(place, folder)) for folder in overlays]
        return built + [Renderer(place).chart(folder).decode() for folder in charts]


def _built(folder: str) -> str:
    said = "kubectl is not on PATH"
    for kubectl in kubectls():
        done = subprocess.run(
            [kubectl, "kustomize", folder], capture_output=True, text=True, check=False
        )
        if not done.returncode:
            return done.stdout
        said = done.stderr
    raise CannotBuild(said)


def kubectls() -> list[str]:
    """Every kubectl on PATH: that of a test cluster may be old, with an old kustomize."""
    found = (shutil.which("kubectl", path=place) for place in os.get_exec_path())
    return list(dict.fromkeys(os.path.realpath(one) for one in found if one is not None))


def _kustomizations(files: Contents) -> Iterator[tuple[str, Mapping[str, list[object]]]]:
    for path in sorted(files):
        if path.rpartition("/")[2] in _KUSTOMIZATIONS:
            yield dirname(path), yaml.load(files[path], Loader=yaml.CSafeLoader)


def _charts(files: Contents) -> Iterator[str]:
    for path in sorted(files):
        if path.rpartition("/")[2] == _CHART:
            yield dirname(path)
