"""The services of a repository: what builds them, what deploys them, what they are called."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from covlint.chain import Chain, Route
from covlint.facts.dockerfile.base_images import short_name
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.facts.dockerfile.image import Image, output_name
from covlint.facts.golang.modules import GoModule
from covlint.facts.golang.shutdown import MainPackage
from covlint.facts.kubernetes.workload import Container
from covlint.files import Files
from covlint.golayout import GoLayout
from covlint.project import Project
from covlint.wiring.inputs import Facts

#: Workloads that serve; jobs come after them.
_SERVING = ("Deployment", "StatefulSet", "DaemonSet")
_SAFE = re.compile(r"[^a-z0-9-]+")


class _Everything(Project):
    """A project whose workloads are all read, also those without a word of coverage."""

    def _may_run_instrumented(self) -> bool:
        return True

    def _image_names(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Service:
    """One program that a Dockerfile builds.

    ``chain`` goes through the workload that is proposed for, None where none is seen.
    ``collected``: some workload of it, or something else, brings coverage out already.
    ``others`` are further workloads of the image, which stay as they are.
    """

    name: str
    image: Image
    build: GoBuild  # of the program that the container starts
    chain: Chain | None
    collected: bool
    others: tuple[str, ...]
    main: MainPackage | None = None

    @property
    def dockerfile(self) -> str:
        return self.image.dockerfile

    @property
    def container(self) -> Container | None:
        return self.chain.container if self.chain is not None else None

    @property
    def context(self) -> str:
        return self.build.site.context if self.build.site is not None else "."

    @property
    def package(self) -> str | None:
        return self.build.site.package if self.build.site is not None else None

    @property
    def module(self) -> GoModule | None:
        return self.build.site.module if self.build.site is not None else None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is seen in a repository."""

    services: tuple[Service, ...]
    facts: Facts
    chains: tuple[Chain, ...]
    paths: tuple[str, ...]
    mains: tuple[str, ...]  # directories of main packages, where no Dockerfile builds a service

    def named(self, names: Sequence[str]) -> Survey:
        """The survey of some services only. Raises KeyError for a name that is not there."""
        known = {service.name: service for service in self.services}
        return replace(self, services=tuple(known[name] for name in dict.fromkeys(names)))

    def below(self, paths: Iterable[str]) -> Survey:
        """The survey of the services that have to do with one of the files."""
        wanted = frozenset(paths)
        kept = tuple(one for one in self.services if wanted.intersection(_files_of(one)))
        return replace(self, services=kept)


def survey(files: Files) -> Survey:
    """Look at a repository. Services that nothing deploys are left out where others are."""
    project = _Everything(files)
    chains = project.chains()
    groups: dict[tuple[str, int], list[Chain]] = {}
    for chain in chains:
        if chain.image is not None and any(_of_the_module(build) for build in chain.builds):
            groups.setdefault((chain.image.dockerfile, chain.image.stage), []).append(chain)
    paths = tuple(project.files.paths())
    layout = GoLayout([p for p in paths if "/testdata/" not in p], project.source, files.paths)
    found = [_service(group, layout) for group in groups.values()]
    kept = [one for one in found if one.chain is not None or one.collected] or found
    mains = () if kept else _mains(paths, layout)
    return Survey(_distinct(kept), project.facts, chains, paths, mains)


def _of_the_module(build: GoBuild) -> bool:
    """Whether a build is of the repository's own code; ``go install x@version`` is not."""
    return build.site is not None and build.site.package is not None


def _service(chains: Sequence[Chain], layout: GoLayout) -> Service:
    image = chains[0].image
    assert image is not None
    own = [build for build in chains[0].builds if _of_the_module(build)]
    build = _started(image, own)
    name = _name(image, build)
    deployed = [chain for chain in chains if _is_workload(chain)]
    deployed.sort(key=lambda chain: _fitness(chain, name), reverse=True)
    best = deployed[0] if deployed else None
    collected = any(_collects(chain) for chain in chains)
    if collected:
        best = max((c for c in deployed if _collects(c)), key=lambda c: c.plainly_e2e, default=best)
    others = {
        chain.container.span.path
        for chain in deployed
        if best is not None and best.container is not None and chain.container is not None
        if chain.container.span.path != best.container.span.path
    }
    package = build.site.package if build.site is not None else None
    main = layout.main_package(package) if package is not None else None
    return Service(name, image, build, best, collected, tuple(sorted(others)), main)


def _started(image: Image, builds: Sequence[GoBuild]) -> GoBuild:
    """The build of the program that the image starts, as far as its name tells."""
    argv = image.process.argv if image.process is not None else ()
    names = {posixpath.basename(word.text) for word in argv}
    return next((build for build in builds if output_name(build) in names), builds[0])


def _is_workload(chain: Chain) -> bool:
    container = chain.container
    if container is None or container.pod.is_compose or container.pod.name is None:
        return container is not None and "/templates/" in container.span.path
    return container.span.path.endswith((".yaml", ".yml"))


def _collects(chain: Chain) -> bool:
    container = chain.container
    if chain.route is Route.HTTP:
        return True
    if container is not None:
        return container.variable("GOCOVERDIR") is not None
    return chain.coverdir is not None and chain.instrumentation is not Instrumentation.NO


def _fitness(chain: Chain, name: str) -> tuple[bool, bool, bool, bool, bool, int]:
    """What is for tests before what is not, what serves before jobs, and what is called like
    the service; a kustomization before a chart before a manifest; then what is nearer."""
    container = chain.container
    assert container is not None
    pod = container.pod
    names = {word.text for word in (pod.name, container.name) if word is not None}
    return (
        chain.plainly_e2e,
        pod.kind in _SERVING,
        name in names or "/templates/" in container.span.path,
        pod.overlay is not None,
        "/templates/" in container.span.path,
        -container.span.path.count("/"),
    )


def _name(image: Image, build: GoBuild) -> str:
    candidates = [output_name(build)]
    if build.site is not None and build.site.package not in (None, "."):
        candidates.append(posixpath.basename(str(build.site.package)))
    if build.site is not None and build.site.module is not None:
        path = re.sub(r"/v[0-9]+$", "", build.site.module.module_path)
        candidates.append(posixpath.basename(path))
    candidates.append(short_name(image.name or "service"))
    generic = {"app", "main", "server", "service", "manager", "controller", "bin", "cmd"}
    named = [one for one in candidates if one and one not in generic]
    return label(named[0] if named else str(candidates[-2] or "service"))


def label(text: str) -> str:
    """A text as the name of an image, a target or an object of Kubernetes."""
    return _SAFE.sub("-", text.lower()).strip("-") or "service"


def _distinct(services: Sequence[Service]) -> tuple[Service, ...]:
    """Services with names that tell them apart, by their Dockerfiles where they must."""
    names = [service.name for service in services]
    found: list[Service] = []
    for service in services:
        name = service.name
        if names.count(name) > 1:
            stem = re.sub(r"(?i)\.?dockerfile\.?", "-", service.dockerfile)
            name = label(f"{name}-{stem}-{service.image.name or ''}")
        found.append(replace(service, name=name))
    return tuple(sorted(found, key=lambda one: one.name))


def _mains(paths: Iterable[str], layout: GoLayout) -> tuple[str, ...]:
    folders = {posixpath.dirname(path) or "." for path in paths if path.endswith(".go")}
    plain = (
        f for f in folders if not re.search(r"(?:^|/)(?:test|testdata|hack|examples?)/", f"{f}/")
    )
    return tuple(sorted(f for f in plain if layout.main_package(f) is not None))


def _files_of(service: Service) -> set[str]:
    found = {service.dockerfile, *service.others}
    if service.container is not None:
        found.add(service.container.span.path)
        if service.container.pod.overlay is not None:
            found.add(service.container.pod.overlay)
    if service.package is not None and service.build.site is not None:
        found.update(service.build.site.package_files)
    return found
