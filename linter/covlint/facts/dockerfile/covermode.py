"""The mode in which a build counts: ``set`` unless a flag says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import Branch, GoBuild, Instrumentation
from covlint.facts.dockerfile.flags import Flag, split_goflags
from covlint.frozen import dataclass
from covlint.source import Span

if TYPE_CHECKING:
    from covlint.facts.commands.steps import ImageBuild


@dataclass(frozen=True, slots=True)
class CoverMode:
    """``name`` is "set", "count" or "atomic"; ``span`` is what decides it, ``flag`` the
    -covermode flag among that (None: the mode is a default)."""

    name: str
    span: Span
    flag: Flag | None


def covermode_of(build: GoBuild, commands: Iterable[ImageBuild] = ()) -> CoverMode | None:
    """The mode of an instrumented build; None when it cannot be told.

    ``commands`` build the image: what turns the build on may come with them. With
    ``-race`` the mode is atomic (Go 1.21 to 1.27, facts part B).
    """
    if build.unseen and build.instrumentation is Instrumentation.YES:
        return None
    flags = build.all_flags
    found = next((flag for flag in reversed(flags) if flag.name == "covermode"), None)
    if found is not None and (found.opaque or not found.value):
        return None
    if any(flag.name == "race" and flag.enabled for flag in flags):
        return CoverMode("atomic", build.span, None)
    if found is not None and found.value:
        return CoverMode(found.value, found.span, found)
    state = build.instrumentation
    if state is Instrumentation.NO:
        return None
    if state is Instrumentation.YES or build.branch is Branch.COVERAGE:
        passed = any(source.settable for source in build.goflags)
        return None if passed else CoverMode("set", build.span, None)
    return _passed(build, commands)


def _passed(build: GoBuild, commands: Iterable[ImageBuild]) -> CoverMode | None:
    """The mode that the build arguments of all ``commands`` agree on."""
    found: list[CoverMode] = []
    for command in commands:
        argument = next((a for a in reversed(command.arguments) if a.name == build.variable), None)
        if argument is None or argument.value is None or command.opaque:
            return None
        words = [field.text.lstrip("-") for field in split_goflags(argument.value)]
        if not any(word.startswith("cover") for word in words):
            return None
        modes = [word[len("covermode=") :] for word in words if word.startswith("covermode=")]
        mode = "atomic" if "race" in words else modes[-1] if modes else "set"
        found.append(CoverMode(mode, argument.span, None))
    return found[0] if found and len({one.name for one in found}) == 1 else None
