"""The Kind node's folder, brought to the host."""

from __future__ import annotations

from collections.abc import Sequence

from covlint.diagnostics import Edit
from covlint.facts.commands.steps import StepKind
from covlint.facts.kubernetes.cluster import KindCluster
from covlint.facts.kubernetes.coverage_volume import coverage_extra_mounts, nodes_opaque
from covlint.initial.draft import Draft
from covlint.initial.overlay import DIRECTORY, e2e_folder
from covlint.initial.service import Service, Survey

#: The folder of the host, relative to where ``kind create cluster`` is called.
HOST = "./coverdata"
_WHY = f"brings {DIRECTORY} of the node to {HOST}"


def mount(draft: Draft, survey: Survey, services: Sequence[Service]) -> str | None:
    """The Kind config of the e2e cluster, with the folder mounted; None where no service that
    is deployed needs one."""
    if not any(service.container is not None for service in services):
        return None
    clusters = _chosen(survey)
    if not clusters:
        path = f"{e2e_folder(survey)}/kind.yaml"
        if not draft.has(path):
            draft.create(path, _CONFIG, f"the e2e cluster: {_WHY}")
        return path
    path = clusters[0].span.path
    here = [cluster for cluster in clusters if cluster.span.path == path]
    if coverage_extra_mounts(here):
        return path
    edits: list[Edit] = []
    for cluster in here:
        if not cluster.nodes and not cluster.nodes_opaque:
            edits += cluster.add_node_with_mount(HOST, DIRECTORY)
        for node in cluster.nodes:
            edits += node.add_extra_mount(HOST, DIRECTORY)
    expected = sum(max(1, len(cluster.nodes)) for cluster in here)
    if nodes_opaque(here) or len(edits) != expected:
        draft.notes.append(f"{path}: mount {HOST} at {DIRECTORY} of every node by hand")
        return path
    draft.edit(path, edits, f"{_WHY}, on every node: a pod may run on any")
    return path


def is_unmounted(service: Service, survey: Survey) -> bool:
    """Whether a service that collects writes to the folder of the node that is proposed here,
    and no Kind config nor any command brings it to the host."""
    container = service.container
    mount = container.mount_at(DIRECTORY) if service.collected and container is not None else None
    volume = container.volume_of(mount) if container is not None and mount is not None else None
    path = volume.host_path if volume is not None else None
    if path is None or path.text != DIRECTORY or coverage_extra_mounts(survey.facts.clusters):
        return False
    return all(step.kind is not StepKind.COPY for step in survey.facts.steps)


def _chosen(survey: Survey) -> list[KindCluster]:
    """Configs that are for coverage already, else those that a command makes a cluster from,
    else all; of each the first file by its path."""
    clusters = sorted(survey.facts.clusters, key=lambda one: _nearness(one.span.path))
    clusters = [one for one in clusters if one.span.path.endswith((".yaml", ".yml"))]
    used = {step.source for step in survey.facts.steps if step.kind is StepKind.CREATE_CLUSTER}
    mounted = [one for one in clusters if coverage_extra_mounts([one])]
    return mounted or [one for one in clusters if one.span.path in used] or clusters


def _nearness(path: str) -> tuple[int, int, str]:
    """Plain names before those of special cases."""
    return path.count("/"), len(path), path


_CONFIG = f"""# The cluster of the e2e tests: what pods write to {DIRECTORY} of their node arrives
# in {HOST} of the folder in which `kind create cluster` is called.
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: {HOST}
        containerPath: {DIRECTORY}
"""
