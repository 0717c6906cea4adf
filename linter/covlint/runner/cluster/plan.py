"""From a target and its chain to a run in a cluster, before anything runs."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shlex
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from covlint.facts.commands.extraction import Step, StepKind
from covlint.facts.kubernetes.cluster import ExtraMount
from covlint.facts.kubernetes.helm_release import HelmRelease
from covlint.facts.kubernetes.pod import COMPOSE
from covlint.facts.kubernetes.workload import Container, VolumeKind
from covlint.frozen import dataclass
from covlint.runner.cluster.charts import chart_options
from covlint.runner.cluster.kind_config import KindConfig, kind_config
from covlint.runner.command import Command
from covlint.runner.container.image_build import ImagePlan, plan_image
from covlint.runner.container.plan import Sources, sources_of
from covlint.runner.container.runtime import Runtime
from covlint.runner.ledger import LABEL, PREFIX
from covlint.runner.process.build import Read
from covlint.runner.process.standin import StandIn, opened_by_scripts, stand_in
from covlint.runner.service import coverdir_of, grace_of
from covlint.runner.target import Target, TargetError
from covlint.runner.verdict import Unproven
from covlint.source import UnreadableSource
from covlint.wiring import Chain, Hop

#: Seconds that pods have to get ready, however little the target gives its service.
ROLLOUT = 120.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster of a run. ``create`` with ``config``; else it is there already, by the name
    that Kind has for it (``kind``) or as a context of the kubeconfig."""

    name: str
    create: bool
    kind: bool
    config: KindConfig | None = None
    node_image: str | None = None
    context: str | None = None
    key: Hashable = None  # equal for clusters that may as well be one


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """Everything that the kind and context engines do, in order.

    ``files`` are the manifests to apply; ``node_path`` is the folder of the node
    that the counters go to, None when they go to no hostPath; ``copied_from`` the
    node's folder that a script of the project copies to the host; ``grace`` is in
    seconds. ``namespace`` is the workload's own, ``own_namespace`` the one that
    covlint makes in a cluster that is not its own.
    """

    target: Target
    root: Path
    run: Path
    name: str
    runtime: Runtime
    image: ImagePlan
    build: Command
    tag: str
    image_name: str | None
    cluster: Cluster
    files: tuple[str, ...]
    workload: tuple[str, str]  # kind and name
    namespace: str
    own_namespace: str | None
    container: Container
    place: StandIn
    node_path: str | None
    copied_from: str | None
    claim: str | None
    extraction: tuple[Step, ...]  # what scripts of the project copy, and how they make ready for it
    host_mode: int
    grace: float
    sources: Sources
    env: Mapping[str, str]
    unproven: tuple[Unproven, ...]
    notes: tuple[str, ...]
    patch: tuple[str, str] | None = None  # a manifest, and what `kubectl patch` puts into it

    @property
    def arrives(self) -> Path:
        return self.run / "host"

    @property
    def kubeconfig(self) -> Path | None:
        return self.run / "kubeconfig" if self.cluster.kind else None

    def needs_helper(self, reachable: bool) -> bool:
        """Whether only a pod brings the data out; ``reachable``: nodes are containers here."""
        return not reachable and (self.node_path is not None or self.claim is not None)

    def helper(self, name: str, node: str | None) -> str:
        """A pod on the volume that holds the data, as JSON."""
        volume: dict[str, object] = {"persistentVolumeClaim": {"claimName": self.claim}}
        if self.claim is None:
            volume = {"hostPath": {"path": self.node_path}}
        spec: dict[str, object] = {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "helper",
                    "image": self.target.helper_image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sleep", "600"],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                }
            ],
            "volumes": [{"name": "data", **volume}],
        }
        if node is not None:
            spec["nodeSelector"] = {"kubernetes.io/hostname": node}
            spec["tolerations"] = [{"operator": "Exists"}]
        metadata = {"name": name, "namespace": self.namespace, "labels": {LABEL: self.name}}
        return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    @property
    def rollout(self) -> float:
        return max(ROLLOUT, self.target.ready.timeout)


def plan_cluster(
    target: Target,
    chain: Chain | None,
    root: Path,
    read: Read,
    run: Path,
    name: str,
    env: Mapping[str, str],
    runtime: Runtime,
    reuse: str | None = None,
    releases: Sequence[HelmRelease] = (),
    *,
    apart: bool = False,
) -> ClusterPlan:
    """Plan a run called ``name``; ``reuse`` names a cluster or context that is there already,
    ``releases`` are the installations of charts that the project is seen to make; ``apart`` has
    it run in a namespace of its own.

    Raises TargetError.
    """
    container = chain.container if chain is not None else None
    if chain is None or container is None or container.pod.kind == COMPOSE:
        raise TargetError(
            f"targets.{target.name}: the {target.engine} engine needs a Kubernetes manifest; name "
            "it (`manifest: …`)"
        )
    if container.pod.name is None:
        raise TargetError(
            f"targets.{target.name}: the name of the workload in {container.span.path} is filled "
            "in by a template; set `render: true` in .covlint.yaml, or name a rendered manifest"
        )
    image = plan_image(target, chain, root, read)
    tag = f"localhost/covlint/run:{name}"
    values = {e.name.text: e.value.text for e in container.env if e.value is not None}
    if chain.image is not None and chain.image.coverdir is not None:
        values.setdefault("GOCOVERDIR", chain.image.coverdir.text)
    coverdir, _ = coverdir_of(chain, values)
    place = stand_in(chain, coverdir, 0)
    mount = container.mount_at(coverdir) if coverdir is not None else None
    volume = container.volume_of(mount) if mount is not None else None
    node_path = None
    claim = None
    if volume is not None and volume.kind is VolumeKind.HOST_PATH and volume.host_path is not None:
        node_path = volume.host_path.text
    if volume is not None and volume.kind is VolumeKind.CLAIM:
        inner = volume.node.mapping("persistentVolumeClaim")
        word = inner.scalar("claimName") if inner is not None else None
        claim = word.text if word is not None else None
    written = container.pod.namespace.text if container.pod.namespace is not None else None
    own = f"{PREFIX}{name}" if apart or target.engine == "context" else None
    mode = opened_by_scripts(chain, node_path) if node_path is not None else 0o755
    return ClusterPlan(
        target=target,
        root=root,
        run=run,
        name=name,
        runtime=runtime,
        image=image,
        build=Command(
            image.command(runtime, tag, name), root, env, "build", timeout=target.timeout
        ),
        tag=tag,
        image_name=container.image.text if container.image is not None else None,
        cluster=_cluster(target, chain, root, read, run, name, node_path, env, reuse),
        files=target.apply or (_manifest(container, root, read, releases),),
        workload=(container.pod.kind, container.pod.name.text),
        namespace=own or written or "default",
        own_namespace=own,
        container=container,
        place=place,
        node_path=node_path,
        copied_from=_copied_from(chain),
        claim=claim,
        extraction=tuple(s for s in chain.steps if s.kind in (StepKind.COPY, StepKind.SIGNAL)),
        host_mode=mode,
        grace=grace_of(target, container),
        sources=sources_of(chain, root, target.build_args),
        env=env,
        unproven=_unproven(chain, node_path),
        notes=_notes(target, reuse),
        patch=_patch(container),
    )


def _notes(target: Target, context: str | None) -> tuple[str, ...]:
    if target.engine == "context" and not (context or "").startswith("kind-"):
        return ("the image is the one that the cluster finds: covlint pushes none",)
    return ()


def _cluster(
    target: Target,
    chain: Chain,
    root: Path,
    read: Read,
    run: Path,
    name: str,
    node_path: str | None,
    env: Mapping[str, str],
    reuse: str | None,
) -> Cluster:
    if target.engine == "context":
        return Cluster(reuse or "", False, (reuse or "").startswith("kind-"), context=reuse)
    if reuse is not None:
        return Cluster(reuse, False, True)
    path = target.kind_config or _config_path(chain)
    try:
        text = read(path).data.decode("utf-8", "replace") if path is not None else None
    except UnreadableSource as error:
        raise TargetError(f"{error.path}: {error.reason}") from error
    data = frozenset(
        mount.host_path.text
        for cluster in chain.clusters
        for node in cluster.nodes
        for mount in node.extra_mounts
        if mount.host_path is not None and _is_data(mount, chain, node_path)
    )
    config = kind_config(text, root, run, data, node_path)
    image = env.get("COVLINT_KIND_NODE_IMAGE") or None
    key = (text, data, node_path if text is None else None)
    return Cluster(f"{PREFIX}{name}", True, True, config, image, key=key)


def _is_data(mount: ExtraMount, chain: Chain, node_path: str | None) -> bool:
    """Whether the counters may come through this extraMount: it holds the node's folder, or its
    folder is called like one for coverage."""
    inside = mount.container_path.text
    outside = mount.host_path.text if mount.host_path is not None else ""
    if node_path is not None and (node_path + "/").startswith(inside.rstrip("/") + "/"):
        return True
    return inside in chain.data_paths or re.search(r"(?i)cov", f"{inside} {outside}") is not None


def _config_path(chain: Chain) -> str | None:
    """The configuration that a script creates its cluster from, else the first one."""
    paths = [cluster.span.path for cluster in chain.clusters]
    named = [
        os.path.normpath(step.source)
        for step in chain.steps
        if step.kind is StepKind.CREATE_CLUSTER and step.source is not None
    ]
    return next((path for path in paths if path in named), paths[0] if paths else None)


def _manifest(container: Container, root: Path, read: Read, releases: Sequence[HelmRelease]) -> str:
    """The file that holds the workload, or the kustomization or chart that puts it together."""
    overlay = container.pod.overlay
    if overlay is not None:
        return posixpath.dirname(overlay) or "."
    chart, below, _ = container.span.path.rpartition("templates/")
    if below and (root / chart / "Chart.yaml").is_file():
        try:
            options = chart_options(chart, root, read, releases)
        except UnreadableSource as error:
            raise TargetError(f"{error.path}: {error.reason}") from error
        return shlex.join((chart.rstrip("/") or ".", *options))
    return container.pod.patched or container.span.path


def _patch(container: Container) -> tuple[str, str] | None:
    patched = container.pod.patched
    return (patched, container.span.path) if patched is not None else None


def _copied_from(chain: Chain) -> str | None:
    """The node's folder that a script copies out with docker or podman cp."""
    for step in chain.steps:
        if step.kind is StepKind.COPY and step.through in ("docker", "podman", "nerdctl"):
            node, _, path = (step.source or "").partition(":")
            if path and not step.inward and ("control-plane" in node or "worker" in node):
                return path.removesuffix("/.").rstrip("/")
    return None


def _unproven(chain: Chain, node_path: str | None) -> tuple[Unproven, ...]:
    if node_path is not None and not chain.clusters:
        return (Unproven(Hop.EXTRA_MOUNT, "no Kind config is seen: covlint mounts the folder"),)
    return ()
