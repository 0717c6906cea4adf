"""What takes several files to know: Helm templates with their values, kustomize overlays."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.readers import YAML
from covlint.reading import Lookup, Reader, Reading
from covlint.source import SourceFile

if TYPE_CHECKING:
    from covlint.facts.kubernetes.helm_chart import Chart
    from covlint.facts.kubernetes.helm_release import HelmRelease
    from covlint.facts.kubernetes.pod import Container
    from covlint.facts.kustomize.overlays import Resolved
    from covlint.files import Files
    from covlint.reading import Fact
    from covlint.rendering import Renderer
    from covlint.wiring.inputs import Facts

#: Charts inside of charts are followed that deep.
_LEVELS = 4
_CHART = re.compile(r"(?:^|/)Chart\.yaml$")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def join_files(facts: Facts, paths: Collection[str], lookup: Lookup) -> None:
    """Completes the facts by what commands say of other files: Makefiles that are called
    with variables, compose files that are used together, charts that are installed."""
    if facts.make_calls:
        from covlint.makeruns import follow_calls, sequences_of  # only where make is called

        follow_calls(facts, paths, lookup)
        facts.sequences = sequences_of(facts, paths, lookup)
    if facts.helm_releases:
        _read_installed(facts, lookup)
    if any(container.pod.is_compose for container in facts.containers):
        from covlint.composefiles import put_together  # only where there are compose files

        put_together(facts, lookup)


def is_kustomization(path: str) -> bool:
    return path.endswith(_KUSTOMIZATIONS)


#: The kinds that hold containers, or a kind that a template fills in. A definition of
#: custom resources is long, speaks of containers, and holds none.
_WORKLOAD = re.compile(
    rb"kind[\"']?[ \t]*:[ \t]*(?:&\S+[ \t]+)?[\"']?"
    rb"(?:\w*(?:Pod|Deployment|Set|Job|List|Template|Controller)\b|\{\{)"
)


def may_run(data: bytes, names: frozenset[bytes] | None) -> bool:
    """Whether a manifest without a word of coverage may run one of the images, or says what
    their namespace forbids."""
    if b"apiVersion" not in data or b"pod-security" in data:
        return True
    if not _WORKLOAD.search(data):
        return False
    if names is None:
        return True
    if b"{{" in data:
        return True  # its image may be a value of the chart
    return any(name in data for name in names)


def claims_of(containers: Iterable[Container]) -> frozenset[bytes]:
    """The claims that hold coverage: a pod without a word of it may be there to copy from one."""
    found = set()
    for container in containers:
        if container.variable("GOCOVERDIR") is None:
            continue
        for volume in container.pod.volumes:
            source = volume.node.mapping("persistentVolumeClaim")
            name = source.scalar("claimName") if source is not None else None
            if name is not None and "{{" not in name.text:
                found.add(name.text.encode())
    return frozenset(found)


def read_templated(
    reader: Reader,
    source: SourceFile,
    neighbour: Lookup,
    releases: Sequence[HelmRelease] = (),
) -> Reading:
    """A manifest with actions of a template engine: read as a template where it belongs to a
    Helm chart, or is no YAML as it stands. ``neighbour`` gives other files of the project,
    ``releases`` are the installations of its charts."""
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
    from covlint.facts.kubernetes.helm import read_template
    from covlint.facts.kubernetes.helm_chart import Chart

    values = Chart() if chart is None else _chart_at(folder, neighbour, releases)
    containers, unread = read_template(source, values)
    return Reading((*others, *containers), unread)


def _chart_at(folder: str, lookup: Lookup, releases: Sequence[HelmRelease]) -> Chart:
    """The chart in a folder (with its slash), as the project installs it."""
    from covlint.facts.kubernetes.helm_chart import chart_of

    own: tuple[HelmRelease, ...] = ()
    if releases:
        from covlint.facts.kubernetes.helm_release import releases_of

        own = releases_of(folder, releases)
    parents = [] if own else list(_ancestors(folder, lookup, releases))
    if parents and releases:
        from covlint.facts.kubernetes.subcharts import inside  # few charts are

        own = tuple(
            inside(release, folder, key)
            for parent, key in parents
            for release in releases_of(parent, releases)
        )
    above = ((lookup(f"{parent}values.yaml"), key) for parent, key in parents)
    named = dict.fromkeys(path for one in own for path in (one.span.path, *one.files))
    sources = tuple(found for path in named if (found := lookup(path)) is not None)
    return chart_of(
        lookup(f"{folder}values.yaml"),
        lookup(f"{folder}Chart.yaml"),
        own,
        sources,
        tuple((one, key) for one, key in above if one is not None),
    )


def _ancestors(
    folder: str, lookup: Lookup, releases: Sequence[HelmRelease], depth: int = 0
) -> Iterator[tuple[str, str]]:
    """The charts above the one in ``folder``, the nearest first, and the keys of its values in
    theirs, joined by slashes."""
    for parent, key in _parents(folder, lookup, releases):
        yield parent, key
        if depth < _LEVELS:  # a chart may name itself
            for chart, above in _ancestors(parent, lookup, releases, depth + 1):
                yield chart, f"{above}/{key}"


def _parents(
    folder: str, lookup: Lookup, releases: Sequence[HelmRelease]
) -> Iterator[tuple[str, str]]:
    """The charts that have the one in ``folder`` inside, and its key in their values: the one
    around it, else those that are installed and name it by its path."""
    around = folder.rpartition("charts/")[0] if "charts/" in folder else None
    if around is None and not releases:
        return
    from covlint.facts.kubernetes.subcharts import key_by_path, key_inside, parent_folder

    parent = parent_folder(folder)
    source = lookup(f"{parent}Chart.yaml") if parent is not None else None
    if parent is not None and source is not None:
        key = key_inside(source, lookup(f"{folder}Chart.yaml"), folder)
        if key is not None:
            yield parent, key
        return
    for chart in sorted({posixpath.normpath(one.chart) for one in releases}):
        source = lookup(posixpath.normpath(f"{chart}/Chart.yaml"))
        key = key_by_path(source, folder) if source is not None else None
        if key is not None:
            yield ("" if chart == "." else f"{chart}/"), key


def _read_installed(facts: Facts, lookup: Lookup) -> None:
    """Reads templates again that were read before it was known how their chart is installed."""
    from covlint.facts.kubernetes.helm import read_template

    charts = {one.chart for one in facts.helm_releases}
    charts = {one for one in charts if lookup(posixpath.normpath(f"{one}/Chart.yaml")) is not None}
    again: set[str] = set()
    found: list[Container] = []
    for container in facts.containers:
        path = container.pod.span.path
        folder, below, _ = path.rpartition("templates/")
        installed = below and (
            posixpath.normpath(folder or ".") in charts
            or any(_parents(folder, lookup, facts.helm_releases))
        )
        source = lookup(path) if installed else None
        if source is None:
            found.append(container)
        elif path not in again:
            again.add(path)
            found += read_template(source, _chart_at(folder, lookup, facts.helm_releases))[0]
    facts.containers = found


def resolve(
    facts: Facts,
    paths: Iterable[str],
    read: Callable[[str], SourceFile],
    files: Files,
    *,
    render: bool = False,
) -> tuple[frozenset[str], tuple[Unread, ...]]:
    """Put containers as kustomizations and charts deploy them in the place of what their files
    say one by one. Gives the files for which this was done, and what could not be resolved.

    ``files`` holds all that a kustomization may name; ``read`` raises UnreadableSource.
    With ``render``, kustomize and helm are run for what cannot be told without them.
    """
    listed = list(paths)
    tops = [path for path in listed if is_kustomization(path)]
    charts = _charts(listed) if render else []
    if not tops and not charts:
        return frozenset(), ()
    with ExitStack() as stack:
        tool: Renderer | None = None
        if render:
            from covlint.rendering import renderer

            tool = stack.enter_context(renderer(files))
        containers: list[Container] = []
        explained: set[str] = set()
        unread: list[Unread] = []
        if tops:
            from covlint.facts.kustomize.overlays import resolve_overlays  # loads a YAML parser

            build = tool.kustomization if tool is not None else None
            resolved = resolve_overlays(tops, read, files.paths(), build)
            containers += resolved.containers
            explained |= resolved.explained
            unread += resolved.unread
        for chart in charts:
            if tool is not None:
                found = _rendered_chart(chart, listed, read, tool, facts.helm_releases)
                containers += found.containers
                explained |= found.explained
                unread += found.unread
    kept = [c for c in facts.containers if c.pod.span.path not in explained]
    facts.containers = [*kept, *containers]
    return frozenset(explained), tuple(unread)


def _charts(paths: Iterable[str]) -> list[str]:
    """The directories of charts, those left out that are a part of another chart."""
    found = sorted(path.removesuffix("Chart.yaml") for path in paths if _CHART.search(path))
    return [
        folder
        for folder in found
        if not any(folder.startswith(f"{other}charts/") for other in found)
    ]


def _rendered_chart(
    folder: str,
    paths: Sequence[str],
    read: Callable[[str], SourceFile],
    tool: Renderer,
    releases: Sequence[HelmRelease],
) -> Resolved:
    """A chart as helm renders it with the values that the project is seen to set, and coverage
    switched on; findings are no more than warnings, since other values may be set elsewhere."""
    from covlint.facts.kubernetes.helm import rendered_template, toggles_of
    from covlint.facts.kubernetes.rendered import by_template
    from covlint.facts.kustomize.overlays import Resolved

    entry = f"{folder}Chart.yaml"
    known = frozenset(paths)

    def lookup(path: str) -> SourceFile | None:
        return read(path) if path in known else None

    try:
        chart = _chart_at(folder, lookup, releases)
        below = [path for path in paths if path.startswith(f"{folder}templates/")]
        toggles = toggles_of(map(read, below), chart)
        texts = by_template(tool.chart(folder.rstrip("/"), toggles, chart.options()))
    except ValueError as error:
        return Resolved((), frozenset(), (Unread(entry, str(error)),))
    containers: list[Container] = []
    explained = {p for p in paths if p.startswith(f"{folder}templates/")}
    for name, text in texts.items():
        path = folder + name.partition("/")[2]
        explained.add(path)
        source = read(path if path in known else entry)
        containers += rendered_template(source, text, chart)
    return Resolved(tuple(containers), frozenset(explained), ())
