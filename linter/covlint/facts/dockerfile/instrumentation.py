"""Whether a ``go build`` is instrumented, and what decides it."""

from __future__ import annotations

from covlint.documents.shell import Condition
from covlint.documents.shellwords import ShellWord
from covlint.facts.dockerfile.build import (
    Branch,
    GoFlagsSource,
    Instrumentation,
    effective_goflags,
    is_coverage_name,
    mentions_cover,
)
from covlint.facts.dockerfile.flags import Flag
from covlint.facts.dockerfile.scope import Scope


def branch_of(conditions: tuple[Condition, ...]) -> tuple[Branch, Condition | None]:
    for condition in reversed(conditions):
        name, value = condition.variable, condition.value or ""
        if name is None:
            continue
        about = "cover" in value.lower() or is_coverage_name(name)
        if not about:
            continue
        positive = condition.operator in {"=", "-n", "matches"}
        if value.lower() in {"false", "0", "no", "off", ""} and condition.operator in {"=", "!="}:
            positive = not positive
        holds = condition.holds == positive
        return (Branch.COVERAGE if holds else Branch.PRODUCTION), condition
    return Branch.NONE, None


def instrumentation_of(
    flags: tuple[Flag, ...],
    unseen: tuple[ShellWord, ...],
    goflags: tuple[GoFlagsSource, ...],
    scope: Scope,
    branch: Branch,
    condition: Condition | None,
) -> tuple[Instrumentation, str | None]:
    """Whether the build is instrumented, and the variable that decides it."""
    on = _cover_flag(flags)
    if on is False:
        return Instrumentation.NO, None
    if on is True:
        if branch is Branch.COVERAGE and condition is not None:
            return Instrumentation.CONDITIONAL, condition.variable
        return Instrumentation.YES, None
    if branch is Branch.PRODUCTION and not unseen:
        return Instrumentation.NO, None
    if goflags and _cover_flag(effective_goflags(goflags)):
        in_force = goflags[-1]
        if in_force.settable and in_force.kind == "arg":
            return Instrumentation.CONDITIONAL, in_force.settable
        return Instrumentation.YES, None
    if goflags and branch is Branch.COVERAGE and condition is not None:
        passed = goflags[-1].settable == "GOFLAGS" or goflags[-1].refers
        if condition.variable == "GOFLAGS" and passed:
            return Instrumentation.CONDITIONAL, "GOFLAGS"
    return _by_variables(unseen, goflags, scope)


def _by_variables(
    unseen: tuple[ShellWord, ...], goflags: tuple[GoFlagsSource, ...], scope: Scope
) -> tuple[Instrumentation, str | None]:
    """What the words that are not seen, and GOFLAGS, leave open."""
    switch = _switch(goflags)
    for part in (part for word in unseen for part in word.parts):
        if part.kind == "opaque":
            return Instrumentation.UNKNOWN, None
        if part.kind != "variable":
            continue
        variable = scope.variables.get(part.text)
        if part.operator in {":+", "+"} and mentions_cover(part.operand):
            return Instrumentation.CONDITIONAL, part.text
        if variable is not None and variable.settable:
            switch = switch or variable.settable
        elif is_coverage_name(part.text):
            # COVER is never set here: it is the switch that was forgotten
            switch = switch or part.text
        elif variable is None or variable.value is None:
            return Instrumentation.UNKNOWN, part.text
    if switch is not None:
        return Instrumentation.CONDITIONAL, switch
    return Instrumentation.NO, None


def _switch(goflags: tuple[GoFlagsSource, ...]) -> str | None:
    """The ARG through which a build argument reaches the GOFLAGS in force."""
    switch: str | None = None
    for source in goflags:
        if source.kind in {"env", "inline", "export"} and not source.refers:
            switch = source.settable
        else:
            switch = source.settable or switch
    return switch


def _cover_flag(flags: tuple[Flag, ...]) -> bool | None:
    """True when the flags turn instrumentation on, False when they turn it off.

    ``-coverpkg`` and ``-covermode`` imply ``-cover``; on the command line a later
    ``-coverpkg`` turns ``-cover=false`` on again (facts, part A).
    """
    state: bool | None = None
    for flag in flags:
        if flag.name == "cover":
            state = flag.enabled
        elif flag.name in {"coverpkg", "covermode"} and flag.value:
            state = True
    return state
