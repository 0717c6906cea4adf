"""Services as several compose files, and ``extends``, describe them together.

Each layer is what one file says; the first one wins (compose specification, 13-merge).
Nodes stay where they are written, so that an edit goes to the file that a person would open.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence

from covlint.documents.yaml import AnyNode, YamlDocument, YamlMapping, YamlScalar, open_yaml
from covlint.frozen import dataclass
from covlint.source import SourceFile

#: Gives a file of the project by its path; None when it is not there or cannot be read.
Lookup = Callable[[str], "SourceFile | None"]

#: So many layers make one service, at most.
_LAYERS = 32


@dataclass(frozen=True, slots=True)
class Layer:
    """``folder`` is what its relative paths count from."""

    node: YamlMapping
    folder: str


@dataclass(frozen=True, slots=True)
class Service:
    """``partial``: something that completes it is not seen. ``files`` counts those that
    describe it."""

    key: YamlScalar
    layers: tuple[Layer, ...]
    partial: bool
    files: int

    @property
    def node(self) -> YamlMapping:
        return self.layers[0].node

    def written(self, key: str) -> list[tuple[Layer, AnyNode]]:
        """The values of a key, those that win last; ``!reset`` and ``!override`` end them."""
        found: list[tuple[Layer, AnyNode]] = []
        for layer in self.layers:
            node = layer.node.get(key)
            if node is None:
                continue
            if node.tag != "!reset":
                found.append((layer, node))
            if node.tag in ("!reset", "!override"):
                break
        return found[::-1]

    def get(self, key: str) -> AnyNode | None:
        """The value of a key that only one file decides."""
        values = self.written(key)
        return values[-1][1] if values else None


def services_of(documents: Sequence[YamlDocument], lookup: Lookup | None) -> Iterator[Service]:
    """The services of files that are used together, the last one wins. Relative paths
    count from the first."""
    folder = posixpath.dirname(documents[0].source.path)
    found: dict[str, list[tuple[YamlScalar, YamlMapping, YamlDocument]]] = {}
    for document in documents:
        for name, (key, node) in _services(document).items():
            found.setdefault(name, []).append((key, node, document))
    for written in found.values():
        layers: list[Layer] = []
        partial = False
        for _, node, document in reversed(written):
            layers.append(Layer(node, folder))
            complete = _extended(node, document, folder, lookup, layers)
            partial = partial or not complete
        key = written[-1][0]
        yield Service(key, tuple(layers), partial, len(written))


def _services(document: YamlDocument) -> dict[str, tuple[YamlScalar, YamlMapping]]:
    """In the order of the file; of a name that stands twice, the last one counts."""
    found: dict[str, tuple[YamlScalar, YamlMapping]] = {}
    for root in document.documents:
        services = root.mapping("services") if isinstance(root, YamlMapping) else None
        for entry in services.entries if services is not None else ():
            if isinstance(entry.value, YamlMapping):
                found.pop(entry.key.text, None)
                found[entry.key.text] = (entry.key, entry.value)
    return found


def _extended(
    node: YamlMapping,
    document: YamlDocument,
    folder: str,
    lookup: Lookup | None,
    layers: list[Layer],
) -> bool:
    """Adds the layers of the services that one extends; whether all of them are seen."""
    extends = node.get("extends")
    if extends is None:
        return True
    service: AnyNode | None = extends
    if isinstance(extends, YamlMapping):
        service = extends.get("service")
        file = extends.get("file")
        if file is not None:
            text = file.text if isinstance(file, YamlScalar) and "$" not in file.text else None
            path = posixpath.normpath(posixpath.join(folder, text)) if text else ""
            source = lookup(path) if lookup is not None and path else None
            if source is None:
                return False
            if path != document.source.path:
                document, folder = open_yaml(source), posixpath.dirname(path)
    name = service.text if isinstance(service, YamlScalar) else ""
    _, parent = _services(document).get(name, (None, None))
    if parent is None or len(layers) >= _LAYERS or any(one.node is parent for one in layers):
        return False
    layers.append(Layer(parent, folder))
    return _extended(parent, document, folder, lookup, layers)
