"""Instrumentation behind a build argument that is empty by default."""

from __future__ import annotations

from collections.abc import Sequence

from covlint.diagnostics import Edit
from covlint.facts.dockerfile.base_images import go_version
from covlint.facts.dockerfile.build import GoBuild, Instrumentation, is_coverage_name
from covlint.frozen import dataclass
from covlint.initial.draft import Draft
from covlint.initial.service import Service
from covlint.source import Span

#: ``-cover`` takes in every package of the main module; ``-coverpkg=./...`` would leave out
#: what lies above the directory of the build (facts, part B2). Atomic counters are right for
#: programs with goroutines, and the only ones that can be written while a program runs (A).
FLAGS = "-cover -covermode=atomic"
#: ``go build -cover`` is there since this version.
_FIRST = (1, 20)
_WHY = (
    "`--build-arg GOFLAGS=-cover` instruments the binary; without it GOFLAGS is empty, and the "
    "build is the one of today"
)


@dataclass(frozen=True, slots=True)
class Switch:
    """The build argument that turns the instrumentation on, and the value that does so."""

    name: str
    value: str


def switch_of(service: Service) -> Switch | None:
    """The argument by which the service's build can be instrumented already."""
    build = service.build
    if service.made is not None and service.made.switch:
        return Switch("GOFLAGS", FLAGS)
    if build is None or build.variable is None:
        return None
    if build.instrumentation is not Instrumentation.CONDITIONAL:
        return None
    for command in service.image_builds:
        for argument in command.arguments:
            if argument.name == build.variable and argument.value:
                return Switch(argument.name, argument.value)
    if build.variable not in build.declared:  # a variable of the shell, which an ARG decides
        named = [name for name in build.declared if is_coverage_name(name)]
        return Switch(named[0], "true") if named else None
    if "FLAG" not in build.variable.upper():
        return Switch(build.variable, "true")
    return Switch(build.variable, f"{build.switch_default or ''} {FLAGS}".strip())


def instrument(draft: Draft, services: Sequence[Service]) -> dict[str, Switch]:
    """Let build arguments instrument the services' builds; by name, those that nothing can
    instrument left out."""
    switches: dict[str, Switch] = {}
    wanted: dict[str, list[GoBuild]] = {}
    for service in services:
        if not service.dockerfile:
            continue
        switch, build = switch_of(service), service.build
        if switch is None and build is None:
            switch = _through_make(draft, service)
        elif switch is None and build is not None:
            if build.instrumentation is not Instrumentation.YES:
                switch = _new_switch(draft, service, build)
            if switch is not None:
                wanted.setdefault(service.dockerfile, []).append(build)
        if switch is not None:
            switches[service.name] = switch
    for path, builds in wanted.items():
        plain = [build for build in builds if _takes_goflags(build)]
        if plain:
            edits = _declarations(plain, "GOFLAGS")
            draft.edit(
                path,
                [*edits, *_own_edits([one for one in builds if one not in plain])],
                _WHY,
            )
        else:
            draft.edit(
                path,
                _own_edits(builds),
                "`--build-arg COVER_FLAGS=-cover` instruments the binary (the Dockerfile has a "
                "GOFLAGS of its own); without it the command is the one of today",
            )
    return switches


def _through_make(draft: Draft, service: Service) -> Switch | None:
    made = service.made
    if made is None or _too_old(draft, service, made.base):
        return None
    if not made.settable:
        draft.notes.append(
            f"{service.dockerfile}: `make` builds the program, and GOFLAGS is set there; let it "
            "come from outside by hand"
        )
        return None
    line = b'ARG GOFLAGS=""' + made.newline
    draft.edit(service.dockerfile, [Edit(Span(service.dockerfile, made.at, made.at), line)], _WHY)
    return Switch("GOFLAGS", FLAGS)


def _too_old(draft: Draft, service: Service, base: str | None) -> bool:
    version = go_version(base)
    if version is None or version >= _FIRST:
        return False
    draft.notes.append(
        f"{service.dockerfile}: {base} builds with Go {version[0]}.{version[1]}; "
        "`go build -cover` needs 1.20 or later"
    )
    return True


def _new_switch(draft: Draft, service: Service, build: GoBuild) -> Switch | None:
    if build.instrumentation is Instrumentation.UNKNOWN:
        draft.notes.append(
            f"{service.dockerfile}: flags of the build cannot be seen; it stays as it is"
        )
        return None
    if _too_old(draft, service, build.base):
        return None
    if _takes_goflags(build):
        return Switch("GOFLAGS", FLAGS)
    if build.with_flag("") is None or build.text.lstrip().startswith(b"["):
        draft.notes.append(
            f"{service.dockerfile}: sets GOFLAGS itself, and the build takes no further flag; "
            "instrument it by hand"
        )
        return None
    return Switch("COVER_FLAGS", FLAGS)


def _takes_goflags(build: GoBuild) -> bool:
    """Whether a GOFLAGS from outside reaches the command: nothing sets another one."""
    return not any(source.kind != "go-env" for source in build.goflags)


def _own_edits(builds: Sequence[GoBuild]) -> list[Edit]:
    """An argument in the commands themselves; empty, it is no word of them."""
    found = _declarations(builds, "COVER_FLAGS")
    for build in builds:
        edit = build.with_flag("${COVER_FLAGS}")
        assert edit is not None
        found.append(edit)
    return found


def _declarations(builds: Sequence[GoBuild], name: str) -> list[Edit]:
    """One ARG for each stage, above its first build: what comes before stays cached."""
    first: dict[int, GoBuild] = {}
    for build in sorted(builds, key=lambda one: one.instruction_start):
        first.setdefault(build.stage, build)
    return [
        Edit(
            Span(build.span.path, build.instruction_start, build.instruction_start),
            f'ARG {name}=""'.encode() + build.newline,
        )
        for build in first.values()
    ]
