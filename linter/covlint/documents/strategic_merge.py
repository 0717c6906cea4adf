"""Strategic merge patches, as ``kubectl kustomize`` (kustomize 5) applies them.

Only what pods are made of has lists that are merged by a key; all other lists
are replaced. Entries of the patch come before those that only the base has.
"""

from __future__ import annotations

from collections.abc import Iterator

from covlint.documents.composed import composed, entries_of, sequence_of
from covlint.documents.yaml_nodes import (
    AnyNode,
    YamlEntry,
    YamlMapping,
    YamlScalar,
    YamlSequence,
)
from covlint.source import Span

#: The lists of a pod that are merged, and the key that tells their items apart.
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "ports": "containerPort",
}
_DIRECTIVE = "$patch"

_Pairs = list[tuple[AnyNode, Span]]


class PatchError(Exception):
    """A patch that cannot be applied; ``span`` is the part of it that cannot."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span


def merged(base: YamlMapping, patch: YamlMapping) -> YamlMapping | None:
    """``base`` with the patch applied; None when the patch deletes it. Raises PatchError."""
    directive = _directive(patch)
    if directive == "delete":
        return None
    if directive == "replace":
        return _bare(patch)
    entries = entries_of(base)
    collected = {
        key
        for key, entry in entries.items()
        if isinstance(entry.value, (YamlMapping, YamlSequence)) and entry.value.shared
    }
    for key, change in entries_of(patch).items():
        if key.startswith("$"):
            continue
        value = _merged_value(key, entries.get(key), change)
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = YamlEntry(change.key, value, change.span, change.alias)
        collected.discard(key)
    if not patch.shared:
        for key in collected:  # an entry that is added to it is written in the patch
            entries[key] = _own(entries[key])
    return composed(base, entries.values(), home=patch.written_at(), shared=patch.shared)


def _own(entry: YamlEntry) -> YamlEntry:
    value = entry.value
    node: AnyNode
    if isinstance(value, YamlMapping):
        node = composed(value, entries_of(value).values(), shared=False)
    elif isinstance(value, YamlSequence):
        node = sequence_of(value, zip(value.items, value.item_spans, strict=True), shared=False)
    else:
        return entry
    return YamlEntry(entry.key, node, entry.span, entry.alias)


def _merged_value(key: str, base: YamlEntry | None, patch: YamlEntry) -> AnyNode | None:
    change = patch.value
    old = base.value if base is not None else None
    if isinstance(change, YamlScalar):
        if change.is_null:
            return None
        if isinstance(old, (YamlMapping, YamlSequence)):
            raise PatchError(patch.span, f"{key} is a value here, and a collection in the base")
        return change
    if isinstance(old, YamlScalar) and old.is_null:
        old = None
    if isinstance(change, YamlMapping):
        if old is None:
            return _bare(change) if _directive(change) != "delete" else None
        if not isinstance(old, YamlMapping):
            raise PatchError(patch.span, f"{key} is a mapping here, but not in the base")
        return merged(old, change)
    if old is not None and not isinstance(old, YamlSequence):
        raise PatchError(patch.span, f"{key} is a list here, but not in the base")
    name = MERGE_KEYS.get(key)
    if name is None or any(not isinstance(item, YamlMapping) for item in change.items):
        return change
    return _merged_list(old, change, name)


def _merged_list(base: YamlSequence | None, patch: YamlSequence, name: str) -> YamlSequence | None:
    """The patch's items first, then those that only the base has."""
    directives = {
        _directive(item)
        for item in patch.items
        if isinstance(item, YamlMapping) and item.get(name) is None
    }
    if "delete" in directives:
        return None
    old: dict[str, tuple[AnyNode, Span]] = {}
    if base is not None and "replace" not in directives:
        for item, span in zip(base.items, base.item_spans, strict=True):
            old[_key_of(item, name) or f"#{len(old)}"] = (item, span)
    added: _Pairs = []
    for item, span in zip(patch.items, patch.item_spans, strict=True):
        key = _key_of(item, name)
        if not isinstance(item, YamlMapping) or (key is None and _directive(item) is not None):
            continue
        before = old.pop(key, None) if key is not None else None
        if before is not None and isinstance(before[0], YamlMapping):
            result = merged(before[0], item)
            if result is not None:
                added.append((result, span))
        elif _directive(item) != "delete":
            added.append((_bare(item), span))
    return sequence_of(patch, [*added, *old.values()])


def _bare(patch: YamlMapping) -> YamlMapping:
    """A part of a patch that the base does not have, without directives and nulls."""
    entries: list[YamlEntry] = []
    for key, entry in entries_of(patch).items():
        if key.startswith("$"):
            continue
        value = _merged_value(key, None, entry)
        if value is not None:
            entries.append(YamlEntry(entry.key, value, entry.span, entry.alias))
    return composed(patch, entries)


def _directive(mapping: YamlMapping) -> str | None:
    scalar = mapping.scalar(_DIRECTIVE)
    return scalar.text if scalar is not None else None


def _key_of(item: AnyNode, name: str) -> str | None:
    scalar = item.scalar(name) if isinstance(item, YamlMapping) else None
    return scalar.text if scalar is not None else None


def scalars(node: AnyNode | None) -> Iterator[YamlScalar]:
    """The scalars of a list."""
    for item in node.items if isinstance(node, YamlSequence) else ():
        if isinstance(item, YamlScalar):
            yield item
