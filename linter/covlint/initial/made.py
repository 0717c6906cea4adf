"""Images whose binary ``make`` builds, inside of the Dockerfile: the ``go build`` is elsewhere.

GOFLAGS reaches Go through ``make`` as any variable of the environment does, unless the
Makefile sets it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from covlint.documents.dockerfile import Dockerfile, Instruction, Stage, open_dockerfile
from covlint.documents.makereader import read_makefile
from covlint.facts.dockerfile.base_images import short_name
from covlint.frozen import dataclass
from covlint.source import SourceFile

_MAKE = re.compile(rb"(?:^|[;&|]|\s)make\s+(?!(?:-C|--directory|-f)\b)[\w.-]+")
_GOFLAGS = re.compile(rb"^[ \t]*(?:export[ \t]+|override[ \t]+)*GOFLAGS[ \t]*:{0,3}=", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """The ``RUN make …`` that builds a program: the byte offset of its line, and the program's
    name. ``settable``: GOFLAGS can come from outside, ``switch``: and does, by an ARG."""

    dockerfile: str
    stage: int
    base: str | None
    program: str
    at: int
    newline: bytes
    settable: bool
    switch: bool


def made_images(paths: Sequence[str], read: Callable[[str], SourceFile | None]) -> Iterator[Made]:
    """Those of the Dockerfiles at ``paths``."""
    for path in paths:
        source = read(path)
        if source is None or b"make" not in source.data:
            continue
        dockerfile = open_dockerfile(source)
        stages = {(stage.name or str(stage.index)).lower(): stage for stage in dockerfile.stages}
        if not dockerfile.stages:
            continue
        final = dockerfile.stages[-1]
        for instruction in final.instructions:
            origin = stages.get((instruction.flag("from") or "").lower())
            if instruction.keyword != "COPY" or origin is None or origin is final:
                continue
            found = _made(dockerfile, origin, instruction, read)
            if found is not None:
                yield found
                break


def _made(
    dockerfile: Dockerfile,
    stage: Stage,
    copy: Instruction,
    read: Callable[[str], SourceFile | None],
) -> Made | None:
    source = dockerfile.source
    base = stage.base.literal
    if base is None or short_name(base) not in ("golang", "go-toolset"):
        return None
    runs = [i for i in stage.instructions if i.keyword == "RUN" and _MAKE.search(i.body)]
    program = _program(copy)
    if not runs or program is None:
        return None
    row = source.line_of(runs[-1].span.start) - 1
    declared = [
        pair.name.text
        for i in stage.instructions
        if i.keyword in ("ARG", "ENV") and i.span.start < runs[-1].span.start
        for pair in i.pairs()
    ]
    makefile = read(posixpath.join(posixpath.dirname(source.path), "Makefile")) or read("Makefile")
    fixed = "GOFLAGS" in declared and not _is_argument(stage, "GOFLAGS")
    if makefile is not None and _GOFLAGS.search(makefile.data):
        fixed = fixed or "GOFLAGS" in read_makefile(makefile).variables
    return Made(
        dockerfile=source.path,
        stage=dockerfile.stages[-1].index,
        base=base,
        program=program,
        at=source.line_starts[row],
        newline=source.newline,
        settable=not fixed,
        switch="GOFLAGS" in declared and not fixed,
    )


def _is_argument(stage: Stage, name: str) -> bool:
    return any(
        pair.name.text == name
        for i in stage.instructions
        if i.keyword == "ARG"
        for pair in i.pairs()
    )


def _program(copy: Instruction) -> str | None:
    """The name of the one binary that is copied; None where it looks like none."""
    array = copy.exec_form
    words = [w.text for w in array] if array is not None else [w.literal for w in copy.words()]
    if len(words) != 2 or not words[0]:
        return None
    name = posixpath.basename(words[0].rstrip("*"))
    return name if re.fullmatch(r"[a-z][\w-]*", name) and name not in _NOT_PROGRAMS else None


#: What images take from a builder that is no program.
_NOT_PROGRAMS = frozenset({"zoneinfo", "certs", "ssl", "passwd", "group", "etc", "lib", "share"})


def package_of(program: str, mains: Mapping[str, str]) -> str | None:
    """The main package of a program; ``mains`` gives the last part of each package's import
    path by its directory."""
    named = [directory for directory, name in mains.items() if name == program]
    if len(named) == 1:
        return named[0]
    return next(iter(mains)) if len(mains) == 1 else None
