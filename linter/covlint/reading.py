"""What a reader is, and what it gives: the types of the table in ``covlint.readers``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.documents.dockerfile import Dockerfile
from covlint.frozen import dataclass
from covlint.source import SourceFile

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.ci.release import ReleaseBuild
    from covlint.facts.commands.collecting import DataCommand
    from covlint.facts.commands.extraction import ImageBuild, Step
    from covlint.facts.commands.makecalls import MakeCall
    from covlint.facts.commands.steps import ComposeCall
    from covlint.facts.dockerfile.build import GoBuild
    from covlint.facts.dockerfile.image import Image
    from covlint.facts.kubernetes.cluster import KindCluster
    from covlint.facts.kubernetes.helm_release import HelmRelease
    from covlint.facts.kubernetes.namespace import Namespace
    from covlint.facts.kubernetes.workload import Container

    Facts = GoBuild | Image | Container | KindCluster | ImageBuild | Step
    Fact = Facts | DataCommand | ReleaseBuild | Namespace | MakeCall | ComposeCall | HelmRelease

#: A generated file can say more than this, and nobody's build does: what is joined with one
#: another would take minutes.
MOST_FACTS = 5_000
#: Gives a file of the project by its path; None when it is not there or cannot be read.
Lookup = Callable[[str], "SourceFile | None"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file says; ``unread`` names what in it could not be read, and why."""

    facts: tuple[Fact, ...] = ()
    unread: tuple[Unread, ...] = ()
    dockerfile: Dockerfile | None = None
    also: tuple[str, ...] = ()  # other files that were read with it

    def __post_init__(self) -> None:
        if len(self.facts) > MOST_FACTS:
            path = next((fact.span.path for fact in self.facts if hasattr(fact, "span")), ".")
            said = Unread(path, f"more than {MOST_FACTS:,} builds, workloads and commands")
            object.__setattr__(self, "facts", ())
            object.__setattr__(self, "unread", (*self.unread, said))


def reading_order(paths: Sequence[str], lookup: Lookup) -> list[str]:
    """The paths, those last that others include or call: they are read with these."""

    def called(path: str) -> bool:
        if not path.startswith(".github/workflows/"):
            return path.endswith((".mk", "/action.yml", "/action.yaml"))
        source = lookup(path)
        return source is not None and b"workflow_call" in source.data

    return sorted(paths, key=called)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one kind of file.

    ``may_matter`` sees the bytes before anything is parsed. ``may_wait``: the
    file says nothing of coverage itself, and only has to be read when some
    image of the project may be instrumented. ``read_with`` is for files that name
    others, which the lookup finds.
    """

    kind: str
    name: re.Pattern[str]
    may_matter: Callable[[bytes], bool]
    read: Callable[[SourceFile], Reading]
    may_wait: Callable[[bytes], bool] | None = None
    read_with: Callable[[SourceFile, Lookup], Reading] | None = None
