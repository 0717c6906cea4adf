"""A GitLab pipeline put together: included files, ``extends``, ``default``, ``!reference``.

Nodes stay where they are written: what a job does leads to the place that a person would
edit. What is included from elsewhere (a template, another project) is not seen.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from covlint.documents.yaml import (
    AnyNode,
    YamlDocument,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    open_yaml,
)
from covlint.facts.ci.jobs import text_of
from covlint.facts.kubernetes.workload import items_of
from covlint.frozen import dataclass
from covlint.source import SourceFile

#: Gives a file of the project by its path; None when it is not there or cannot be read.
Lookup = Callable[[str], "SourceFile | None"]

#: Keys of the file that are no jobs.
_GLOBAL = frozenset(
    {
        "default", "include", "stages", "variables", "workflow", "image", "services", "cache",
        "before_script", "after_script", "spec",
    }
)  # fmt: skip
#: GitLab's own limits are 10 levels of ``!reference`` and 150 files.
_DEPTH, _FILES = 10, 150


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its own mappings and those that it extends, the first one wins."""

    name: str
    layers: tuple[YamlMapping, ...]
    partial: bool = False  # it extends a job that is not seen

    def get(self, key: str) -> AnyNode | None:
        return next((node for one in self.layers if (node := one.get(key)) is not None), None)

    def has(self, key: str) -> bool:
        """Whether a layer has the key, also with nothing behind it."""
        return any(name == key for one in self.layers for name, _ in one.items())

    def inherits(self, what: str, name: str) -> bool:
        """Whether ``inherit`` lets a global variable or a default in."""
        inherit = self.get("inherit")
        node = inherit.get(what) if isinstance(inherit, YamlMapping) else None
        if isinstance(node, YamlSequence):
            return name in [text_of(item) for item in node.items]
        return not (isinstance(node, YamlScalar) and node.boolean is False)

    def unknown_variables(self) -> Iterator[str]:
        """Variables that differ from run to run: of ``rules`` and of ``parallel: matrix``."""
        for rule in items_of(self.get("rules"))[0]:
            yield from (name for name, _ in _entries(rule.get("variables")))
        parallel = self.get("parallel")
        matrix = parallel.get("matrix") if isinstance(parallel, YamlMapping) else None
        for one in items_of(matrix)[0]:
            yield from (name for name, _ in one.items())


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The files of a pipeline, the first one wins; ``included`` are the paths of the others."""

    roots: tuple[YamlMapping, ...]
    included: tuple[str, ...]

    def jobs(self) -> Iterator[Job]:
        """The jobs; those with a dot only where nothing here makes use of them."""
        names = dict.fromkeys(
            name
            for root in reversed(self.roots)
            for name, node in root.items()
            if name not in _GLOBAL and isinstance(node, YamlMapping)
        )
        used = {one for name in names for one in self._used(name)}
        for name in names:
            if not (name.startswith(".") and name in used):
                seen: set[str] = set()
                layers = tuple(self._layers(name, seen))
                yield Job(name, layers, partial=not seen <= names.keys())

    def _layers(self, name: str, seen: set[str]) -> Iterator[YamlMapping]:
        """The mappings of a job and of those that it extends, each once."""
        if name in seen:
            return
        seen.add(name)
        own = [node for root in self.roots if (node := root.mapping(name)) is not None]
        yield from own
        parents = next((one for root in own if (one := root.get("extends"))), None)
        for parent in reversed(_texts(parents)):
            yield from self._layers(parent, seen)

    def _used(self, name: str) -> Iterator[str]:
        """The jobs that a job names."""
        for root in self.roots:
            node = root.mapping(name)
            if node is None:
                continue
            yield from _texts(node.get("extends"))
            for key in ("script", "before_script", "after_script", "variables"):
                for reference in _references(node.get(key)):
                    yield from _texts(reference)[:1]

    def inherited(self, job: Job, key: str) -> AnyNode | None:
        """A value of the job, else what all jobs have by default."""
        if job.has(key):
            return job.get(key)
        if not job.inherits("default", key):
            return None
        for root in self.roots:
            default = root.mapping("default")
            found = (default.get(key) if default is not None else None) or root.get(key)
            if found is not None:
                return found
        return None

    def lines(self, node: AnyNode | None, depth: int = 0) -> Iterator[YamlScalar]:
        """The lines of a script: a text, a list, lists in a list, ``!reference``."""
        if node is None or depth > _DEPTH:
            return
        if node.tag is not None:
            for one in self.referred(node):
                yield from self.lines(one, depth + 1)
        elif isinstance(node, YamlScalar):
            yield node
        elif isinstance(node, YamlSequence):
            for item in node.items:
                yield from self.lines(item, depth + 1)

    def referred(self, node: AnyNode) -> Iterator[AnyNode]:
        """What ``!reference [job, key, …]`` names, if it is in one of the files."""
        words = _texts(node) if node.tag == "!reference" else []
        for layer in self._layers(words[0], set()) if len(words) > 1 else ():
            found: AnyNode | None = layer
            for word in words[1:]:
                found = found.get(word) if isinstance(found, YamlMapping) else None
            if found is not None:
                yield found
                return


def read_pipeline(document: YamlDocument, lookup: Lookup | None) -> Pipeline:
    """The file with all local files that it includes; ``lookup`` finds those."""
    included: list[str] = []
    roots: list[YamlMapping] = []

    def take(one: YamlDocument, depth: int) -> None:
        for root in one.documents:
            if not isinstance(root, YamlMapping):
                continue
            roots.append(root)
            # what is included last wins
            for path in reversed(list(_local(root.get("include")))):
                if lookup is None or path in included or path == document.source.path:
                    continue
                source = lookup(path) if depth < _DEPTH and len(included) < _FILES else None
                if source is not None:
                    included.append(path)
                    take(open_yaml(source), depth + 1)

    take(document, 0)
    return Pipeline(tuple(roots), tuple(included))


def _local(node: AnyNode | None) -> Iterator[str]:
    """Paths of files of this project; those of patterns and variables are not told."""
    items = node.items if isinstance(node, YamlSequence) else [node]
    for item in items:
        scalar = item.get("local") if isinstance(item, YamlMapping) else item
        text = text_of(scalar)
        if text and not any(mark in text for mark in ("://", "$", "*")):
            yield posixpath.normpath(text.lstrip("/"))


def _texts(node: AnyNode | None) -> list[str]:
    items = node.items if isinstance(node, YamlSequence) else [node]
    return [text for item in items if (text := text_of(item))]


def _references(node: AnyNode | None) -> Iterator[AnyNode]:
    pending = [node] if node is not None else []
    while pending:
        one = pending.pop()
        if one.tag == "!reference":
            yield one
        elif isinstance(one, YamlSequence):
            pending += one.items
        elif isinstance(one, YamlMapping):
            pending += (value for _, value in one.items())


def _entries(node: AnyNode | None) -> Iterator[tuple[str, AnyNode]]:
    if isinstance(node, YamlMapping):
        yield from node.items()
