"""The services of a repository: what builds them, what deploys them, what they are called."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from covlint.chain import Chain, Route
from covlint.facts.dockerfile.base_images import short_name
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.facts.dockerfile.image import Image, output_name
from covlint.facts.kubernetes.partial import is_loose_patch
from covlint.facts.kubernetes.workload import Container
from covlint.files import Files
from covlint.golayout import GoLayout
from covlint.initial.made import made_images, package_of
from covlint.initial.service import Service, Survey, label
from covlint.project import Project
from covlint.readers import reader_of
from covlint.source import SourceFile, Span, UnreadableSource
from covlint.wiring import plainly_for_e2e

#: Workloads that serve; jobs come after them.
_SERVING = ("Deployment", "StatefulSet", "DaemonSet")
#: Folders of programs that are no product: left out where there is one.
_ASIDE = re.compile(
    r"(?:^|/)(?:samples?|examples?|testdata|tests?|e2e|hack|tools|docs?|benchmarks?|demos?)/"
)
#: Folders of manifests that only show how it could be done.
_SHOWN = re.compile(r"(?:^|/)(?:docs?|samples?|examples?|testdata)/")


class _Everything(Project):
    """A project whose workloads are all read, also those without a word of coverage."""

    def _may_run_instrumented(self) -> bool:
        return True

    def _image_names(self) -> None:
        return None


def survey(files: Files, *, everything: bool = False) -> Survey:
    """Look at a repository. Services that nothing deploys are left out where others are, and
    examples and programs for tests always, unless ``everything`` is asked for.
    """
    project = _Everything(files)
    chains = project.chains()
    groups: dict[tuple[str, int], list[Chain]] = {}
    for chain in chains:
        if chain.image is not None and any(_of_the_module(build) for build in chain.builds):
            groups.setdefault((chain.image.dockerfile, chain.image.stage), []).append(chain)
    paths = tuple(project.files.paths())
    layout = GoLayout([p for p in paths if "/testdata/" not in p], project.source, files.paths)
    mains = _mains(paths, layout)
    found = [_service(group, layout, project) for group in groups.values()]
    built = {service.dockerfile for service in found}
    found += _made_services(project, [path for path in paths if path not in built], layout, mains)
    found = _each_workload_once(found)
    kept = found if everything else _products(found)
    kept = kept or _bare_services(mains, layout)
    return Survey(_distinct(kept), project.facts, chains, paths)


def _each_workload_once(found: Sequence[Service]) -> list[Service]:
    """Of several services that could be run by one workload, the one whose Dockerfile is nearest
    has it: repositories name many images alike."""

    def nearness(service: Service) -> int:
        path = service.container.span.path if service.container is not None else ""
        return len(posixpath.commonprefix([path.split("/"), service.dockerfile.split("/")]))

    kept: list[Service] = []
    taken: set[tuple[Span, str | None]] = set()
    for service in sorted(found, key=nearness, reverse=True):
        container = service.container
        place = (container.span, container.pod.overlay) if container is not None else None
        if place in taken:
            kept.append(replace(service, container=None, e2e=False, others=()))
            continue
        kept.append(service)
        if place is not None:
            taken.add(place)
    return kept


def _products(found: Sequence[Service]) -> list[Service]:
    """The services that a team would name: one for each program, those that are deployed."""
    own = [one for one in found if not _ASIDE.search(one.dockerfile)]
    collected = {one.package for one in own if one.collected}
    own = [one for one in own if one.collected or one.package not in collected]
    own.sort(key=lambda one: (one.container is None, one.target is not None, one.dockerfile))
    first: dict[str | None, Service] = {}
    for one in own:
        first.setdefault(one.package, one)
    kept = [one for one in own if one.container is not None or one is first[one.package]]
    return [one for one in kept if one.container is not None or one.collected] or kept


def _of_the_module(build: GoBuild) -> bool:
    """Whether a build is of the repository's own code; ``go install x@version`` is not."""
    return build.site is not None and build.site.package is not None


def _service(chains: Sequence[Chain], layout: GoLayout, project: Project) -> Service:
    image = chains[0].image
    assert image is not None
    build = _started(image, [one for one in chains[0].builds if _of_the_module(one)])
    site = build.site
    assert site is not None
    name = _name(image, build)
    own = [chain.container for chain in chains if chain.container is not None]
    workloads = _workloads(project, image.dockerfile, name, own, named=image.final)
    collected = any(_collects(chain) for chain in chains) or any(
        one.variable("GOCOVERDIR") is not None for one in workloads
    )
    best = workloads[0] if workloads else None
    others = {one.span.path for one in (*own, *workloads)}
    return Service(
        name=name,
        dockerfile=image.dockerfile,
        stage=image.stage,
        target=image.name if not image.final else None,
        context=site.context,
        build=build,
        made=None,
        image_builds=tuple(one for chain in chains for one in chain.image_builds),
        container=best,
        e2e=best is not None and plainly_for_e2e(best),
        collected=collected,
        others=tuple(sorted(others - {best.span.path})) if best is not None else (),
        package=site.package,
        module=site.module,
        main=layout.main_package(site.package) if site.package is not None else None,
    )


def _workloads(
    project: Project,
    dockerfile: str,
    name: str,
    known: Sequence[Container],
    *,
    named: bool = True,
) -> list[Container]:
    """The workloads of an image, the one to propose for first: those that chains go through
    (``known``), and with ``named`` those whose image has one of its names, and no chain."""
    tags = {name}
    for build in project.facts.image_builds:
        if build.dockerfile == dockerfile:
            tags.update(short_name(tag) for tag in build.tags)
    found = {(one.span, one.pod.overlay): one for one in known}
    joined = {
        chain.container.span
        for chain in project.chains()
        if chain.container is not None and chain.image is not None
    }
    for one in project.facts.containers if named else ():
        if one.span in joined:
            continue
        if one.image is not None and short_name(one.image.text) in tags and not one.init:
            found.setdefault((one.span, one.pod.overlay), one)
    kept = [one for one in found.values() if _is_workload(one)]
    return sorted(kept, key=lambda one: _fitness(one, name), reverse=True)


def _made_services(
    project: Project, paths: Sequence[str], layout: GoLayout, mains: Sequence[str]
) -> Iterator[Service]:
    """The services that ``make`` builds in a Dockerfile; their workloads by the image's name."""
    dockerfiles = [p for p in paths if (r := reader_of(p)) is not None and r.kind == "dockerfile"]
    names = {folder: _last_part(folder, layout) for folder in mains}
    for made in made_images(dockerfiles, _reading(project)):
        package = package_of(made.program, names)
        if package is None:
            continue
        builds = [b for b in project.facts.image_builds if b.dockerfile == made.dockerfile]
        workloads = _workloads(project, made.dockerfile, made.program, ())
        workloads = [one for one in workloads if "/templates/" not in one.span.path]
        best = workloads[0] if workloads else None
        context = next((b.context for b in builds if b.context is not None), None)
        yield Service(
            name=label(made.program),
            dockerfile=made.dockerfile,
            stage=made.stage,
            target=None,
            context=context or posixpath.dirname(made.dockerfile) or ".",
            build=None,
            made=made,
            image_builds=tuple(builds),
            container=best,
            e2e=best is not None and plainly_for_e2e(best),
            collected=best is not None and best.variable("GOCOVERDIR") is not None,
            others=tuple(sorted({one.span.path for one in workloads[1:]})),
            package=package,
            module=layout.module_of(package),
            main=layout.main_package(package),
        )


def _bare_services(mains: Sequence[str], layout: GoLayout) -> list[Service]:
    """The programs of a repository without a Dockerfile: the only one, or those that serve."""
    found = [_bare(folder, layout) for folder in mains]
    serving = [one for one in found if one.main is not None and one.main.runs_forever]
    return found if len(found) == 1 else serving


def _bare(package: str, layout: GoLayout) -> Service:
    """A program that no Dockerfile builds."""
    return Service(
        name=label(_last_part(package, layout)),
        dockerfile="",
        stage=0,
        target=None,
        context=".",
        build=None,
        made=None,
        image_builds=(),
        container=None,
        e2e=False,
        collected=False,
        others=(),
        package=package,
        module=layout.module_of(package),
        main=layout.main_package(package),
    )


def _reading(project: Project) -> Callable[[str], SourceFile | None]:
    def read(path: str) -> SourceFile | None:
        try:
            source = project.source(path)
            source.text  # noqa: B018
        except UnreadableSource:
            return None
        return source

    return read


def _last_part(folder: str, layout: GoLayout) -> str:
    if folder != ".":
        return posixpath.basename(folder)
    module = layout.module_of(folder)
    path = module.module_path if module is not None else ""
    return posixpath.basename(re.sub(r"/v[0-9]+$", "", path))


def _started(image: Image, builds: Sequence[GoBuild]) -> GoBuild:
    """The build of the program that the image starts, as far as its name tells."""
    argv = image.process.argv if image.process is not None else ()
    names = {posixpath.basename(word.text) for word in argv}
    return next((build for build in builds if output_name(build) in names), builds[0])


def _is_workload(container: Container) -> bool:
    path = container.span.path
    if container.pod.is_compose or _SHOWN.search(path) or not path.endswith((".yaml", ".yml")):
        return False
    if is_loose_patch(container):
        return False
    return container.pod.name is not None or "/templates/" in path


def _collects(chain: Chain) -> bool:
    container = chain.container
    if chain.route is Route.HTTP:
        return True
    if container is not None:
        return container.variable("GOCOVERDIR") is not None and not is_loose_patch(container)
    return chain.coverdir is not None and chain.instrumentation is not Instrumentation.NO


def _fitness(container: Container, name: str) -> tuple[bool | int, ...]:
    """What collects before what does not, what is for tests before what is not, what serves
    before jobs, and what is called like the service; a kustomization before a chart before a
    manifest; then what is nearer."""
    pod = container.pod
    template = "/templates/" in container.span.path
    names = {word.text for word in (pod.name, container.name) if word is not None}
    return (
        container.variable("GOCOVERDIR") is not None,
        plainly_for_e2e(container),
        pod.kind in _SERVING,
        name in names or template,
        pod.overlay is not None,
        template,
        -container.span.path.count("/"),
        -len(pod.overlay or ""),
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


def _distinct(services: Sequence[Service]) -> tuple[Service, ...]:
    """Services with names that tell them apart, by their Dockerfiles where they must."""
    names = [service.name for service in services]
    found: list[Service] = []
    for service in services:
        name = service.name
        if names.count(name) > 1:
            stem = re.sub(r"(?i)\.?dockerfile\.?", "-", service.dockerfile)
            name = label(f"{name}-{stem}-{service.target or ''}")
        found.append(replace(service, name=name))
    return tuple(sorted(found, key=lambda one: one.name))


def _mains(paths: Iterable[str], layout: GoLayout) -> tuple[str, ...]:
    folders = {posixpath.dirname(path) or "." for path in paths if path.endswith(".go")}
    plain = (one for one in folders if not _ASIDE.search(f"{one}/"))
    return tuple(sorted(f for f in plain if layout.main_package(f) is not None))
