"""Questions that rules ask about a chain as a whole."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.dockerfile.build import GoBuild
    from covlint.facts.kubernetes.workload import Container

_E2E = re.compile(
    r"(?:^|[-_./])(?:e2e|end-to-end|cov|cover|coverage|coverdata|kind|test|tests|testing|integration|ci)"
    r"(?:[-_./]|$)"
)
_PRODUCTION = re.compile(r"(?:^|[-_./])(?:prod|production|release|live)(?:[-_./]|$)")


def plainly_for_e2e(container: Container) -> bool:
    """Whether a manifest is for e2e or coverage only: by the path of its file or of its
    overlay, by its namespace or name."""
    pod = container.pod
    names = [
        pod.overlay or container.span.path,
        *(w.text for w in (pod.name, pod.namespace) if w is not None),
    ]
    if any(_PRODUCTION.search(name.lower()) for name in names):
        return False
    return any(_E2E.search(name.lower()) for name in names)


def files_elsewhere(build: GoBuild) -> Iterable[str]:
    """The Go files that a build names and that are not seen in the directory of its
    package: copied there from elsewhere, or downloaded."""
    known = build.site.package_files if build.site is not None else ()
    names = {posixpath.basename(path) for path in known}
    for word in build.packages:
        name = posixpath.basename(word.literal or "")
        if name.endswith(".go") and "*" not in name and name not in names:
            yield name


def may_serve_coverage(chain: Chain) -> bool:
    """Whether the program hands out its counters itself (HTTP, a signal), so that it needs
    no GOCOVERDIR; also where some of its files are not seen."""
    if chain.main is not None:
        return chain.main.serves_coverage
    return any(name for build in chain.builds for name in files_elsewhere(build))


def runs_as_root(chain: Chain) -> bool | None:
    """Whether the container's process is root; None when that cannot be told."""
    container = chain.container
    if container is not None:
        identity = container.identity
        if identity.opaque:
            return None
        if identity.user is not None:
            return identity.user.text == "0"
        if identity.non_root is not None:
            return False
    if chain.image is None or (
        container is not None and chain.image_certainty is Certainty.UNKNOWN
    ):
        return None
    return chain.image.user.root


def seen_mounted(chain: Chain) -> bool:
    """Whether something seen mounts a volume over the chain's GOCOVERDIR."""
    if chain.coverdir is None:
        return False
    if chain.mount is not None:
        return True
    if chain.container is not None and chain.container.mounts_opaque:
        return True
    if not chain.steps:
        return False
    from covlint.facts.commands.extraction import StepKind  # loaded anyway, where there are steps

    path = chain.coverdir.text.rstrip("/") + "/"
    return any(
        path.startswith(mount.rstrip("/") + "/")
        for step in chain.steps
        if step.kind is StepKind.RUN_CONTAINER
        for mount in step.mounts
    )
