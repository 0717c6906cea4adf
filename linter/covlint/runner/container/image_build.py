"""The image of a chain: which Dockerfile, context, target and build arguments make it."""

from __future__ import annotations

from pathlib import Path

from covlint.documents.dockerfile import Dockerfile, open_dockerfile
from covlint.frozen import dataclass
from covlint.runner.container.runtime import Runtime
from covlint.runner.process.build import Read
from covlint.runner.target import Target, TargetError
from covlint.source import UnreadableSource
from covlint.wiring import Chain


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """How an image is built. ``stage`` None: the last one. ``ports`` are those of EXPOSE;
    ``heredoc`` is the 1-based line of the first heredoc, None when there is none; ``syntax``
    what the file asks its builder for."""

    dockerfile: Path
    context: Path
    stage: str | None
    arguments: tuple[tuple[str, str], ...]
    ports: tuple[int, ...] = ()
    heredoc: int | None = None
    syntax: str | None = None

    def command(self, runtime: Runtime, tag: str, run: str) -> tuple[str, ...]:
        """The build's command line. Raises TargetError when the runtime cannot read the file."""
        refused = runtime.builder.refuses_heredocs(self.syntax)
        if self.heredoc is not None and refused is not None:
            raise TargetError(f"{self.dockerfile.name}:{self.heredoc}: a heredoc: {refused}")
        return runtime.build(
            str(self.dockerfile), str(self.context), tag, run, self.arguments, self.stage
        )


def plan_image(target: Target, chain: Chain | None, root: Path, read: Read) -> ImagePlan:
    """The image that the chain's container runs. Raises TargetError."""
    path = target.dockerfile
    if path is None and chain is not None:
        path = chain.image.dockerfile if chain.image is not None else None
        if path is None and chain.builds:
            path = chain.builds[0].span.path
    if path is None:
        raise TargetError(
            f"targets.{target.name}: no Dockerfile is seen for it; name it (`dockerfile: …`), "
            "or take the process engine"
        )
    try:
        document = open_dockerfile(read(path))
    except UnreadableSource as error:
        raise TargetError(f"{error.path}: {error.reason}") from error
    builds = [
        build
        for build in (chain.image_builds if chain is not None else ())
        if build.dockerfile in (None, path)
    ]
    context = next((build.context for build in builds if build.context is not None), ".")
    stage = next((build.target for build in builds if build.target is not None), None)
    if stage is None and chain is not None and chain.image is not None and not chain.image.final:
        stage = chain.image.name or str(chain.image.stage)
    return ImagePlan(
        dockerfile=root / path,
        context=root / context,
        stage=stage,
        arguments=target.build_args,
        ports=_ports(document, stage),
        heredoc=_heredoc(document),
        syntax=document.syntax,
    )


def _ports(document: Dockerfile, stage: str | None) -> tuple[int, ...]:
    """Of the stage itself: what a base image exposes is not seen here."""
    if not document.stages:
        return ()
    chosen = next((one for one in document.stages if one.name == stage), document.stages[-1])
    found: list[int] = []
    for instruction in chosen.instructions:
        if instruction.keyword == "EXPOSE":
            for word in instruction.body.decode("utf-8", "replace").split():
                number, _, protocol = word.partition("/")
                if number.isdigit() and protocol in ("", "tcp"):
                    found.append(int(number))
    return tuple(found)


def _heredoc(document: Dockerfile) -> int | None:
    for stage in document.stages:
        for instruction in stage.instructions:
            if instruction.heredocs:
                return document.source.line_of(instruction.span.start)
    return None
