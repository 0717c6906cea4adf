"""Kustomize overlays resolved without running anything.

Each kustomization that no other one uses is what somebody applies. Its objects
are those of its resources with its patches put in; every value keeps the place
where it is written, so that a finding is shown at the line a person would edit.
What kustomize would refuse, and what stands outside the project, is said.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace

from covlint.diagnostics import Unread
from covlint.documents.assembled import relocated
from covlint.documents.composed import opened, place_of, shared_copy
from covlint.documents.embedded import embedded
from covlint.documents.json_patch import operations_of, patched
from covlint.documents.strategic_merge import PatchError, merged
from covlint.documents.yaml import YamlMapping, YamlScalar, YamlSequence, open_yaml
from covlint.documents.yaml_nodes import AnyNode
from covlint.facts.kubernetes.rendered import rendered_objects
from covlint.facts.kubernetes.workload import WORKLOADS, Container, containers_of, objects
from covlint.facts.kustomize.fields import label, rename, scale, tag_images
from covlint.facts.kustomize.kustomization import (
    UNSEEN_CHANGES,
    Identity,
    Kustomization,
    Resource,
    is_remote,
    text,
)
from covlint.facts.kustomize.patch_targets import selected, without_identity, without_repeats
from covlint.facts.kustomize.replacements import replace_values
from covlint.facts.kustomize.tree import Kustomizations, Read, is_kustomization
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span, UnreadableSource

_KINDS = "|".join(sorted(WORKLOADS)).encode()
_WORKLOAD = re.compile(rb"kind[\"']?\s*:\s*(?:&\S+\s+)?[\"']?(?:%b|[A-Za-z]*List)\b" % _KINDS)

Render = Callable[[str], bytes]
_CIRCLE = "kustomizations that use one another in a circle"


@dataclass(frozen=True, slots=True)
class Resolved:
    """``explained``: the files whose containers are told here, as they are deployed."""

    containers: tuple[Container, ...]
    explained: frozenset[str]
    unread: tuple[Unread, ...]


def resolve_overlays(
    paths: Sequence[str], read: Read, files: Iterable[str], render: Render | None = None
) -> Resolved:
    """The containers of every kustomization among ``paths`` that no other one uses.

    ``files`` are all files that a kustomization may name, ``read`` raises
    UnreadableSource. ``render`` gives what the real kustomize makes of a
    directory, for those that cannot be resolved here; it raises ValueError.
    """
    return _Resolver(paths, read, files, render).resolve()


class _BrokenError(Exception):
    """A kustomization that cannot be built; where and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


@dataclass(slots=True)
class _Build:
    """What one kustomization has come to so far. ``unseen``: it has parts that are not here."""

    resources: list[Resource] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    unseen: bool = False
    changed_unseen: bool = False


class _Resolver:
    def __init__(
        self, paths: Sequence[str], read: Read, files: Iterable[str], render: Render | None = None
    ) -> None:
        self._render = render
        self._tree = Kustomizations(read, files)
        self._texts: dict[str, SourceFile] = {}
        self._bases: dict[str, _Build] = {}
        self._patch_files: set[str] = set()
        self._candidates = [
            k
            for path in paths
            if is_kustomization(path)
            and (k := self._tree.by_directory.get(posixpath.dirname(path)))
        ]

    def resolve(self) -> Resolved:
        tops = [
            k
            for k in self._candidates
            if not k.is_component and k.directory not in self._tree.users
        ]
        containers: list[Container] = []
        explained: set[str] = set()
        for top in tops:
            said = dict(self._tree.unread)
            build = _Build(unseen=True)
            broken: _BrokenError | None = None
            try:
                build = self._built(top, ())
            except _BrokenError as error:
                broken = error
            rendered = self._rendered(top, build) if build.unseen or build.changed_unseen else None
            if rendered is not None:
                self._tree.unread = said
                containers += rendered
            elif broken is not None:
                self._tree.say(broken.path, broken.reason)
            else:
                containers += self._containers(top, build)
            explained |= build.files
        seen = {directory for k in tops for directory in self._tree.reached(k)}
        for kustomization in self._candidates:
            if kustomization.directory not in seen and not kustomization.is_component:
                self._tree.say(
                    kustomization.path, "kustomizations that use one another in a circle"
                )
        return Resolved(
            tuple(without_repeats(containers)),
            frozenset(explained | self._patch_files),
            tuple(self._tree.unread),
        )

    # -- building ---------------------------------------------------------------

    def _built(self, kustomization: Kustomization, above: tuple[str, ...]) -> _Build:
        build = _Build()
        self._accumulate(kustomization, build, above)
        return build

    def _base(self, directory: str, above: tuple[str, ...]) -> _Build:
        """What a directory brings to an overlay: an edit of it changes others, too."""
        if directory not in self._bases:
            built = self._built(self._tree.by_directory[directory], above)
            for resource in built.resources:
                node = shared_copy(resource.node)
                assert isinstance(node, YamlMapping)
                resource.node = node
            self._bases[directory] = built
        return self._bases[directory]

    def _accumulate(self, k: Kustomization, build: _Build, above: tuple[str, ...]) -> None:
        if k.directory in above:
            raise _BrokenError(k.path, _CIRCLE)
        above = (*above, k.directory)
        shared = k.is_component and self._tree.users.get(k.directory, 0) > 1
        for name in k.listed("resources", "bases"):
            self._resource(k, name, build, above, shared)
        for name in k.listed("components"):
            found = k.located(name.text)
            directory = self._tree.directory(found) if found is not None else None
            if directory is not None:
                self._accumulate(self._tree.by_directory[directory], build, above)
            else:
                self._not_seen(k, name, build)
        for key in self._tree.unresolved(k):
            self._tree.say(k.path, f"kustomize {key} are not resolved: values may differ")
            build.changed_unseen = True
            build.unseen |= key in UNSEEN_CHANGES
        for name in k.listed("patchesStrategicMerge"):
            self._merge_all(build, self._patch_roots(k, name, build), shared)
        for patch in k.mappings("patches"):
            self._patch(k, patch, build, shared)
        rename(build.resources, k)
        label(build.resources, k)
        for patch in k.mappings("patchesJson6902"):
            self._patch(k, patch, build, shared)
        scale(build.resources, k)
        tag_images(build.resources, k)
        replace_values(build.resources, k)

    def _resource(
        self,
        k: Kustomization,
        name: YamlScalar,
        build: _Build,
        above: tuple[str, ...],
        shared: bool,
    ) -> None:
        found = k.located(name.text)
        directory = self._tree.directory(found) if found is not None else None
        if directory is not None:
            base = self._base(directory, above)
            build.resources += [replace(r, ids=list(r.ids)) for r in base.resources]
            build.files |= base.files
            build.unseen |= base.unseen
            build.changed_unseen |= base.changed_unseen
            return
        if found is None or found not in self._tree.files:
            self._not_seen(k, name, build)
            return
        build.files.add(found)
        try:
            if not _WORKLOAD.search(self._tree.read(found).data):
                return
        except UnreadableSource as error:
            self._tree.say(found, error.reason)
            build.unseen = True
            return
        document = self._tree.document(found)
        if document is None or document.error is not None:
            build.unseen = True
        for node in objects(document) if document is not None else ():
            if text(node.get("kind")) in WORKLOADS:
                build.resources.append(Resource(_mapping(shared_copy(node)) if shared else node))

    def _not_seen(self, k: Kustomization, name: YamlScalar, build: _Build) -> None:
        build.unseen = True
        line = name.source.line_of(name.start)
        what = "is remote" if is_remote(name.text) else "is not in the project"
        self._tree.say(k.path, f"line {line}: {name.text} {what}, so that its objects are not seen")

    # -- patches ----------------------------------------------------------------

    def _patch(self, k: Kustomization, patch: YamlMapping, build: _Build, shared: bool) -> None:
        written = patch.scalar("path") or patch.scalar("patch")
        if written is None:
            return
        inline = patch.get("path") is None
        roots = self._patch_roots(k, written, build, inline=inline)
        target = patch.mapping("target")
        if not any(isinstance(root, YamlSequence) for root in roots):
            self._merge_all(build, roots, shared, target)
            return
        if target is None:
            raise self._broken(written.span, "a JSON patch needs a target")
        for resource in selected(build.resources, target):
            for root in roots:
                self._apply(resource, root, shared)

    def _apply(self, resource: Resource, root: AnyNode, shared: bool) -> None:
        try:
            node: AnyNode = resource.node
            for operation in operations_of(shared_copy(root) if shared else root):
                node = patched(node, operation)
        except PatchError as error:
            raise self._broken(error.span, str(error)) from error
        resource.node = _mapping(node)
        resource.ids.append(Identity.of(resource.node))

    def _patch_roots(
        self, k: Kustomization, written: YamlScalar, build: _Build, inline: bool | None = None
    ) -> list[AnyNode]:
        """The documents of a patch, which stands in the kustomization or in a file."""
        found = k.located(written.text) if inline is not True else None
        if inline is True or (inline is None and "\n" in written.text):
            source = embedded(written)
            self._texts[source.path] = source
            document = open_yaml(source)
            if document.error is not None:
                raise self._broken(written.span, f"the patch is no YAML: {document.error.message}")
            return [root for root in document.documents if not isinstance(root, YamlScalar)]
        if found is None or found not in self._tree.files:
            line = written.source.line_of(written.start)
            what = f"line {line}: the patch {written.text} is not in the project"
            raise _BrokenError(k.path, what)
        build.files.add(found)
        self._patch_files.add(found)
        opened_file = self._tree.document(found)
        if opened_file is None or opened_file.error is not None:
            raise _BrokenError(k.path, f"its patch {written.text} cannot be read")
        return [root for root in opened_file.documents if not isinstance(root, YamlScalar)]

    def _merge_all(
        self,
        build: _Build,
        roots: Sequence[AnyNode],
        shared: bool,
        target: YamlMapping | None = None,
    ) -> None:
        for root in roots:
            if not isinstance(root, YamlMapping):
                raise self._broken(root.span, "a patch by merging is expected to be an object")
            wanted = Identity.of(root)
            patch = _mapping(shared_copy(root)) if shared else root
            if target is not None:
                chosen = list(selected(build.resources, target))
            elif wanted.kind not in WORKLOADS:
                continue
            else:
                chosen = [r for r in build.resources if any(i.matches(wanted) for i in r.ids)]
                if not chosen and build.unseen:
                    build.resources.append(Resource(_mapping(opened(patch))))
                elif not chosen:
                    what = f"no object {wanted.kind} {wanted.name} to patch in the base"
                    raise self._broken(root.span, what)
            for resource in chosen:
                try:
                    node = merged(resource.node, without_identity(patch, resource.node))
                except PatchError as error:
                    raise self._broken(error.span, str(error)) from error
                if node is None:
                    build.resources.remove(resource)
                else:
                    resource.node = node

    def _broken(self, span: Span, reason: str) -> _BrokenError:
        place = place_of(span, self._texts.get)
        try:
            line = self._tree.read(place.path).line_of(place.start)
        except UnreadableSource:
            return _BrokenError(place.path, f"kustomize cannot build this: {reason}")
        return _BrokenError(place.path, f"line {line}: kustomize cannot build this: {reason}")

    def _rendered(self, top: Kustomization, build: _Build) -> list[Container] | None:
        """The containers that the real kustomize makes; None where it is not asked, or fails."""
        if self._render is None:
            return None
        try:
            text = self._render(top.directory)
        except ValueError as error:
            self._tree.say(top.path, str(error))
            return None
        nodes = [resource.node for resource in build.resources]
        found = rendered_objects(text, nodes, self._tree.read(top.path))
        return [c for node in found for c in self._placed(node, top)]

    # -- facts ------------------------------------------------------------------

    def _containers(self, top: Kustomization, build: _Build) -> Iterator[Container]:
        for resource in build.resources:
            node = _mapping(opened(resource.node)) if build.changed_unseen else resource.node
            yield from self._placed(node, top)

    def _placed(self, node: YamlMapping, top: Kustomization) -> Iterator[Container]:
        for container in containers_of(node, top.path):
            yield relocated(container, lambda span: place_of(span, self._texts.get))


def _mapping(node: AnyNode) -> YamlMapping:
    assert isinstance(node, YamlMapping)
    return node
