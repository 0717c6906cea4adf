"""What goreleaser builds with coverage: its binaries are what users get."""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.documents.yaml import AnyNode, YamlDocument, YamlMapping, YamlScalar, YamlSequence
from covlint.facts.kubernetes.workload import items_of
from covlint.frozen import dataclass
from covlint.source import Span

_COVER = re.compile(r"(?:^|[\s='\"])-{1,2}cover(?:pkg|mode)?(?:=(?!false)|\s|$)")


@dataclass(frozen=True, slots=True)
class ReleaseBuild:
    """An entry of ``builds`` in a ``.goreleaser.yaml`` whose flags instrument it."""

    name: str
    span: Span  # the flag, or the GOFLAGS of ``env``


def read_release_builds(document: YamlDocument) -> Iterator[ReleaseBuild]:
    """The instrumented builds; what a template fills in is not seen."""
    for root in document.documents:
        if not isinstance(root, YamlMapping):
            continue
        common = list(_words(root.get("env"), "GOFLAGS="))
        for node in items_of(root.get("builds"))[0]:
            name = node.scalar("id") or node.scalar("binary")
            words = [*_words(node.get("flags"), "-"), *_words(node.get("env"), "GOFLAGS=")]
            for word in words or common:
                if not word.templated and _COVER.search(word.text):
                    yield ReleaseBuild(name.text if name is not None else "", word.span)
                    break


def _words(node: AnyNode | None, start: str) -> Iterator[YamlScalar]:
    items = node.items if isinstance(node, YamlSequence) else [node]
    for item in items:
        if isinstance(item, YamlScalar) and item.text.startswith(start):
            yield item
