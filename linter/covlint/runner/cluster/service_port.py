"""How the service is reached from this host: a mapped node port, else a forwarded one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from covlint.frozen import dataclass
from covlint.runner.cluster.kubectl import Kubectl
from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.command import CannotStart
from covlint.runner.container.boxes import ports_of
from covlint.runner.readiness import Surroundings, wait_until_ready
from covlint.runner.steps import Recorder, read_text
from covlint.runner.target import Ready

_FORWARDED = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")
#: Seconds until kubectl forwards a port.
_FORWARD = 30.0


@dataclass(frozen=True, slots=True)
class Door:
    """``port`` of 127.0.0.1 on this host leads to the service."""

    port: int
    how: str


def service_door(plan: ClusterPlan, kubectl: Kubectl, steps: Recorder) -> Door | None:
    """Find or open a way to the service; None when it has no port at all."""
    services = _services(plan, kubectl)
    config = plan.cluster.config
    mapped = dict(config.ports) if config is not None else {}
    for service in services:
        for port in service["spec"].get("ports") or ():
            node_port = port.get("nodePort")
            if node_port in mapped:
                return Door(mapped[node_port], f"node port {node_port}")
    return _forward(plan, kubectl, steps, services)


def _services(plan: ClusterPlan, kubectl: Kubectl) -> list[dict[str, Any]]:
    """The services that select the workload's pods."""
    answer = kubectl.object("services", "-n", plan.namespace)
    labels = dict(plan.container.pod.labels)
    return [
        item
        for item in (answer or {}).get("items", ())
        if _selects(item.get("spec", {}).get("selector"), labels)
    ]


def _selects(selector: Mapping[str, str] | None, labels: Mapping[str, str]) -> bool:
    if not selector:
        return False
    return all(labels.get(key) == value for key, value in selector.items())


def _forward(
    plan: ClusterPlan, kubectl: Kubectl, steps: Recorder, services: list[dict[str, Any]]
) -> Door | None:
    kind, name = plan.workload
    target, inside = f"{kind.lower()}/{name}", next(iter(ports_of(plan.container)), None)
    if services:
        first = services[0]
        target = f"service/{first['metadata']['name']}"
        inside = first["spec"]["ports"][0]["port"]
    inside = plan.target.container_port or inside
    if inside is None:
        return None
    log = plan.run / "forward.log"
    words = ("port-forward", "-n", plan.namespace, target, f":{inside}")
    command = replace(kubectl.command("forward", *words, timeout=None), log=log)
    begin = steps.begin("forward", f"{target} port {inside}")
    try:
        running = steps.processes.start(command)
    except CannotStart:
        return None
    around = Surroundings(log, steps.processes, plan.root, plan.env)
    ready = Ready(log=_FORWARDED.pattern, timeout=_FORWARD)
    problem = wait_until_ready(ready, running.poll, around)
    found = _FORWARDED.search(read_text(log))
    steps.end("forward", f"{target}:{inside}", begin, None, problem or "", failed=found is None)
    return Door(int(found[1]), "kubectl port-forward") if found else None
