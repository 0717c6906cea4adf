"""Services that several docker-compose files of one folder describe together."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.source import Word

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.kubernetes.workload import Container

#: Fewer settings than these (image, environment, a port) are often an override.
_ENOUGH = 5
#: The share of settings that twins have in common; an override repeats few of them.
_ALIKE = 0.75


def with_overrides(containers: Sequence[Container]) -> list[Container]:
    """The containers; what another compose file of the folder may add to one is not seen.

    Which files are put together (``-f a -f b``, ``compose.override.yaml``) is said
    where compose is called, if at all. Services that say nearly the same things stand
    in files that are used one at a time.
    """
    services: dict[tuple[str, str], list[Container]] = {}
    for one in containers:
        if one.pod.is_compose:
            services.setdefault(_key(one), []).append(one)
    return [
        _partly_seen(one, _others(one, services[_key(one)])) if one.pod.is_compose else one
        for one in containers
    ]


def _others(container: Container, namesakes: Sequence[Container]) -> list[Container]:
    """The services of the same name that may be put together with this one: all but those
    that say nearly the same things."""
    own = _settings(container)
    found = []
    for one in namesakes:
        other = _settings(one)
        alike = len(own & other) >= max(_ENOUGH, _ALIKE * len(own | other))
        if one is not container and not alike:
            found.append(one)
    return found


def _settings(container: Container) -> frozenset[str]:
    return frozenset(key for key, _ in container.node.items())


def _key(container: Container) -> tuple[str, str]:
    name = container.name.text if container.name is not None else ""
    return posixpath.dirname(container.span.path), name


def _partly_seen(container: Container, others: Sequence[Container]) -> Container:
    """The service with what others may add to it marked as not seen."""
    if not others:
        return container
    pod = container.pod
    added = frozenset().union(*map(_settings, others))
    mounts = bool(added & {"volumes", "tmpfs", "volumes_from", "extends"})
    env = bool(added & {"env_file", "extends"})
    env = env or any(one.variable("GOCOVERDIR") is not None for one in others)
    grace = pod.grace_period
    if "stop_grace_period" in added:
        grace = grace or Word("not seen", pod.span)
    return replace(
        container,
        pod=replace(pod, grace_period=grace, volumes_opaque=pod.volumes_opaque or mounts),
        env_opaque=container.env_opaque or env,
        mounts_opaque=container.mounts_opaque or mounts,
        process_opaque=container.process_opaque or bool(added & {"command", "entrypoint"}),
        identity=replace(container.identity, opaque=container.identity.opaque or "user" in added),
    )
