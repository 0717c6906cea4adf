"""The builds whose binaries an image holds: those that it makes, and those that it copies."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase

from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.scope import ScopedStage
from covlint.facts.dockerfile.stale_copies import lasting

#: A module path ends in its major version; the binary is named after what stands before.
_MAJOR = re.compile(r"/v[0-9]+$")
#: Where ``go install`` of the golang images puts what it builds.
_INSTALLED = "/go/bin"


def lineage_of(stage: ScopedStage, stages: tuple[ScopedStage, ...]) -> list[ScopedStage]:
    """The stage and those below it, the outermost first."""
    lineage = [stage]
    while lineage[0].parent is not None:
        lineage.insert(0, stages[lineage[0].parent])
    return lineage


def builds_for(
    stage: ScopedStage,
    lineage: list[ScopedStage],
    stages: tuple[ScopedStage, ...],
    builds: tuple[GoBuild, ...],
) -> tuple[GoBuild, ...]:
    """The builds that this image's binaries come from.

    A COPY of a file takes the builds of that output, one of a directory or by a pattern those
    that write there; when no output matches, all builds whose output is not seen.
    """
    own = {one.stage.index for one in lineage}
    found: list[GoBuild] = [b for b in builds if b.stage in own]
    for part in lineage:
        for instruction, scope in part.steps:
            origin = instruction.flag("from")
            if instruction.keyword != "COPY" or origin is None:
                continue
            source = _stage_named(origin, stages)
            if source is None or source is stage:
                continue
            array = instruction.exec_form
            words = [w.resolve(scope.defaults) for w in instruction.words()]
            if array is not None:
                words = [word.text for word in array]
            copied = {posixpath.basename(w.rstrip("/")) for w in words[:-1] if w}
            below = {s.stage.index for s in lineage_of(source, stages)}
            candidates = lasting([b for b in builds if b.stage in below])
            matching = [b for b in candidates if output_name(b) in copied or _holds(words, b)]
            unnamed = [b for b in candidates if output_name(b) is None]
            found.extend(b for b in (matching or unnamed) if b not in found)
            if (
                not matching
                and not unnamed
                and len(candidates) == 1
                and _may_hold(words, candidates[0])
            ):
                found.extend(b for b in candidates if b not in found)
    return tuple(found)


def _may_hold(words: list[str | None], build: GoBuild) -> bool:
    """Whether a copied path is unknown, or a pattern, or a folder that holds the output."""
    if build.output is None:
        return True
    unseen = any(word is None or "*" in word for word in words[:-1])
    return unseen or _holds(words, build)


def _holds(words: list[str | None], build: GoBuild) -> bool:
    """Whether a copied path is a directory that has the output in it, or a pattern for it."""
    output = _output_path(build)
    if output is None:
        return False
    parts = output.split("/")
    for word in words[:-1]:
        path = posixpath.normpath(posixpath.join("/", word)) if word else ""
        if path == "/":
            return True
        # a wildcard of COPY stands for no slash (Go's filepath.Match)
        ancestor = "/".join(parts[: path.count("/") + 1])
        if path and fnmatchcase(ancestor, path):
            return True
    return False


def _output_path(build: GoBuild) -> str | None:
    """Where the build writes its binary, or one of them; None when that is not seen."""
    name = output_name(build)
    if build.output is not None:
        text = build.output.text
        folder = text.endswith("/") or text in {".", "./"}
        path = posixpath.join(build.directory, text, name or "?") if folder else text
    elif build.flag("o") is not None:
        return None
    elif build.subcommand == "install":
        given = dict(build.environment)
        folder_of = given.get("GOBIN", _INSTALLED)
        if folder_of is None or not {"GOBIN", "GOPATH"}.isdisjoint(build.declared):
            return None
        path = posixpath.join(folder_of, name or "?")
    elif name is not None:
        path = name
    else:
        return None
    path = posixpath.normpath(posixpath.join(build.directory, path))
    return None if "\0" in path else path


def output_name(build: GoBuild) -> str | None:
    """The file name of the binary; None when it cannot be told."""
    if build.output is not None:
        text = build.output.text
        if not text.endswith("/") and text not in {".", "./"}:
            return posixpath.basename(text)
    if build.flag("o") is not None and build.output is None:
        return None
    if len(build.packages) == 1:
        literal = build.packages[0].literal
        if literal and literal not in {".", "./"} and "..." not in literal:
            path = literal.partition("@")[0].removesuffix("/main.go").rstrip("/")
            return posixpath.basename(_MAJOR.sub("", path))
    return None


def _stage_named(reference: str, stages: tuple[ScopedStage, ...]) -> ScopedStage | None:
    for stage in stages:
        if (stage.stage.name or "").lower() == reference.lower() or str(
            stage.stage.index
        ) == reference:
            return stage
    return None
