"""A Helm chart: its values as the project installs it, and its Chart.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from covlint.documents.yaml import AnyNode, YamlMapping, YamlScalar, YamlSequence
from covlint.facts.kubernetes.helm_release import HelmRelease
from covlint.facts.kubernetes.helm_values import (
    for_coverage,
    installed_values,
    over,
    part_of,
    root_of,
)
from covlint.frozen import dataclass
from covlint.source import SourceFile


@dataclass(frozen=True, slots=True)
class Chart:
    """The values and the Chart.yaml of a chart, as far as they can be read.

    ``defaults`` are the values without what installations set; these stand in the files
    ``set_in``, which is empty where an installation may set more than is seen. ``whole``:
    the installation for coverage is known, so that a default that it leaves is what it gets.
    """

    values: YamlMapping | None = None
    chart: YamlMapping | None = None
    defaults: YamlMapping | None = None
    set_in: frozenset[str] = frozenset()
    whole: bool = False

    def scalar(self, path: str, *, default: bool = False) -> YamlScalar | None:
        """The value at ``.Values.a.b`` or ``.Chart.AppVersion``."""
        node = self.node(path, default=default)
        if not isinstance(node, YamlScalar) or "\n" in node.text or "{{" in node.text:
            return None
        return None if node.is_null else node

    def node(self, path: str, *, default: bool = False) -> AnyNode | None:
        """What stands at the path; with ``default`` whatever installations set."""
        root, *keys = path.lstrip("$").strip(".").split(".")
        if root == "Chart":
            keys = [key[:1].lower() + key[1:] for key in keys]
        values = self.defaults if default else self.values
        node: AnyNode | None = values if root == "Values" else self.chart
        for key in keys:
            node = node.get(key) if isinstance(node, YamlMapping) else None
        return node

    def unseen(self, path: str) -> bool:
        """Whether an installation sets the value to what is not seen."""
        node = self.node(path)
        return node is not self.node(path, default=True) and (
            isinstance(node, YamlScalar) and node.templated
        )

    def installed(self, node: AnyNode, *, whole: bool = False) -> bool:
        """Whether an installation sets a value, or something in it (``whole``: all of it)."""
        if isinstance(node, YamlScalar):
            return node.source.path in self.set_in
        below: Sequence[AnyNode] = node.items if isinstance(node, YamlSequence) else ()
        if isinstance(node, YamlMapping):
            below = [value for _, value in node.items()]
        if not below:
            return node.source.path in self.set_in
        found = (self.installed(one, whole=whole) for one in below)
        return all(found) if whole else any(found)

    def options(self) -> tuple[str, ...]:
        """What makes helm set the values that installations are seen to set."""
        found: list[str] = []
        for path, scalar in _leaves(self.values):
            if self.installed(scalar) and not scalar.templated and "\n" not in scalar.text:
                text = re.sub(r"([\\,{}\[\]])", r"\\\1", scalar.text)
                found += ("--set" if scalar.plain else "--set-string", f"{path}={text}")
        return tuple(found)

    def truth(self, path: str) -> bool | None:
        """Whether a value is true, as templates take it; None where that may differ."""
        node = self.node(path) if path.startswith(".Values.") else None
        if node is None or not (self.whole or self.installed(node)):
            return None
        if isinstance(node, YamlMapping):
            return bool(node.entries) if self.whole else None
        if isinstance(node, YamlSequence):
            return bool(node.items)
        if node.templated:
            return None
        if not node.plain:
            return bool(node.text)
        return node.boolean is not False and node.text != "0" and not node.is_null


def _leaves(node: AnyNode | None, above: str = "") -> Iterator[tuple[str, YamlScalar]]:
    """Every scalar with the path by which ``--set`` names it."""
    if isinstance(node, YamlMapping):
        for key, value in node.items():
            name = re.sub(r"([\\.,=\[\]{}])", r"\\\1", key)
            yield from _leaves(value, f"{above}.{name}" if above else name)
    elif isinstance(node, YamlSequence):
        for index, item in enumerate(node.items):
            yield from _leaves(item, f"{above}[{index}]")
    elif node is not None:
        yield above, node


@lru_cache(maxsize=16)
def chart_of(
    values: SourceFile | None,
    chart: SourceFile | None,
    releases: tuple[HelmRelease, ...] = (),
    sources: tuple[SourceFile, ...] = (),
    parents: tuple[tuple[SourceFile, str], ...] = (),
) -> Chart:
    """The chart that templates belong to; its values are parsed once for all of them.

    ``releases`` are its installations, ``sources`` the files of values that these name, and
    the files in which they stand. ``parents`` are the values of charts that have this one
    inside, and the key of its own among them.
    """
    defaults = root_of(values)
    for parent, key in parents:
        defaults = over(defaults, part_of(root_of(parent), key))
    if not releases:
        return Chart(defaults, root_of(chart), defaults)
    by_path = {one.path: one for one in sources}
    chosen, speaks = for_coverage(releases, by_path)
    found = installed_values(defaults, chosen, by_path)
    own = {values.path if values is not None else "", *(one.path for one, _ in parents)}
    seen = {one.path for one in sources} - own
    opaque = any(one.opaque for one in chosen)
    set_in = frozenset() if opaque else frozenset(seen)
    return Chart(found, root_of(chart), defaults, set_in, speaks and not opaque)
