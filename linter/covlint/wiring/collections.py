"""What one file does to collect coverage data, with what the rest of the project does to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.frozen import dataclass

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.chain import Chain
    from covlint.facts.commands.collecting import DataCommand
    from covlint.facts.commands.steps import ImageBuild, Step
    from covlint.facts.dockerfile.build import GoBuild
    from covlint.facts.golang.shutdown import GoModule
    from covlint.source import Span
    from covlint.wiring.chains import Wired
    from covlint.wiring.inputs import Facts, Repository


@dataclass(frozen=True, slots=True)
class Collection:
    """The script, Makefile or workflow at ``path``, which makes reports of coverage data.

    ``steps``, ``builds`` and ``image_builds`` are its own; ``all_steps`` those of the project.
    """

    path: str
    commands: tuple[DataCommand, ...]
    steps: tuple[Step, ...]
    builds: tuple[GoBuild, ...]
    image_builds: tuple[ImageBuild, ...]
    all_steps: tuple[Step, ...]
    chains: tuple[Chain, ...]
    module: GoModule | None
    span: Span  # the first command

    @property
    def covdata(self) -> tuple[DataCommand, ...]:
        return tuple(one for one in self.commands if one.kind == "covdata")


def collections_of(facts: Facts, wired: Wired, repository: Repository) -> Iterator[Collection]:
    """The collections of a project, by file."""
    by_path: dict[str, list[DataCommand]] = {}
    for command in facts.data_commands:
        by_path.setdefault(command.span.path, []).append(command)
    for path, commands in by_path.items():
        reports = [one for one in commands if one.kind in {"covdata", "cover"}]
        if not reports:
            continue
        directory = reports[0].directory
        yield Collection(
            path=path,
            commands=tuple(commands),
            steps=tuple(step for step in facts.steps if step.span.path == path),
            builds=tuple(build for build in wired.builds if build.span.path == path),
            image_builds=tuple(one for one in facts.image_builds if one.span.path == path),
            all_steps=tuple(facts.steps),
            chains=wired.chains,
            module=repository.module_of(directory) if directory is not None else None,
            span=reports[0].span,
        )
