"""Namespaces, as far as they forbid what a pod needs for coverage."""

from __future__ import annotations

from dataclasses import field

from covlint.documents.assembled_yaml import replaced_word
from covlint.documents.yaml import YamlDocument, YamlMapping
from covlint.documents.yaml_edit import Edits
from covlint.facts.kubernetes.workload import known_word, objects
from covlint.frozen import dataclass
from covlint.source import Span, Word

_LABEL = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A Namespace that enforces a pod security standard.

    ``enforced`` is the level that admission holds pods to: privileged, baseline or restricted.
    """

    name: Word
    enforced: Word
    node: YamlMapping = field(repr=False)
    span: Span  # the value of ``kind``

    def replace_word(self, word: Word, value: str) -> Edits:
        """Write ``value`` where ``word`` stands (anywhere in this file), in its quoting style."""
        return replaced_word(self.node, word, value)


def read_namespaces(document: YamlDocument) -> tuple[Namespace, ...]:
    """The namespaces of the file whose level is seen."""
    found: list[Namespace] = []
    for manifest in objects(document):
        kind, metadata = manifest.scalar("kind"), manifest.mapping("metadata")
        if kind is None or kind.text != "Namespace" or metadata is None:
            continue
        labels = metadata.mapping("labels")
        name = known_word(metadata.get("name"))
        enforced = known_word(labels.get(_LABEL)) if labels is not None else None
        if name is not None and enforced is not None:
            found.append(Namespace(name, enforced, manifest, kind.span))
    return tuple(found)
