"""What a survey of a repository finds: its services, and the facts around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from covlint.chain import Chain
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.golang.modules import GoModule
from covlint.facts.golang.shutdown import MainPackage
from covlint.facts.kubernetes.workload import Container
from covlint.frozen import dataclass
from covlint.initial.made import Made
from covlint.wiring.inputs import Facts

_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Service:
    """One program, most often one that a Dockerfile builds.

    ``build`` is that of the program which the container starts; None where ``make`` builds
    it (``made``). ``container`` is the workload that is proposed for, None where none is
    seen; ``e2e``: it is for tests already. ``collected``: some workload of it, or something
    else, brings coverage out already. ``others`` are further workloads of the image, which
    stay as they are. ``package`` is the directory of the main package.
    """

    name: str
    dockerfile: str  # "": none builds it
    stage: int
    target: str | None  # to be named, since it is not the last stage
    context: str
    build: GoBuild | None
    made: Made | None
    image_builds: tuple[ImageBuild, ...]
    container: Container | None
    e2e: bool
    collected: bool
    others: tuple[str, ...]
    package: str | None
    module: GoModule | None
    main: MainPackage | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is seen in a repository."""

    services: tuple[Service, ...]
    facts: Facts
    chains: tuple[Chain, ...]
    paths: tuple[str, ...]

    def named(self, names: Sequence[str]) -> Survey:
        """The survey of some services only. Raises KeyError for a name that is not there."""
        known = {service.name: service for service in self.services}
        return replace(self, services=tuple(known[name] for name in dict.fromkeys(names)))

    def below(self, paths: Iterable[str]) -> Survey:
        """The survey of the services that have to do with one of the files."""
        wanted = frozenset(paths)
        kept = tuple(one for one in self.services if wanted.intersection(_files_of(one)))
        return replace(self, services=kept)


def label(text: str) -> str:
    """A text as the name of an image, a target or an object of Kubernetes."""
    return _UNSAFE.sub("-", text.lower()).strip("-") or "service"


def _files_of(service: Service) -> set[str]:
    found = {service.dockerfile, *service.others}
    if service.container is not None:
        found.add(service.container.span.path)
        if service.container.pod.overlay is not None:
            found.add(service.container.pod.overlay)
    if service.build is not None and service.build.site is not None:
        found.update(service.build.site.package_files)
    return found
