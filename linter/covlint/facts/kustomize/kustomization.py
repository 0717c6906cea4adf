"""What a kustomization file says, and the small transformations that it asks for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from covlint.documents.composed import COMPUTED, composed, entries_of
from covlint.documents.strategic_merge import scalars
from covlint.documents.yaml import YamlEntry, YamlMapping, YamlScalar
from covlint.documents.yaml_nodes import AnyNode
from covlint.frozen import dataclass

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_GROUP = "kustomize.config.k8s.io/"
_REMOTE = re.compile(
    r"^[a-z+]+://|^git@|^(?:github\.com|gitlab\.com|bitbucket\.org)[/:]|\?ref=|\.git(?:/|$)"
)
#: Transformers of kustomize itself that leave containers as they are.
NAMING = frozenset(
    {
        "AnnotationsTransformer",
        "LabelTransformer",
        "NamespaceTransformer",
        "PrefixTransformer",
        "PrefixSuffixTransformer",
        "SuffixTransformer",
    }
)
#: Fields by which programs or other files change what is built.
UNSEEN_CHANGES = ("transformers", "helmCharts", "helmChartInflationGenerator", "generators")


@dataclass(frozen=True, slots=True)
class Identity:
    group: str
    version: str
    kind: str
    name: str
    namespace: str

    @classmethod
    def of(cls, node: YamlMapping) -> Identity:
        metadata = node.mapping("metadata")
        group, slash, version = text(node.get("apiVersion")).rpartition("/")
        return cls(
            group if slash else "",
            version,
            text(node.get("kind")),
            text(metadata.get("name")) if metadata is not None else "",
            text(metadata.get("namespace")) if metadata is not None else "",
        )

    def matches(self, other: Identity) -> bool:
        mine, theirs = self.namespace or "default", other.namespace or "default"
        return mine == theirs and replace(self, namespace="") == replace(other, namespace="")


@dataclass(slots=True)
class Resource:
    """An object on its way through the kustomizations; ``ids``: the names it had, and has."""

    node: YamlMapping
    ids: list[Identity] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.ids:
            self.ids = [Identity.of(self.node)]

    @property
    def kind(self) -> str:
        return self.ids[0].kind

    def set(self, path: tuple[str, ...], value: AnyNode) -> None:
        self.node = with_value(self.node, path, value)
        self.ids.append(Identity.of(self.node))


@dataclass(frozen=True, slots=True)
class Kustomization:
    path: str
    root: YamlMapping

    @property
    def directory(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def is_component(self) -> bool:
        return text(self.root.get("kind")) == "Component"

    def listed(self, *keys: str) -> Iterator[YamlScalar]:
        for key in keys:
            yield from scalars(self.root.get(key))

    def mappings(self, key: str) -> Iterator[YamlMapping]:
        value = self.root.sequence(key)
        for item in value.items if value is not None else ():
            if isinstance(item, YamlMapping):
                yield item

    def located(self, name: str) -> str | None:
        """A path of the kustomization as one of the project; None where it leaves it."""
        found = posixpath.normpath(posixpath.join(self.directory, name))
        return None if found.startswith(("../", "/")) or found == ".." else found


def kustomization_of(path: str, roots: Iterable[AnyNode]) -> Kustomization | None:
    """The kustomization in a file of that name; other tools have a kind of that name, too."""
    root = next(iter(roots), None)
    if not isinstance(root, YamlMapping):
        return None
    version = root.scalar("apiVersion")
    if version is not None and not version.text.startswith(_GROUP):
        return None
    return Kustomization(path, root)


def is_remote(name: str) -> bool:
    return _REMOTE.search(name) is not None


def text(node: AnyNode | None) -> str:
    return node.text if isinstance(node, YamlScalar) and not node.is_null else ""


def with_value(node: YamlMapping, path: tuple[str, ...], value: AnyNode) -> YamlMapping:
    """``node`` with the value at ``path``; mappings on the way are made."""
    entries = entries_of(node)
    old = entries.get(path[0])
    child = value
    if len(path) > 1:
        inner = old.value if old is not None and isinstance(old.value, YamlMapping) else None
        if inner is None:
            inner = YamlMapping(value.source, value.start, value.end, None, None, (), True)
        child = with_value(inner, path[1:], value)
    if old is not None:
        entries[path[0]] = YamlEntry(old.key, child, old.span, old.alias)
    else:
        key = YamlScalar(value.source, value.start, value.start, None, None, path[0], "")
        entries[path[0]] = YamlEntry(key, child, value.span, True)
    return composed(node, entries.values())


def computed(value: str, written: YamlScalar) -> YamlScalar:
    """A value that is not written like this anywhere; ``written`` is the part to edit."""
    tag = None if value == written.text else COMPUTED
    made = YamlScalar(written.source, written.start, written.end, None, tag, value, "'")
    made.shared = written.shared
    return made
