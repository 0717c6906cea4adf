"""What takes several files to know: Helm templates with their values, kustomize overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.readers import YAML, Reader, Reading
from covlint.source import SourceFile

if TYPE_CHECKING:
    from covlint.readers import Fact
    from covlint.wiring.inputs import Facts

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def is_kustomization(path: str) -> bool:
    return path.endswith(_KUSTOMIZATIONS)


def read_templated(
    reader: Reader, source: SourceFile, neighbour: Callable[[str], SourceFile | None]
) -> Reading:
    """A manifest with actions of a template engine: read as a template where it belongs to a
    Helm chart, or is no YAML as it stands. ``neighbour`` gives other files of the project."""
    if reader is not YAML or b"apiVersion" not in source.data:
        return reader.read(source)
    folder, found, _ = source.path.rpartition("templates/")
    chart = neighbour(f"{folder}Chart.yaml") if found else None
    others: tuple[Fact, ...] = ()
    if chart is None:
        reading = reader.read(source)
        if not any(one.reason.startswith("template:") for one in reading.unread):
            return reading
        others = tuple(fact for fact in reading.facts if type(fact).__name__ != "Container")
    from covlint.facts.helm import chart_of, read_template

    values = neighbour(f"{folder}values.yaml") if chart is not None else None
    containers, unread = read_template(source, chart_of(values, chart))
    return Reading((*others, *containers), unread)


def resolve(
    facts: Facts, paths: Iterable[str], read: Callable[[str], SourceFile], files: Iterable[str]
) -> tuple[frozenset[str], tuple[Unread, ...]]:
    """Put containers as kustomizations deploy them in the place of what their files say one by
    one. Gives the files for which this was done, and what could not be resolved.

    ``files`` are all that a kustomization may name; ``read`` raises UnreadableSource.
    """
    tops = [path for path in paths if is_kustomization(path)]
    if not tops:
        return frozenset(), ()
    from covlint.facts.overlays import resolve_overlays  # loads a YAML parser

    resolved = resolve_overlays(tops, read, files)
    kept = [c for c in facts.containers if c.pod.span.path not in resolved.explained]
    facts.containers = [*kept, *resolved.containers]
    return resolved.explained, resolved.unread
