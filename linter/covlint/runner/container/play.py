"""A workload as a pod of ``podman kube play``: its own manifest, with folders of this run in the
place of the node's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from covlint.facts.kubernetes.pod import COMPOSE
from covlint.facts.kubernetes.workload import Container
from covlint.runner.container.boxes import Mounts, folders_of_volumes
from covlint.runner.container.plan import GIVEN, ContainerPlan
from covlint.runner.ledger import LABEL, OWNER, PREFIX, owner
from covlint.runner.process.build import Read
from covlint.runner.target import TargetError
from covlint.runner.verdict import Unproven
from covlint.source import UnreadableSource
from covlint.wiring import Chain, Hop

#: What a pod may refer to and ``kube play`` knows.
_WITH_IT = frozenset({"ConfigMap", "Secret"})


def plan_play(plan: ContainerPlan, chain: Chain | None, read: Read) -> ContainerPlan:
    """The plan of the container engine, with a pod in the place of its container.

    Raises TargetError.
    """
    container = chain.container if chain is not None else None
    if chain is None or container is None or container.pod.kind == COMPOSE:
        raise TargetError(
            f"targets.{plan.target.name}: the play engine needs a Kubernetes manifest; name it "
            "(`manifest: …`)"
        )
    if not plan.runtime.podman:
        raise TargetError("the play engine is `podman kube play`: take --runtime podman")
    name = f"{PREFIX}{plan.name}"
    objects = list(_objects(container, read))
    pod = _pod(objects, container)
    own = container.name.text if container.name is not None else pod["containers"][0]["name"]
    _own_container(pod, own, plan)
    folders = folders_of_volumes(chain, plan.run, plan.place)
    for volume in pod.get("volumes") or ():
        folder = folders.get(volume.get("name"))
        if folder is not None and "hostPath" in volume:
            volume["hostPath"] = {"path": str(folder), "type": "Directory"}
    played = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {LABEL: plan.name, OWNER: owner()}},
        "spec": {**pod, "restartPolicy": "Never"},
    }
    others = [one for one in objects if one.get("kind") in _WITH_IT]
    text = "\n---\n".join(json.dumps(one) for one in (*others, played))
    return replace(
        plan,
        play=text,
        box=replace(plan.box, name=f"{name}-{own}"),
        mounts=replace(plan.mounts, places=_without_emptied(plan.mounts), volumes=()),
        unproven=_unproven(plan),
    )


def _objects(container: Container, read: Read) -> Iterator[dict[str, Any]]:
    # Slow to import, and needed only for a run.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = container.span.path
    try:
        text = read(path).data.decode("utf-8", "replace")
        found = list(YAML(typ="safe").load_all(text))
    except UnreadableSource as error:
        raise TargetError(f"{error.path}: {error.reason}") from error
    except YAMLError as error:
        raise TargetError(f"{path}: no plain YAML; name a rendered manifest") from error
    for one in found:
        if isinstance(one, dict):
            listed = one.get("items") if str(one.get("kind", "")).endswith("List") else None
            yield from listed if isinstance(listed, list) else [one]


def _pod(objects: list[dict[str, Any]], container: Container) -> dict[str, Any]:
    """The pod's spec in the manifest."""
    wanted = container.pod.name.text if container.pod.name is not None else None
    for one in objects:
        if one.get("kind") != container.pod.kind:
            continue
        if wanted is not None and one.get("metadata", {}).get("name") != wanted:
            continue
        spec = one.get("spec") or {}
        if container.pod.kind == "CronJob":
            spec = (spec.get("jobTemplate") or {}).get("spec") or {}
        found = spec if container.pod.kind == "Pod" else (spec.get("template") or {}).get("spec")
        if isinstance(found, dict) and found.get("containers"):
            return found
    raise TargetError(f"{container.span.path}: there is no {container.pod.kind} {wanted or ''}")


def _own_container(pod: dict[str, Any], name: str, plan: ContainerPlan) -> None:
    """The built image, variables and the port of the host for the service's container."""
    image = next((one.get("image") for one in pod["containers"] if one.get("name") == name), None)
    for one in (*(pod.get("initContainers") or ()), *pod["containers"]):
        one["imagePullPolicy"] = "Never"
        if one.get("image") == image:
            one["image"] = plan.tag
        one.pop("readinessProbe", None)  # covlint asks by itself
        if one.get("name") != name:
            continue
        known = {entry.get("name") for entry in one.get("env") or ()}
        own = plan.box.env
        extra = [{"name": key, "value": value} for key, value in own if key not in known]
        one["env"] = [*(one.get("env") or ()), *extra]
        one["ports"] = [
            {"containerPort": inside, "hostPort": outside, "hostIP": "127.0.0.1"}
            for outside, inside in plan.box.ports
        ]
        if plan.place.path == GIVEN and any(mount.path == GIVEN for mount in plan.box.mounts):
            mounts = one.setdefault("volumeMounts", [])
            if all(mount.get("mountPath") != GIVEN for mount in mounts):
                mounts.append({"name": "covlint-data", "mountPath": GIVEN})
                folder = {"path": str(plan.run / "host"), "type": "Directory"}
                pod.setdefault("volumes", []).append({"name": "covlint-data", "hostPath": folder})


def _without_emptied(mounts: Mounts) -> tuple[Any, ...]:
    """An emptyDir is podman's own here."""
    return tuple(place for place in mounts.places if place.folder.parent.name != "pod")


def _unproven(plan: ContainerPlan) -> tuple[Unproven, ...]:
    kept = [one for one in plan.unproven if one.hop is not Hop.WORKLOAD]
    return (Unproven(Hop.WORKLOAD, "no cluster: scheduling, probes and policies"), *kept)
