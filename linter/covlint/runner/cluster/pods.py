"""Pods as the API server tells of them: what runs, what waits, what has ended, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from covlint.frozen import dataclass

#: Reasons for which a container waits and that time does not heal.
_HOPELESS = frozenset(
    {
        "ImagePullBackOff",  # after a first pull that failed
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
#: A service may end a few times before what it needs is there.
_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class Life:
    """One process of a container, from its start to its end: seconds since the epoch, of which
    the API server tells whole ones; None where it does not (yet)."""

    id: str
    started: float | None
    finished: float | None
    code: int | None


@dataclass(frozen=True, slots=True)
class ContainerState:
    """``code`` and ``reason`` are of its end, None while it runs; ``last_code`` of the end before
    the last restart. ``started``: it ran at some time; ``lives`` are those that were seen."""

    name: str
    ready: bool
    started: bool
    restarts: int
    waiting: str | None
    message: str
    code: int | None
    reason: str | None
    last_code: int | None
    last_reason: str | None
    init: bool = False
    lives: tuple[Life, ...] = ()
    removed: bool = False  # it ran, and its node has no container of it any more

    @property
    def ended(self) -> bool:
        return self.code is not None or self.removed


@dataclass(frozen=True, slots=True)
class PodState:
    """``deleted``: the API server has forgotten it."""

    name: str
    node: str | None
    phase: str
    reason: str | None
    message: str
    containers: tuple[ContainerState, ...]
    leaving: bool = False
    deleted: bool = False

    @property
    def main_containers(self) -> tuple[ContainerState, ...]:
        return tuple(container for container in self.containers if not container.init)

    @property
    def ready(self) -> bool:
        own = self.main_containers
        return bool(own) and all(one.ready for one in own) and not self.leaving

    @property
    def ended(self) -> bool:
        """Every container has come to its end, or never began."""
        if self.deleted or self.phase in ("Succeeded", "Failed"):
            return True
        own = self.main_containers
        if self.leaving and not any(one.started for one in own):
            return True
        return bool(own) and all(one.ended for one in own)

    @property
    def over(self) -> bool:
        """Nothing of it runs, and nothing of it will be started again. A pod that failed (it
        was evicted, say) stays where it is until somebody deletes it."""
        gone = self.leaving or self.deleted or self.phase in ("Succeeded", "Failed")
        return self.ended and gone

    def after(self, former: PodState | None) -> PodState:
        """This state, and what was seen of the pod before: only the last two lives of a container
        are in what the API server tells."""
        if former is None:
            return self
        seen = {one.name: one for one in former.containers}
        gone = self.leaving or self.deleted
        containers = tuple(_after(one, seen.get(one.name), gone) for one in self.containers)
        return replace(self, containers=containers or former.containers)

    def container(self, name: str | None) -> ContainerState | None:
        """The container of that name; the first one for None."""
        found = (one for one in self.main_containers if name is None or one.name == name)
        return next(found, None)


def read_pod(item: Mapping[str, Any], *, deleted: bool = False) -> PodState:
    """A pod from its JSON."""
    metadata, status = item.get("metadata", {}), item.get("status", {})
    listed = [(one, True) for one in status.get("initContainerStatuses") or ()]
    listed += [(one, False) for one in status.get("containerStatuses") or ()]
    return PodState(
        name=metadata.get("name", ""),
        node=item.get("spec", {}).get("nodeName"),
        phase=status.get("phase", "Pending"),
        reason=status.get("reason"),
        message=_message(status),
        containers=tuple(_container(one, init) for one, init in listed),
        leaving=metadata.get("deletionTimestamp") is not None,
        deleted=deleted,
    )


def problem_of(pods: Iterable[PodState]) -> str | None:
    """Why a pod will not get ready, in words; None while there is hope."""
    for pod in pods:
        if pod.leaving or pod.deleted:
            continue
        if pod.reason in ("Evicted", "UnexpectedAdmissionError", "NodeLost"):
            return f"pod {pod.name}: {pod.reason}: {pod.message}"
        for container in pod.containers:
            words = _hopeless(container)
            if words is not None:
                return f"pod {pod.name}, container {container.name}: {words}"
    return None


def not_ready(pods: Iterable[PodState], wanted: int) -> str:
    """What is missing when the time is over."""
    known = [pod for pod in pods if not pod.deleted]
    ready = sum(pod.ready for pod in known)
    words = f"{ready} of {wanted} pods are ready"
    for pod in known:
        if pod.ready:
            continue
        waiting = next((one for one in pod.containers if one.waiting or not one.ready), None)
        detail = pod.message
        if waiting is not None:
            detail = f"{waiting.name} {waiting.waiting or 'is not ready'} {waiting.message}".strip()
        return f"{words}: {pod.name} is {pod.phase}{f': {detail}' if detail else ''}"
    return words


def _hopeless(container: ContainerState) -> str | None:
    if container.waiting in _HOPELESS:
        return f"{container.waiting}{f': {container.message}' if container.message else ''}"
    if container.restarts >= _RESTARTS and container.last_code is not None:
        ended = f"it ended with exit code {container.last_code} ({container.last_reason})"
        return (
            f"{container.waiting or 'it restarts'}: {ended}, {container.restarts} times restarted"
        )
    if container.init and container.code not in (None, 0):
        return f"the init container ended with exit code {container.code}"
    return None


def _container(item: Mapping[str, Any], init: bool) -> ContainerState:
    state, last = item.get("state") or {}, item.get("lastState") or {}
    ended, before = state.get("terminated"), last.get("terminated") or {}
    waiting = state.get("waiting") or {}
    return ContainerState(
        name=item.get("name", ""),
        ready=bool(item.get("ready")),
        started="running" in state or bool(ended) or int(item.get("restartCount", 0)) > 0,
        restarts=int(item.get("restartCount", 0)),
        waiting=waiting.get("reason"),
        message=str(waiting.get("message") or (ended or {}).get("message") or ""),
        code=int(ended["exitCode"]) if ended else None,
        reason=ended.get("reason") if ended else None,
        last_code=before.get("exitCode"),
        last_reason=before.get("reason"),
        init=init,
        lives=tuple(_lives(item)),
    )


def _lives(item: Mapping[str, Any]) -> Iterator[Life]:
    for place in ("lastState", "state"):
        states = item.get(place) or {}
        one = states.get("terminated") or states.get("running")
        if one is not None and one.get("startedAt"):
            code = one.get("exitCode")
            # Only an end carries its container's id; what runs is the one of the status.
            name = one.get("containerID") or item.get("containerID") or ""
            yield Life(name, _seconds(one["startedAt"]), _seconds(one.get("finishedAt")), code)


def _after(now: ContainerState, former: ContainerState | None, gone: bool) -> ContainerState:
    if former is None:
        return now
    if gone and former.started and not now.started:
        # What a kubelet says of a container that its runtime does not know any more is that it
        # waits to be created (seen with 1.20); its exit code may never have been told.
        return replace(former, removed=True)
    return replace(now, lives=_joined(former.lives, now.lives))


def _joined(former: tuple[Life, ...], now: tuple[Life, ...]) -> tuple[Life, ...]:
    known = {one.id: one for one in former}
    return tuple({**known, **{one.id: one for one in now}}.values())


def _seconds(stamp: str | None) -> float | None:
    """RFC 3339 as Kubernetes writes it: ``2026-11-23T05:43:34Z``."""
    if stamp is None:
        return None
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def _message(status: Mapping[str, Any]) -> str:
    if status.get("message"):
        return str(status["message"])
    for condition in status.get("conditions") or ():
        if condition.get("status") == "False" and condition.get("message"):
            return str(condition["message"])
    return ""
