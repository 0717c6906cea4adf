"""Which chain a target means, and which target a project without configuration has."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace

from covlint.runner.target import Target, TargetError
from covlint.wiring import Chain


def chain_of(target: Target, chains: Sequence[Chain]) -> Chain | None:
    """The chain that a target describes; None when its main package or its own
    build is all there is. Raises TargetError when it names what is not there."""
    named = [
        (key, value)
        for key, value in (
            ("dockerfile", target.dockerfile),
            ("manifest", target.manifest),
            ("container", target.container),
        )
        if value is not None
    ]
    found = list(chains)
    for key, value in named:
        fitting = [chain for chain in found if _fits(chain, key, value)]
        if not fitting:
            known = sorted({place for chain in found for place in _places(chain, key)})
            hint = f"; seen: {', '.join(known[:8])}" if known else ""
            if key == "manifest" and not known:
                hint = (
                    "; a container is looked at when GOCOVERDIR is set in it, or when a command "
                    "of the project builds its image with -cover"
                )
            raise TargetError(f"targets.{target.name}.{key}: no chain goes through {value}{hint}")
        found = fitting
    if target.main is not None:
        wanted = os.path.normpath(target.main)
        fitting = [chain for chain in found if _main_of(chain) == wanted]
        if not fitting:
            return None if not named else _best(found)
        found = fitting
    elif not named:
        return None
    return _best(found)


def derived_target(chains: Sequence[Chain]) -> Target:
    """The one service that takes part in coverage. Raises TargetError when there is
    none, or more than one: then `.covlint.yaml` has to say."""
    candidates = [chain for chain in chains if chain.takes_part and chain.builds]
    services: dict[tuple[str, str], list[Chain]] = {}
    for chain in candidates:
        services.setdefault((chain.builds[0].span.path, _main_of(chain) or ""), []).append(chain)
    if not services:
        raise TargetError(
            "there is nothing to verify: no target in .covlint.yaml, and no Go build that takes "
            "part in coverage is seen"
        )
    if len(services) > 1:
        names = sorted({chain.service for chain in candidates})
        raise TargetError(
            f"several services take part in coverage ({', '.join(names)}): "
            "say in .covlint.yaml which to verify, under `targets:`"
        )
    chain = _best(next(iter(services.values())))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", chain.service).strip("-") or "service"
    return Target(
        name,
        dockerfile=chain.builds[0].span.path,
        manifest=chain.container.span.path if chain.container is not None else None,
        container=chain.container.name.text
        if chain.container is not None and chain.container.name is not None
        else None,
    )


def with_build_arguments(target: Target, chain: Chain | None) -> Target:
    """A target without ``build_args`` has those of the command that builds its image."""
    if target.build_args or target.build is not None or chain is None:
        return target
    seen = {
        argument.name: argument.value
        for command in chain.image_builds
        for argument in command.arguments
        if argument.value is not None
    }
    return replace(target, build_args=tuple(seen.items()))


def _best(chains: Sequence[Chain]) -> Chain:
    """What is plainly for e2e before what takes part before the rest; else the first."""
    return max(
        chains,
        key=lambda chain: (
            chain.takes_part,
            chain.plainly_e2e,
            bool(chain.builds),
            chain.container is not None,
        ),
    )


def _fits(chain: Chain, key: str, value: str) -> bool:
    wanted = value if key == "container" else os.path.normpath(value)
    return wanted in _places(chain, key)


def _places(chain: Chain, key: str) -> tuple[str, ...]:
    if key == "dockerfile":
        paths = {build.span.path for build in chain.builds}
        if chain.image is not None:
            paths.add(chain.image.dockerfile)
        return tuple(sorted(paths))
    if chain.container is None:
        return ()
    if key == "manifest":
        overlay = chain.container.pod.overlay
        return (chain.container.span.path, *([overlay] if overlay is not None else []))
    return (chain.container.name.text,) if chain.container.name is not None else ()


def _main_of(chain: Chain) -> str | None:
    for build in chain.builds:
        if build.site is not None and build.site.package is not None:
            return build.site.package
    return chain.main.directory if chain.main is not None else None
