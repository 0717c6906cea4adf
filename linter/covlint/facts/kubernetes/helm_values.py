"""The values of a chart as installations of the project set them.

Each value keeps its place: in ``values.yaml``, in a further file of values, or where a
script or skaffold sets it. Where installations differ, those that switch coverage on are
taken; what these do not agree on is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from covlint.documents.composed import composed, entries_of, sequence_of, unknown
from covlint.documents.yaml import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    open_yaml,
)
from covlint.facts.kubernetes.helm_release import HelmRelease, Setting
from covlint.facts.kubernetes.rendered import FixedSource
from covlint.source import SourceFile, Span

_COVERAGE = re.compile(r"(?i)(?<!dis)(?<!re)cover|gocov")
_OFF = frozenset({"", "false", "False", "FALSE", "null", "0"})
#: helm refuses an index above 65536; more than a few dozen is nothing that a person sets.
_MOST_ITEMS = 64


def installed_values(
    defaults: YamlMapping | None,
    releases: Sequence[HelmRelease],
    sources: dict[str, SourceFile],
) -> YamlMapping | None:
    """The values with what the installations set; ``sources`` holds the files of values and
    those in which something is set."""
    trees = [_installed(defaults, one, sources) for one in releases]
    found: AnyNode | None = trees[0] if trees else defaults
    for other in trees[1:]:
        found = _agreed(found, other)
    return found if isinstance(found, YamlMapping) else None


def for_coverage(
    releases: Sequence[HelmRelease], sources: dict[str, SourceFile]
) -> tuple[Sequence[HelmRelease], bool]:
    """The installations that switch coverage on, and True; all of them, where none does."""
    speaking = [one for one in releases if _switches_on(one, sources)]
    return speaking or releases, bool(speaking)


def root_of(source: SourceFile | None) -> YamlMapping | None:
    """The mapping that a file of values is."""
    if source is None:
        return None
    documents = open_yaml(source).documents
    return documents[0] if documents and isinstance(documents[0], YamlMapping) else None


def part_of(root: YamlMapping | None, key: str) -> YamlMapping | None:
    """What values of a chart are to the one inside of it that has the key; no key: as they
    are. What is global is so for both. Slashes lead to charts further inside."""
    if root is None or not key:
        return root
    outer, slash, key = key.rpartition("/")
    if slash:
        return part_of(part_of(root, outer), key)
    own, shared = root.mapping(key), root.entry("global")
    entries = entries_of(own) if own is not None else {}
    if shared is not None:
        old = entries["global"].value if "global" in entries else None
        if isinstance(shared.value, YamlMapping) and isinstance(old, YamlMapping):
            shared = YamlEntry(shared.key, _over(old, shared.value), shared.span, False)
        entries["global"] = shared
    return composed(own if own is not None else root, entries.values()) if entries else None


def over(below: YamlMapping | None, above: YamlMapping | None) -> YamlMapping | None:
    """The values with others over them."""
    return _over(below, above) if below is not None and above is not None else above or below


def _switches_on(release: HelmRelease, sources: dict[str, SourceFile]) -> bool:
    """Whether it sets something of coverage, and not to false."""
    for one in (*release.base, *release.settings):
        words = ".".join(str(key) for key in one.path)
        if one.text == "GOCOVERDIR" or (_COVERAGE.search(words) and one.text not in _OFF):
            return True
    roots = (part_of(root_of(sources.get(path)), release.under) for path in release.files)
    return any(root is not None and _speaks(root) for root in roots)


def _speaks(node: AnyNode, above: str = "") -> bool:
    if isinstance(node, YamlMapping):
        return any(_speaks(value, f"{above}.{key}") for key, value in node.items())
    if isinstance(node, YamlSequence):
        return any(_speaks(item, above) for item in node.items)
    found = node.text == "GOCOVERDIR" or _COVERAGE.search(above) is not None
    return found and node.text not in _OFF


def _installed(
    defaults: YamlMapping | None, release: HelmRelease, sources: dict[str, SourceFile]
) -> YamlMapping | None:
    """What a release sets, over the defaults; an index counts in what it sets itself: helm
    does not look into the lists of the chart for ``--set a[0]=b``."""
    tree: YamlMapping | None = None
    for one in release.base:
        tree = _with(tree, one, sources)
    for path in release.files:
        tree = over(tree, part_of(root_of(sources.get(path)), release.under))
    for one in release.settings:
        tree = _with(tree, one, sources)
    return over(defaults, tree)


def _over(below: YamlMapping, above: YamlMapping) -> YamlMapping:
    """As helm puts one file of values over another: mappings are merged, all else replaced."""
    entries = entries_of(below)
    for key, entry in entries_of(above).items():
        old = entries.get(key)
        value = entry.value
        if (
            old is not None
            and isinstance(old.value, YamlMapping)
            and isinstance(value, YamlMapping)
        ):
            value = _over(old.value, value)
        entries[key] = YamlEntry(entry.key, value, entry.span, entry.alias)
    return composed(below, entries.values(), home=above.written_at())


def _with(
    tree: YamlMapping | None, setting: Setting, sources: dict[str, SourceFile]
) -> YamlMapping | None:
    source = sources.get(setting.span.path)
    if source is None:
        return tree
    made = _set(tree, setting.path, _scalar(setting, source), FixedSource(source.path, source.data))
    return made if isinstance(made, YamlMapping) else tree


def _set(
    node: AnyNode | None, path: tuple[str | int, ...], value: YamlScalar, fixed: SourceFile
) -> AnyNode:
    """The tree with ``value`` at ``path``; what has to be made for it stands where the value
    is set, and takes no edits."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    at = value.start
    if isinstance(key, int):
        model = node if isinstance(node, YamlSequence) else None
        items = list(zip(model.items, model.item_spans, strict=True)) if model is not None else []
        if key > _MOST_ITEMS:
            return unknown(fixed, at)
        while len(items) <= key:
            items.append((unknown(fixed, at), Span(fixed.path, at, at)))
        inner = _set(items[key][0], rest, value, fixed)
        items[key] = (inner, inner.span)
        made = YamlSequence(fixed, at, value.end, None, None, (), (), False)
        return sequence_of(made, items, shared=False)
    entries = entries_of(node) if isinstance(node, YamlMapping) else {}
    old = entries.get(key)
    inner = _set(old.value if old is not None else None, rest, value, fixed)
    name = YamlScalar(fixed, at, at, None, None, key, "")
    entries[key] = YamlEntry(name, inner, inner.span, False)
    fresh = YamlMapping(fixed, at, value.end, None, None, (), False)
    return composed(node if isinstance(node, YamlMapping) else fresh, entries.values())


def _scalar(setting: Setting, source: SourceFile) -> YamlScalar:
    start, end = setting.span.start, setting.span.end
    if setting.exact:
        home = source
    else:
        home = FixedSource(source.path, source.data)
        wanted = (setting.text or "").encode()
        head, equals, text = source.data[start:end].partition(b"=")
        if wanted and text.count(wanted) == 1:  # the value alone, in the command's word
            start += len(head) + len(equals) + text.index(wanted)
            end = start + len(wanted)
    if setting.text is None:
        return YamlScalar(home, start, end, None, None, "{{ }}", "template")
    return YamlScalar(home, start, end, None, None, setting.text, setting.style)


def _agreed(one: AnyNode | None, other: AnyNode | None) -> AnyNode | None:
    """What two trees have in common; the rest is unknown."""
    if one is None or other is None:
        left = one or other
        return None if left is None else unknown(left.source, left.start)
    if one is other:
        return one
    if isinstance(one, YamlMapping) and isinstance(other, YamlMapping):
        mine, theirs = entries_of(one), entries_of(other)
        entries: list[YamlEntry] = []
        for key in {**mine, **theirs}:
            either = mine.get(key) or theirs[key]
            value = _agreed(
                mine[key].value if key in mine else None,
                theirs[key].value if key in theirs else None,
            )
            if value is not None:
                entries.append(YamlEntry(either.key, value, either.span, either.alias))
        return composed(one, entries)
    if isinstance(one, YamlSequence) and isinstance(other, YamlSequence):
        pairs = [_agreed(a, b) for a, b in zip(one.items, other.items, strict=False)]
        if len(one.items) == len(other.items):
            return sequence_of(one, [(item, item.span) for item in pairs if item is not None])
    if isinstance(one, YamlScalar) and isinstance(other, YamlScalar) and _alike(one, other):
        return one
    return unknown(one.source, one.start)


def _alike(one: YamlScalar, other: YamlScalar) -> bool:
    return (one.text, one.plain) == (other.text, other.plain)
