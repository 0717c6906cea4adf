"""What wiring works on: the facts of all files, and questions about the Go code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from covlint.frozen import dataclass

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these modules
    from covlint.facts.ci.release import ReleaseBuild
    from covlint.facts.commands.collecting import DataCommand
    from covlint.facts.commands.extraction import ImageBuild, Step
    from covlint.facts.commands.makecalls import MakeCall
    from covlint.facts.commands.steps import ComposeCall
    from covlint.facts.dockerfile.build import GoBuild
    from covlint.facts.dockerfile.image import Image
    from covlint.facts.golang.modules import GoModule, Workspace
    from covlint.facts.golang.shutdown import MainPackage
    from covlint.facts.kubernetes.cluster import KindCluster
    from covlint.facts.kubernetes.helm_release import HelmRelease
    from covlint.facts.kubernetes.namespace import Namespace
    from covlint.facts.kubernetes.workload import Container
    from covlint.source import SourceFile


@dataclass
class Facts:
    """All facts of a project, by kind.

    ``targets`` are the Dockerfiles that the configuration names for verification:
    their builds take part in coverage whatever else says so. ``sequences`` are steps of several
    files in the order in which a job or script runs them.
    """

    images: list[Image] = field(default_factory=list)
    builds: list[GoBuild] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    clusters: list[KindCluster] = field(default_factory=list)
    image_builds: list[ImageBuild] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    data_commands: list[DataCommand] = field(default_factory=list)
    release_builds: list[ReleaseBuild] = field(default_factory=list)
    namespaces: list[Namespace] = field(default_factory=list)
    make_calls: list[MakeCall] = field(default_factory=list)
    compose_calls: list[ComposeCall] = field(default_factory=list)
    helm_releases: list[HelmRelease] = field(default_factory=list)
    targets: frozenset[str] = frozenset()
    sequences: tuple[tuple[Step, ...], ...] = ()

    def add(
        self,
        fact: GoBuild
        | Image
        | Container
        | KindCluster
        | ImageBuild
        | Step
        | DataCommand
        | ReleaseBuild
        | Namespace
        | MakeCall
        | ComposeCall
        | HelmRelease,
    ) -> None:
        """Put a fact where it belongs."""
        # by name, so that types that never turn up need not be imported
        homes: dict[str, list[Any]] = {
            "GoBuild": self.builds,
            "Image": self.images,
            "Container": self.containers,
            "KindCluster": self.clusters,
            "ImageBuild": self.image_builds,
            "Step": self.steps,
            "DataCommand": self.data_commands,
            "ReleaseBuild": self.release_builds,
            "Namespace": self.namespaces,
            "MakeCall": self.make_calls,
            "ComposeCall": self.compose_calls,
            "HelmRelease": self.helm_releases,
        }
        homes[type(fact).__name__].append(fact)


@dataclass(frozen=True)
class Repository:
    """What wiring asks about the repository's Go code and scripts; answered lazily.

    ``module_of`` gives the go.mod that a directory belongs to; ``go_files`` the
    Go files of a directory that a build takes; ``main_of`` the main package in
    a directory; ``file_at`` a file of the project, None when there is none;
    ``workspace_of`` the go.work that uses the module in a directory.
    Directories and paths are relative to the project root.
    """

    module_of: Callable[[str], GoModule | None]
    go_files: Callable[[str], tuple[str, ...]]
    main_of: Callable[[str], MainPackage | None]
    file_at: Callable[[str], SourceFile | None] = lambda _: None
    workspace_of: Callable[[str], Workspace | None] = lambda _: None
