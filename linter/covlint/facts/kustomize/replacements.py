"""``replacements`` of a kustomization: values that are copied from one object into others.

A value from a literal of the kustomization's own ``configMapGenerator`` is known; any other
is not, and what stands at its target is not what is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from covlint.documents.composed import composed, entries_of, sequence_of, unknown
from covlint.documents.strategic_merge import scalars
from covlint.documents.yaml import YamlEntry, YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_nodes import AnyNode
from covlint.facts.kustomize.kustomization import (
    Identity,
    Kustomization,
    Resource,
    computed,
    text,
)
from covlint.facts.kustomize.patch_targets import selected

#: ``spec.containers.[name=till].env.0``: a dot in brackets, or after a backslash, is no border.
_STEP = re.compile(r"\[[^\]]*\]|(?:\\.|[^.\\])+")
_Make = Callable[[AnyNode], AnyNode]


def replace_values(resources: Iterable[Resource], k: Kustomization) -> None:
    """Put the values where the replacements of ``k`` have them, as far as they are known."""
    listed = list(resources)
    for item in k.mappings("replacements"):
        value = known_value(item, k)
        for target in _mappings(item.get("targets")):
            select = target.mapping("select")
            given = value if _is_whole(target) else None

            def made(old: AnyNode, given: YamlScalar | None = given) -> AnyNode:
                return given if given is not None else _unseen(old)

            for resource in selected(listed, select) if select is not None else ():
                for path in scalars(target.get("fieldPaths")):
                    node = _changed(resource.node, _STEP.findall(path.text), made)
                    if isinstance(node, YamlMapping):
                        resource.node = node
                        resource.ids.append(Identity.of(node))


def _unseen(old: AnyNode) -> YamlScalar:
    """A value that is not known, where the one stands that it overwrites."""
    hole = unknown(old.source, old.start)
    return YamlScalar(old.source, old.start, old.end, None, None, hole.text, hole.style)


def is_resolved(item: YamlMapping, k: Kustomization) -> bool:
    """Whether all that a replacement does is known."""
    targets = list(_mappings(item.get("targets")))
    return bool(targets) and known_value(item, k) is not None and all(map(_is_whole, targets))


def _is_whole(target: YamlMapping) -> bool:
    """Whether the whole value is replaced, in every object that is selected."""
    return target.get("options") is None and target.get("reject") is None


def known_value(item: YamlMapping, k: Kustomization) -> YamlScalar | None:
    """The literal that a replacement copies: of a generated ConfigMap, as it is."""
    source = item.mapping("source")
    if source is None or source.get("options") is not None:
        return None
    field = text(source.get("fieldPath"))
    if text(source.get("kind")) != "ConfigMap" or not field.startswith("data."):
        return None
    found = [
        computed(literal.text.partition("=")[2], literal)
        for generated in k.mappings("configMapGenerator")
        if text(generated.get("name")) == text(source.get("name"))
        for literal in scalars(generated.get("literals"))
        if literal.text.partition("=")[0] == field.removeprefix("data.")
    ]
    return found[0] if len(found) == 1 else None


def _changed(node: AnyNode, steps: Sequence[str], made: _Make) -> AnyNode | None:
    """``node`` with what the steps lead to replaced; None where they lead nowhere."""
    if not steps:
        return made(node)
    step, rest = steps[0], steps[1:]
    if isinstance(node, YamlMapping):
        entries = entries_of(node)
        entry = entries.get(re.sub(r"\\(.)", r"\1", step).strip("[]"))
        child = _changed(entry.value, rest, made) if entry is not None else None
        if entry is None or child is None:
            return None
        entries[entry.key.text] = YamlEntry(entry.key, child, entry.span, entry.alias)
        return composed(node, entries.values())
    if isinstance(node, YamlSequence):
        chosen = {index for index, item in enumerate(node.items) if _matches(step, index, item)}
        new = {index: _changed(node.items[index], rest, made) for index in chosen}
        if not any(child is not None for child in new.values()):
            return None
        pairs = zip(node.items, node.item_spans, strict=True)
        return sequence_of(
            node, [(new.get(index) or item, span) for index, (item, span) in enumerate(pairs)]
        )
    return None


def _matches(step: str, index: int, item: AnyNode) -> bool:
    if step == "*" or step == str(index):
        return True
    key, equals, wanted = step.strip("[]").partition("=")
    if not step.startswith("[") or not equals:
        return False
    return isinstance(item, YamlMapping) and text(item.get(key)) == wanted.strip("\"'")


def _mappings(node: AnyNode | None) -> Iterator[YamlMapping]:
    items = node.items if isinstance(node, YamlSequence) else ()
    return (item for item in items if isinstance(item, YamlMapping))
