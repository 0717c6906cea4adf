"""What stands behind ``docker build`` and ``podman build``, and whether it reads heredocs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import Enum

from covlint.frozen import dataclass

#: The first podman whose Buildah (1.33) reads heredocs.
_HEREDOCS_IN_PODMAN = (4, 8)
#: The first docker daemon whose BuildKit reads them without a ``# syntax=`` line.
_HEREDOCS_IN_DOCKER = (23, 0)


class BuilderKind(Enum):
    BUILDAH = "Buildah"
    BUILDKIT = "BuildKit"
    CLASSIC = "the classic builder"


@dataclass(frozen=True, slots=True)
class Builder:
    """``version`` is that of podman, or of the docker daemon; None: not known."""

    kind: BuilderKind
    version: tuple[int, int] | None = None

    def refuses_heredocs(self, syntax: str | None) -> str | None:
        """Why a heredoc is a syntax error here; None where it is none, or may be none.

        ``syntax`` is what a Dockerfile's ``# syntax=`` asks for: BuildKit alone follows it.
        """
        have = ".".join(str(part) for part in self.version or ())
        if self.kind is BuilderKind.CLASSIC:
            return (
                "docker's classic builder does not know it. BuildKit does: install buildx, or set "
                "DOCKER_BUILDKIT=1 where docker is older than 23"
            )
        if self.version is None:
            return None
        if self.kind is BuilderKind.BUILDAH and self.version < _HEREDOCS_IN_PODMAN:
            return (
                f"podman knows it from 4.8 on (Buildah 1.33); here it is {have}. "
                "Take a newer one, or docker"
            )
        if (
            self.kind is BuilderKind.BUILDKIT
            and syntax is None
            and self.version < _HEREDOCS_IN_DOCKER
        ):
            return (
                f"BuildKit knows it by itself from docker 23 on; here it is {have}. "
                "`# syntax=docker/dockerfile:1` as the first line brings a newer one"
            )
        return None


def builder_of_docker(
    client: str, server: str, plugins: Collection[str], environ: Mapping[str, str]
) -> Builder:
    """What ``docker build`` of that client uses, by its documentation and as measured with
    clients 20.10 and 28.2: from 23 on the buildx plugin, where it is installed."""
    own, daemon = version_of(client), version_of(server)
    wish = environ.get("DOCKER_BUILDKIT", "")
    if own is not None and own < (23, 0):
        by_daemon = not wish and daemon is not None and daemon >= (23, 0)
        kit = by_daemon or wish.lower() in ("1", "true")
        return Builder(BuilderKind.BUILDKIT, daemon) if kit else Builder(BuilderKind.CLASSIC)
    if "buildx" in plugins and wish.lower() not in ("0", "false"):
        return Builder(BuilderKind.BUILDKIT)  # it may be any BuildKit, not only the daemon's
    return Builder(BuilderKind.CLASSIC)


def version_of(text: str) -> tuple[int, int] | None:
    """The first two numbers of a version."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
