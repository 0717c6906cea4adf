"""Services that several docker-compose files of one folder describe together."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.source import Word

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.kubernetes.workload import Container


def with_overrides(containers: Sequence[Container]) -> list[Container]:
    """The containers; what another compose file of the folder may add to one is not seen.

    Which files are put together (``-f a -f b``, ``compose.override.yaml``) is said
    where compose is called, if at all.
    """
    services = Counter(_key(one) for one in containers if one.pod.is_compose)
    return [
        _partly_seen(one) if one.pod.is_compose and services[_key(one)] > 1 else one
        for one in containers
    ]


def _key(container: Container) -> tuple[str, str]:
    name = container.name.text if container.name is not None else ""
    return posixpath.dirname(container.span.path), name


def _partly_seen(container: Container) -> Container:
    pod = container.pod
    grace = pod.grace_period or Word("not seen", pod.span)
    return replace(
        container,
        pod=replace(pod, grace_period=grace, volumes_opaque=True),
        env_opaque=True,
        mounts_opaque=True,
        process_opaque=True,
        identity=replace(container.identity, opaque=True),
    )
