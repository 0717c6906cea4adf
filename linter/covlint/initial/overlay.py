"""The e2e variant of a workload: a kustomization of its own, or a patch of its manifest."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from covlint.documents.yaml import YamlError, open_yaml
from covlint.documents.yaml_text import Layout as YamlLayout
from covlint.documents.yaml_text import Value, entry_lines, scalar_text
from covlint.facts.kubernetes.workload import Container, read_containers
from covlint.frozen import dataclass
from covlint.initial.draft import Draft
from covlint.initial.service import Service, Survey

#: The one path: in the container, on the Kind node, and below it on the host.
DIRECTORY = "/coverdata"
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_OLD_STYLE = re.compile(rb"^(?:bases|patchesStrategicMerge)[ \t]*:", re.MULTILINE)
_E2E = re.compile(r"(?:tests?/)?e2e(?=/)")
_ENVIRONMENT = re.compile(r"(?i)prod|stag|live|release|canary|^(?:qa|uat|ha)$")
#: A grace period below this (seconds) is raised: the program's own shutdown needs time.
_SHORT = 10


@dataclass(frozen=True, slots=True)
class Overlay:
    """Where the variant is, by the service's name; ``kustomized``: `kubectl apply -k` takes it."""

    folder: str
    kustomized: bool


def image_name(service: str) -> str:
    """The image of the e2e cluster; ``localhost/`` is no registry, so that nothing pulls it."""
    return f"localhost/{service}:coverage"


def e2e_folder(survey: Survey) -> str:
    """Where files for the e2e cluster go: beside the e2e tests, if there are any."""
    found = {match[0] for path in survey.paths if (match := _E2E.match(path)) is not None}
    return f"{min(found, default='test/e2e')}/coverage"


def deploy(draft: Draft, survey: Survey, services: Sequence[Service]) -> frozenset[str]:
    """Propose the variant of each service that has a workload, and none that collects; the
    names of these services."""
    deployed: set[str] = set()
    bases: dict[str, list[Service]] = {}
    for service in services:
        container = service.container
        if container is None or service.collected or "/templates/" in container.span.path:
            continue
        base = _base_of(service, survey)
        if base is None and _namesakes(container, survey) > 1:
            draft.notes.append(
                f"{container.span.path}: several manifests have this workload, so that a patch "
                "would not say which it changes; write an e2e variant by hand"
            )
            continue
        deployed.add(service.name)
        if base is None:
            path = _free(draft, f"{e2e_folder(survey)}/{service.name}.yaml")
            text = _patch_text(service, _raw(draft, service) or container)
            draft.create(path, text, f"what the e2e cluster adds to {container.span.path}")
        else:
            bases.setdefault(base, []).append(service)
    for base, members in bases.items():
        _kustomize(draft, survey, base, members)
    return frozenset(deployed)


def _namesakes(container: Container, survey: Survey) -> int:
    """How many plain manifests have a workload of this kind, name and namespace."""

    def identity(one: Container) -> tuple[str, str | None, str | None]:
        words = (one.pod.name, one.pod.namespace)
        name, namespace = (word.text if word is not None else None for word in words)
        return one.pod.kind, name, namespace

    same = (c for c in survey.facts.containers if identity(c) == identity(container))
    return len({c.pod.span for c in same if c.pod.overlay is None})


def _kustomize(draft: Draft, survey: Survey, base: str, services: Sequence[Service]) -> None:
    patches = [f"{service.name}.yaml" for service in services]
    folder = _overlay_folder(survey, base)
    there = draft.read(f"{folder}/kustomization.yaml")
    completed = there is not None and any(patch.encode() in there.data for patch in patches)
    if not completed:
        folder = _free_folder(draft, folder, patches)
    for service, patch in zip(services, patches, strict=True):
        container = service.container
        assert container is not None
        if not draft.has(f"{folder}/{patch}"):
            text = _patch_text(service, _raw(draft, service) or container)
            draft.create(f"{folder}/{patch}", text, f"where {service.name} writes its counters")
    if completed:
        return
    above = scalar_text(posixpath.relpath(base, folder))
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
    if _old_style(draft, survey):
        lines += ["bases:", f"- {above}", "patchesStrategicMerge:", *(f"- {p}" for p in patches)]
    else:
        lines += ["resources:", f"- {above}", "patches:", *(f"- path: {p}" for p in patches)]
    draft.create(
        f"{folder}/kustomization.yaml",
        "\n".join(lines) + "\n",
        f"what {base} deploys, with coverage, for the e2e cluster alone",
    )


def _base_of(service: Service, survey: Survey) -> str | None:
    """The directory of the kustomization to build on; None where the workload has none.

    It is the one that somebody applies, with all that the workload needs; of an environment
    (staging, production) its base, so that nothing of that comes along.
    """
    container = service.container
    if container is None or container.pod.overlay is None:
        return None
    top = posixpath.dirname(container.pod.overlay) or "."
    known = frozenset(survey.paths)
    if posixpath.basename(top) == "manifests" and _kustomized(f"{top}/../default", known):
        return posixpath.normpath(f"{top}/../default")  # kubebuilder: manifests is for a bundle
    if not _ENVIRONMENT.search(posixpath.basename(top)):
        return top
    current = posixpath.dirname(container.span.path) or "."
    while not _kustomized(current, known):
        if current in ("", "."):
            return top
        current = posixpath.dirname(current) or "."
    return current


def _kustomized(folder: str, known: frozenset[str]) -> bool:
    return any(posixpath.normpath(f"{folder}/{name}") in known for name in _KUSTOMIZATIONS)


def _overlay_folder(survey: Survey, base: str) -> str:
    """Beside the overlays that are there; else with the e2e tests."""
    above = posixpath.dirname(base)
    siblings = {
        posixpath.dirname(posixpath.dirname(path))
        for path in survey.paths
        if path.endswith(_KUSTOMIZATIONS)
    }
    for folder in (f"{above}/overlays", f"{posixpath.dirname(above)}/overlays", "overlays", above):
        wanted = folder.lstrip("/")
        if wanted and wanted != "." and wanted in siblings:
            return posixpath.normpath(f"{wanted}/coverage")
    return e2e_folder(survey)


def _old_style(draft: Draft, survey: Survey) -> bool:
    """Whether the project's kustomizations are written for a kustomize before 2.1."""
    texts = (draft.read(path) for path in survey.paths if path.endswith(_KUSTOMIZATIONS))
    return any(text is not None and _OLD_STYLE.search(text.data) for text in texts)


def _raw(draft: Draft, service: Service) -> Container | None:
    """The workload as its manifest writes it, before names and namespaces are put in."""
    container = service.container
    source = draft.read(container.span.path) if container is not None else None
    if container is None or source is None:
        return None
    document = open_yaml(source)
    if isinstance(document.error, YamlError):
        return None
    for one in read_containers(document):
        if one.span == container.span and one.pod.name is not None:
            return one
    return None


def _patch_text(service: Service, container: Container) -> str:
    pod = container.pod
    assert pod.name is not None
    taken = {volume.name.text for volume in pod.volumes}
    volume = next(n for n in ("coverage", "coverdata", "e2e-coverage") if n not in taken)
    variable: dict[str, Value] = {"name": "GOCOVERDIR", "value": DIRECTORY}
    inner: dict[str, Value] = {
        "name": container.name.text if container.name is not None else service.name,
        "image": image_name(service.name),
        "imagePullPolicy": "Never",
        "env": [variable],
        "volumeMounts": [{"name": volume, "mountPath": DIRECTORY}],
    }
    spec: dict[str, Value] = {}
    seconds = _grace(service, container)
    if seconds is not None:
        spec["terminationGracePeriodSeconds"] = seconds
    spec["containers"] = [inner]
    spec["volumes"] = [
        {"name": volume, "hostPath": {"path": DIRECTORY, "type": "DirectoryOrCreate"}}
    ]
    metadata: dict[str, Value] = {"name": pod.name.text}
    if pod.namespace is not None:
        metadata["namespace"] = pod.namespace.text
    version = "batch/v1" if pod.kind in ("Job", "CronJob") else "apps/v1"
    template: Value = {"template": {"spec": spec}}
    if pod.kind == "Pod":
        version, template = "v1", spec
    if pod.kind == "CronJob":
        template = {"jobTemplate": {"spec": template}}
    body: dict[str, Value] = {
        "apiVersion": version,
        "kind": pod.kind,
        "metadata": metadata,
        "spec": template,
    }
    lines = [
        f"# {service.name} in the e2e cluster: its counters go to {DIRECTORY} of the node, which",
        "# Kind brings to ./coverdata. Its user stays: that folder is open to every user.",
    ]
    layout = YamlLayout(step=2, dash=2)
    for key, value in body.items():
        lines += entry_lines(key, value, layout)
    return "\n".join(lines) + "\n"


def _grace(service: Service, container: Container) -> int | None:
    """A longer grace period, where the workload has one that is shorter than the shutdown."""
    written = container.pod.grace_period
    needed = max(_SHORT, int(service.main.shutdown_seconds or 0) + 5 if service.main else 0)
    given = container.pod.default_grace_period
    if written is not None and written.text.isdigit():
        given = int(written.text)
    return max(needed, 30) if given < needed else None


def _free(draft: Draft, path: str) -> str:
    stem, _, ending = path.rpartition(".")
    return next(
        one
        for one in (path, f"{stem}-coverage.{ending}", f"{stem}-covlint.{ending}")
        if not draft.has(one)
    )


def _free_folder(draft: Draft, folder: str, patches: Sequence[str]) -> str:
    """The folder, or one beside it where that has something else than such patches."""
    names = {
        p.partition(f"{folder}/")[2] for p in draft.files.paths() if p.startswith(folder + "/")
    }
    if names <= {*patches, "kind.yaml"}:
        return folder
    return _free_folder(draft, f"{folder}-e2e", patches)


__all__ = ["DIRECTORY", "Overlay", "deploy", "e2e_folder", "image_name"]
