"""A coverage chain: one service's way from ``go build`` to the report."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from covlint.frozen import dataclass

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these modules
    from covlint.facts.commands.extraction import ImageBuild, Step
    from covlint.facts.dockerfile.build import GoBuild, Instrumentation
    from covlint.facts.dockerfile.entrypoint import Entrypoint
    from covlint.facts.dockerfile.image import Image
    from covlint.facts.golang.shutdown import GoModule, MainPackage
    from covlint.facts.kubernetes.cluster import ExtraMount, KindCluster
    from covlint.facts.kubernetes.namespace import Namespace
    from covlint.facts.kubernetes.workload import Container, Volume, VolumeMount
    from covlint.source import Span, Word


class Hop(Enum):
    """The hops of a coverage counter, in order."""

    BUILD = "build"
    IMAGE = "image"
    WORKLOAD = "workload"
    CONTAINER = "container"
    COVERDIR = "GOCOVERDIR"
    MOUNT = "mount"
    VOLUME = "volume"
    NODE_PATH = "node path"
    EXTRA_MOUNT = "Kind extraMount"
    HOST_PATH = "host path"
    SNAPSHOT = "snapshot"  # the program hands its counters out while it runs
    TRIGGER = "trigger"  # what makes it do so
    COPY_POD = "copy pod"  # another pod with the same claim
    EXTRACTION = "extraction"
    REPORT = "report"


class Route(Enum):
    """The ways in which data gets out of a container."""

    NODE = "hostPath of the node"
    CLAIM = "claim and copy pod"
    POD = "copied while the pod lives"
    HTTP = "pulled over HTTP"
    HOST = "directory of the host"


class Certainty(Enum):
    EXACT = "exact"  # the files say so
    ASSUMED = "assumed"  # the only candidate
    UNKNOWN = "unknown"  # cannot be seen


@dataclass(frozen=True, slots=True)
class Link:
    """One hop of a chain: where it is written (None: not seen) and what it says."""

    hop: Hop
    span: Span | None
    label: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Gap:
    """The first hop at which the chain is not joined, and why."""

    after: Hop
    missing: Hop
    reason: str


@dataclass(frozen=True, slots=True)
class TestRun:
    """A binary of ``go test -c -cover`` and the command of the same file that runs it."""

    __test__ = False  # pytest takes a name that begins with Test for a test

    build: Step
    run: Step


@dataclass(frozen=True, slots=True)
class Chain:
    """One service's way from ``go build`` to the report.

    Parts that the repository does not show are None or empty; a rule says
    nothing about them. ``builds`` leaves the production side of a conditional
    build out. ``coverdir`` is the GOCOVERDIR in force: the container's variable,
    else the image's ENV.
    """

    service: str
    links: tuple[Link, ...]
    gap: Gap | None
    takes_part: bool
    builds: tuple[GoBuild, ...]
    instrumentation: Instrumentation  # of the image that this container runs
    image: Image | None
    image_certainty: Certainty  # how sure it is that the container runs this image
    image_builds: tuple[ImageBuild, ...]  # command lines that build this very image
    container: Container | None
    coverdir: Word | None
    mount: VolumeMount | None  # the mount that holds coverdir
    volume: Volume | None
    clusters: tuple[KindCluster, ...]  # every Kind config that may get the workload
    extra_mounts: tuple[ExtraMount, ...]  # those that hold the volume's host path, one per node
    steps: tuple[Step, ...]  # what scripts and Makefiles of the project do
    main: MainPackage | None
    module: GoModule | None
    plainly_e2e: bool  # the manifest is plainly for e2e or coverage, never production
    feeds_production: bool  # the build's stage also feeds an image that is not for coverage
    namespace: Namespace | None = None  # the container's own, where it enforces a standard
    near_builds: tuple[ImageBuild, ...] = ()  # that build this image under other tags
    data_paths: frozenset[str] = frozenset()  # where the data of all chains lies, in pod and node
    node_paths: frozenset[str] = frozenset()  # in the node; those of pods too where one is not seen
    entrypoint: Entrypoint | None = None  # the script of the repository that the image starts
    program: Step | None = None  # the command that starts it, where a script runs it by itself
    route: Route | None = None  # None where no way is seen
    copy_pod: Container | None = None  # of another pod, which mounts the claim of the volume
    unresolved: ImageBuild | None = None  # builds the image, which way is not seen
    test_run: TestRun | None = None  # a test binary that a script runs by itself
    #: Steps of several files in the order in which a job or script runs them.
    sequences: tuple[tuple[Step, ...], ...] = ()

    @property
    def may_run_test(self) -> bool:
        """Whether a test binary is among what is built for this service."""
        return self.test_run is not None or (
            self.image is not None and bool(self.image.test_binaries)
        )
