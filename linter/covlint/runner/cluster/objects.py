"""Manifests into a cluster: plain files, kustomizations and charts, as they are or in a
namespace of covlint's own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from covlint.frozen import dataclass
from covlint.rendering import RenderError, helm_command
from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.command import CannotStart, Command, Completed
from covlint.runner.ledger import LABEL, Ledger
from covlint.runner.steps import Recorder, failure


class Form(Enum):
    """What ``apply`` may name."""

    MANIFEST = "manifest"
    KUSTOMIZATION = "kustomization"
    CHART = "chart"
    PATCHED = "patched"  # a manifest, and the patch that is put into it


@dataclass(frozen=True, slots=True)
class Source:
    """``options`` are those of ``helm template``: values of a chart."""

    form: Form
    path: Path
    options: tuple[str, ...] = ()


def source_of(plan: ClusterPlan, entry: str) -> Source:
    """What an entry of ``apply`` is: a path, behind that of a chart options of helm."""
    path = plan.root / entry
    if path.is_dir() and any((path / name).is_file() for name in _KUSTOMIZATIONS):
        return Source(Form.KUSTOMIZATION, path)
    if plan.patch is not None and entry == plan.patch[0]:
        return Source(Form.PATCHED, path)
    try:
        words = shlex.split(entry)
    except ValueError:
        words = []
    for chart, options in ((path, ()), *(((plan.root / words[0]), words[1:]) for _ in words[:1])):
        if (chart / "Chart.yaml").is_file():
            return Source(Form.CHART, chart, tuple(options))
    return Source(Form.MANIFEST, path)


#: Seconds for a namespace to go, and for kubectl to tell that it did not.
_GONE = 120.0
_SLACK = 10.0
#: The tests of a chart are no part of what it installs; its own kinds are.
CHART_OPTIONS = ("--include-crds", "--skip-tests")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
#: Kinds that belong to no namespace, among those that come with a workload.
_CLUSTER_WIDE = frozenset(
    {
        "Namespace",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "PersistentVolume",
        "StorageClass",
        "PriorityClass",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    }
)


class Applier:
    """Applies the plan's manifests, and notes what has to be removed again."""

    def __init__(
        self, plan: ClusterPlan, kubectl: Kubectl, steps: Recorder, ledger: Ledger
    ) -> None:
        self.plan = plan
        self.kubectl = kubectl
        self.steps = steps
        self.ledger = ledger

    def apply(self) -> str | None:
        """Apply everything; why it failed."""
        plan = self.plan
        try:
            listed = [source_of(plan, file) for file in plan.files]
            sources = [self._words(source, number) for number, source in enumerate(listed)]
        except RenderError as error:
            return str(error)
        if not plan.cluster.create:
            return self._apart(sources)
        for source in sources:
            begin = self.steps.begin("apply", " ".join(source))
            problem = failure("kubectl apply", self.kubectl.ask("apply", *source))
            if problem is not None and "namespaces" in problem and "not found" in problem:
                self.kubectl.ask("create", "namespace", plan.namespace)
                problem = failure("kubectl apply", self.kubectl.ask("apply", *source))
            shown = f"kubectl apply {' '.join(source)}"
            self.steps.end("apply", shown, begin, None, problem or "", failed=problem is not None)
            if problem is not None:
                return problem
        return None

    def _apart(self, sources: list[tuple[str, ...]]) -> str | None:
        """In a cluster that others use: what is there already is left as it is, the rest noted."""
        plan = self.plan
        objects: list[dict[str, Any]] = []
        for source in sources:
            done = self.kubectl.ask("create", "--dry-run=client", "-o", "json", *source)
            problem = failure("kubectl create --dry-run", done)
            if problem is not None or isinstance(done, str):
                return problem
            objects += _documents(done.stdout)
        if plan.own_namespace is not None:
            objects = [_moved(one, plan.own_namespace) for one in objects]
            objects = [one for one in objects if one.get("kind") != "Namespace"]
            self.ledger.note("namespace", plan.own_namespace, "kubectl", *self.kubectl.options)
            objects.insert(0, self._namespace(plan.own_namespace))
        else:
            # A script of the project makes it, where its manifests do not.
            made = {_name(one) for one in objects if one.get("kind") == "Namespace"}
            needed = {one.get("metadata", {}).get("namespace") for one in objects} - made
            spaces = [self._namespace(name) for name in sorted(filter(None, needed))]
            objects = [*(one for one in spaces if not self._exists(one)), *objects]
        problem = self._settled(objects)
        if problem is not None:
            return problem
        new = [one for one in objects if not self._exists(one)]
        created = self._written("created.json", new)
        self.ledger.note("objects", str(created), "kubectl", *self.kubectl.options)
        begin = self.steps.begin("apply", f"{len(objects)} objects")
        everything = self._written("objects.json", objects)
        problem = failure("kubectl apply", self.kubectl.ask("apply", "-f", str(everything)))
        told = f"{len(objects)} objects, {len(new)} of them new"
        self.steps.end("apply", told, begin, None, problem or "", failed=problem is not None)
        return problem

    def _settled(self, objects: list[dict[str, Any]]) -> str | None:
        """Wait until namespaces that an earlier run has deleted are gone; why they are not."""
        for name in sorted({_name(one) for one in objects if one.get("kind") == "Namespace"}):
            found = self.kubectl.object("namespace", name)
            if (found or {}).get("status", {}).get("phase") == "Terminating":
                words = ("wait", "--for=delete", f"namespace/{name}", f"--timeout={_GONE:g}s")
                done = self.kubectl.ask(*words, timeout=_GONE + _SLACK)
                problem = failure(f"waiting for the end of namespace {name}", done)
                if problem is not None and self.kubectl.object("namespace", name) is not None:
                    return problem
        return None

    def _namespace(self, name: str) -> dict[str, Any]:
        metadata = {"name": name, "labels": {LABEL: self.plan.name}}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}

    def _exists(self, one: dict[str, Any]) -> bool:
        metadata = one.get("metadata", {})
        words = [one.get("kind", ""), metadata.get("name", ""), "-o", "name", "--ignore-not-found"]
        words += ["-n", metadata["namespace"]] if "namespace" in metadata else []
        done = self.kubectl.ask("get", *words)
        return isinstance(done, Completed) and done.code == 0 and bool(done.stdout.strip())

    def _written(self, name: str, objects: list[dict[str, Any]]) -> Path:
        path = self.plan.run / name
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        path.write_text(json.dumps(listed), encoding="utf-8")
        return path

    def _words(self, source: Source, number: int) -> tuple[str, ...]:
        """kubectl's words for it."""
        if source.form is Form.KUSTOMIZATION:
            return ("-k", str(source.path))
        if source.form is Form.CHART:
            return ("-f", str(self._chart(source, number)))
        if source.form is Form.PATCHED and self.plan.patch is not None:
            return ("-k", str(self._patched(source.path, self.plan.root / self.plan.patch[1])))
        return ("-f", str(source.path))

    def _patched(self, manifest: Path, patch: Path) -> Path:
        """A kustomization of a manifest and its patch: no pod starts without the patch."""
        folder = self.plan.run / "patched"
        folder.mkdir(exist_ok=True)
        (folder / "manifest.yaml").write_bytes(manifest.read_bytes())
        (folder / "patch.yaml").write_bytes(patch.read_bytes())
        text = "resources: [manifest.yaml]\npatchesStrategicMerge: [patch.yaml]\n"
        (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
        return folder

    def _chart(self, source: Source, number: int) -> Path:
        rendered = self.plan.run / f"chart-{number}.yaml"
        words = helm_command(str(source.path), (*CHART_OPTIONS, *source.options))
        command = Command(words, self.plan.root, self.plan.env, "helm", 120)
        try:
            done = self.steps.processes.run(command)
        except CannotStart as error:
            raise RenderError(str(error)) from error
        problem = failure("helm template", done)
        if problem is not None:
            raise RenderError(problem)
        rendered.write_text(done.stdout, encoding="utf-8")
        return rendered


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("metadata", {}).get("name", ""))


def _documents(text: str) -> list[dict[str, Any]]:
    """The objects of an answer: one, a List, or several after another."""
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        one, position = decoder.raw_decode(text, position)
        found += _items(one)
    return found


def _items(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if str(one.get("kind", "")).endswith("List") and "items" in one:
        yield from one["items"]
    else:
        yield one


def _moved(one: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The object in another namespace; a node port is the cluster's to give."""
    if one.get("kind") in _CLUSTER_WIDE:
        return one
    moved = {**one, "metadata": {**one.get("metadata", {}), "namespace": namespace}}
    if one.get("kind") == "Service":
        spec = dict(one.get("spec", {}))
        ports = spec.get("ports") or []
        spec["ports"] = [{k: v for k, v in p.items() if k != "nodePort"} for p in ports]
        moved["spec"] = spec
    return moved
